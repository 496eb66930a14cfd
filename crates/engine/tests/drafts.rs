//! Compilations that are cut off: what they leave behind, and that later ones go on from it.
#![cfg(unix)]

mod util;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use gantry_engine::{CacheConfig, Config, Engine, Linker, Module, ModuleStream, Store, Tier};
use util::folder::Folder;

const FUNCTIONS: usize = 400;
/// Threads that validate ask as well, more or less often.
const MORE_OR_LESS: usize = 8;

fn draft(folder: &Folder) -> PathBuf {
    let [draft] = &folder.files("gtd")[..] else { panic!("one draft") };
    draft.clone()
}

fn wasm() -> Vec<u8> {
    let functions: String = (0..FUNCTIONS)
        .map(|i| format!("(func $f{i} (param i32) (result i32) (i32.mul (local.get 0) (i32.const {i})))"))
        .collect();
    let calls: String = (0..FUNCTIONS).map(|i| format!("(i32.add (call $f{i} (i32.const 3)))")).collect();
    wat::parse_str(format!("(module {functions} (func (export \"sum\") (result i32) i32.const 0 {calls}))")).unwrap()
}

/// Compiles until threads have asked `limit` times whether they may go on. Returns how often they asked.
fn compile(engine: &Engine, limit: usize) -> (Option<Module>, usize) {
    let asked = AtomicUsize::new(0);
    let mut stream = ModuleStream::new(engine, None);
    stream.push(wasm()).unwrap();
    let module = stream.finish_while(&|| asked.fetch_add(1, Ordering::Relaxed) < limit).ok();
    (module, asked.into_inner())
}

fn check(engine: &Engine, module: &Module) {
    let mut store = Store::new(engine);
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    let sum = instance.typed_func::<(), i32>(&store, "sum").unwrap().call(&mut store, ()).unwrap();
    assert_eq!(sum, (0..FUNCTIONS as i32).map(|i| 3 * i).sum::<i32>());
}

/// How often threads ask before the last function is compiled.
fn asked_in_all() -> usize {
    let mut options = Config::default();
    options.tier = Tier::Optimized;
    compile(&Engine::new(&options).unwrap(), usize::MAX).1
}

/// Leaves a draft in a folder that has most of the functions.
fn cut_off(folder: &Folder) -> Vec<u8> {
    let all = asked_in_all();
    let (module, _) = compile(&folder.engine(), all - FUNCTIONS / 4);
    assert!(module.is_none());
    assert!(folder.files("gtx").is_empty());
    assert_eq!(fs::metadata(draft(folder)).unwrap().permissions().mode() & 0o777, 0o600);
    fs::read(draft(folder)).unwrap()
}

#[test]
fn the_next_one_goes_on() {
    let folder = Folder::new("next");
    let whole = Module::with_tier(&Engine::default(), &wasm(), Tier::Optimized).unwrap().serialize().unwrap();
    let all = asked_in_all();
    cut_off(&folder);
    let engine = folder.engine();
    let (module, asked) = compile(&engine, usize::MAX);
    assert!(asked < all - FUNCTIONS / 2, "{asked} of {all}");
    let module = module.unwrap();
    check(&engine, &module);
    assert_eq!(module.serialize().unwrap(), whole, "the same as if it had been compiled in one go");
    assert!(folder.files("gtd").is_empty(), "the artifact takes its place");
    assert_eq!(fs::read(&folder.files("gtx")[0]).unwrap(), whole);
}

#[test]
fn what_is_there_is_used_at_once() {
    let folder = Folder::new("used");
    cut_off(&folder);
    let mut options = Config::default();
    (options.cache, options.tier) = (Some(CacheConfig::new(&folder.0)), Tier::Auto);
    let engine = Engine::new(&options).unwrap();
    let module = Module::new(&engine, &wasm()).unwrap();
    while module.stats().continued == 0 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    check(&engine, &module);
    let stats = module.stats();
    assert!(stats.continued as usize > FUNCTIONS / 2 && (stats.on_demand as usize) < FUNCTIONS / 2, "{stats:?}");
    let whole = Module::with_tier(&Engine::default(), &wasm(), Tier::Optimized).unwrap().serialize().unwrap();
    assert_eq!(module.serialize().unwrap(), whole);
    check(&engine, &module);
}

