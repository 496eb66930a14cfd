//! Golden translations: each `golden/*.wat` holds a module and, in the `;;` comments behind it, the Cranelift IR that it
//! is translated to, before optimisation. `GANTRY_BLESS=1 cargo test -p gantry-compile --test golden` writes the IR
//! anew; the change is then read in review.
//!
//! The first line may say `;;! checked` for the memory style with explicit checks, `;;! deterministic` for results that are the
//! same everywhere, `;;! quick` for code that is to be replaced, and `;;! trampolines` to see those as well. Translation depends
//! on the target in calls of the runtime and in rounding, so the files are for one target.

#![cfg(all(target_arch = "x86_64", unix))]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gantry_abi::vmctx::MemoryStyle;
use gantry_compile::{Compiler, Settings, Tier};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "wat")).collect();
    files.sort();
    files
}

/// The module in a file, without the expectation behind it.
fn source(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    while lines.last().is_some_and(|line| line.is_empty() || (line.starts_with(";;") && !line.starts_with(";;!"))) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

/// Without the offsets of instructions in the binary, which would change with every edit before them.
fn without_offset(line: &str) -> String {
    let Some(rest) = line.strip_prefix('@') else { return line.to_owned() };
    format!("    {}", rest.trim_start_matches(|c: char| c.is_ascii_hexdigit()).trim_start())
}

fn translate(source: &str) -> String {
    let options = source.lines().next().and_then(|line| line.strip_prefix(";;!")).unwrap_or_default();
    let memory_style = if options.contains("checked") { MemoryStyle::Checked } else { MemoryStyle::Reserved };
    let deterministic = options.contains("deterministic");
    let tier = if options.contains("quick") { Tier::Quick } else { Tier::Optimized };
    let compiler = Compiler::new(Settings { memory_style, tier, threads: 1, deterministic, ..Settings::default() })
        .expect("a compiler");
    let wasm = wat::parse_str(source).expect("the text format");
    let mut out = source.to_owned();
    for text in compiler.clif(&wasm).expect("a valid module") {
        if text.starts_with("; function") || options.contains("trampolines") {
            out.push('\n');
            // Regions are the same everywhere.
            for line in text.trim_end().lines().filter(|line| !line.starts_with("    region")) {
                writeln!(out, "{}", format!(";; {}", without_offset(line)).trim_end()).expect("a string");
            }
        }
    }
    out
}

#[test]
fn translations_are_as_before() {
    let bless = std::env::var_os("GANTRY_BLESS").is_some();
    let mut differing = Vec::new();
    let files = files();
    assert!(files.len() > 10);
    for path in &files {
        let text = std::fs::read_to_string(path).expect("a file");
        let expected = translate(&source(&text));
        if bless {
            std::fs::write(path, expected).expect("a file");
        } else if text != expected {
            let at = text.lines().zip(expected.lines()).position(|(a, b)| a != b);
            let at = at.unwrap_or_else(|| text.lines().count().min(expected.lines().count()));
            let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
            eprintln!("{}:{}\n  expected {}\n  now      {}", path.display(), at + 1, line(&text), line(&expected));
            differing.push(path);
        }
    }
    assert!(differing.is_empty(), "{} of {} files differ; GANTRY_BLESS=1 accepts that", differing.len(), files.len());
}
