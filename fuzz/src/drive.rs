//! Carries out a plan with an engine and writes down what happens.
//!
//! Must not know: which engine it is.

use crate::plan::{Plan, Source, Step};
use crate::trace::{End, Event, Trace};

/// What an engine has to be able to do.
pub trait Driver {
    /// Something that can be imported and exported.
    type Item: Clone;

    /// Compiles the next module, or says why not.
    fn compile(&mut self, wasm: &[u8]) -> Result<(), String>;
    /// Makes what an import of a module asks for, if the host can.
    fn host_item(&mut self, module: usize, import: usize, pick: u64) -> Option<Self::Item>;
    /// An instance's exports, in order.
    fn instantiate(&mut self, module: usize, imports: &[Self::Item]) -> Result<Vec<Self::Item>, End>;
    /// Calls a function with arguments for its type.
    fn call(&mut self, func: &Self::Item, pick: u64) -> End;
    /// Calls what is in a table.
    fn call_element(&mut self, table: &Self::Item, pick: u64) -> End;
    fn set_element(&mut self, table: &Self::Item, pick: u64) -> End;
    fn grow_table(&mut self, table: &Self::Item, pick: u64) -> End;
    fn grow_memory(&mut self, memory: &Self::Item, pick: u64) -> End;
    fn write_memory(&mut self, memory: &Self::Item, pick: u64) -> End;
    fn set_global(&mut self, global: &Self::Item, pick: u64) -> End;
    /// Sets a global of type `i32`.
    fn set_fuel(&mut self, global: &Self::Item, fuel: i32);
    /// What can be seen of an item from outside.
    fn describe(&mut self, item: &Self::Item) -> String;
    /// What happened in host functions since this was asked last.
    fn host_events(&mut self) -> Vec<Event>;
    fn collect(&mut self);
}

/// Carries out all steps. `Err` with the engine's words when it does not compile a module.
pub fn run<D: Driver>(plan: &Plan, driver: &mut D) -> Result<Trace, String> {
    for wasm in &plan.modules {
        driver.compile(wasm)?;
    }
    let mut run = Run { plan, driver, instances: Vec::new(), trace: Trace::default() };
    for number in 0..plan.steps.len() {
        run.step(number);
    }
    (0..run.instances.len()).for_each(|instance| run.look_at(plan.steps.len(), instance));
    Ok(run.trace)
}

struct Run<'p, D: Driver> {
    plan: &'p Plan,
    driver: &'p mut D,
    /// The exports of each; those that failed have none.
    instances: Vec<Vec<D::Item>>,
    trace: Trace,
}

impl<D: Driver> Run<'_, D> {
    fn step(&mut self, number: usize) {
        for exports in &self.instances {
            if let Some(fuel) = exports.last() {
                self.driver.set_fuel(fuel, self.plan.fuel);
            }
        }
        let (instance, end) = match &self.plan.steps[number] {
            Step::Instantiate { module, imports } => (self.instances.len(), Some(self.instantiate(*module, imports))),
            Step::Call { instance, export, pick } => (*instance, self.on(*instance, *export, *pick, D::call)),
            Step::CallElement { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::call_element))
            }
            Step::SetElement { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::set_element))
            }
            Step::GrowTable { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::grow_table))
            }
            Step::GrowMemory { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::grow_memory))
            }
            Step::WriteMemory { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::write_memory))
            }
            Step::SetGlobal { instance, export, pick } => {
                (*instance, self.on(*instance, *export, *pick, D::set_global))
            }
            Step::Collect => {
                self.driver.collect();
                (0, None)
            }
        };
        let events = self.driver.host_events();
        self.trace.0.extend(events.into_iter().map(|event| (number, event)));
        if let Some(end) = end {
            self.trace.0.push((number, Event::Ended(end)));
            self.look_at(number, instance);
        }
    }

    /// Does something with an export, if there is such an instance.
    fn on(
        &mut self,
        instance: usize,
        export: usize,
        pick: u64,
        action: fn(&mut D, &D::Item, u64) -> End,
    ) -> Option<End> {
        let item = self.instances.get(instance)?.get(export)?;
        Some(action(self.driver, item, pick))
    }

    fn instantiate(&mut self, module: usize, sources: &[Source]) -> End {
        let made = self.link(module, sources, false).unwrap_or_else(|| Err(End::no_value()));
        // What did not fit was one thing; the instance is another.
        let made = match made {
            Err(End::Refused(_)) => self.link(module, sources, true).unwrap_or_else(|| Err(End::no_value())),
            other => other,
        };
        let (exports, end) = match made {
            Ok(exports) => {
                let text = format!("{} exports", exports.len());
                (exports, End::Values(text))
            }
            Err(end) => (Vec::new(), end),
        };
        self.instances.push(exports);
        end
    }

    /// Instantiates, with all imports from the host if that is wanted. `None` if there is nothing to import.
    fn link(&mut self, module: usize, sources: &[Source], host: bool) -> Option<Result<Vec<D::Item>, End>> {
        let mut imports = Vec::new();
        for (import, source) in sources.iter().enumerate() {
            let exported = match *source {
                Source::Export(instance, export) if !host => {
                    self.instances.get(instance).and_then(|exports| exports.get(export)).cloned()
                }
                _ => None,
            };
            let pick = match *source {
                Source::Host(pick) => pick,
                Source::Export(instance, export) => (instance << 8 | export) as u64,
            };
            imports.push(exported.or_else(|| self.driver.host_item(module, import, pick))?);
        }
        Some(self.driver.instantiate(module, &imports))
    }

    /// Writes down what can be seen of an instance.
    fn look_at(&mut self, number: usize, instance: usize) {
        let Some(exports) = self.instances.get(instance) else { return };
        let seen: Vec<String> = exports.iter().map(|item| self.driver.describe(item)).collect();
        self.trace.0.push((number, Event::Saw(format!("instance {instance}: {}", seen.join(", ")))));
    }
}
