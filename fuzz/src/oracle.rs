//! The driver for Wasmtime, which says what is right.

use wasmtime::{
    AnyRef, AsContextMut, Caller, Collector, Config, Engine, Error, ExnRef, ExnRefPre, ExnType, Extern, ExternRef,
    ExternType, Func, FuncType, Global, GlobalType, HeapType, I31, Instance, Memory, Module, Mutability, OptLevel, Ref,
    RefType, Result, Rooted, SharedMemory, Store, StoreContextMut, Table, TableType, Tag, ThrownException, Trap, Val,
    ValType,
};

use crate::drive::Driver;
use crate::host::{Deed, Host};
use crate::rng::mix;
use crate::trace::{End, Event, digest};
use crate::value::{self, Choice, Heap, Hierarchy, Kind};

/// Bytes of stack that wasm may use: more than Gantry gives, so that Gantry is the first to say that there is no more.
pub const STACK: usize = 16 << 20;

/// The error of host functions.
#[derive(Debug)]
struct HostError;

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("chosen")
    }
}

impl std::error::Error for HostError {}

/// An engine with all of the language that Gantry has, and with NaNs made canonical if that is wanted.
pub fn engine(deterministic: bool) -> Engine {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::None)
        .cranelift_nan_canonicalization(deterministic)
        .relaxed_simd_deterministic(true)
        .collector(Collector::DeferredReferenceCounting)
        .async_stack_size(2 * STACK)
        .max_wasm_stack(STACK)
        .wasm_custom_page_sizes(true)
        .wasm_exceptions(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_memory64(true)
        .wasm_multi_memory(true)
        .wasm_relaxed_simd(true)
        .wasm_tail_call(true)
        .wasm_threads(true)
        .shared_memory(true)
        .wasm_wide_arithmetic(true);
    Engine::new(&config).expect("a valid configuration")
}

/// What host functions see.
struct Shared {
    host: Host,
    tags: Vec<Tag>,
    funcs: Vec<Func>,
}

/// One store.
pub struct Oracle {
    store: Store<Shared>,
    modules: Vec<Module>,
    /// References that were results, by hierarchy.
    kept: [Vec<Val>; 4],
}

impl Oracle {
    pub fn new(engine: &Engine, seed: u64) -> Oracle {
        let shared = Shared { host: Host::new(seed), tags: Vec::new(), funcs: Vec::new() };
        Oracle { store: Store::new(engine, shared), modules: Vec::new(), kept: Default::default() }
    }

    fn value(&mut self, ty: &ValType, pick: u64) -> Option<Val> {
        make(&mut self.store.as_context_mut(), &self.kept, ty, pick)
    }

    fn reference(&mut self, ty: &RefType, pick: u64) -> Option<Ref> {
        self.value(&ValType::Ref(ty.clone()), pick)?.ref_()
    }

    fn call_func(&mut self, func: Func, pick: u64) -> End {
        let ty = func.ty(&self.store);
        let args = (0..).zip(ty.params()).map(|(n, ty)| self.value(&ty, mix(pick, n))).collect::<Option<Vec<_>>>();
        let Some(args) = args else { return End::no_value() };
        let mut results = vec![Val::I32(0); ty.results().len()];
        match func.call(&mut self.store, &args, &mut results) {
            Ok(()) => {
                let text = describe_all(&mut self.store.as_context_mut(), &results);
                self.keep(results);
                End::Values(text)
            }
            Err(error) => end(&mut self.store.as_context_mut(), &error),
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

    fn host_func(&mut self, ty: FuncType, name: u64) -> Func {
        let results: Vec<ValType> = ty.results().collect();
        Func::new(&mut self.store, ty, move |mut caller: Caller<'_, Shared>, args, out| {
            let text = describe_all(&mut caller.as_context_mut(), args);
            let (deed, pick) = caller.data_mut().host.enter(name, &text);
            let done = act(&mut caller.as_context_mut(), deed, pick, &results, out);
            caller.data_mut().host.leave();
            done
        })
    }
}

impl Driver for Oracle {
    type Item = Extern;

    fn compile(&mut self, wasm: &[u8]) -> Result<(), String> {
        self.modules.push(Module::new(self.store.engine(), wasm).map_err(|error| format!("{error:?}"))?);
        Ok(())
    }

