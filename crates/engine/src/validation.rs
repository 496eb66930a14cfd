//! Validation of a module while its bytes arrive: the caller's thread decodes, others validate bodies.
//!
//! Of several errors the one with the lowest offset counts, so that neither timing nor chunking decides.
//!
//! Must not know: how code is made.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use gantry_compile::CompileError;
use gantry_module::{BodyValidator, Decoder, Error, FunctionBody, Module};

use crate::crew::{Crew, Member};

/// Bytes of bodies that are handed to a thread at a time; modules with fewer need no other thread.
const BATCH: usize = 64 << 10;

/// A valid module with its bodies, in order.
pub(crate) struct Valid {
    pub module: Module,
    pub bodies: Vec<FunctionBody>,
    /// Whether its code can put references into tables.
    pub writes_tables: bool,
}

/// How far validation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes pushed.
    pub bytes_received: u64,
    /// Functions that are ready to be called.
    pub functions_ready: u32,
    /// Functions that the module has, once that is known: not while it goes on like one in the cache, which is not decoded.
    pub functions_total: u32,
}

/// A module that is being validated. Dropping it ends the work.
pub(crate) struct Validation {
    decoder: Decoder,
    shared: Arc<Shared>,
    batch: Vec<FunctionBody>,
    batch_bytes: usize,
    batches: usize,
    received: u64,
    crew: Arc<Crew>,
    /// Whether there was something that no other thread could be started for.
    is_short: bool,
}

struct Batch {
    number: usize,
    bodies: Vec<FunctionBody>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Batch>,
    /// Batches that threads are at work on.
    busy: usize,
    valid: Vec<Batch>,
    functions_valid: u32,
    writes_tables: bool,
    /// That of the batch with the lowest number.
    failure: Option<(usize, Error)>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Validates the batches that there are.
    fn work(&self, go_on: &dyn Fn() -> bool) {
        let mut validator = BodyValidator::default();
        let mut state = self.lock();
        while go_on()
            && let Some(batch) = state.queue.pop_front()
        {
            state = self.validate(&mut validator, batch, state);
        }
    }

