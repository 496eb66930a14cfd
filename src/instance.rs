//! `WebAssembly.Instance`: making instances, and what functions are.

use gantry_engine::{ExternType, TrapCode};
use gantry_runtime::{Extern, FuncOwner, FuncPtr, GlobalId, InstantiateError, MemoryId, TableId};
use napi::Env;
use napi::bindgen_prelude::{Either, Float64Array};
use napi_derive::napi;

use crate::describe;
use crate::enter::{func_from_number, func_to_number};
use crate::host::{Host, adjust_external_memory, external_bytes};

/// How an import is given: a sort and a number.
mod import {
    /// A JavaScript function.
    pub const HOST: u32 = 0;
    /// A function of the store, by address.
    pub const FUNC: u32 = 1;
    pub const TABLE: u32 = 2;
    pub const MEMORY: u32 = 3;
    pub const GLOBAL: u32 = 4;
}

/// Numbers that an export takes in the array that exports are written to.
const EXPORT_STRIDE: usize = 4;

/// What a function is, beside its address.
struct FuncIdentity {
    /// The instance whose life it shares; -1 for none.
    owner: f64,
    /// Its index in that instance; for JavaScript functions that were imported there, the index of the import, negative
    /// and minus 1.
    index: f64,
}

#[napi]
impl Host {
    /// Makes an instance. `imports` has two numbers for each import. Returns its number, or why there is none: for
    /// imports that do not fit their index, what was expected and what was found; for a trap its code.
    #[napi]
    pub fn instantiate(&mut self, env: Env, module: u32, imports: Float64Array) -> napi::Result<Either<u32, String>> {
        let state = &mut *self.state;
        let loaded = state.modules[module as usize].loaded().clone();
        let mut items = Vec::with_capacity(imports.len() / 2);
        for (index, pair) in imports.chunks_exact(2).enumerate() {
            items.push(match pair[0] as u32 {
                import::HOST => Extern::Suspend(index as u32),
                import::FUNC => Extern::Func(func_from_number(pair[1]).expect("an address")),
                import::TABLE => Extern::Table(TableId(pair[1] as u32)),
                import::MEMORY => Extern::Memory(MemoryId(pair[1] as u32)),
                import::GLOBAL => Extern::Global(GlobalId(pair[1] as u32)),
                other => return Err(napi::Error::from_reason(format!("no such import: {other}"))),
            });
        }
        let before = external_bytes(&state.store);
        // SAFETY: JavaScript has the items from live objects of this host.
        let made = unsafe { state.store.instantiate(&loaded, &items) };
        adjust_external_memory(env, before, external_bytes(&state.store))?;
        Ok(match made {
            Ok(id) => Either::A(id.0),
            Err(InstantiateError::OutOfMemory) => Either::B("memory".to_owned()),
            Err(InstantiateError::Trap(code)) => Either::B(format!("trap {}", code as u8)),
            Err(InstantiateError::Link(error)) => {
                Either::B(format!("link {}\n{}\n{}", error.import, error.expected, error.actual))
            }
        })
    }

    /// Writes four numbers for each export of an instance: for functions address, owner and index there; for the rest
    /// a number.
    #[napi]
    pub fn exports(&self, instance: u32, mut out: Float64Array) {
        let store = &self.state.store;
        let id = gantry_runtime::InstanceId(instance);
        let module = store.instance(id).module();
        // SAFETY: JavaScript does not touch the array meanwhile.
        let out = unsafe { out.as_mut() };
        for (export, out) in module.exports.iter().zip(out.chunks_exact_mut(EXPORT_STRIDE)) {
            let instance = store.instance(id);
            out[0] = match (module.extern_type(export.index), export.index) {
                (ExternType::Func(_), index) => {
                    let func = instance.func(number(index));
                    let FuncIdentity { owner, index } = self.identify(func);
                    (out[1], out[2]) = (owner, index);
                    func_to_number(func)
                }
                (ExternType::Table(_), index) => f64::from(instance.table(number(index)).0),
                (ExternType::Memory(_), index) => f64::from(instance.memory(number(index)).0),
                (ExternType::Global(_), index) => f64::from(store.instance_global(id, number(index)).0),
            };
        }
    }

    /// The address of an instance's start function, or 0.
    #[napi]
    pub fn start_function(&self, instance: u32) -> f64 {
        let instance = self.state.store.instance(gantry_runtime::InstanceId(instance));
        instance.module().start.map_or(0.0, |start| func_to_number(instance.func(start)))
    }

    /// Owner, index there, and signature of a function.
    #[napi]
    pub fn describe_function(&self, func: f64) -> (f64, f64, String) {
        let func = func_from_number(func).expect("an address");
        let FuncIdentity { owner, index } = self.identify(func);
        (owner, index, describe::signature(&self.state.store.func_type(func)))
    }

    /// A sort and type in words, for error messages: see `instantiate` for the numbers.
    #[napi]
    pub fn describe_extern(&self, sort: u32, number: f64) -> String {
        let item = match sort {
            import::FUNC => Extern::Func(func_from_number(number).expect("an address")),
            import::TABLE => Extern::Table(TableId(number as u32)),
            import::MEMORY => Extern::Memory(MemoryId(number as u32)),
            _ => Extern::Global(GlobalId(number as u32)),
        };
        self.state.store.describe_extern(item)
    }

    /// Why the last call trapped, as JSON.
    #[napi]
    pub fn take_trap(&mut self) -> Option<String> {
        self.state.store.take_trap().map(|trap| describe::trap(&trap))
    }

    /// The words of the specification for a trap's code.
    #[napi]
    pub fn trap_message(&self, code: u32) -> Option<String> {
        TrapCode::from_u8(code as u8).map(|code| code.message().to_owned())
    }

    fn identify(&self, func: FuncPtr) -> FuncIdentity {
        let store = &self.state.store;
        match store.func_owner(func) {
            FuncOwner::Instance(id) => {
                FuncIdentity { owner: f64::from(id.0), index: f64::from(store.func_index(func)) }
            }
            FuncOwner::Host(id) => {
                let host = store.host(id);
                let owner = host.owner().map_or(-1.0, |id| f64::from(id.0));
                FuncIdentity { owner, index: -1.0 - f64::from(host.key()) }
            }
        }
    }
}

fn number(index: gantry_engine::ExternIndex) -> u32 {
    use gantry_engine::ExternIndex as Index;
    match index {
        Index::Func(i) | Index::Table(i) | Index::Memory(i) | Index::Global(i) => i,
    }
}
