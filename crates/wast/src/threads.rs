//! Threads of a script: each is one of the system's, in a world of its own, with the memories that are shared with it.

use std::collections::HashMap;
use std::thread::{Scope, ScopedJoinHandle};

use gantry_engine::{Engine, SharedMemory};
use wast::WastThread;
use wast::token::Id;

use crate::event::{Event, Miss, Outcome};
use crate::lines::Lines;
use crate::script::{guard, run_directives};
use crate::world::World;

/// A thread that nobody has waited for yet.
struct Running<'scope> {
    line: usize,
    handle: ScopedJoinHandle<'scope, Outcome>,
}

impl Running<'_> {
    fn join(self) -> Outcome {
        self.handle.join().unwrap_or_else(|_| Err(Miss::failed("the thread panicked")))
    }
}

/// The threads that one list of directives has started.
pub struct Threads<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    lines: &'scope Lines,
    running: HashMap<String, Running<'scope>>,
}

impl<'scope, 'env> Threads<'scope, 'env> {
    /// None yet. `lines` are those of the script.
    pub fn new(scope: &'scope Scope<'scope, 'env>, lines: &'scope Lines) -> Self {
        Threads { scope, lines, running: HashMap::new() }
    }

    /// `(thread $T (shared (module $M)) …)`: begins to run the directives.
    pub fn start<'a: 'scope>(&mut self, world: &World, thread: WastThread<'a>) -> Outcome {
        let shared = thread.shared_module.map(|module| world.shared_memories(module)).transpose()?.unwrap_or_default();
        let (engine, lines) = (world.engine().clone(), self.lines);
        let (name, line) = (thread.name.name().to_owned(), lines.line_of(thread.span.offset()));
        if self.running.contains_key(&name) {
            return Err(Miss::failed(format_args!("thread ${name} is running already")));
        }
        let handle = self.scope.spawn(move || run(engine, thread, &shared, lines));
        self.running.insert(name, Running { line, handle });
        Ok(())
    }

    /// `(wait $T)`: passes if all directives of the thread passed.
    pub fn wait(&mut self, thread: Id<'_>) -> Outcome {
        let running = self.running.remove(thread.name());
        running.ok_or_else(|| Miss::failed(format_args!("there is no thread ${}", thread.name())))?.join()
    }

    /// Waits for all that are left; gives their lines and outcomes.
    pub fn finish(self) -> Vec<(usize, Outcome)> {
        let mut outcomes: Vec<_> = self.running.into_values().map(|running| (running.line, running.join())).collect();
        outcomes.sort_by_key(|(line, _)| *line);
        outcomes
    }
}

/// What the thread does. Its outcome is that of its first directive that did not pass.
fn run(engine: Engine, thread: WastThread<'_>, shared: &[(String, SharedMemory)], lines: &Lines) -> Outcome {
    let no_world = |error| Miss::failed(format_args!("no spectest: {error}"));
    let mut world = guard(|| World::in_thread(engine, thread.shared_module, shared).map_err(no_world))?;
    let mut outcome = Ok(());
    run_directives(&mut world, thread.directives, lines, &mut |event| {
        if let Event::End { line, outcome: Err(miss) } = event
            && outcome.is_ok()
        {
            outcome = Err(miss.at(line));
        }
    });
    outcome
}