    fn host_item(&mut self, module: usize, import: usize, pick: u64) -> Option<Extern> {
        let ty = self.modules[module].imports().nth(import)?.ty();
        Some(match ty {
            ExternType::Func(ty) => self.host_func(ty, pick).into(),
            ExternType::Table(ty) => {
                let init = self.reference(ty.element(), pick)?;
                Table::new(&mut self.store, ty, init).ok()?.into()
            }
            ExternType::Memory(ty) if ty.is_shared() => SharedMemory::new(self.store.engine(), ty).ok()?.into(),
            ExternType::Memory(ty) => Memory::new(&mut self.store, ty).ok()?.into(),
            ExternType::Global(ty) => {
                let value = self.value(ty.content(), pick)?;
                Global::new(&mut self.store, ty, value).ok()?.into()
            }
            ExternType::Tag(ty) => {
                let tag = Tag::new(&mut self.store, &ty).ok()?;
                self.store.data_mut().tags.push(tag);
                tag.into()
            }
        })
    }

    fn instantiate(&mut self, module: usize, imports: &[Extern]) -> Result<Vec<Extern>, End> {
        match Instance::new(&mut self.store, &self.modules[module], imports) {
            Ok(instance) => {
                let exports: Vec<Extern> =
                    instance.exports(&mut self.store).map(|export| export.into_extern()).collect();
                let funcs = exports.iter().filter_map(|item| item.clone().into_func());
                self.store.data_mut().funcs.extend(funcs);
                Ok(exports)
            }
            Err(error) => Err(end(&mut self.store.as_context_mut(), &error)),
        }
    }

    fn call(&mut self, func: &Extern, pick: u64) -> End {
        let Extern::Func(func) = func else { return End::other_sort() };
        self.call_func(*func, pick)
    }

    fn call_element(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let size = table.size(&self.store).max(1);
        match table.get(&mut self.store, (pick >> 8) % size) {
            Some(Ref::Func(Some(func))) => self.call_func(func, pick),
            Some(value) => End::Values(describe(&mut self.store.as_context_mut(), &value.into())),
            None => End::no_value(),
        }
    }

    fn set_element(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let ty: TableType = table.ty(&self.store);
        let Some(value) = self.reference(ty.element(), pick) else { return End::no_value() };
        let index = (pick >> 8) % (table.size(&self.store) + 1);
        done(table.set(&mut self.store, index, value))
    }

    fn grow_table(&mut self, table: &Extern, pick: u64) -> End {
        let Extern::Table(table) = table else { return End::other_sort() };
        let ty: TableType = table.ty(&self.store);
        let Some(value) = self.reference(ty.element(), pick) else { return End::no_value() };
        grown(table.grow(&mut self.store, (pick >> 8) % 20, value))
    }

    fn grow_memory(&mut self, memory: &Extern, pick: u64) -> End {
        let delta = (pick >> 8) % 4;
        match memory {
            Extern::Memory(memory) => grown(memory.grow(&mut self.store, delta)),
            Extern::SharedMemory(memory) => grown(memory.grow(delta)),
            _ => End::other_sort(),
        }
    }

    fn write_memory(&mut self, memory: &Extern, pick: u64) -> End {
        let bytes = pick.to_le_bytes();
        let data = match memory {
            Extern::Memory(memory) => memory.data_mut(&mut self.store),
            Extern::SharedMemory(memory) => shared_bytes_mut(memory),
            _ => return End::other_sort(),
        };
        let Some(room) = data.len().checked_sub(bytes.len()) else { return End::refused("too small") };
        data[pick as usize % (room + 1)..][..bytes.len()].copy_from_slice(&bytes);
        End::Values(String::new())
    }

    fn set_global(&mut self, global: &Extern, pick: u64) -> End {
        let Extern::Global(global) = global else { return End::other_sort() };
        let ty: GlobalType = global.ty(&self.store);
        let Some(value) = self.value(ty.content(), pick) else { return End::no_value() };
        if ty.mutability() == Mutability::Const {
            return End::refused("immutable");
        }
        done(global.set(&mut self.store, value))
    }

    fn set_fuel(&mut self, global: &Extern, fuel: i32) {
        if let Extern::Global(global) = global {
            global.set(&mut self.store, Val::I32(fuel)).expect("a mutable i32");
        }
    }

    fn describe(&mut self, item: &Extern) -> String {
        let mut store = self.store.as_context_mut();
        match item {
            Extern::Func(func) => describe_func(&func.ty(&store)),
            Extern::Tag(tag) => format!("tag({})", tag.ty(&store).ty().params().len()),
            Extern::Global(global) => {
                let value = global.get(&mut store);
                describe(&mut store, &value)
            }
            Extern::Table(table) => {
                let size = table.size(&store);
                let elements = (0..size.min(64)).map(|index| table.get(&mut store, index).expect("inside").into());
                let elements: Vec<Val> = elements.collect();
                format!("table {size} [{}]", describe_all(&mut store, &elements))
            }
            Extern::Memory(memory) => {
                let data = memory.data(&store);
                format!("memory {} {:x}", data.len(), digest(data))
            }
            Extern::SharedMemory(memory) => {
                let data = shared_bytes_mut(memory);
                format!("memory {} {:x}", data.len(), digest(data))
            }
        }
    }

