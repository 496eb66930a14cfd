//! Runs WebAssembly spec scripts (`.wast`) on the engine.
//!
//! A script is a list of directives; each yields one [`Outcome`]. [`run_script`] runs a script in this process and reports
//! every directive as an [`Event`]; [`isolate`] runs scripts in child processes, so that a crash is a result like any other.
//! Both end in a [`Report`]. The crate sees the engine only through its public API and knows nothing of Node.
//!
//! ```
//! let mut report = gantry_wast::Report::default();
//! let script = r#"
//!     (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
//!     (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 5))
//! "#;
//! gantry_wast::run_script(script, |event| report.record(event));
//! assert_eq!(report.counts.to_string(), "2 passed, 0 failed, 0 skipped");
//! ```

mod encode;
mod event;
pub mod isolate;
mod lines;
mod report;
mod script;
mod spectest;
mod threads;
mod value;
mod world;

pub use event::{Event, Miss, Outcome};
pub use report::{Counts, Failure, Report};
pub use script::run_script;
