//! What one program sees of the system, and how it is put together.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::exit::{Exit, Stop};
use crate::fs::{Dir, File};
use crate::random::Random;
use crate::table::{Descriptor, Mount, Table};
use crate::{Errno, Rights};

/// How many descriptors a program may have unless the host says otherwise: the host's are not for it to use up.
const DEFAULT_DESCRIPTORS: usize = 4096;

/// Says whether a call that waits is to end.
type Interrupt = Box<dyn Fn() -> bool + Send + Sync>;

/// One program's view of the system, which its threads share. Made by [`Context::builder`].
pub struct Context {
    pub(crate) args: Strings,
    pub(crate) env: Strings,
    pub(crate) table: Table,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) interrupt: Option<Interrupt>,
}

impl Context {
    /// A context without arguments, environment and files, to add to.
    pub fn builder() -> Builder {
        Builder {
            args: Strings::default(),
            env: Strings::default(),
            stdio: [const { None }; 3],
            preopens: Vec::new(),
            sockets: Vec::new(),
            clock: Clock::System,
            random: Random::system(),
            interrupt: None,
            descriptors: DEFAULT_DESCRIPTORS,
        }
    }

    /// Whether the host wants the program to end.
    pub(crate) fn check_interrupt(&self) -> Result<(), Stop> {
        match &self.interrupt {
            Some(interrupted) if interrupted() => Err(Exit::Interrupted.into()),
            _ => Ok(()),
        }
    }

    /// Closes everything that no call is using. What the program calls afterwards finds no descriptors but those that it opens.
    pub fn close(&self) {
        self.table.clear();
    }
}

/// Strings as programs get them: one behind the other, each with a NUL.
#[derive(Default)]
pub(crate) struct Strings {
    pub(crate) bytes: Vec<u8>,
    /// Where each begins.
    pub(crate) starts: Vec<u32>,
}

impl Strings {
    fn push(&mut self, parts: &[&[u8]]) {
        self.starts.push(self.bytes.len() as u32);
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.bytes.push(0);
    }
}

/// A directory that the program has from the start.
pub struct Preopen {
    /// The name that the program knows it by.
    pub guest_path: String,
    /// What it is.
    pub dir: Arc<dyn Dir>,
    /// Whether everything that would change something gives `ROFS`.
    pub read_only: bool,
    /// What may be done with it.
    pub base: Rights,
    /// What may be done with what is opened through it.
    pub inheriting: Rights,
}

impl Preopen {
    /// A directory with all rights.
    pub fn new(guest_path: impl Into<String>, dir: Arc<dyn Dir>) -> Preopen {
        Preopen { guest_path: guest_path.into(), dir, read_only: false, base: Rights::all(), inheriting: Rights::all() }
    }

    /// The same directory, but nothing in it can be changed.
    pub fn read_only(self) -> Preopen {
        Preopen { read_only: true, ..self }
    }
}

/// Puts a [`Context`] together.
pub struct Builder {
    args: Strings,
    env: Strings,
    stdio: [Option<Box<dyn File>>; 3],
    preopens: Vec<Preopen>,
    sockets: Vec<Box<dyn File>>,
    clock: Clock,
    random: Random,
    interrupt: Option<Interrupt>,
    descriptors: usize,
}

impl Builder {
    /// Adds arguments; the first is the program's name. What is behind a NUL is lost to programs.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Builder {
        args.into_iter().for_each(|arg| self.args.push(&[arg.as_ref().as_bytes()]));
        self
    }

    /// Adds a variable to the environment.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Builder {
        self.env.push(&[name.as_ref().as_bytes(), b"=", value.as_ref().as_bytes()]);
        self
    }

    /// What descriptor 0 is; without it, an empty file.
    pub fn stdin(mut self, file: Box<dyn File>) -> Builder {
        self.stdio[0] = Some(file);
        self
    }

    /// What descriptor 1 is; without it, what is written is lost.
    pub fn stdout(mut self, file: Box<dyn File>) -> Builder {
        self.stdio[1] = Some(file);
        self
    }

    /// What descriptor 2 is; without it, what is written is lost.
    pub fn stderr(mut self, file: Box<dyn File>) -> Builder {
        self.stdio[2] = Some(file);
        self
    }

    /// Adds a directory. Directories get the descriptors from 3 on, in their order.
    pub fn preopen(mut self, preopen: Preopen) -> Builder {
        self.preopens.push(preopen);
        self
    }

    /// Adds a socket, connected or listening. Sockets get the descriptors behind those of the directories.
    pub fn socket(mut self, socket: Box<dyn File>) -> Builder {
        self.sockets.push(socket);
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Clock) -> Builder {
        self.clock = clock;
        self
    }

    /// Sets where random bytes come from.
    pub fn random(mut self, random: Random) -> Builder {
        self.random = random;
        self
    }

    /// Sets what is asked while a call waits, at least every 10 milliseconds, on the thread that waits; when it says `true`, the
    /// call ends with [`Exit::Interrupted`].
    pub fn interrupt(mut self, interrupted: impl Fn() -> bool + Send + Sync + 'static) -> Builder {
        self.interrupt = Some(Box::new(interrupted));
        self
    }

    /// Sets how many descriptors the program may have at the same time, those from the start included.
    pub fn max_descriptors(mut self, count: usize) -> Builder {
        self.descriptors = count;
        self
    }

    /// The context.
    pub fn build(self) -> Context {
        let given = 3 + self.preopens.len() + self.sockets.len();
        let table = Table::new(self.descriptors.max(given));
        let add = |descriptor| table.insert(descriptor).expect("the table has room for what is given");
        for (number, file) in self.stdio.into_iter().enumerate() {
            let file = file.unwrap_or_else(|| Box::new(crate::fs::stream::Null));
            let rights = if number == 0 { !Rights::FD_WRITE } else { !Rights::FD_READ };
            // A terminal is one thing for both directions.
            let rights = if file.is_terminal() { Rights::all() } else { rights };
            add(Descriptor::file(file, rights, Mount::NONE));
        }
        for (number, preopen) in self.preopens.into_iter().enumerate() {
            let mount = Mount { number: number as u32, read_only: preopen.read_only };
            add(Descriptor::preopened(preopen, mount));
        }
        for socket in self.sockets {
            add(Descriptor::file(socket, Rights::all(), Mount::NONE));
        }
        Context {
            args: self.args,
            env: self.env,
            table,
            clock: self.clock,
            random: self.random,
            interrupt: self.interrupt,
        }
    }
}

/// What a function of WASI gives inside this crate.
pub(crate) type Outcome = Result<(), Stop>;

/// What a program sees of it.
pub(crate) fn finish(outcome: Outcome) -> Result<Errno, Exit> {
    match outcome {
        Ok(()) => Ok(Errno::SUCCESS),
        Err(Stop::Errno(errno)) => Ok(errno),
        Err(Stop::Exit(exit)) => Err(exit),
    }
}
