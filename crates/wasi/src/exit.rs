//! How a program ends in the middle of a call.

use crate::Errno;

/// Why a call does not return to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `proc_exit`: the exit code.
    Code(u32),
    /// `proc_raise`: the signal that the program sends to itself.
    Signal(Signal),
    /// The host's interrupt hook asked for it.
    Interrupted,
}

/// Why a call stops before its end.
pub(crate) enum Stop {
    /// With an error, which the program sees.
    Errno(Errno),
    /// For good.
    Exit(Exit),
}

impl<E: Into<Errno>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Errno(error.into())
    }
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Stop {
        Stop::Exit(exit)
    }
}

macro_rules! signals {
    ($($name:ident $number:literal $posix:literal)*) => {
        /// A signal, with the numbers of the specification (which are not those of the operating system).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Signal {
            $(#[doc = concat!("`", $posix, "`.")] $name = $number,)*
        }

        impl Signal {
            const ALL: &[Signal] = &[$(Signal::$name),*];

            /// The name that POSIX and Node.js know it by.
            pub fn name(self) -> &'static str {
                match self {
                    $(Signal::$name => $posix,)*
                }
            }
        }
    };
}

signals! {
    Hup 1 "SIGHUP"
    Int 2 "SIGINT"
    Quit 3 "SIGQUIT"
    Ill 4 "SIGILL"
    Trap 5 "SIGTRAP"
    Abrt 6 "SIGABRT"
    Bus 7 "SIGBUS"
    Fpe 8 "SIGFPE"
    Kill 9 "SIGKILL"
    Usr1 10 "SIGUSR1"
    Segv 11 "SIGSEGV"
    Usr2 12 "SIGUSR2"
    Pipe 13 "SIGPIPE"
    Alrm 14 "SIGALRM"
    Term 15 "SIGTERM"
    Chld 16 "SIGCHLD"
    Cont 17 "SIGCONT"
    Stop 18 "SIGSTOP"
    Tstp 19 "SIGTSTP"
    Ttin 20 "SIGTTIN"
    Ttou 21 "SIGTTOU"
    Urg 22 "SIGURG"
    Xcpu 23 "SIGXCPU"
    Xfsz 24 "SIGXFSZ"
    Vtalrm 25 "SIGVTALRM"
    Prof 26 "SIGPROF"
    Winch 27 "SIGWINCH"
    Poll 28 "SIGPOLL"
    Pwr 29 "SIGPWR"
    Sys 30 "SIGSYS"
}

impl Signal {
    /// The signal of this number; 0, which sends nothing, is none.
    pub fn from_raw(number: u32) -> Option<Signal> {
        Signal::ALL.get((number as usize).checked_sub(1)?).copied()
    }
}
