//! The driver for Gantry.

use std::cell::RefCell;
use std::rc::Rc;

use gantry_engine::{
    AnyRef, AsStore, AsStoreMut, Caller, Engine, Error, ExnRef, Extern, ExternRef, ExternType, Func, FuncType, Global,
    HeapType, Instance, Memory, Module, RefType, SharedMemory, Store, Table, Tag, TrapCode, Val, ValType,
};

use crate::drive::Driver;
use crate::host::{Deed, Host};
use crate::rng::mix;
use crate::trace::{End, Event, digest};
use crate::value::{self, Choice, Heap, Hierarchy, Kind};

/// What host functions see.
#[derive(Default)]
struct Shared {
    host: Host,
    tags: Vec<Tag>,
    funcs: Vec<Func>,
}

/// One store of an engine.
pub struct Ours {
    engine: Engine,
    store: Store,
    modules: Vec<Module>,
    shared: Rc<RefCell<Shared>>,
    /// References that were results, by hierarchy.
    kept: [Vec<Val>; 4],
}

impl Ours {
    pub fn new(engine: &Engine, seed: u64) -> Ours {
        let shared = Shared { host: Host::new(seed), ..Shared::default() };
        Ours {
            engine: engine.clone(),
            store: Store::new(engine),
            modules: Vec::new(),
            shared: Rc::new(RefCell::new(shared)),
            kept: Default::default(),
        }
    }

    fn value(&mut self, ty: ValType, pick: u64) -> Option<Val> {
        make(&mut self.store, &self.kept, ty, pick)
    }

    fn values(&mut self, types: &[ValType], pick: u64) -> Option<Vec<Val>> {
        (0..).zip(types).map(|(n, ty)| self.value(*ty, mix(pick, n))).collect()
    }

    fn call_func(&mut self, func: &Func, pick: u64) -> End {
        let params = func.ty(&self.store).params;
        let Some(args) = self.values(&params, pick) else { return End::no_value() };
        match func.call(&mut self.store, &args) {
            Ok(results) => {
                let text = describe_all(&mut self.store, &results);
                self.keep(results);
                End::Values(text)
            }
            Err(error) => end(self.store.take_exception(), &mut self.store, &error),
        }
    }

    fn keep(&mut self, values: Vec<Val>) {
        for value in values {
            let hierarchy = match &value {
                Val::FuncRef(Some(_)) => Hierarchy::Func,
                Val::ExternRef(Some(_)) => Hierarchy::Extern,
                Val::AnyRef(Some(_)) => Hierarchy::Any,
                Val::ExnRef(Some(_)) => Hierarchy::Exn,
                _ => continue,
            };
            self.kept[hierarchy as usize].push(value);
        }
    }
}

impl Driver for Ours {
    type Item = Extern;

