//! `WebAssembly.Instance`: making instances, and what functions are.

use gantry_engine::{ExternIndex, TrapCode};
use gantry_runtime::{
    Extern, FuncOwner, FuncPtr, GlobalId, InstanceId, InstantiateError, MemoryId, Store, TableId, TagId,
};
use napi::Env;
use napi::bindgen_prelude::{Float64Array, Unknown};
use napi_derive::napi;

use crate::describe;
use crate::enter::{func_from_number, func_to_number};
use crate::host::Host;
use crate::roots::Kind;

/// How an import is given: a sort and a number.
mod import {
    /// A JavaScript function.
    pub const HOST: u32 = 0;
    /// A function of the store, by address.
    pub const FUNC: u32 = 1;
    pub const TABLE: u32 = 2;
    pub const MEMORY: u32 = 3;
    pub const GLOBAL: u32 = 4;
    /// A native function, by number: see [`crate::wasi`].
    pub const NATIVE: u32 = 5;
    pub const TAG: u32 = 6;
}

/// Numbers that come before those of exports.
const EXPORTS_AT: usize = 2;
/// Numbers for an export.
const EXPORT_STRIDE: usize = 4;

/// What a function is, beside its address.
struct FuncIdentity {
    /// The instance whose life it shares; -1 for none.
    owner: f64,
    /// Its index in that instance; for JavaScript functions that were imported there, the index of the import, negative
    /// and minus 1.
    index: f64,
}

/// Native functions are made before the instance that they are for.
fn give_natives(store: &mut Store, id: InstanceId, items: &[Extern], numbers: &[f64]) {
    for (index, (item, pair)) in items.iter().zip(numbers.chunks_exact(2)).enumerate() {
        let Extern::Func(func) = *item else { continue };
        if let (import::NATIVE, FuncOwner::Host(host)) = (pair[0] as u32, store.func_owner(func)) {
            store.give_host(host, id, index as u32);
        }
    }
}

#[napi]
impl Host {
    /// Makes an instance and ties it to `anchor`. `numbers` has two numbers for each import. Returns why there is no
    /// instance: for imports that do not fit their index, what was expected and what was found; for a trap its code.
    /// `shared` are the shared memories that it defines.
    ///
    /// Otherwise `numbers` has its number, the address of its start function or 0, and four numbers for each
    /// export: for functions address, owner and index there; for the rest a number and whether it is imported.
    #[napi]
    pub fn instantiate(
        &mut self,
        env: Env,
        module: u32,
        mut numbers: Float64Array,
        anchor: Unknown<'_>,
        shared: Vec<u32>,
    ) -> napi::Result<Option<String>> {
        let state = &mut *self.state;
        let loaded = state.modules[module as usize].loaded().clone();
        let mut items = Vec::with_capacity(loaded.module().imports.len());
        for (index, pair) in numbers.chunks_exact(2).take(loaded.module().imports.len()).enumerate() {
            items.push(match pair[0] as u32 {
                import::HOST => Extern::Suspend(index as u32),
                import::FUNC => Extern::Func(func_from_number(pair[1]).expect("an address")),
                import::TABLE => Extern::Table(TableId(pair[1] as u32)),
                import::MEMORY => Extern::Memory(MemoryId(pair[1] as u32)),
                import::GLOBAL => Extern::Global(GlobalId(pair[1] as u32)),
                import::TAG => Extern::Tag(TagId(pair[1] as u32)),
                import::NATIVE => Extern::Func(state.native_function(&loaded, index, pair[1] as u32)),
                other => return Err(napi::Error::from_reason(format!("no such import: {other}"))),
            });
        }
        state.store.supply_shared_memories(shared.into_iter().map(MemoryId).collect());
        // SAFETY: JavaScript has the items from live objects of this host.
        let made = unsafe { state.store.instantiate(&loaded, &items) };
        state.report_memory(env)?;
        let id = match made {
            Ok(id) => id,
            Err(InstantiateError::OutOfMemory) => return Ok(Some("memory".to_owned())),
            Err(InstantiateError::Trap(code)) => return Ok(Some(format!("trap {}", code as u8))),
            Err(InstantiateError::Link(error)) => {
                return Ok(Some(format!("link {}\n{}\n{}", error.import, error.expected, error.actual)));
            }
        };
        give_natives(&mut state.store, id, &items, &numbers);
        state.roots.track(env, Kind::Instance, id.0, anchor)?;
        // SAFETY: JavaScript does not touch the array meanwhile.
        self.write_instance(id, unsafe { numbers.as_mut() });
        Ok(None)
    }

    fn write_instance(&self, id: InstanceId, out: &mut [f64]) {
        let store = &self.state.store;
        let instance = store.instance(id);
        let module = instance.module();
        out[0] = f64::from(id.0);
        out[1] = module.start.map_or(0.0, |start| func_to_number(instance.func(start)));
        for (export, out) in module.exports.iter().zip(out[EXPORTS_AT..].chunks_exact_mut(EXPORT_STRIDE)) {
            let is_imported = |index: u32, imported: u32| f64::from(u8::from(index < imported));
            (out[0], out[1]) = match export.index {
                ExternIndex::Func(index) => {
                    let func = instance.func(index);
                    let identity = self.identify(func);
                    out[2] = identity.index;
                    (func_to_number(func), identity.owner)
                }
                ExternIndex::Table(i) => (f64::from(instance.table(i).0), is_imported(i, module.imported_tables)),
                ExternIndex::Memory(i) => (f64::from(instance.memory(i).0), is_imported(i, module.imported_memories)),
                ExternIndex::Global(i) => {
                    (f64::from(store.instance_global(id, i).0), is_imported(i, module.imported_globals))
                }
                ExternIndex::Tag(i) => (f64::from(instance.tag(i).0), is_imported(i, module.imported_tags)),
            };
        }
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
            import::TAG => Extern::Tag(TagId(number as u32)),
            _ => Extern::Global(GlobalId(number as u32)),
        };
        self.state.store.describe_extern(item)
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
