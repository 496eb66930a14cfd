//! The cache of compiled modules: what it keeps, and that nothing about it can do harm.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_engine::{CacheConfig, Config, Engine, Linker, Module, Store, Tier};

const NOBODY: u32 = 65534;

/// A folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gantry-cache-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    fn entries(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.cache()) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::set_permissions(self.cache(), fs::Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An engine that compiles, and keeps, before it gives a module out.
fn engine(config: CacheConfig) -> Engine {
    engine_of_tier(config, Tier::Optimized)
}

fn engine_of_tier(config: CacheConfig, tier: Tier) -> Engine {
    let mut options = Config::default();
    (options.cache, options.tier) = (Some(config), tier);
    Engine::new(&options).unwrap()
}

/// A module that is large enough to be kept, and says its number.
fn wasm(number: i32) -> Vec<u8> {
    let filler: String =
        (0..1000).map(|i| format!("(func (param i32) (result i32) local.get 0 i32.const {i} i32.add)")).collect();
    wat::parse_str(format!("(module (func (export \"number\") (result i32) i32.const {number}) {filler})")).unwrap()
}

/// Compiles or finds a module, runs it, and tells whether it was found.
fn run(engine: &Engine, number: i32) -> bool {
    let module = Module::new(engine, &wasm(number)).unwrap();
    let mut store = Store::new(engine);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let function = instance.typed_func::<(), i32>(&store, "number").unwrap();
    assert_eq!(function.call(&mut store, ()).unwrap(), number);
    module.loaded().is_mapped()
}

