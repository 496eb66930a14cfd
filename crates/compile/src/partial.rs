//! What is known of a compilation that is not finished, linked so that it can run.

use gantry_abi::Partial;
use gantry_abi::artifact::Artifact;
use gantry_module::{FunctionBody, Module};

use crate::compiler::Compiler;
use crate::function::CompiledFunction;
use crate::link::Linker;
use crate::unlinked::{self, Numbers, Observer};

impl Compiler {
    /// Links those functions of a module that `observer` knows. None if it knows none, or all.
    pub fn link_known(&self, module: &Module, bodies: &[FunctionBody], observer: &dyn Observer) -> Option<Partial> {
        let numbers = Numbers { imported: module.imported_funcs, defined: bodies.len() as u32 };
        let mut linker = Linker::default();
        let mut bounds = Vec::with_capacity(bodies.len());
        let mut missing = Vec::new();
        for body in bodies {
            let known = observer.known(body.index).and_then(|bytes| unlinked::decode(bytes, numbers));
            bounds.push(linker.place(known.unwrap_or_else(|| {
                missing.push(body.index);
                CompiledFunction::room(Partial::ROOM)
            })));
        }
        if missing.is_empty() || missing.len() == bodies.len() {
            return None;
        }
        let parts = linker.finish(|parts| parts.functions = bounds, module.imported_funcs).ok()?;
        Some(Partial { artifact: Artifact::new(parts, self.target()), missing })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use gantry_module::Decoder;

    use super::*;
    use crate::Settings;

    #[derive(Default)]
    struct Kept(Mutex<HashMap<u32, Vec<u8>>>);

    impl Observer for Kept {
        fn go_on(&self) -> bool {
            true
        }

        fn compiled(&self, index: u32, bytes: &dyn Fn() -> Vec<u8>) {
            self.0.lock().unwrap().insert(index, bytes());
        }
    }

    struct Known(HashMap<u32, Vec<u8>>);

    impl Observer for Known {
        fn go_on(&self) -> bool {
            true
        }

        fn known(&self, index: u32) -> Option<&[u8]> {
            self.0.get(&index).map(Vec::as_slice)
        }
    }

    #[test]
    fn there_is_room_for_what_is_missing() {
        let wasm = wat::parse_str(
            "(module (func $a (param i32) (result i32) (call $b (call $c (i32.const 7))))
               (func $b (param i32) (result i32) (call $c (call $a (local.get 0))))
               (func $c (param i32) (result i32) (call $a (call $b (local.get 0)))))",
        );
        let (mut decoder, mut bodies) = (Decoder::new(), Vec::new());
        decoder.push(&wasm.unwrap(), &mut |_, body| bodies.push(body)).unwrap();
        let module = decoder.finish(&mut |_, body| bodies.push(body)).unwrap().module;
        let compiler = Compiler::new(Settings::default()).unwrap();
        let kept = Kept::default();
        compiler.compile_while(&module, &bodies, &kept).unwrap();
        let all = kept.0.into_inner().unwrap();
        assert!(compiler.link_known(&module, &bodies, &Known(all.clone())).is_none());
        assert!(compiler.link_known(&module, &bodies, &Known(HashMap::new())).is_none());
        let mut known = all.clone();
        known.remove(&1);
        // What cannot be read is missing.
        known.insert(2, vec![1, 2, 3]);
        let partial = compiler.link_known(&module, &bodies, &Known(known)).unwrap();
        assert_eq!(partial.missing, [1, 2]);
        let room = |index| partial.artifact.function(index).len();
        assert!(room(0) > Partial::ROOM);
        assert_eq!([room(1), room(2)], [Partial::ROOM; 2]);
    }
}
