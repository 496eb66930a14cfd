//! Folders and files that belong to one user: where a platform has them, and that nobody else can change them.
//!
//! Must not know: what is in the files.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Where a platform keeps caches of a user, whose environment is `variable`. Relative paths in it count for nothing.
pub(crate) fn of_caches(os: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match os {
        "windows" => path("LOCALAPPDATA"),
        "macos" => Some(path("HOME")?.join("Library/Caches")),
        _ => path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache"))),
    }
}

/// Makes a folder that only this user may enter, if it is not there.
#[cfg(unix)]
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Whether nobody else can change something.
#[cfg(unix)]
fn is_own(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

/// Whether nobody else can put machine code there.
pub(crate) fn is_private(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|metadata| metadata.is_dir() && is_own(&metadata))
}

/// Opens what is a file of this user, which nobody else can change; nothing else is waited for.
pub(crate) fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe would have no other end.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && is_own(&metadata) { Ok(file) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether there is a process with this number, as far as can be seen.
#[cfg(unix)]
pub(crate) fn is_running(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// For a file that is not there yet.
#[cfg(unix)]
pub(crate) fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.create_new(true).mode(0o600);
    options
}

/// What is in a user's folders is that user's.
#[cfg(not(unix))]
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(not(unix))]
fn is_own(_metadata: &fs::Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(crate) fn is_running(_process: u32) -> bool {
    true
}

#[cfg(not(unix))]
pub(crate) fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.create_new(true);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(os: &str, environment: &[(&str, &str)]) -> Option<PathBuf> {
        let variable = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        of_caches(os, &variable)
    }

    #[cfg(unix)]
    #[test]
    fn processes_that_run_are_seen() {
        assert!(is_running(std::process::id()) && is_running(1));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_running(child.id()) && !is_running(0) && !is_running(u32::MAX));
    }

    #[cfg(unix)]
    #[test]
    fn each_platform_has_its_place() {
        let all = [("HOME", "/home/a"), ("XDG_CACHE_HOME", "/caches"), ("LOCALAPPDATA", "/local")];
        for (os, expected) in
            [("linux", "/caches"), ("freebsd", "/caches"), ("macos", "/home/a/Library/Caches"), ("windows", "/local")]
        {
            assert_eq!(find(os, &all), Some(expected.into()), "{os}");
            assert_eq!(find(os, &[]), None, "{os}");
        }
        assert_eq!(find("linux", &all[..1]), Some("/home/a/.cache".into()));
        assert_eq!(find("windows", &all[..2]), None);
    }

    #[cfg(unix)]
    #[test]
    fn relative_places_count_for_nothing() {
        for value in ["", "caches", "./caches"] {
            assert_eq!(
                find("linux", &[("XDG_CACHE_HOME", value), ("HOME", "/a")]),
                Some("/a/.cache".into()),
                "{value}"
            );
            assert_eq!(find("linux", &[("HOME", value)]), None, "{value}");
            assert_eq!(find("macos", &[("HOME", value)]), None, "{value}");
        }
    }
}
