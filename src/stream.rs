//! Modules whose bytes arrive in pieces: chunks are handed to other threads, one at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_engine::{Error, ModuleStream};
use napi::Env;
use napi::bindgen_prelude::{Either, External, Object, Uint8Array};
use napi_derive::napi;

use crate::host::{Host, engine};
use crate::module::{Compiled, declared, runtime};

/// What a stream is at the moment.
enum State {
    /// Waits for bytes, or for the end.
    Open(Box<ModuleStream>),
    /// Another thread has it.
    Busy,
    /// Nothing more is wanted of it.
    Closed,
}

/// A module of which bytes are still to come. The thread that hands over the bytes and the one that takes them share it.
#[derive(Clone)]
pub struct Stream(Arc<Mutex<State>>);

impl Stream {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream itself, for the next step.
    fn take(&self) -> napi::Result<Box<ModuleStream>> {
        let mut state = self.state();
        if matches!(*state, State::Open(_))
            && let State::Open(stream) = std::mem::replace(&mut *state, State::Busy)
        {
            return Ok(stream);
        }
        Err(napi::Error::from_reason("the stream is closed, or not done with what it got before"))
    }

    /// Gives it back, unless it was closed meanwhile.
    fn put(&self, stream: Box<ModuleStream>) {
        let mut state = self.state();
        if matches!(*state, State::Busy) {
            *state = State::Open(stream);
        }
    }

    fn is_wanted(&self) -> bool {
        !matches!(*self.state(), State::Closed)
    }
}

/// How far a stream has come, or what is wrong with it.
#[napi(object)]
pub struct StreamProgress {
    pub error: Option<String>,
    pub functions_ready: u32,
    pub functions_total: u32,
}

impl StreamProgress {
    fn new(outcome: Result<(), Error>, stream: &ModuleStream) -> StreamProgress {
        let progress = stream.progress();
        StreamProgress {
            error: outcome.err().map(|error| error.to_string()),
            functions_ready: progress.functions_ready,
            functions_total: progress.functions_total,
        }
    }
}

#[napi]
impl Host {
    /// Begins a module whose bytes will arrive in pieces.
    #[napi]
    pub fn stream_begin(&self, tier: Option<String>) -> napi::Result<External<Stream>> {
        let tier = tier.map(|tier| tier.parse()).transpose();
        let tier = tier.map_err(|error: Error| napi::Error::from_reason(error.to_string()))?;
        let stream = ModuleStream::new(engine()?, tier);
        Ok(External::new(Stream(Arc::new(Mutex::new(State::Open(Box::new(stream)))))))
    }

    /// Gives a stream its next bytes, which are copied. The promise is for how far it has come: nothing else can be done with it
    /// before, but to close it.
    #[napi]
    pub fn stream_push<'e>(
        &self,
        env: &'e Env,
        stream: &External<Stream>,
        bytes: Uint8Array,
    ) -> napi::Result<Object<'e>> {
        let (stream, bytes) = (Stream::clone(stream), bytes.to_vec());
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let progress = stream.take().map(|mut taken| {
                let outcome = taken.push(bytes);
                let progress = StreamProgress::new(outcome, &taken);
                stream.put(taken);
                progress
            });
            deferred.resolve(move |_env| progress);
        });
        Ok(promise)
    }

    /// Says that there are no more bytes. The promise is as that of `compileAsync`.
    #[napi]
    pub fn stream_finish<'e>(&self, env: &'e Env, stream: &External<Stream>) -> napi::Result<Object<'e>> {
        let stream = Stream::clone(stream);
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let outcome = stream.take().map(|taken| taken.finish_while(&|| stream.is_wanted()));
            deferred.resolve(move |_env| {
                let module = outcome?.map_err(|error| error.to_string()).and_then(declared);
                Ok(match module {
                    Ok(module) => Either::A(External::new(Compiled(module))),
                    Err(error) => Either::B(error),
                })
            });
        });
        Ok(promise)
    }

    /// How many functions a module defines that a stream has given.
    #[napi]
    pub fn functions_in(&self, compiled: &External<Compiled>) -> u32 {
        compiled.0.loaded().stats().functions
    }

    /// Ends the work on a stream that nobody wants any more, and frees what it had.
    #[napi]
    pub fn stream_close(&self, stream: &External<Stream>) {
        *stream.state() = State::Closed;
    }
}