    fn host_events(&mut self) -> Vec<Event> {
        self.store.data_mut().host.take_events()
    }

    fn collect(&mut self) {
        self.store.gc(None).expect("a collection");
    }
}

/// The bytes of a shared memory.
#[expect(unsafe_code, reason = "the API gives cells")]
fn shared_bytes_mut(memory: &SharedMemory) -> &mut [u8] {
    let data = memory.data();
    // SAFETY: nothing runs on another thread, and the result is dropped before wasm runs again.
    unsafe { std::slice::from_raw_parts_mut(data.as_ptr().cast::<u8>().cast_mut(), data.len()) }
}

fn act(
    store: &mut StoreContextMut<'_, Shared>,
    deed: Deed,
    pick: u64,
    results: &[ValType],
    out: &mut [Val],
) -> Result<()> {
    match deed {
        Deed::Fail => return Err(HostError.into()),
        Deed::Throw(which) => {
            let tags = &store.data().tags;
            if !tags.is_empty() {
                let tag = tags[which as usize % tags.len()];
                let exception = exception(store, tag, pick)?;
                return store.throw(exception);
            }
        }
        Deed::CallBack(which) => call_back(store, which),
        Deed::Return => {}
    }
    let values = make_all(store, results, pick).ok_or(HostError)?;
    out.copy_from_slice(&values);
    Ok(())
}

fn exception(store: &mut StoreContextMut<'_, Shared>, tag: Tag, pick: u64) -> Result<Rooted<ExnRef>> {
    let ty = tag.ty(&*store);
    let params: Vec<ValType> = ty.ty().params().collect();
    let values = make_all(store, &params, pick).ok_or(HostError)?;
    let allocator = ExnRefPre::new(&mut *store, ExnType::from_tag_type(&ty)?);
    ExnRef::new(store, &allocator, &tag, &values)
}

fn call_back(store: &mut StoreContextMut<'_, Shared>, which: u64) {
    let funcs = &store.data().funcs;
    if funcs.is_empty() {
        return;
    }
    let func = funcs[which as usize % funcs.len()];
    let ty = func.ty(&*store);
    let params: Vec<ValType> = ty.params().collect();
    let end = match make_all(store, &params, which) {
        None => End::no_value(),
        Some(args) => {
            let mut results = vec![Val::I32(0); ty.results().len()];
            match func.call(&mut *store, &args, &mut results) {
                Ok(()) => End::Values(describe_all(store, &results)),
                Err(error) => end(store, &error),
            }
        }
    };
    store.data_mut().host.note(end);
}

/// Values that need nothing kept.
fn make_all(store: &mut StoreContextMut<'_, Shared>, types: &[ValType], pick: u64) -> Option<Vec<Val>> {
    (0..).zip(types).map(|(n, ty)| make(store, &Default::default(), ty, mix(pick, n))).collect()
}

fn make(store: &mut StoreContextMut<'_, Shared>, kept: &[Vec<Val>; 4], ty: &ValType, pick: u64) -> Option<Val> {
    let choice = value::choose(kind(ty), pick, |hierarchy| kept[hierarchy as usize].len())?;
    Some(match choice {
        Choice::I32(value) => Val::I32(value),
        Choice::I64(value) => Val::I64(value),
        Choice::F32(bits) => Val::F32(bits),
        Choice::F64(bits) => Val::F64(bits),
        Choice::V128(bits) => Val::V128(bits.into()),
        Choice::Null => Val::null_ref(ty.as_ref()?.heap_type()),
        Choice::I31(value) => Val::AnyRef(Some(AnyRef::from_i31(store, I31::wrapping_i32(value)))),
        Choice::Host(number) => Val::ExternRef(Some(ExternRef::new(store, number).ok()?)),
        Choice::HostAny(number) => {
            let external = ExternRef::new(&mut *store, number).ok()?;
            Val::AnyRef(Some(AnyRef::convert_extern(store, external).ok()?))
        }
        Choice::Kept(hierarchy, index) => kept[hierarchy as usize][index],
    })
}

fn kind(ty: &ValType) -> Kind {
    match ty {
        ValType::I32 => Kind::I32,
        ValType::I64 => Kind::I64,
        ValType::F32 => Kind::F32,
        ValType::F64 => Kind::F64,
        ValType::V128 => Kind::V128,
        ValType::Ref(ty) => Kind::Ref {
            nullable: ty.is_nullable(),
            heap: match ty.heap_type() {
                HeapType::Func | HeapType::ConcreteFunc(_) => Heap::Func,
                HeapType::Extern => Heap::Extern,
                HeapType::Any => Heap::Any,
                HeapType::Eq | HeapType::I31 => Heap::Integer,
                HeapType::Exn | HeapType::ConcreteExn(_) => Heap::Exn,
                HeapType::Struct | HeapType::Array | HeapType::ConcreteStruct(_) | HeapType::ConcreteArray(_) => {
                    Heap::Object
                }
                _ => Heap::Bottom,
            },
        },
    }
}

fn describe_all(store: &mut StoreContextMut<'_, Shared>, values: &[Val]) -> String {
    let texts: Vec<String> = values.iter().map(|value| describe(store, value)).collect();
    texts.join(" ")
}

fn describe(store: &mut StoreContextMut<'_, Shared>, value: &Val) -> String {
    match value {
        Val::I32(value) => format!("i32:{value:x}"),
        Val::I64(value) => format!("i64:{value:x}"),
        Val::F32(bits) => format!("f32:{bits:x}"),
        Val::F64(bits) => format!("f64:{bits:x}"),
        Val::V128(bits) => format!("v128:{:x}", bits.as_u128()),
        Val::FuncRef(Some(func)) => describe_func(&func.ty(&*store)),
        Val::ExnRef(Some(exception)) => describe_exception(store, *exception),
        Val::ExternRef(Some(value)) => match AnyRef::convert_extern(&mut *store, *value) {
            Ok(value) => describe_internal(store, value),
            Err(error) => format!("{error}"),
        },
        Val::AnyRef(Some(value)) => describe_internal(store, *value),
        _ => "null".to_owned(),
    }
}

fn describe_internal(store: &mut StoreContextMut<'_, Shared>, value: Rooted<AnyRef>) -> String {
    let describe = |store: &mut StoreContextMut<'_, Shared>| -> Result<String> {
        if let Some(value) = value.as_i31(&*store)? {
            return Ok(format!("i31:{:x}", value.get_i32()));
        }
        if value.is_struct(&*store)? {
            return Ok("struct".to_owned());
        }
        if value.is_array(&*store)? {
            return Ok("array".to_owned());
        }
        let external = ExternRef::convert_any(&mut *store, value)?;
        let data = external.data(&*store)?.expect("a host value");
        Ok(format!("host:{:x}", data.downcast_ref::<u32>().expect("all of them are numbers")))
    };
    describe(store).unwrap_or_else(|error| error.to_string())
}

