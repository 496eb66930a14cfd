//! Modules whose bytes arrive in pieces: another thread takes them in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_engine::{Error, ModuleStream};
use gantry_runtime::copy_large;
use napi::Env;
use napi::bindgen_prelude::{Either, External, Object, Uint8Array};
use napi_derive::napi;

use crate::host::Host;
use crate::module::{Compiled, declared, runtime};
use crate::settings::engine;

/// What a stream is at the moment.
enum State {
    /// Waits for bytes, or for the end.
    Open(Box<ModuleStream>),
    /// Another thread has it.
    Busy,
    /// Nothing more is wanted of it.
    Closed,
}

/// Bytes, and who wants to know what becomes of them.
struct Piece {
    bytes: Vec<u8>,
    settle: Box<dyn FnOnce(napi::Result<StreamProgress>) + Send>,
}

struct Shared {
    state: State,
    /// Pieces that came while another thread has the stream.
    waiting: VecDeque<Piece>,
}

/// A module of which bytes are still to come. The thread that hands over the bytes and the one that takes them share it.
#[derive(Clone)]
pub struct Stream(Arc<Mutex<Shared>>);

impl Stream {
    fn new(stream: ModuleStream) -> Stream {
        let (state, waiting) = (State::Open(Box::new(stream)), VecDeque::new());
        Stream(Arc::new(Mutex::new(Shared { state, waiting })))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream itself, for the next step. None while another thread has it, and when it is closed.
    fn take(&self) -> Option<Box<ModuleStream>> {
        let mut shared = self.shared();
        match std::mem::replace(&mut shared.state, State::Busy) {
            State::Open(stream) => Some(stream),
            other => {
                shared.state = other;
                None
            }
        }
    }

    /// Gives the stream what is waiting, and puts it back.
    fn push_waiting(&self, mut stream: Box<ModuleStream>) {
        let mut shared = self.shared();
        while !matches!(shared.state, State::Closed) {
            let Some(piece) = shared.waiting.pop_front() else {
                shared.state = State::Open(stream);
                return;
            };
            drop(shared);
            let outcome = stream.push(piece.bytes);
            let progress = StreamProgress::new(outcome, &stream);
            // Until what comes next is done: who hears of the last piece may say at once that there are no more.
            shared = self.shared();
            (piece.settle)(Ok(progress));
        }
        for piece in shared.waiting.drain(..) {
            (piece.settle)(Err(closed()));
        }
    }

    fn is_wanted(&self) -> bool {
        !matches!(self.shared().state, State::Closed)
    }
}

fn closed() -> napi::Error {
    napi::Error::from_reason("the stream is closed, or not done with what it got before")
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
        Ok(External::new(Stream::new(ModuleStream::new(engine()?, tier))))
    }

    /// Gives a stream its next bytes, which are copied. More can be given before those are done with. The promise is for how far it
    /// has come then.
    #[napi]
    pub fn stream_push<'e>(
        &self,
        env: &'e Env,
        stream: &External<Stream>,
        bytes: Uint8Array,
    ) -> napi::Result<Object<'e>> {
        if !stream.is_wanted() {
            return Err(closed());
        }
        let bytes = copy_large(&bytes);
        let (deferred, promise) = env.create_deferred()?;
        let settle = Box::new(move |progress| deferred.resolve(move |_env| progress));
        stream.shared().waiting.push_back(Piece { bytes, settle });
        if let Some(taken) = stream.take() {
            let stream = Stream::clone(stream);
            runtime()?.spawn_blocking(move || stream.push_waiting(taken));
        }
        Ok(promise)
    }

    /// Says that there are no more bytes, after all have been done with. The promise is as that of `compileAsync`.
    #[napi]
    pub fn stream_finish<'e>(&self, env: &'e Env, stream: &External<Stream>) -> napi::Result<Object<'e>> {
        let stream = Stream::clone(stream);
        let (deferred, promise) = env.create_deferred()?;
        runtime()?.spawn_blocking(move || {
            let outcome = stream.take().ok_or_else(closed).map(|taken| taken.finish_while(&|| stream.is_wanted()));
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
        stream.shared().state = State::Closed;
    }
}
