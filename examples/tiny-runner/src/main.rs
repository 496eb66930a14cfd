//! Runs what `gantry compile` made, without a compiler in the program.
//!
//! `tiny-runner [--stats] FILE.gtx [ARGS…]` runs a WASI program; with `--invoke NAME`, it calls an exported function of numbers.

#[cfg(unix)]
mod run;
#[cfg(unix)]
mod stats;
#[cfg(unix)]
mod system;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let started = std::time::Instant::now();
    match run::run(std::env::args().skip(1), started) {
        Ok(code) => std::process::ExitCode::from(code),
        Err(message) => {
            eprintln!("tiny-runner: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("tiny-runner: WASI needs Unix");
    std::process::exit(1);
}
