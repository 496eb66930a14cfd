//! A cache in a folder for one test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use gantry_engine::{CacheConfig, Config, Engine, Tier};

pub struct Folder(pub PathBuf);

impl Folder {
    /// No other test of the program has this name.
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gantry-folder-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    /// An engine that compiles, and keeps, before it gives a module out.
    pub fn engine(&self) -> Engine {
        let mut options = Config::default();
        (options.cache, options.tier) = (Some(CacheConfig::new(&self.0)), Tier::Optimized);
        Engine::new(&options).unwrap()
    }

    pub fn files(&self, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|is| is == extension)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}