#[test]
fn modules_are_found_by_content() {
    let folder = Folder::new("found");
    let config = CacheConfig::new(folder.cache());
    assert!(!run(&engine(config.clone()), 1));
    assert!(run(&engine(config.clone()), 1), "another engine finds it");
    assert!(!run(&engine(config.clone()), 2), "another module is another entry");
    assert_eq!(folder.entries().len(), 2);
    assert_eq!(fs::metadata(folder.cache()).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in folder.entries() {
        assert_eq!(fs::metadata(entry).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn small_modules_are_not_kept() {
    let folder = Folder::new("small");
    let engine = engine(CacheConfig::new(folder.cache()));
    Module::new(&engine, &wat::parse_str("(module)").unwrap()).unwrap();
    assert!(folder.entries().is_empty());
}

#[test]
fn code_of_other_options_is_another_entry() {
    let folder = Folder::new("options");
    let mut options = Config::default();
    (options.cache, options.tier) = (Some(CacheConfig::new(folder.cache())), Tier::Optimized);
    assert!(!run(&Engine::new(&options).unwrap(), 1));
    options.memory_style = gantry_engine::MemoryStyle::Checked;
    assert!(!run(&Engine::new(&options).unwrap(), 1));
    assert_eq!(folder.entries().len(), 2);
}

fn damage(folder: &Folder, change: impl Fn(&mut Vec<u8>)) {
    let config = CacheConfig::new(folder.cache());
    let [entry] = &folder.entries()[..] else { panic!("one entry") };
    let mut bytes = fs::read(entry).unwrap();
    change(&mut bytes);
    // Replaced, as everything that deals with the folder does.
    let other = entry.with_extension("new");
    fs::write(&other, &bytes).unwrap();
    fs::rename(&other, entry).unwrap();
    assert!(!run(&engine(config.clone()), 1), "a damaged entry is compiled anew");
    assert!(run(&engine(config), 1), "and kept anew");
}

#[test]
fn damaged_entries_are_never_loaded() {
    let folder = Folder::new("damaged");
    run(&engine(CacheConfig::new(folder.cache())), 1);
    let len = fs::read(&folder.entries()[0]).unwrap().len();
    // Each byte of the header and directory, and some of the rest.
    for at in (0..220).chain((220..len).step_by(len / 32)) {
        damage(&folder, |bytes| bytes[at] ^= 1 << (at % 8));
    }
    for keep in [0, 1, 7, 8, 63, 200, len / 2, len - 1] {
        damage(&folder, |bytes| bytes.truncate(keep));
    }
    damage(&folder, |bytes| bytes.fill(0));
    damage(&folder, |bytes| bytes.extend_from_slice(b"more"));
}

#[test]
fn thousands_of_damages_are_noticed() {
    let folder = Folder::new("flips");
    let config = CacheConfig::new(folder.cache());
    run(&engine(config.clone()), 1);
    let entry = folder.entries().remove(0);
    let bytes = fs::read(&entry).unwrap();
    let engine = engine(config);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..5000 {
        let mut damaged = bytes.clone();
        for _ in 0..=random(3) {
            damaged[random(bytes.len())] ^= 1 << random(8);
        }
        if damaged != bytes {
            assert!(Module::deserialize(&engine, &damaged).is_err());
        }
    }
    for _ in 0..500 {
        let (from, to) = (random(bytes.len()), random(bytes.len()));
        let len = 1 + random(bytes.len() - from.max(to));
        let mut damaged = bytes.clone();
        damaged.copy_within(from..from + len, to);
        if damaged != bytes {
            assert!(Module::deserialize(&engine, &damaged).is_err(), "{len} bytes from {from} at {to}");
        }
    }
    assert!(Module::deserialize(&engine, &bytes).is_ok());
}

#[test]
fn entries_that_others_can_change_are_not_used() {
    let folder = Folder::new("others");
    let config = CacheConfig::new(folder.cache());
    run(&engine(config.clone()), 1);
    let entry = folder.entries().remove(0);
    let replaced = |what: &str| {
        assert!(!run(&engine(config.clone()), 1), "{what}");
        assert!(run(&engine(config.clone()), 1), "{what}");
    };
    for mode in [0o666, 0o620] {
        fs::set_permissions(&entry, fs::Permissions::from_mode(mode)).unwrap();
        replaced("anybody can write to it");
    }
    let draft = entry.with_extension("gtd");
    for path in [&entry, &draft] {
        fs::remove_file(&entry).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        replaced("a pipe is not waited for");
    }
    fs::remove_file(&entry).unwrap();
    std::os::unix::fs::symlink("nowhere", &entry).unwrap();
    assert!(!run(&engine(config.clone()), 1));
    // Only root can give files away.
    if fs::metadata(&entry).is_ok_and(|metadata| metadata.uid() == 0) {
        std::os::unix::fs::chown(&entry, Some(NOBODY), None).unwrap();
        replaced("it is another's");
        std::os::unix::fs::chown(folder.cache(), Some(NOBODY), None).unwrap();
        assert!(!run(&engine(config.clone()), 1) && !run(&engine(config.clone()), 2));
        assert_eq!(folder.entries().len(), 1, "nothing is written to another's folder");
    }
}

#[test]
fn links_are_folders_if_they_lead_to_one() {
    let folder = Folder::new("links");
    let real = folder.0.join("real");
    std::os::unix::fs::symlink(&real, folder.cache()).unwrap();
    let config = CacheConfig::new(folder.cache());
    assert!(!run(&engine(config.clone()), 1) && !run(&engine(config.clone()), 1));
    assert!(!real.exists());
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(!run(&engine(config.clone()), 1) && run(&engine(config), 1));
}

#[test]
fn folders_may_go_while_they_are_used() {
    let folder = Folder::new("gone");
    let config = CacheConfig::new(folder.cache());
    run(&engine(config.clone()), 1);
    let engine = engine(config);
    let module = Module::new(&engine, &wasm(1)).unwrap();
    assert!(module.loaded().is_mapped());
    fs::remove_dir_all(folder.cache()).unwrap();
    let mut store = Store::new(&engine);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    assert_eq!(instance.typed_func::<(), i32>(&store, "number").unwrap().call(&mut store, ()).unwrap(), 1);
    assert!(!run(&engine, 1) && run(&engine, 1));
}

#[test]
fn folders_that_others_can_write_to_are_not_used() {
    let folder = Folder::new("shared");
    let config = CacheConfig::new(folder.cache());
    assert!(!run(&engine(config.clone()), 1));
    for mode in [0o777, 0o770, 0o702] {
        fs::set_permissions(folder.cache(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(!run(&engine(config.clone()), 1), "{mode:o}");
        assert!(!run(&engine(config.clone()), 2), "{mode:o}");
    }
    assert_eq!(folder.entries().len(), 1);
    fs::set_permissions(folder.cache(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(run(&engine(config), 1));
}

#[test]
fn what_cannot_be_written_does_no_harm() {
    let folder = Folder::new("unwritable");
    fs::write(folder.0.join("file"), "").unwrap();
    for dir in [folder.0.join("file"), folder.0.join("file/below"), PathBuf::from("/proc/gantry")] {
        let engine = engine(CacheConfig::new(dir));
        assert!(!run(&engine, 1));
        assert!(!run(&engine, 1));
    }
}

#[test]
fn a_folder_where_an_entry_should_be() {
    let folder = Folder::new("folder");
    let config = CacheConfig::new(folder.cache());
    run(&engine(config.clone()), 1);
    let entry = folder.entries().remove(0);
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert!(!run(&engine(config), 1));
}

fn set_age(path: &Path, hours: u64) {
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let folder = Folder::new("full");
    let config = CacheConfig::new(folder.cache());
    let first = engine(config.clone());
    for number in 0..4 {
        run(&first, number);
    }
    let size = fs::metadata(&folder.entries()[0]).unwrap().len();
    folder.entries().iter().for_each(|entry| set_age(entry, 100));
    assert!(run(&engine(config.clone()), 2), "used: its time is renewed");
    // One by a process that runs, another by one that does not.
    let unfinished = ["1-1-1.gtt", "4294967295-1-1.gtt"].map(|name| folder.cache().join(name));
    let others = ["notes.txt", "program.gtx", "data.tmp"].map(|name| folder.cache().join(name));
    let [old, abandoned] = &unfinished;
    let written = folder.cache().join(format!("{}-1-1.gtt", std::process::id()));
    for file in others.iter().chain([old, abandoned, &written]) {
        fs::write(file, "x").unwrap();
    }
    for file in others.iter().chain([old]) {
        set_age(file, 100);
    }

    // Room for two and the new one.
    let small = CacheConfig { max_bytes: size * 7 / 2, ..config.clone() };
    assert!(!run(&engine(small), 4));
    assert!(others.iter().all(|file| fs::remove_file(file).is_ok()), "files of others stay");
    fs::remove_file(written).unwrap();
    assert_eq!(folder.entries().len(), 3);
    assert!(unfinished.iter().all(|file| !file.exists()));
    let again = engine(config);
    assert!(run(&again, 2) && run(&again, 4));
}

#[test]
fn many_at_once() {
    let folder = Folder::new("many");
    let config = CacheConfig::new(folder.cache());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let config = config.clone();
            scope.spawn(move || {
                for number in 0..5 {
                    run(&engine(config.clone()), number);
                }
            });
        }
    });
    assert_eq!(folder.entries().len(), 5, "one entry each, and nothing else");
    let engine = engine(config);
    assert!((0..5).all(|number| run(&engine, number)));
}

#[test]
fn serialized_modules() {
    let engine = Engine::default();
    let module = Module::new(&engine, &wasm(7)).unwrap();
    let bytes = module.serialize().unwrap();
    assert_eq!(bytes, Module::new(&engine, &wasm(7)).unwrap().serialize().unwrap(), "the same module, the same bytes");
    let module = Module::deserialize(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    assert_eq!(instance.typed_func::<(), i32>(&store, "number").unwrap().call(&mut store, ()).unwrap(), 7);

    let error = |bytes: &[u8]| Module::deserialize(&engine, bytes).unwrap_err().to_string();
    assert_eq!(error(b"nothing"), "not a compiled module of this version of Gantry");
    assert_eq!(error(&bytes[..bytes.len() - 1]), "the compiled module is damaged");
    let mut options = Config::default();
    options.memory_style = gantry_engine::MemoryStyle::Checked;
    let other = Module::deserialize(&Engine::new(&options).unwrap(), &bytes).unwrap_err();
    let message =
        "the compiled module cannot be used: it was compiled for reserved memories, and here they are checked";
    assert_eq!(other.to_string(), message);
}

#[test]
fn serialized_modules_are_optimised() {
    let serialize = |tier| Module::with_tier(&Engine::default(), &wasm(3), tier).unwrap().serialize().unwrap();
    let optimized = serialize(Tier::Optimized);
    assert!(serialize(Tier::Quick) == optimized && serialize(Tier::Auto) == optimized);
}

#[test]
fn what_the_background_makes_is_kept() {
    let folder = Folder::new("background");
    let config = CacheConfig::new(folder.cache());
    let auto = engine_of_tier(config.clone(), Tier::Auto);
    let module = Module::new(&auto, &wasm(1)).unwrap();
    module.serialize().unwrap();
    assert!(module.stats().is_final);
    assert!(run(&engine(config.clone()), 1));
    let quick = engine_of_tier(config, Tier::Quick);
    assert!(run(&quick, 1), "better than what was asked for");
    assert!(!run(&quick, 2));
    assert_eq!(folder.entries().len(), 1, "quick code is not kept");
}
