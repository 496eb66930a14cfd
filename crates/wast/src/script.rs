//! Runs a script: each directive is put to the world, and the engine's answer compared with what the script expects.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use gantry_engine::{Error, Val};
use wast::parser;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, Wat};

use crate::encode::{self, EncodeError};
use crate::event::{Event, Miss, Outcome};
use crate::lines::Lines;
use crate::threads::Threads;
use crate::value;
use crate::world::{Answer, World};

/// Runs the script `source` in a store of its own and tells `observe` of every directive.
///
/// A panic in the engine is a failure of the directive that was running; a crash takes the process, see
/// [`isolate`](crate::isolate).
pub fn run_script(source: &str, mut observe: impl FnMut(Event)) {
    let lines = Lines::new(source);
    let mut refuse = |error: wast::Error| {
        let line = lines.line_of(error.span().offset());
        observe(Event::End { line, outcome: Err(Miss::failed(format_args!("not a script: {}", error.message()))) });
    };
    let buffer = match encode::buffer(source) {
        Ok(buffer) => buffer,
        Err(error) => return refuse(error),
    };
    let directives = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(script) => script.directives,
        Err(error) => return refuse(error),
    };
    let mut world = match guard(|| World::new().map_err(|error| Miss::failed(format_args!("no spectest: {error}")))) {
        Ok(world) => world,
        Err(miss) => return observe(Event::End { line: 1, outcome: Err(miss) }),
    };
    run_directives(&mut world, directives, &lines, &mut observe);
}

/// Runs directives, and those of the threads that they start. Threads that nobody waits for are waited for at the end.
pub(crate) fn run_directives(
    world: &mut World,
    directives: Vec<WastDirective<'_>>,
    lines: &Lines,
    observe: &mut dyn FnMut(Event),
) {
    thread::scope(|scope| {
        let mut threads = Threads::new(scope, lines);
        for directive in directives {
            let line = lines.line_of(directive.span().offset());
            observe(Event::Start { line });
            let outcome = guard(|| match directive {
                WastDirective::Thread(thread) => threads.start(world, thread),
                WastDirective::Wait { thread, .. } => threads.wait(thread),
                directive => run_directive(world, directive),
            });
            observe(Event::End { line, outcome });
        }
        for (line, outcome) in threads.finish() {
            observe(Event::End { line, outcome });
        }
    });
}

fn run_directive(world: &mut World, directive: WastDirective<'_>) -> Outcome {
    match directive {
        WastDirective::Module(mut module) => world.define_and_instantiate(&mut module),
        WastDirective::ModuleDefinition(mut module) => world.define(&mut module),
        WastDirective::ModuleInstance { instance, module, .. } => world.instantiate(instance, module),
        WastDirective::Register { name, module, .. } => world.register(name, module),
        WastDirective::Invoke(invoke) => {
            let results = world.invoke(&invoke)?;
            returned(results).map(|_| ())
        }
        WastDirective::AssertReturn { mut exec, results, .. } => {
            let actual = returned(world.execute(&mut exec)?)?;
            value::check_results(&world.store, &actual, &results)
        }
        WastDirective::AssertTrap { mut exec, message, .. } => assert_trap(world, &mut exec, message),
        WastDirective::AssertExhaustion { call, message, .. } => {
            assert_trap(world, &mut WastExecute::Invoke(call), message)
        }
        WastDirective::AssertMalformed { mut module, .. } => assert_refused(world, &mut module, "malformed"),
        WastDirective::AssertInvalid { mut module, .. } => assert_refused(world, &mut module, "invalid"),
        WastDirective::AssertUnlinkable { mut module, message, .. } => assert_unlinkable(world, &mut module, message),
        WastDirective::AssertMalformedCustom { .. } | WastDirective::AssertInvalidCustom { .. } => {
            skip("custom sections are not checked")
        }
        WastDirective::AssertException { mut exec, .. } => assert_exception(world, &mut exec),
        WastDirective::AssertSuspension { .. } => skip("stack switching"),
        WastDirective::Thread(_) | WastDirective::Wait { .. } => unreachable!("see `run_directives`"),
    }
}

