//! That the runner notices what is wrong: scripts whose expectations the engine must not meet.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gantry_wast::isolate::Isolation;
use gantry_wast::{Counts, Report, run_script};

const MODULE: &str = r#"(module
  (global (export "g") i32 (i32.const 7))
  (func (export "id") (param i32) (result i32) (local.get 0))
  (func (export "nan") (result f32) (f32.const nan:0x200001))
  (func (export "lanes") (result v128) (v128.const i32x4 1 2 3 4))
  (func (export "null") (result funcref) (ref.null func))
  (func (export "same") (param externref) (result externref) (local.get 0))
  (func (export "trap") (unreachable))
  (func $deep (export "deep") (call $deep)))
"#;

fn run(directives: &str) -> Report {
    let mut report = Report::default();
    run_script(&format!("{MODULE}{directives}"), |event| report.record(event));
    report
}

#[track_caller]
fn passes(directives: &str) {
    let report = run(directives);
    assert_eq!(report.failures, [], "{directives}");
    assert_eq!(report.counts, Counts { passed: 2, failed: 0, skipped: 0 }, "{directives}");
}

#[track_caller]
fn fails(directives: &str) {
    let report = run(directives);
    assert_eq!(report.counts, Counts { passed: 1, failed: 1, skipped: 0 }, "{directives}");
    assert_eq!(report.failures[0].line, 10, "{directives}");
}