    fn compile(&mut self, wasm: &[u8]) -> Result<(), String> {
        self.modules.push(Module::new(&self.engine, wasm).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn host_item(&mut self, module: usize, import: usize, pick: u64) -> Option<Extern> {
        let module = self.modules[module].clone();
        let import = module.imports().nth(import)?;
        Some(match *import.ty() {
            ExternType::Func(ty) => self.host_func(&module, ty, pick).into(),
            ExternType::Table(ty) => {
                let init = self.value(ValType::Ref(ty.element), pick)?;
                Table::new(&mut self.store, ty, init).ok()?.into()
            }
            ExternType::Memory(ty) if ty.shared => {
                let shared = SharedMemory::new(ty).ok()?;
                Memory::from_shared(&mut self.store, &shared).into()
            }
            ExternType::Memory(ty) => Memory::new(&mut self.store, ty).ok()?.into(),
            ExternType::Global(ty) => {
                let value = self.value(ty.content, pick)?;
                Global::new(&mut self.store, ty, value).ok()?.into()
            }
            ExternType::Tag(ty) => {
                let tag = Tag::of_type(&mut self.store, &module, ty);
                self.shared.borrow_mut().tags.push(tag.clone());
                tag.into()
            }
        })
    }

    fn instantiate(&mut self, module: usize, imports: &[Extern]) -> Result<Vec<Extern>, End> {
        match Instance::new(&mut self.store, &self.modules[module], imports) {
            Ok(instance) => {
                let exports: Vec<Extern> = instance.exports(&self.store).into_iter().map(|(_, item)| item).collect();
                let funcs = exports.iter().filter_map(|item| item.clone().into_func());
                self.shared.borrow_mut().funcs.extend(funcs);
                Ok(exports)
            }
            Err(error) => Err(end(self.store.take_exception(), &mut self.store, &error)),
        }
    }

    fn call(&mut self, func: &Extern, pick: u64) -> End {
        let Extern::Func(func) = func else { return End::other_sort() };
        self.call_func(func, pick)
    }

    fn call_element(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let size = table.size(&self.store).max(1);
        match table.get(&self.store, (pick >> 8) % size) {
            Some(Val::FuncRef(Some(func))) => self.call_func(&func, pick),
            Some(value) => End::Values(describe(&mut self.store, &value)),
            None => End::no_value(),
        }
    }

    fn set_element(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let ty = ValType::Ref(table.ty(&self.store).element);
        let Some(value) = self.value(ty, pick) else { return End::no_value() };
        // Also one beyond the end.
        let index = (pick >> 8) % (table.size(&self.store) + 1);
        done(table.set(&mut self.store, index, &value))
    }

    fn grow_table(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let ty = ValType::Ref(table.ty(&self.store).element);
        let Some(value) = self.value(ty, pick) else { return End::no_value() };
        grown(table.grow(&mut self.store, (pick >> 8) % 20, &value))
    }

    fn grow_memory(&mut self, memory: &Extern, pick: u64) -> End {
        let Extern::Memory(memory) = memory else { return End::other_sort() };
        grown(memory.grow(&mut self.store, (pick >> 8) % 4))
    }

    fn write_memory(&mut self, memory: &Extern, pick: u64) -> End {
        let Extern::Memory(memory) = memory else { return End::other_sort() };
        let bytes = pick.to_le_bytes();
        if let Some(shared) = memory.shared(&self.store) {
            let Some(room) = shared.len().checked_sub(bytes.len()) else { return End::refused("too small") };
            shared.write(pick as usize % (room + 1), &bytes);
        } else {
            let data = memory.data_mut(&mut self.store);
            let Some(room) = data.len().checked_sub(bytes.len()) else { return End::refused("too small") };
            data[pick as usize % (room + 1)..][..bytes.len()].copy_from_slice(&bytes);
        }
        End::Values(String::new())
    }

    fn set_global(&mut self, global: &Extern, pick: u64) -> End {
        let Extern::Global(global) = global else { return End::other_sort() };
        let ty = global.ty(&self.store).content;
        let Some(value) = self.value(ty, pick) else { return End::no_value() };
        done(global.set(&mut self.store, &value))
    }

    fn set_fuel(&mut self, global: &Extern, fuel: i32) {
        if let Extern::Global(global) = global {
            global.set(&mut self.store, &Val::I32(fuel)).expect("a mutable i32");
        }
    }

    fn describe(&mut self, item: &Extern) -> String {
        let store = &mut self.store;
        match item {
            Extern::Func(func) => describe_func(&func.ty(store)),
            Extern::Tag(tag) => format!("tag({})", tag.ty(store).params.len()),
            Extern::Global(global) => {
                let value = global.get(store);
                describe(store, &value)
            }
            Extern::Table(table) => {
                let size = table.size(store);
                let elements = (0..size.min(64)).map(|index| table.get(store, index).expect("inside"));
                let elements: Vec<Val> = elements.collect();
                format!("table {size} [{}]", describe_all(store, &elements))
            }
            Extern::Memory(memory) => match memory.shared(store) {
                Some(shared) => {
                    let mut bytes = vec![0; shared.len()];
                    shared.read(0, &mut bytes);
                    format!("memory {} {:x}", bytes.len(), digest(&bytes))
                }
                None => format!("memory {} {:x}", memory.data(store).len(), digest(memory.data(store))),
            },
        }
    }

    fn host_events(&mut self) -> Vec<Event> {
        self.shared.borrow_mut().host.take_events()
    }

    fn collect(&mut self) {
        self.store.collect();
    }
}

impl Ours {
    fn host_func(&mut self, module: &Module, ty: u32, name: u64) -> Func {
        let shared = self.shared.clone();
        let results = module.func_type(ty).results;
        let func = Func::of_type(&mut self.store, module, ty, move |caller, args, out| {
            let text = describe_all(caller, args);
            let (deed, pick) = shared.borrow_mut().host.enter(name, &text);
            let done = act(caller, &shared, deed, pick, &results, out);
            shared.borrow_mut().host.leave();
            done
        });
        func.expect("room for its code")
    }
}

fn act(
    caller: &mut Caller<'_>,
    shared: &RefCell<Shared>,
    deed: Deed,
    pick: u64,
    results: &[ValType],
    out: &mut [Val],
) -> Result<(), Error> {
    match deed {
        Deed::Fail => return Err(Error::host("chosen")),
        Deed::Throw(which) => {
            let tags = &shared.borrow().tags;
            if !tags.is_empty() {
                let tag = &tags[which as usize % tags.len()];
                let params = tag.ty(caller).params;
                let values = make_all(caller, &params, pick).ok_or_else(|| Error::host("no value"))?;
                let exception = ExnRef::new(caller, tag, &values)?;
                return Err(caller.throw(exception));
            }
        }
        Deed::CallBack(which) => call_back(caller, shared, which),
        Deed::Return => {}
    }
    let values = make_all(caller, results, pick).ok_or_else(|| Error::host("no value"))?;
    out.clone_from_slice(&values);
    Ok(())
}

fn call_back(caller: &mut Caller<'_>, shared: &RefCell<Shared>, which: u64) {
    let func = {
        let funcs = &shared.borrow().funcs;
        if funcs.is_empty() {
            return;
        }
        funcs[which as usize % funcs.len()].clone()
    };
    let params = func.ty(caller).params;
    let end = match make_all(caller, &params, which) {
        None => End::no_value(),
        Some(args) => match func.call(caller, &args) {
            Ok(results) => End::Values(describe_all(caller, &results)),
            Err(error) => end(caller.take_exception(), caller, &error),
        },
    };
    shared.borrow_mut().host.note(end);
}

/// Values that need nothing kept.
fn make_all(store: &mut impl AsStoreMut, types: &[ValType], pick: u64) -> Option<Vec<Val>> {
    (0..).zip(types).map(|(n, ty)| make(store, &Default::default(), *ty, mix(pick, n))).collect()
}

fn make(store: &mut impl AsStoreMut, kept: &[Vec<Val>; 4], ty: ValType, pick: u64) -> Option<Val> {
    let choice = value::choose(kind(ty), pick, |hierarchy| kept[hierarchy as usize].len())?;
    Some(match choice {
        Choice::I32(value) => Val::I32(value),
        Choice::I64(value) => Val::I64(value),
        Choice::F32(bits) => Val::F32(bits),
        Choice::F64(bits) => Val::F64(bits),
        Choice::V128(bits) => Val::V128(bits),
        Choice::Null => Val::default_of(ty),
        Choice::I31(value) => Val::AnyRef(Some(AnyRef::from_i31(store, value))),
        Choice::Host(number) => Val::ExternRef(Some(ExternRef::new(store, number))),
        Choice::HostAny(number) => Val::AnyRef(Some(ExternRef::new(store, number).to_any())),
        Choice::Kept(hierarchy, index) => kept[hierarchy as usize][index].clone(),
    })
}

fn kind(ty: ValType) -> Kind {
    match ty {
        ValType::I32 => Kind::I32,
        ValType::I64 => Kind::I64,
        ValType::F32 => Kind::F32,
        ValType::F64 => Kind::F64,
        ValType::V128 => Kind::V128,
        ValType::Ref(RefType { nullable, heap }) => Kind::Ref {
            nullable,
            heap: match heap {
                HeapType::Func => Heap::Func,
                HeapType::Extern => Heap::Extern,
                HeapType::Any => Heap::Any,
                HeapType::Eq | HeapType::I31 => Heap::Integer,
                HeapType::Struct | HeapType::Array => Heap::Object,
                HeapType::Exn => Heap::Exn,
                HeapType::NoFunc | HeapType::NoExtern | HeapType::None | HeapType::NoExn => Heap::Bottom,
                HeapType::Concrete(_) => match Val::default_of(ty) {
                    Val::FuncRef(_) => Heap::Func,
                    _ => Heap::Object,
                },
            },
        },
    }
}

fn describe_all(store: &mut impl AsStoreMut, values: &[Val]) -> String {
    let texts: Vec<String> = values.iter().map(|value| describe(store, value)).collect();
    texts.join(" ")
}

fn describe(store: &mut impl AsStoreMut, value: &Val) -> String {
    match value {
        Val::I32(value) => format!("i32:{value:x}"),
        Val::I64(value) => format!("i64:{value:x}"),
        Val::F32(bits) => format!("f32:{bits:x}"),
        Val::F64(bits) => format!("f64:{bits:x}"),
        Val::V128(bits) => format!("v128:{bits:x}"),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => "null".to_owned(),
        Val::FuncRef(Some(func)) => describe_func(&func.ty(store)),
        Val::ExnRef(Some(exception)) => describe_exception(store, exception),
        Val::ExternRef(Some(value)) => describe_internal(store, &value.to_any()),
        Val::AnyRef(Some(value)) => describe_internal(store, value),
    }
}

fn describe_internal(store: &impl AsStore, value: &AnyRef) -> String {
    if let Some(value) = value.as_i31() {
        return format!("i31:{value:x}");
    }
    for (heap, name) in [(HeapType::Struct, "struct"), (HeapType::Array, "array")] {
        if value.is(store, heap) {
            return name.to_owned();
        }
    }
    let data = value.to_extern().data(store).expect("a host value");
    format!("host:{:x}", data.downcast_ref::<u32>().expect("all of them are numbers"))
}

fn describe_exception(store: &mut impl AsStoreMut, exception: &ExnRef) -> String {
    let values: Vec<Val> = exception.values(store);
    // What exceptions carry may be exceptions.
    let texts = values.iter().map(|value| match value {
        Val::ExnRef(Some(_)) => "exception".to_owned(),
        other => describe(store, other),
    });
    let texts: Vec<String> = texts.collect();
    format!("exception({})", texts.join(" "))
}

fn describe_func(ty: &FuncType) -> String {
    format!("func({},{})", ty.params.len(), ty.results.len())
}

fn done(outcome: Result<(), Error>) -> End {
    outcome.map_or_else(End::refused, |()| End::Values(String::new()))
}

fn grown(outcome: Result<u64, Error>) -> End {
    outcome.map_or_else(End::refused, |old| End::Values(format!("{old}")))
}

fn end(exception: Option<ExnRef>, store: &mut impl AsStoreMut, error: &Error) -> End {
    match exception {
        Some(exception) if error.is_exception() => End::Exception(describe_exception(store, &exception)),
        _ => classify(error),
    }
}

fn classify(error: &Error) -> End {
    if let Some(trap) = error.trap() {
        return match trap.code {
            TrapCode::StackOverflow | TrapCode::OutOfHeap => End::Limit(trap.code.message().to_owned()),
            code => End::Trap(class(code)),
        };
    }
    if error.host_error().is_some() {
        return End::Host;
    }
    match error.to_string().contains("out of memory") {
        true => End::Limit(error.to_string()),
        false => End::refused(format!("{error:?}")),
    }
}

/// Traps as far as all engines tell them apart.
fn class(code: TrapCode) -> &'static str {
    match code {
        TrapCode::TableOutOfBounds | TrapCode::UndefinedElement => "outside a table",
        TrapCode::NullReference
        | TrapCode::NullFunction
        | TrapCode::NullStruct
        | TrapCode::NullArray
        | TrapCode::NullI31 => "null",
        // Which of both is noticed first is not said.
        TrapCode::MemoryOutOfBounds | TrapCode::UnalignedAtomic => "address",
        code => code.message(),
    }
}
