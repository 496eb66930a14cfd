//! The cache between processes: many at once, killed, on a full disk, without the right to write. A program of its own, because
//! it starts itself: with arguments it is one of those processes.
//!
//! `GANTRY_TEST_PROCESSES` is how many share a key.

#[cfg(unix)]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [mode, rest @ ..] if mode == "child" => unix::child(rest),
        [mode, rest @ ..] if mode == "run" => unix::run_all(rest),
        // Whatever the test harness would understand.
        _ => unix::tests(),
    }
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use gantry_engine::{CacheConfig, Config, Engine, Linker, Module, Store, Tier};

    const NOBODY: u32 = 65534;

    /// A module that is large enough to be kept, however few functions it has, and says its number.
    fn wasm(number: i32, functions: i32) -> Vec<u8> {
        let filler: String = (0..functions)
            .map(|i| format!("(func (param i32) (result i32) local.get 0 i32.const {i} i32.add)"))
            .collect();
        let number = format!("(func (export \"number\") (result i32) i32.const {number})");
        let text = format!("(module {number} {filler} (data \"{}\"))", "x".repeat(20_000));
        wat::parse_str(text).expect("the text format")
    }

    fn engine(dir: &Path, max_bytes: u64) -> Engine {
        let mut config = Config::default();
        config.threads = 1;
        // All code is made, and kept, before a module can be used.
        config.tier = Tier::Optimized;
        config.cache = Some(CacheConfig { max_bytes, ..CacheConfig::new(dir) });
        Engine::new(&config).expect("an engine")
    }

    /// Compiles or finds a module, runs it, and tells whether it was found.
    fn run(engine: &Engine, number: i32, functions: i32) -> bool {
        let module = Module::new(engine, &wasm(number, functions)).expect("a module");
        let mut store = Store::new(engine);
        let instance = Linker::new().instantiate(&mut store, &module).expect("an instance");
        let function = instance.typed_func::<(), i32>(&store, "number").expect("exported");
        assert_eq!(function.call(&mut store, ()).expect("a number"), number);
        module.loaded().is_mapped()
    }

    /// Says `ready`, waits for a line, and does as [`run_all`].
    pub fn child(args: &[String]) {
        println!("ready");
        std::io::stdin().read_line(&mut String::new()).expect("a line");
        run_all(args);
    }

    /// Arguments: folder, bytes at most, functions, numbers of modules. Says for each module whether it was found.
    pub fn run_all(args: &[String]) {
        let [dir, max_bytes, functions, numbers @ ..] = args else { panic!("wrong arguments {args:?}") };
        let engine = engine(Path::new(dir), max_bytes.parse().expect("a number"));
        for number in numbers {
            let found = run(&engine, number.parse().expect("a number"), functions.parse().expect("a number"));
            println!("{}", if found { "found" } else { "compiled" });
        }
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("gantry-processes-{}-{name}", std::process::id()));
            fs::create_dir(&path).expect("a folder");
            Folder(path)
        }

        fn cache(&self) -> PathBuf {
            self.0.join("cache")
        }

        fn names(&self) -> Vec<String> {
            let Ok(entries) = fs::read_dir(self.cache()) else { return Vec::new() };
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
        }

        fn count(&self, extension: &str) -> usize {
            self.names().iter().filter(|name| name.ends_with(extension)).count()
        }

        /// Bytes in all files that are there; some may go meanwhile.
        fn size(&self) -> u64 {
            let paths = self.names().into_iter().map(|name| self.cache().join(name));
            paths.filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum()
        }

        fn command(&self, program: &[&str], max_bytes: u64, functions: i32, numbers: &[i32]) -> Command {
            let exe = std::env::current_exe().expect("a path");
            let mut words: Vec<String> = program.iter().map(|word| (*word).to_owned()).collect();
            words.push(exe.to_str().expect("a path").to_owned());
            words.push("child".to_owned());
            words.push(self.cache().to_str().expect("a path").to_owned());
            words.extend([max_bytes.to_string(), functions.to_string()]);
            words.extend(numbers.iter().map(i32::to_string));
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
            command
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // What is left in the temporary folder is the system's to remove.
            let _ = fs::set_permissions(self.cache(), fs::Permissions::from_mode(0o700));
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A process that has said that it is ready.
    struct Ready(Child, BufReader<std::process::ChildStdout>);

    fn start(mut command: Command) -> Ready {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        Ready(child, lines)
    }

    impl Ready {
        fn go(&mut self) {
            self.0.stdin.take().expect("a pipe").write_all(b"\n").expect("it waits");
        }

        /// What it says of each module.
        fn finish(mut self) -> Vec<String> {
            let lines = self.1.lines().map(|line| line.expect("text")).collect();
            assert!(self.0.wait().expect("it ends").success());
            lines
        }
    }

    fn outcome(command: Command) -> Vec<String> {
        let mut ready = start(command);
        ready.go();
        ready.finish()
    }

    const MAX: u64 = CacheConfig::MAX_BYTES;

    fn many_with_one_key() {
        let count = std::env::var("GANTRY_TEST_PROCESSES").map_or(24, |count| count.parse().expect("a number"));
        let folder = Folder::new("many");
        let mut all: Vec<Ready> = (0..count).map(|_| start(folder.command(&[], MAX, 1000, &[7]))).collect();
        all.iter_mut().for_each(Ready::go);
        let outcomes: Vec<String> = all.into_iter().flat_map(Ready::finish).collect();
        assert_eq!(outcomes.len(), count);
        let names = folder.names();
        assert!(names.len() == 1 && names[0].ends_with(".gtx"), "one entry and nothing else: {names:?}");
        assert_eq!(outcome(folder.command(&[], MAX, 1000, &[7])), ["found"]);
        let found = outcomes.iter().filter(|outcome| *outcome == "found").count();
        println!("  {count} processes, of which {found} found it");
    }

    fn killed_at_any_moment() {
        let folder = Folder::new("killed");
        let numbers: Vec<i32> = (0..40).collect();
        let unfinished = || folder.count(".gtt");
        let mut left = 0;
        for round in 0..40 {
            let mut ready = start(folder.command(&[], MAX, 3000, &numbers));
            ready.go();
            let start = Instant::now();
            // Some while they write, some before or behind.
            while unfinished() == left && start.elapsed() < Duration::from_millis(500) {}
            std::thread::sleep(Duration::from_micros(round % 4 * 50));
            ready.0.kill().expect("it was there");
            ready.0.wait().expect("it ends");
            left = unfinished();
        }
        let done = folder.count(".gtx");
        let outcomes = outcome(folder.command(&[], MAX, 3000, &numbers));
        let found = outcomes.iter().filter(|outcome| *outcome == "found").count();
        assert_eq!(found, done, "what was published is whole");
        assert!(outcome(folder.command(&[], MAX, 3000, &numbers)).iter().all(|outcome| outcome == "found"));
        println!("  40 processes killed: {done} entries, {left} left unfinished");
    }

    /// The system ends a process with the write that would make a file longer than so many blocks.
    fn killed_at_any_byte() {
        let folder = Folder::new("bytes");
        let (mut entries, mut drafts) = (0, 0);
        for blocks in 1..=12 {
            // Of those with many functions the draft comes first.
            for functions in [0, 8000] {
                let limit = format!("ulimit -c 0; ulimit -f {blocks}; exec \"$0\" \"$@\"");
                // Who started the tests may ignore the signal, which shells cannot undo.
                let words = ["env", "--default-signal=XFSZ", "sh", "-c", &limit];
                let words = if cfg!(target_os = "linux") { &words[..] } else { &words[2..] };
                let mut ready = start(folder.command(words, MAX, functions, &[blocks]));
                ready.go();
                let ended = ready.0.wait().expect("it ends");
                assert_eq!(ended.signal(), Some(rustix::process::Signal::XFSZ.as_raw()), "{blocks} blocks: {ended}");
                entries += folder.count(".gtt");
                drafts += folder.count(".gtd");
                assert_eq!(outcome(folder.command(&[], MAX, functions, &[blocks; 2])), ["compiled", "found"]);
                assert_eq!(folder.count(".gtd"), 0);
                fs::remove_dir_all(folder.cache()).expect("there");
            }
        }
        assert!(entries > 0 && drafts > 0, "{entries} entries and {drafts} drafts were cut off");
        println!("  {entries} entries and {drafts} drafts were cut off");
    }

    /// The system gives no room beyond some blocks in any file, and says so by an error.
    fn full_disk() {
        let folder = Folder::new("full");
        let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""];
        assert_eq!(outcome(folder.command(&limited, MAX, 1000, &[1, 1])), ["compiled", "compiled"]);
        assert_eq!(folder.names(), [] as [&str; 0], "nothing is left of what did not fit");
        assert_eq!(outcome(folder.command(&[], MAX, 1000, &[1, 1])), ["compiled", "found"]);
        assert_eq!(outcome(folder.command(&limited, MAX, 1000, &[1, 2])), ["found", "compiled"]);
    }

    /// Does what a script says on a file system of its own, which nobody else sees, with the child as `$RUN` and the folder as
    /// `$CACHE`. None where that is not allowed.
    fn on_own_disk(folder: &Folder, mount: &str, script: &str) -> Option<Vec<String>> {
        fs::create_dir(folder.cache()).expect("it is not there");
        let script = format!("mount -t {mount} none \"$CACHE\" || exit 99; {script}");
        let output = ["-rm", "-m"].into_iter().find_map(|flags| {
            let mut command = Command::new("unshare");
            command.args([flags, "sh", "-ec", &script]).env("CACHE", folder.cache());
            command.env("RUN", std::env::current_exe().expect("a path")).stderr(Stdio::piped());
            let output = command.output().ok()?;
            output.stdout.starts_with(b"mounted\n").then_some(output)
        })?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).expect("text").lines().skip(1).map(str::to_owned).collect())
    }

    /// A file system without room for one entry, at first.
    fn full_file_system() {
        let folder = Folder::new("tmpfs");
        let script = r#"echo mounted; run() { "$RUN" run "$CACHE" 1000000000 1000 "$@"; }
            head -c 1M /dev/zero > "$CACHE/other" || true
            run 1 1; ls "$CACHE"; rm "$CACHE/other"; run 1 1; "$RUN" run "$CACHE" 1000000000 20000 2 2; ls "$CACHE" | wc -l"#;
        match on_own_disk(&folder, "tmpfs -o size=512k,mode=0700", script) {
            None => println!("  not done: no file system may be mounted here"),
            Some(printed) => {
                let expected = ["compiled", "compiled", "other", "compiled", "found", "compiled", "compiled", "1"];
                assert_eq!(printed, expected);
            }
        }
    }

    /// A file system whose files are copied, because it is not known to keep what is mapped.
    fn unknown_file_system() {
        let folder = Folder::new("ramfs");
        let script = r#"echo mounted; "$RUN" run "$CACHE" 1000000000 1000 1 1; "$RUN" run "$CACHE" 1000000000 1000 1"#;
        match on_own_disk(&folder, "ramfs -o mode=0700", script) {
            None => println!("  not done: no file system may be mounted here"),
            Some(printed) => assert_eq!(printed, ["compiled", "found", "found"]),
        }
    }

    /// As a user who is not above permissions.
    fn read_only_folder() {
        let folder = Folder::new("read-only");
        let exe = folder.0.join("test");
        fs::copy(std::env::current_exe().expect("a path"), &exe).expect("a copy");
        let is_root = fs::metadata(&folder.0).expect("there").uid() == 0;
        let command = |numbers: &[i32]| {
            let ours = folder.command(&[], MAX, 1000, numbers);
            let mut command = Command::new(&exe);
            command.args(ours.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        if is_root {
            std::os::unix::fs::chown(&folder.0, Some(NOBODY), Some(NOBODY)).expect("allowed");
        }
        assert_eq!(outcome(command(&[1])), ["compiled"]);
        fs::set_permissions(folder.cache(), fs::Permissions::from_mode(0o500)).expect("allowed");
        assert_eq!(outcome(command(&[1, 2, 2])), ["found", "compiled", "compiled"]);
        assert_eq!(folder.names().len(), 1);
    }

    fn removed_while_it_is_used() {
        let folder = Folder::new("removed");
        outcome(folder.command(&[], MAX, 1000, &[0]));
        let entry = folder.cache().join(&folder.names()[0]);
        let room = fs::metadata(entry).expect("an entry").len() * 5 / 2;
        let numbers: Vec<i32> = (0..60).map(|i| i % 5).collect();
        let mut all: Vec<Ready> = (0..4).map(|_| start(folder.command(&[], room, 1000, &numbers))).collect();
        all.iter_mut().for_each(Ready::go);
        let mut most = 0;
        while all.iter_mut().any(|ready| ready.0.try_wait().expect("a child").is_none()) {
            most = most.max(folder.size());
        }
        let outcomes: Vec<String> = all.into_iter().flat_map(Ready::finish).collect();
        assert_eq!(outcomes.len(), 240);
        // Each process may be writing an entry and its draft.
        assert!(most > 0 && most <= room + 4 * room, "{most} bytes where {room} are allowed");
        // Each process looks after the size with its first entry.
        outcome(folder.command(&[], room, 1000, &[100]));
        let names = folder.names();
        assert!(names.len() <= 2, "{names:?}");
        let found = outcomes.iter().filter(|outcome| *outcome == "found").count();
        println!("  4 processes with room for two of five modules found {found} of 240");
    }

    pub fn tests() {
        let tests: [(&str, fn()); 8] = [
            ("many with one key", many_with_one_key),
            ("killed at any moment", killed_at_any_moment),
            ("killed at any byte", killed_at_any_byte),
            ("full disk", full_disk),
            ("full file system", full_file_system),
            ("unknown file system", unknown_file_system),
            ("read-only folder", read_only_folder),
            ("removed while it is used", removed_while_it_is_used),
        ];
        for (name, test) in tests {
            test();
            println!("test {name} ... ok");
        }
    }
}