#[test]
fn any_number_of_times() {
    let folder = Folder::new("times");
    let all = asked_in_all();
    let validation = all - FUNCTIONS - 1;
    let (mut len, mut times) = (0, 0);
    while folder.files("gtx").is_empty() {
        compile(&folder.engine(), validation + 40);
        if let [draft] = &folder.files("gtd")[..] {
            let now = fs::metadata(draft).unwrap().len();
            assert!(now > len, "each adds something");
            len = now;
        }
        times += 1;
    }
    assert!((4..=FUNCTIONS / 10).contains(&times), "{times}");
    assert!(folder.files("gtd").is_empty());
}

#[test]
fn damaged_ones_are_used_as_far_as_they_are_whole() {
    let folder = Folder::new("damaged");
    let bytes = cut_off(&folder);
    let path = draft(&folder);
    let finish = |draft: &[u8]| {
        folder.files("gtx").into_iter().for_each(|entry| fs::remove_file(entry).unwrap());
        fs::write(&path, draft).unwrap();
        let engine = folder.engine();
        let (module, asked) = compile(&engine, usize::MAX);
        check(&engine, &module.unwrap());
        assert!(folder.files("gtd").is_empty());
        asked
    };
    let whole = finish(&bytes);
    let nothing = finish(&[]);
    assert!(whole < nothing);
    for at in (0..120).chain((120..bytes.len()).step_by(bytes.len() / 16)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(finish(&damaged) > whole, "byte {at}");
    }
    for len in [1, 8, 39, 40, 50, bytes.len() / 2, bytes.len() - 1] {
        let asked = finish(&bytes[..len]);
        assert!(asked + MORE_OR_LESS >= whole && asked <= nothing + MORE_OR_LESS, "{len} bytes");
    }
    finish(&vec![0; 5000]);
    let asked = finish(&[&bytes[..], &[7; 100]].concat());
    assert!(asked <= whole + MORE_OR_LESS, "what follows does no harm");
}

#[test]
fn those_that_cannot_be_written_are_read() {
    let folder = Folder::new("unwritable");
    let bytes = cut_off(&folder);
    let all = asked_in_all();
    let lock = fs::File::open(draft(&folder)).unwrap();
    lock.lock().unwrap();
    let (module, asked) = compile(&folder.engine(), all - FUNCTIONS);
    assert!(module.is_none() || asked < all - FUNCTIONS);
    if module.is_none() {
        assert_eq!(fs::read(draft(&folder)).unwrap(), bytes, "another process writes it");
    }
    let engine = folder.engine();
    let (module, asked) = compile(&engine, usize::MAX);
    check(&engine, &module.unwrap());
    assert!(asked < all - FUNCTIONS / 2);
}

#[test]
fn folders_that_others_can_write_to_have_none() {
    let folder = Folder::new("shared");
    let bytes = cut_off(&folder);
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777)).unwrap();
    let all = asked_in_all();
    let (module, asked) = compile(&folder.engine(), usize::MAX);
    assert!(module.is_some() && asked + MORE_OR_LESS >= all);
    assert_eq!(fs::read(draft(&folder)).unwrap(), bytes);
}

#[test]
fn drafts_of_modules_that_are_dropped_stay() {
    let folder = Folder::new("dropped");
    let mut options = Config::default();
    (options.cache, options.threads) = (Some(CacheConfig::new(&folder.0)), 1);
    let whole = Module::with_tier(&Engine::default(), &wasm(), Tier::Optimized).unwrap().serialize().unwrap();
    for _ in 0..200 {
        drop(Module::new(&Engine::new(&options).unwrap(), &wasm()).unwrap());
        if !folder.files("gtx").is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let engine = Engine::new(&options).unwrap();
    let module = Module::new(&engine, &wasm()).unwrap();
    check(&engine, &module);
    assert_eq!(module.serialize().unwrap(), whole);
}