    fn validate<'s>(
        &'s self,
        validator: &mut BodyValidator,
        batch: Batch,
        mut state: MutexGuard<'s, State>,
    ) -> MutexGuard<'s, State> {
        /// Also when validation panics, nobody waits for ever.
        struct Busy<'s>(&'s Shared);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                self.0.lock().busy -= 1;
                self.0.changed.notify_all();
            }
        }
        state.busy += 1;
        drop(state);
        let busy = Busy(self);
        let outcome = batch.bodies.iter().try_fold(false, |puts, body| Ok(puts | validator.validate(body)?));
        let mut state = self.lock();
        match outcome {
            Ok(writes_tables) => {
                state.writes_tables |= writes_tables;
                state.functions_valid += batch.bodies.len() as u32;
                state.valid.push(batch);
            }
            Err(error) => {
                // What is still in the queue lies behind; what others are at work on may lie before.
                state.queue.clear();
                if state.failure.as_ref().is_none_or(|(number, _)| batch.number < *number) {
                    state.failure = Some((batch.number, error));
                }
            }
        }
        drop(state);
        drop(busy);
        self.lock()
    }

    /// Waits until all batches are validated.
    fn wait(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        let unfinished = |state: &mut State| state.busy > 0 || !state.queue.is_empty();
        self.changed.wait_while(state, unfinished).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Validation {
    /// The crew may have places for threads that work besides the caller's.
    pub fn new(crew: &Arc<Crew>) -> Validation {
        Validation {
            decoder: Decoder::new(),
            shared: Arc::default(),
            batch: Vec::new(),
            batch_bytes: 0,
            batches: 0,
            received: 0,
            crew: crew.clone(),
            is_short: false,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let _caller = self.crew.join();
        self.received += chunk.len() as u64;
        let decoded = self.decode(|decoder, bodies| decoder.push(chunk, bodies));
        if std::mem::take(&mut self.is_short) {
            self.shared.work(&|| true);
        }
        if decoded.is_err() || self.shared.lock().failure.is_some() {
            return Err(self.first_error(decoded.err()));
        }
        Ok(())
    }

    /// Says that there are no more bytes, and helps to validate what is left, as long as `go_on` says so.
    pub fn finish(mut self, go_on: &dyn Fn() -> bool) -> Result<Valid, CompileError> {
        let _caller = self.crew.join();
        let decoded = self.decode(|decoder, bodies| std::mem::take(decoder).finish(bodies));
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(error) => return Err(self.first_error(Some(error)).into()),
        };
        self.hand_over();
        self.shared.work(go_on);
        if !go_on() {
            return Err(CompileError::Cancelled);
        }
        let mut state = self.shared.wait();
        if let Some((_, error)) = state.failure.take() {
            return Err(error.into());
        }
        let mut batches = std::mem::take(&mut state.valid);
        batches.sort_unstable_by_key(|batch| batch.number);
        let writes_tables = state.writes_tables;
        drop(state);
        let bodies: Vec<FunctionBody> = batches.into_iter().flat_map(|batch| batch.bodies).collect();
        assert_eq!(bodies.len(), decoded.module.defined_funcs(), "all bodies were validated");
        Ok(Valid { module: decoded.module, bodies, writes_tables })
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress {
            bytes_received: self.received,
            functions_ready: self.shared.lock().functions_valid,
            functions_total: self.decoder.module().defined_funcs() as u32,
        }
    }

    fn decode<T>(
        &mut self,
        work: impl FnOnce(&mut Decoder, &mut dyn FnMut(&Module, FunctionBody)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut decoder = std::mem::take(&mut self.decoder);
        let outcome = work(&mut decoder, &mut |_, body| {
            self.batch_bytes += body.bytes.len();
            self.batch.push(body);
            if self.batch_bytes >= BATCH {
                self.hand_over();
                self.start_thread();
            }
        });
        self.decoder = decoder;
        outcome
    }

    /// Puts what was gathered into the queue.
    fn hand_over(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = Batch { number: self.batches, bodies: std::mem::take(&mut self.batch) };
        self.batches += 1;
        self.batch_bytes = 0;
        let mut state = self.shared.lock();
        if state.failure.is_none() {
            state.queue.push_back(batch);
        }
    }

    /// Has another thread do what is in the queue, if there is a place for one.
    fn start_thread(&mut self) {
        self.is_short = true;
        let Some(place) = self.crew.hire() else { return };
        let shared = self.shared.clone();
        let builder = std::thread::Builder::new().name("gantry-validate".into());
        let work = move || {
            let _place: Member = place;
            shared.work(&|| true);
        };
        self.is_short = builder.spawn(work).is_err();
    }

    /// What is wrong with the module, given what decoding found: bodies before may be invalid.
    fn first_error(&mut self, decoding: Option<Error>) -> Error {
        self.hand_over();
        self.shared.work(&|| true);
        let failure = self.shared.wait().failure.take().map(|(_, error)| error);
        match (decoding, failure) {
            (Some(decoding), Some(body)) if decoding.offset() < body.offset() => decoding,
            (Some(decoding), None) => decoding,
            (_, Some(body)) => body,
            (None, None) => unreachable!("there is an error"),
        }
    }
}

impl Drop for Validation {
    fn drop(&mut self) {
        self.shared.lock().queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions enough for many batches; those in `wrong` leave nothing where a number is wanted.
    fn wasm(functions: usize, wrong: &[usize]) -> Vec<u8> {
        let body = "i32.const 1 i32.add ".repeat(200);
        let function = |i: usize| {
            let body = if wrong.contains(&i) { "drop" } else { &body };
            format!("(func (result i32) i32.const {i} {body})")
        };
        let text: String = (0..functions).map(function).collect();
        wat::parse_str(format!("(module {text})")).unwrap()
    }

    fn validate(wasm: &[u8], chunk: usize, threads: usize) -> Result<Valid, String> {
        let mut validation = Validation::new(&Crew::new(1 + threads));
        let pushed = wasm.chunks(chunk).try_for_each(|chunk| validation.push(chunk));
        pushed.map_err(|error| error.to_string())?;
        validation.finish(&|| true).map_err(|error| error.to_string())
    }

    #[test]
    fn bodies_come_in_order() {
        let wasm = wasm(2000, &[]);
        for (chunk, threads) in [(wasm.len(), 0), (wasm.len(), 3), (1000, 2), (7, 1)] {
            let valid = validate(&wasm, chunk, threads).unwrap();
            assert!(valid.bodies.iter().enumerate().all(|(i, body)| body.index as usize == i));
            assert_eq!((valid.bodies.len(), valid.writes_tables), (2000, false));
        }
    }

    #[test]
    fn the_first_error_counts() {
        let mut wasm = wasm(2000, &[700, 701, 1999]);
        let expected = validate(&wasm, wasm.len(), 0).err().unwrap();
        // Another, behind.
        *wasm.last_mut().unwrap() = 0xff;
        for _ in 0..10 {
            for (chunk, threads) in [(wasm.len(), 0), (wasm.len(), 3), (10_000, 3), (1000, 0), (100, 1)] {
                assert_eq!(validate(&wasm, chunk, threads).err().unwrap(), expected, "{chunk} {threads}");
            }
        }
    }

    #[test]
    fn dropping_ends_it() {
        let wasm = wasm(2000, &[]);
        for part in [0, 10, wasm.len() / 2, wasm.len()] {
            let mut validation = Validation::new(&Crew::new(3));
            validation.push(&wasm[..part]).unwrap();
            let shared = Arc::downgrade(&validation.shared);
            drop(validation);
            let start = std::time::Instant::now();
            while shared.strong_count() > 0 {
                assert!(start.elapsed().as_secs() < 30, "threads end");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn tables_that_code_writes_to() {
        let tables = "(table 1 funcref)".repeat(40);
        for (text, expected) in [
            ("(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))", true),
            (&format!("{tables} (func (table.set 39 (i32.const 0) (ref.null func)))"), true),
            ("(table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 38))))", true),
            ("(table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))", true),
            ("(table 1 funcref) (func (drop (table.size)) (drop (i32.const 0x26)) (drop (i32.const 0x00fc)))", false),
        ] {
            let valid = validate(&wat::parse_str(format!("(module {text})")).unwrap(), 100, 0).unwrap();
            assert_eq!(valid.writes_tables, expected, "{text}");
        }
    }
}