#[test]
fn results() {
    passes(r#"(assert_return (invoke "id" (i32.const -1)) (i32.const -1))"#);
    passes(r#"(assert_return (invoke "id" (i32.const 1)) (either (i32.const 0) (i32.const 1)))"#);
    passes(r#"(assert_return (get "g") (i32.const 7))"#);
    fails(r#"(assert_return (invoke "id" (i32.const 1)) (i32.const 2))"#);
    fails(r#"(assert_return (invoke "id" (i32.const 1)) (i64.const 1))"#);
    fails(r#"(assert_return (invoke "id" (i32.const 1)) (either (i32.const 0) (i32.const 2)))"#);
    fails(r#"(assert_return (invoke "id" (i32.const 1)))"#);
    fails(r#"(assert_return (invoke "trap"))"#);
    fails(r#"(assert_return (invoke "absent"))"#);
    fails(r#"(assert_return (invoke "g"))"#);
    fails(r#"(assert_return (get "g") (i32.const 8))"#);
    fails(r#"(assert_return (get "id") (i32.const 7))"#);
    fails(r#"(invoke "trap")"#);
}

#[test]
fn floats_vectors_and_references() {
    passes(r#"(assert_return (invoke "nan") (f32.const nan:0x200001))"#);
    fails(r#"(assert_return (invoke "nan") (f32.const nan:canonical))"#);
    fails(r#"(assert_return (invoke "nan") (f32.const nan:arithmetic))"#);
    passes(r#"(assert_return (invoke "lanes") (v128.const i64x2 0x200000001 0x400000003))"#);
    fails(r#"(assert_return (invoke "lanes") (v128.const i32x4 1 2 3 5))"#);
    passes(r#"(assert_return (invoke "null") (ref.null func))"#);
    fails(r#"(assert_return (invoke "null") (ref.func))"#);
    fails(r#"(assert_return (invoke "null") (ref.null extern))"#);
    passes(r#"(assert_return (invoke "same" (ref.extern 3)) (ref.extern 3))"#);
    fails(r#"(assert_return (invoke "same" (ref.extern 3)) (ref.extern 4))"#);
    fails(r#"(assert_return (invoke "same" (ref.null extern)) (ref.extern))"#);
}

#[test]
fn traps() {
    passes(r#"(assert_trap (invoke "trap") "unreachable")"#);
    fails(r#"(assert_trap (invoke "trap") "integer overflow")"#);
    fails(r#"(assert_trap (invoke "id" (i32.const 1)) "unreachable")"#);
    passes(r#"(assert_trap (module (func $f unreachable) (start $f)) "unreachable")"#);
    fails(r#"(assert_trap (module) "unreachable")"#);
    passes(r#"(assert_exhaustion (invoke "deep") "call stack exhausted")"#);
    fails(r#"(assert_exhaustion (invoke "trap") "call stack exhausted")"#);
}

#[test]
fn modules() {
    passes("(module $again)");
    passes("(module definition $again)");
    fails("(module instance $I $absent)");
    fails(r#"(module (import "absent" "f" (func)))"#);
    fails("(module (func (result i32)))");
    fails(r#"(module quote "(func")"#);
    passes(r#"(register "M")"#);
    fails(r#"(register "M" $absent)"#);
    passes("(assert_invalid (module (func (result i32))) \"type mismatch\")");
    fails("(assert_invalid (module) \"type mismatch\")");
    passes(r#"(assert_malformed (module quote "(func") "")"#);
    passes(r#"(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")"#);
    fails(r#"(assert_malformed (module quote "(func)") "")"#);
    passes(r#"(assert_unlinkable (module (import "spectest" "absent" (func))) "unknown import")"#);
    passes(r#"(assert_unlinkable (module (import "spectest" "table" (func))) "incompatible import type")"#);
    fails(r#"(assert_unlinkable (module (import "spectest" "print" (func))) "unknown import")"#);
}

#[test]
fn a_module_that_fails_takes_its_assertions_with_it() {
    let report = run("(module (func (result i32)))\n(assert_return (get \"g\") (i32.const 7))");
    assert_eq!(report.counts, Counts { passed: 1, failed: 2, skipped: 0 });
}

#[test]
fn instances_of_one_definition_are_apart() {
    let report = run(r#"
      (module definition $M (global $g (export "g") (mut i32) (i32.const 0)) (func (export "set") (global.set $g (i32.const 1))))
      (module instance $A $M)
      (module instance $B $M)
      (invoke $A "set")
      (assert_return (get $A "g") (i32.const 1))
      (assert_return (get $B "g") (i32.const 0))
      (register "A" $A)
      (module (import "A" "g" (global $g (mut i32))) (export "g" (global $g)))
      (assert_return (get "g") (i32.const 1))"#);
    assert_eq!(report.failures, []);
    assert_eq!(report.counts.passed, 10);
}

/// A thread that adds to a memory and then wakes the script, which waits for that.
const THREAD: &str = r#"
  (module $Mem (memory (export "shared") 1 1 shared))
  (thread $T (shared (module $Mem))
    (register "mem" $Mem)
    (module (memory (import "mem" "shared") 1 1 shared)
      (func (export "run") (result i32)
        (i32.atomic.store (i32.const 0) (i32.const 42))
        (memory.atomic.notify (i32.const 0) (i32.const 1))))
    (assert_return (invoke "run") (either (i32.const 0) (i32.const 1))))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (result i32)
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
      (i32.atomic.load (i32.const 0))))
  (assert_return (invoke "wait") (i32.const 42))"#;

#[test]
fn threads() {
    for end in ["(wait $T)", ""] {
        let report = run(&format!("{THREAD}{end}"));
        assert_eq!(report.failures, []);
        assert_eq!(report.counts, Counts { passed: 7, failed: 0, skipped: 0 }, "{end}");
    }
    fails("(wait $absent)");
    fails("(thread $T (shared (module $absent)))");
    let report =
        run("(thread $T (module (func (export \"f\")))\n(assert_trap (invoke \"f\") \"unreachable\"))\n(wait $T)");
    assert_eq!(report.counts, Counts { passed: 2, failed: 1, skipped: 0 });
    assert!(report.failures[0].to_string().starts_with("line 12: line 11: expected trap"), "{}", report.failures[0]);
}

#[test]
fn what_is_no_script_fails() {
    let report = run("(assert_nothing)");
    assert_eq!(report.counts, Counts { passed: 0, failed: 1, skipped: 0 });
    assert_eq!(report.failures[0].line, 10);
}

#[test]
fn a_child_that_hangs_or_dies_is_a_failure() {
    let program = Path::new(env!("CARGO_BIN_EXE_gantry-wast"));
    let isolation = Isolation { program, jobs: 1, timeout: Duration::from_secs(1), tier: None };
    let report = isolation.run("(module (func (export \"f\") (loop (br 0))))\n(invoke \"f\")");
    assert_eq!(report.counts, Counts { passed: 1, failed: 1, skipped: 0 });
    assert_eq!(report.failures[0].to_string(), "line 2: ran out of time");
    let nothing = Isolation { program: Path::new("/nonexistent"), ..isolation };
    assert_eq!(nothing.run(MODULE).counts, Counts { passed: 0, failed: 1, skipped: 0 });
}

fn gantry_wast(args: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gantry-wast")).args(args).output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn the_program_counts_and_exits() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scripts");
    let inner = folder.join("inner");
    std::fs::create_dir_all(&inner).expect("a folder");
    std::fs::write(folder.join("b.wast"), MODULE).expect("a file");
    std::fs::write(folder.join("ignored.txt"), "no script").expect("a file");
    std::fs::write(inner.join("c.wast"), "(module)\n(assert_invalid (module) \"\")").expect("a file");
    let (output, text) = gantry_wast(&[folder.join("b.wast").to_str().expect("UTF-8")]);
    assert!(output.status.success());
    assert_eq!(text.lines().last(), Some("1 passed, 0 failed, 0 skipped"));
    let (output, text) = gantry_wast(&[folder.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].ends_with("b.wast: 1 passed, 0 failed, 0 skipped"));
    assert!(lines[1].ends_with("c.wast: 1 passed, 1 failed, 0 skipped"));
    assert!(lines[2].trim_start().starts_with("line 2: "));
    assert_eq!(lines[3], "2 passed, 1 failed, 0 skipped");
}

#[test]
fn the_program_refuses_what_makes_no_sense() {
    assert_eq!(gantry_wast(&[]).0.status.code(), Some(2));
    assert_eq!(gantry_wast(&["--no-such-flag"]).0.status.code(), Some(2));
    let (output, text) = gantry_wast(&["absent.wast"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text.lines().last(), Some("0 passed, 1 failed, 0 skipped"));
    let (output, text) = gantry_wast(&["--help"]);
    assert!(output.status.success() && text.contains("Usage: gantry-wast"));
}