fn skip(reason: &str) -> Outcome {
    Err(Miss::Skipped(reason.to_owned()))
}

fn returned(answer: Answer<Vec<Val>>) -> Result<Vec<Val>, Miss> {
    answer.map_err(|error| Miss::failed(format_args!("expected results, got: {error}")))
}

fn assert_trap(world: &mut World, exec: &mut WastExecute<'_>, expected: &str) -> Outcome {
    let error = match world.execute(exec)? {
        Ok(_) => return Err(Miss::failed(format_args!("expected trap {expected:?}, got results"))),
        Err(error) => error,
    };
    match trap_reason(&error) {
        Some(actual) if same_reason(actual, expected) => Ok(()),
        Some(actual) => Err(Miss::failed(format_args!("expected trap {expected:?}, got trap {actual:?}"))),
        None => Err(Miss::failed(format_args!("expected trap {expected:?}, got: {error}"))),
    }
}

fn assert_exception(world: &mut World, exec: &mut WastExecute<'_>) -> Outcome {
    match world.execute(exec)? {
        Ok(_) => Err(Miss::failed("expected an exception, got results")),
        Err(error) if error.is_exception() => Ok(()),
        Err(error) => Err(Miss::failed(format_args!("expected an exception, got: {error}"))),
    }
}

fn trap_reason(error: &Error) -> Option<&'static str> {
    error.trap().map(|trap| trap.code.message())
}

/// The reference interpreter's rule is that the actual message starts with the expected one; the other way round lets
/// the script say more than our reasons do (`uninitialized element 7`).
fn same_reason(actual: &str, expected: &str) -> bool {
    !expected.is_empty() && (actual.starts_with(expected) || expected.starts_with(actual))
}

/// For malformed and for invalid modules: that they are refused counts, not in which words or by which layer.
fn assert_refused(world: &World, module: &mut QuoteWat<'_>, kind: &str) -> Outcome {
    let bytes = match encode::encode_quoted(module) {
        Ok(bytes) => bytes,
        Err(EncodeError::Text(_)) => return Ok(()),
        Err(EncodeError::Component) => return skip("components"),
    };
    match world.compile(&bytes) {
        Err(error) if error.is_compile() => Ok(()),
        Err(error) => Err(Miss::failed(format_args!("expected a compile error, got: {error}"))),
        Ok(_) => Err(Miss::failed(format_args!("the module is {kind} but was accepted"))),
    }
}

fn assert_unlinkable(world: &mut World, module: &mut Wat<'_>, expected: &str) -> Outcome {
    match world.try_module(module)? {
        Ok(_) => Err(Miss::failed(format_args!("expected link error {expected:?}, got an instance"))),
        Err(error) if error.is_link() && error.to_string().contains(expected) => Ok(()),
        Err(error) => Err(Miss::failed(format_args!("expected link error {expected:?}, got: {error}"))),
    }
}

/// Runs `work`; a panic in it is a failure.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Miss>) -> Result<T, Miss> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Miss::failed(format_args!("panic: {}", panic_message(&*panic)))))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of unknown kind")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_agree_by_prefix_either_way() {
        assert!(same_reason("uninitialized element", "uninitialized element 7"));
        assert!(same_reason("uninitialized element", "uninitialized"));
        assert!(same_reason("out of bounds memory access", "out of bounds"));
        assert!(!same_reason("undefined element", "out of bounds table access"));
        assert!(!same_reason("unreachable", ""));
    }

    #[test]
    fn a_panic_is_a_failure() {
        let outcome: Outcome = guard(|| panic!("slot {}", 3));
        assert_eq!(outcome, Err(Miss::failed("panic: slot 3")));
    }
}
