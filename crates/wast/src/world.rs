//! The world that one script lives in: its store, what it may import, and the modules and instances it has named.

use std::collections::HashMap;
use std::rc::Rc;

use gantry_engine::{Config, Engine, Error, Extern, Instance, Linker, Memory, Module, SharedMemory, Store, Tier, Val};
use wast::token::Id;
use wast::{QuoteWat, WastExecute, WastInvoke, Wat};

use crate::encode::{self, EncodeError};
use crate::event::Miss;
use crate::{spectest, value};

/// Things with names, of which the latest needs none.
struct Names<T> {
    named: HashMap<String, T>,
    latest: Option<T>,
}

impl<T: Clone> Names<T> {
    fn new() -> Names<T> {
        Names { named: HashMap::new(), latest: None }
    }

    /// Makes `item` the latest, under `name` too. Without an item, what would have been it is missing from here on.
    fn define(&mut self, name: Option<Id<'_>>, item: Option<T>) {
        if let Some(name) = name {
            match item.clone() {
                Some(item) => self.named.insert(name.name().to_owned(), item),
                None => self.named.remove(name.name()),
            };
        }
        self.latest = item;
    }

    fn get(&self, name: Option<Id<'_>>) -> Result<T, Miss> {
        let found = match name {
            Some(name) => self.named.get(name.name()),
            None => self.latest.as_ref(),
        };
        found.cloned().ok_or_else(|| match name {
            Some(name) => Miss::failed(format_args!("there is no ${}", name.name())),
            None => Miss::failed("there is no module"),
        })
    }
}

/// What an instance exports. It is all that scripts see of it, and what a thread gets of another's.
type Exports = Rc<[(String, Extern)]>;

/// The state of a running script.
pub struct World {
    engine: Engine,
    /// Where everything that the script makes lives.
    pub store: Store,
    linker: Linker,
    definitions: Names<Module>,
    instances: Names<Exports>,
}

/// `GANTRY_TIER` chooses the tier; with `alternate`, quick and optimised code take turns at every call.
fn config() -> Result<Config, Error> {
    let mut config = Config::default();
    if let Ok(tier) = std::env::var("GANTRY_TIER") {
        config.alternate_tiers = tier == "alternate";
        config.tier = if config.alternate_tiers { Tier::Auto } else { tier.parse()? };
    }
    Ok(config)
}

/// What the engine made of a request that could be put to it.
pub type Answer<T> = Result<T, Error>;

impl World {
    /// A world with `spectest` in it.
    pub fn new() -> Result<World, Error> {
        World::with_engine(Engine::new(&config()?)?)
    }

    /// A world for another thread, where the instance `name` has the memories that this world's shares.
    pub fn in_thread(engine: Engine, name: Option<Id<'_>>, shared: &[(String, SharedMemory)]) -> Result<World, Error> {
        let mut world = World::with_engine(engine)?;
        if name.is_some() {
            let memory = |(name, memory): &(String, SharedMemory)| {
                (name.clone(), Memory::from_shared(&mut world.store, memory).into())
            };
            let exports = shared.iter().map(memory).collect();
            world.instances.define(name, Some(exports));
        }
        Ok(world)
    }

    fn with_engine(engine: Engine) -> Result<World, Error> {
        let mut store = Store::new(&engine);
        let linker = spectest::linker(&mut store)?;
        Ok(World { engine, store, linker, definitions: Names::new(), instances: Names::new() })
    }

    /// The engine, for the worlds of other threads.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The shared memories that an instance exports.
    pub fn shared_memories(&self, instance: Id<'_>) -> Result<Vec<(String, SharedMemory)>, Miss> {
        let exports = self.instances.get(Some(instance))?;
        let shared = |(name, item): &(String, Extern)| match item {
            Extern::Memory(memory) => Some((name.clone(), memory.shared(&self.store)?)),
            _ => None,
        };
        Ok(exports.iter().filter_map(shared).collect())
    }

    /// Hands bytes to the engine.
    pub fn compile(&self, bytes: &[u8]) -> Answer<Module> {
        Module::new(&self.engine, bytes)
    }

