//! The runner runs what the compiler makes, refuses what it cannot run, and has no compiler.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::{Command, Output};

use gantry_compile::{Compiler, Cpu, Machine, Settings};

const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (call $proc_exit (i32.const 7)))
  (func (export "add") (param i32 f64) (result f64) (f64.add (f64.convert_i32_s (local.get 0)) (local.get 1)))
  (func $inner unreachable)
  (func (export "trap") (call $inner)))"#;

struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        // What is left in the temporary folder is the system's to remove.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn compile(name: &str, text: &str, machine: Machine) -> File {
    let compiler = Compiler::new(Settings { machine, ..Settings::default() }).expect("a compiler");
    let artifact = compiler.compile(&wat::parse_str(text).expect("the text format")).expect("a module");
    let path = std::env::temp_dir().join(format!("tiny-runner-{}-{name}.gtx", std::process::id()));
    std::fs::write(&path, artifact.to_bytes()).expect("written");
    File(path)
}

fn run(file: &File, before: &[&str], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiny-runner"));
    command.args(before).arg(&file.0).args(args).output().expect("it starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn a_program_and_functions() {
    for (name, cpu) in [("native", Cpu::Native), ("baseline", Cpu::Baseline)] {
        let file = compile(name, PROGRAM, Machine { cpu, ..Machine::default() });
        let output = run(&file, &["--stats"], &[]);
        assert_eq!((text(&output.stdout), output.status.code()), ("hello\n", Some(7)));
        assert!(text(&output.stderr).starts_with("loaded after "), "{}", text(&output.stderr));
        let output = run(&file, &["--invoke", "add"], &["40", "2.5"]);
        assert_eq!((text(&output.stdout), output.status.code()), ("42.5\n", Some(0)));
        let output = run(&file, &["--invoke", "trap"], &[]);
        assert_eq!(output.status.code(), Some(134));
        assert!(text(&output.stderr).contains("unreachable"), "{}", text(&output.stderr));
    }
}

#[test]
fn what_cannot_be_run() {
    let refused = |file: &File, before: &[&str]| {
        let output = run(file, before, &[]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
        text(&output.stderr).to_owned()
    };
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "aarch64" };
    let machine = Machine { triple: Some(format!("{other}-unknown-linux-gnu")), cpu: Cpu::Baseline };
    let message = refused(&compile("other", PROGRAM, machine), &[]);
    assert!(message.contains(&format!("it was compiled for {other}-linux, and this is")), "{message}");
    let file = compile("import", "(module (import \"env\" \"f\" (func)))", Machine::default());
    assert!(refused(&file, &[]).contains("it imports \"f\" from \"env\", which is not here"));
    let file = compile("empty", "(module)", Machine::default());
    assert!(refused(&file, &[]).contains("it exports no function \"_start\""));
    std::fs::write(&file.0, b"\0asm\x01\0\0\0").expect("written");
    assert!(refused(&file, &[]).contains("not a compiled module"));
    let file = compile("damaged", PROGRAM, Machine::default());
    let mut bytes = std::fs::read(&file.0).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file.0, bytes).expect("written");
    assert!(refused(&file, &[]).contains("the compiled module is damaged"));
}

#[test]
fn there_is_no_compiler_in_it() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let args = ["tree", "--offline", "--edges", "normal", "--prefix", "none", "--manifest-path", manifest];
    let output = Command::new(env!("CARGO")).args(args).output().expect("cargo");
    let tree = text(&output.stdout);
    assert!(tree.contains("gantry-runtime"), "{tree}{}", text(&output.stderr));
    for compiler in ["cranelift", "regalloc", "gantry-compile", "gantry-translate", "gantry-baseline", "gantry-engine"]
    {
        assert!(!tree.contains(compiler), "{tree}");
    }
}
