//! Which functions get code, and that those which mean harm end soon, with or without.

use std::time::{Duration, Instant};

use gantry_abi::vmctx::MemoryStyle;
use gantry_baseline::{CompiledFunction, Compiler, Features, ModuleEnv, Signatures};
use gantry_module::{Decoder, FunctionBody, Module};

fn decode(wasm: &[u8]) -> (Module, Vec<FunctionBody>) {
    let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
    decoder.push(wasm, &mut |_, body| bodies.push(body)).expect("a valid module");
    let module = decoder.finish(&mut |_, body| bodies.push(body)).expect("a valid module").module;
    (module, bodies)
}

/// Code of a module's functions; `None` where another compiler has to make it.
fn compile(wasm: &[u8], style: MemoryStyle) -> Vec<Option<CompiledFunction>> {
    let (module, bodies) = decode(wasm);
    let features = Features { sse4: true, ..Features::default() };
    let env = ModuleEnv::new(&module, Signatures::of(&module), style, features);
    let mut compiler = Compiler::default();
    bodies.iter().map(|body| compiler.compile(&env, body, false).expect("a valid body")).collect()
}

/// Every operator family, where most registers have something else to hold.
const COVERED: &str = r#"(module
  (type $pair (struct (field (mut i32)) (field (mut anyref)) (field v128)))
  (type $list (array (mut anyref)))
  (tag $tag (param i32 anyref))
  (memory 1)
  (table 1 funcref)
  (func (param i32 i32 i32) (result i32)
    (local i64 i64 i64)
    (loop
      (local.set 3 (i64.add (local.get 4) (local.get 5)))
      (local.set 4 (i64.add (local.get 3) (local.get 5)))
      (local.set 5 (i64.add (local.get 3) (local.get 4)))
      (br_if 0 (local.get 0)))
    (i32.atomic.rmw.cmpxchg
      (i32.add (local.get 0) (i32.const 4)) (i32.add (local.get 1) (i32.const 1)) (i32.add (local.get 2) (i32.const 1))))
  (func (param i32 i32) (result i64)
    (i64.atomic.rmw16.xor_u offset=0xfffffff0
      (i32.add (local.get 0) (i32.const 4)) (i64.extend_i32_u (i32.add (local.get 1) (i32.const 1)))))
  (func (param i32) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
      (i64x2.mul (v128.load8_splat (local.get 0)) (i32x4.splat (local.get 0)))
      (f32x4.max (v128.load (local.get 0)) (f32x4.convert_i32x4_u (v128.load64_zero (local.get 0))))))
  (func (param (ref null $list)) (result i32)
    (array.fill $list (local.get 0) (i32.const 1) (struct.new $pair (i32.const 1) (ref.i31 (i32.const 2)) (v128.const i64x2 1 2)) (i32.const 2))
    (array.set $list (local.get 0) (i32.const 0) (array.new $list (ref.i31 (i32.const 1)) (i32.const 3)))
    (struct.get $pair 0 (ref.cast (ref $pair) (array.get $list (local.get 0) (i32.const 1)))))
  (func (param i32) (result i32 anyref)
    (block $caught (result i32 anyref)
      (try_table (result i32 anyref) (catch $tag $caught) (throw $tag (local.get 0) (ref.null any))))))"#;

#[test]
fn all_of_these_get_code() {
    let wasm = wat::parse_str(COVERED).expect("text");
    for style in [MemoryStyle::Reserved, MemoryStyle::Checked] {
        for (index, compiled) in compile(&wasm, style).iter().enumerate() {
            assert!(compiled.is_some(), "function {index}, {style:?}");
        }
    }
}

/// A number in LEB128.
fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [leb(bytes.len() as u32).as_slice(), bytes].concat()
}

/// A module with one function, which takes an i32 and has the same number of i32 results as the type of blocks, number 1.
fn module(results: u32, locals: u32, code: &[u8]) -> Vec<u8> {
    let many = [leb(results), vec![0x7f; results as usize]].concat();
    let types = [&[2, 0x60, 1, 0x7f], many.as_slice(), &[0x60, 0], &many].concat();
    let locals = if locals == 0 { vec![0] } else { [vec![1], leb(locals), vec![0x7f]].concat() };
    let body = [locals.as_slice(), code, &[0x0b]].concat();
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    for (id, section) in [(1, types), (3, vec![1, 0]), (10, [vec![1], sized(&body)].concat())] {
        wasm.push(id);
        wasm.extend(sized(&section));
    }
    wasm
}

/// Block types are numbers from here on.
const TYPE: u8 = 1;

#[test]
fn hostile_functions_end_soon() {
    let get = [0x20, 0];
    let cases = [
        ("operands", module(0, 0, &[get.repeat(1_000_000), vec![0x00]].concat())),
        ("nesting", module(0, 0, &[[0x02, 0x40].repeat(1_000_000), [0x0b].repeat(1_000_000)].concat())),
        ("loops", module(0, 0, &[[0x03, 0x40].repeat(1_000_000), [0x0b].repeat(1_000_000)].concat())),
        (
            "locals",
            module(
                0,
                49_999,
                &(0..50_000).flat_map(|local| [vec![0x20, 0, 0x21], leb(local)].concat()).collect::<Vec<_>>(),
            ),
        ),
        ("table", module(0, 0, &[get.to_vec(), vec![0x0e], leb(65_520), vec![0; 65_521]].concat())),
        (
            "branches with results",
            module(1000, 0, &[get.repeat(1000), [get.as_slice(), &[0x0d, 0]].concat().repeat(100_000)].concat()),
        ),
        (
            "a table with results",
            module(
                1000,
                0,
                &[
                    [0x02, TYPE].repeat(20_000),
                    get.repeat(1001),
                    vec![0x0e],
                    leb(20_000),
                    (0..=20_000).flat_map(leb).collect(),
                    [0x0b].repeat(20_000),
                ]
                .concat(),
            ),
        ),
    ];
    for (name, wasm) in cases {
        let start = Instant::now();
        let compiled = compile(&wasm, MemoryStyle::Reserved);
        let code = compiled[0].as_ref().map_or(0, |function| function.code.len());
        println!("{name}: {} bytes, {code} bytes of code, {:?}", wasm.len(), start.elapsed());
        assert!(code < 80 << 20, "{name}: {code} bytes of code");
        assert!(start.elapsed() < Duration::from_secs(20), "{name}: {:?}", start.elapsed());
    }
}