    /// `(module definition …)`: compiles, without an instance.
    pub fn define(&mut self, module: &mut QuoteWat<'_>) -> Result<(), Miss> {
        let name = module.name();
        let compiled = self.compile_quoted(module);
        self.definitions.define(name, compiled.as_ref().ok().cloned());
        compiled.map(|_| ())
    }

    /// `(module …)`: compiles and instantiates. If that fails, the assertions that follow have no instance to speak to.
    pub fn define_and_instantiate(&mut self, module: &mut QuoteWat<'_>) -> Result<(), Miss> {
        let name = module.name();
        self.instances.define(name, None);
        self.define(module)?;
        self.instantiate(name, name)
    }

    /// `(module instance $I $M)`: another instance of a module that has been defined.
    pub fn instantiate(&mut self, instance: Option<Id<'_>>, module: Option<Id<'_>>) -> Result<(), Miss> {
        self.instances.define(instance, None);
        let module = self.definitions.get(module)?;
        let made = self.linker.instantiate(&mut self.store, &module);
        let made = made.map_err(|error| Miss::failed(format_args!("instantiation failed: {error}")))?;
        let exports = made.exports(&self.store).into();
        self.instances.define(instance, Some(exports));
        Ok(())
    }

    /// `(register "name" $I)`: lets later modules import from an instance.
    pub fn register(&mut self, name: &str, instance: Option<Id<'_>>) -> Result<(), Miss> {
        for (export, item) in self.instances.get(instance)?.iter() {
            self.linker.define(name, export, item.clone());
        }
        Ok(())
    }

    /// Does what an assertion is about. The outer error says that it could not be tried.
    pub fn execute(&mut self, exec: &mut WastExecute<'_>) -> Result<Answer<Vec<Val>>, Miss> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(wat) => Ok(self.try_module(wat)?.map(|_| Vec::new())),
            WastExecute::Get { module, global, .. } => self.get(*module, global).map(|value| Ok(vec![value])),
        }
    }

    /// Calls an exported function.
    pub fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Answer<Vec<Val>>, Miss> {
        let Extern::Func(func) = self.export(invoke.module, invoke.name)? else {
            return Err(Miss::failed(format_args!("export {:?} is not a function", invoke.name)));
        };
        let args = invoke.args.iter().map(|arg| value::argument(&mut self.store, arg));
        let args = args.collect::<Result<Vec<Val>, Miss>>()?;
        Ok(func.call(&mut self.store, &args))
    }

    /// Instantiates a module that no later directive can refer to. Not compiling is a failure already.
    pub fn try_module(&mut self, module: &mut Wat<'_>) -> Result<Answer<Instance>, Miss> {
        let bytes = encode::encode(module).map_err(encode_miss)?;
        let module = self.compile(&bytes).map_err(compile_miss)?;
        Ok(self.linker.instantiate(&mut self.store, &module))
    }

    fn get(&self, instance: Option<Id<'_>>, name: &str) -> Result<Val, Miss> {
        match self.export(instance, name)? {
            Extern::Global(global) => Ok(global.get(&self.store)),
            _ => Err(Miss::failed(format_args!("export {name:?} is not a global"))),
        }
    }

    fn export(&self, instance: Option<Id<'_>>, name: &str) -> Result<Extern, Miss> {
        let exports = self.instances.get(instance)?;
        let export = exports.iter().find(|(export, _)| export == name);
        export.map(|(_, item)| item.clone()).ok_or_else(|| Miss::failed(format_args!("there is no export {name:?}")))
    }

    fn compile_quoted(&self, module: &mut QuoteWat<'_>) -> Result<Module, Miss> {
        let bytes = encode::encode_quoted(module).map_err(encode_miss)?;
        self.compile(&bytes).map_err(compile_miss)
    }
}

fn encode_miss(error: EncodeError) -> Miss {
    match error {
        EncodeError::Text(message) => Miss::failed(format_args!("the text does not parse: {message}")),
        EncodeError::Component => Miss::Skipped("components".into()),
    }
}

fn compile_miss(error: Error) -> Miss {
    Miss::failed(format_args!("compilation failed: {error}"))
}
