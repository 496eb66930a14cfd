//! Walks along paths, one component after the other.

use super::PathFs;
use crate::fs::Result;
use crate::{Errno, FileStat, FileType};

/// How many symbolic links a path may lead through, as in Linux.
const MAX_LINKS: usize = 40;

/// The length of a name in bytes at most, as in Linux.
const MAX_NAME: usize = 255;

/// What a path leads to.
pub(super) struct Target {
    /// The components from the start on, without links and dots.
    pub(super) names: Vec<String>,
    /// What is there, if anything is.
    pub(super) stat: Option<FileStat>,
    /// Whether the path says that it is a directory.
    pub(super) slash: bool,
}

/// Where a name is, whether something has it or not.
pub(super) struct Place {
    /// The components of its directory.
    pub(super) parent: Vec<String>,
    pub(super) last: Last,
    /// Whether the path says that it is a directory.
    pub(super) slash: bool,
}

pub(super) enum Last {
    Name(String),
    Dot,
    DotDot,
}

/// Where walks begin, and what may be walked through.
pub(super) struct Walk<'a> {
    pub(super) fs: &'a dyn PathFs,
    /// The path of the directory that no walk leaves, without a slash at the end.
    pub(super) base: &'a str,
}

/// Host path of components.
pub(super) fn join(base: &str, names: &[String]) -> String {
    let mut path = String::with_capacity(base.len() + names.iter().map(|name| name.len() + 1).sum::<usize>() + 1);
    path.push_str(base);
    for name in names {
        path.push('/');
        path.push_str(name);
    }
    if path.is_empty() {
        path.push('/');
    }
    path
}

impl Walk<'_> {
    /// Goes to the end of a path.
    pub(super) fn target(&self, path: &str, follow: bool) -> Result<Target> {
        // Components still to go, the next one last.
        let mut pending = Vec::new();
        push(&mut pending, path);
        let mut slash = path.ends_with('/');
        let (mut names, mut links): (Vec<String>, usize) = (Vec::new(), 0);
        while let Some(name) = pending.pop() {
            match &*name {
                "." => continue,
                ".." => {
                    names.pop().ok_or(Errno::NOTCAPABLE)?;
                    continue;
                }
                name if name.len() > MAX_NAME => return Err(Errno::NAMETOOLONG),
                _ => names.push(name),
            }
            let last = pending.is_empty();
            let stat = match self.fs.lstat(&join(self.base, &names)) {
                Err(Errno::NOENT) if last => return Ok(Target { names, stat: None, slash }),
                stat => stat?,
            };
            match stat.file_type {
                FileType::SymbolicLink if !last || follow || slash => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::LOOP);
                    }
                    let content = self.fs.read_link(&join(self.base, &names))?;
                    let content = String::from_utf8(content).map_err(|_| Errno::ILSEQ)?;
                    match content.as_bytes() {
                        [] => return Err(Errno::NOENT),
                        [b'/', ..] => return Err(Errno::NOTCAPABLE),
                        _ => {}
                    }
                    slash |= last && content.ends_with('/');
                    names.pop();
                    push(&mut pending, &content);
                }
                FileType::Directory => {
                    if last {
                        return Ok(Target { names, stat: Some(stat), slash });
                    }
                }
                _ if !last || slash => return Err(Errno::NOTDIR),
                _ => return Ok(Target { names, stat: Some(stat), slash }),
            }
        }
        // The path ended with dots: at a directory that was walked through, or at the start.
        let stat = self.fs.lstat(&join(self.base, &names))?;
        Ok(Target { names, stat: Some(stat), slash })
    }

    /// Goes to the directory that the last component of a path is in.
    pub(super) fn place(&self, path: &str) -> Result<Place> {
        let slash = path.ends_with('/');
        let trimmed = path.trim_end_matches('/');
        let (parent, last) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        let parent = match parent {
            "" => Vec::new(),
            parent => {
                let target = self.target(parent, true)?;
                match target.stat {
                    Some(stat) if stat.file_type == FileType::Directory => target.names,
                    Some(_) => return Err(Errno::NOTDIR),
                    None => return Err(Errno::NOENT),
                }
            }
        };
        let last = match last {
            "." => Last::Dot,
            ".." => Last::DotDot,
            name if name.len() > MAX_NAME => return Err(Errno::NAMETOOLONG),
            name => Last::Name(name.to_owned()),
        };
        Ok(Place { parent, last, slash })
    }
}

/// Puts the components of a path in front of those that are still to go.
fn push(pending: &mut Vec<String>, path: &str) {
    pending.extend(path.rsplit('/').filter(|name| !name.is_empty()).map(str::to_owned));
}