fn describe_exception(store: &mut StoreContextMut<'_, Shared>, exception: Rooted<ExnRef>) -> String {
    let values: Vec<Val> = exception.fields(&mut *store).expect("rooted").collect();
    // What exceptions carry may be exceptions.
    let texts = values.iter().map(|value| match value {
        Val::ExnRef(Some(_)) => "exception".to_owned(),
        other => describe(store, other),
    });
    let texts: Vec<String> = texts.collect();
    format!("exception({})", texts.join(" "))
}

fn describe_func(ty: &FuncType) -> String {
    format!("func({},{})", ty.params().len(), ty.results().len())
}

fn done(outcome: Result<()>) -> End {
    outcome.map_or_else(End::refused, |()| End::Values(String::new()))
}

fn grown(outcome: Result<u64>) -> End {
    outcome.map_or_else(End::refused, |old| End::Values(format!("{old}")))
}

fn end(store: &mut StoreContextMut<'_, Shared>, error: &Error) -> End {
    if error.is::<ThrownException>()
        && let Some(exception) = store.take_pending_exception()
    {
        return End::Exception(describe_exception(store, exception));
    }
    classify(error)
}

fn classify(error: &Error) -> End {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::StackOverflow | Trap::AllocationTooLarge => End::Limit(trap.to_string()),
            trap => End::Trap(class(*trap)),
        };
    }
    if error.is::<HostError>() {
        return End::Host;
    }
    match format!("{error:?}").contains("out of memory") {
        true => End::Limit(format!("{error:?}")),
        false => End::refused(format!("{error:?}")),
    }
}

/// Traps in the words of Gantry's classes.
fn class(trap: Trap) -> &'static str {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::MemoryOutOfBounds | Trap::HeapMisaligned => "address",
        Trap::TableOutOfBounds => "outside a table",
        Trap::IndirectCallToNull => "uninitialized element",
        Trap::BadSignature => "indirect call type mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer divide by zero",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        Trap::AtomicWaitNonSharedMemory => "expected shared memory",
        Trap::NullReference => "null",
        Trap::ArrayOutOfBounds => "out of bounds array access",
        Trap::CastFailure => "cast failure",
        _ => "something else",
    }
}
