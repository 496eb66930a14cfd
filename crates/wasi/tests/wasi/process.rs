//! Arguments, environment, clocks, random bytes, ends.

use gantry_wasi::{Clock, Context, Errno, Exit, Random, Signal};

use crate::program::Program;

fn strings(program: &mut Program, sizes: &str, get: &str) -> Vec<String> {
    program.call(sizes, &[0, 4]).unwrap();
    let (count, size) = (program.u32_at(0), program.u32_at(4));
    program.put(8192 + size, &[0xaa]);
    program.call(get, &[4096, 8192]).unwrap();
    assert_eq!(program.memory[(8192 + size) as usize], 0xaa, "as large as it said");
    (0..count)
        .map(|index| {
            let start = program.u32_at(4096 + 4 * index) as usize;
            let length = program.memory[start..].iter().position(|&byte| byte == 0).unwrap();
            String::from_utf8(program.memory[start..start + length].to_vec()).unwrap()
        })
        .collect()
}

#[test]
fn arguments_and_environment() {
    let builder = Context::builder().args(["tool", "", "--name=ünï"]).env("HOME", "/").env("EMPTY", "");
    let mut program = Program::new(builder.build());
    assert_eq!(strings(&mut program, "args_sizes_get", "args_get"), ["tool", "", "--name=ünï"]);
    assert_eq!(strings(&mut program, "environ_sizes_get", "environ_get"), ["HOME=/", "EMPTY="]);
    let end = program.memory.len() as u64;
    assert_eq!(program.call("args_get", &[0, end - 10]), Err(Errno::FAULT));
    assert_eq!(program.call("args_get", &[end - 8, 0]), Err(Errno::FAULT));
    assert_eq!(program.call("args_sizes_get", &[0, end]), Err(Errno::FAULT));
    assert_eq!(program.call("environ_get", &[u32::MAX.into(), 0]), Err(Errno::FAULT));

    let mut program = Program::new(Context::builder().build());
    assert!(strings(&mut program, "args_sizes_get", "args_get").is_empty());
    assert!(strings(&mut program, "environ_sizes_get", "environ_get").is_empty());
}

fn now(program: &mut Program, clock: u64) -> u64 {
    program.call("clock_time_get", &[clock, 0, 0]).unwrap();
    program.u64_at(0)
}

#[test]
fn clocks_go_on() {
    let mut program = Program::new(Context::builder().build());
    for clock in 0..4 {
        program.call("clock_res_get", &[clock, 0]).unwrap();
        assert!((1..=1_000_000_000).contains(&program.u64_at(0)), "{clock}");
        let first = now(&mut program, clock);
        assert!(now(&mut program, clock) >= first, "{clock}");
    }
    assert!(now(&mut program, 0) > 1_700_000_000_000_000_000, "since 1970");
    assert_eq!(program.call("clock_time_get", &[4, 0, 0]), Err(Errno::INVAL));
    assert_eq!(program.call("clock_res_get", &[4, 0]), Err(Errno::INVAL));
    let outside = program.memory.len() as u64 - 7;
    assert_eq!(program.call("clock_time_get", &[0, 0, outside]), Err(Errno::FAULT));
}

#[test]
fn a_fixed_clock_depends_on_the_program_alone() {
    let mut program = Program::new(Context::builder().clock(Clock::fixed(1_000_000, 10)).build());
    assert_eq!([now(&mut program, 0), now(&mut program, 0), now(&mut program, 1)], [1_000_000, 1_000_010, 20]);
    program.call("clock_res_get", &[1, 0]).unwrap();
    assert_eq!(program.u64_at(0), 10);
}

#[test]
fn random_bytes() {
    let mut program = Program::new(Context::builder().build());
    let end = program.memory.len();
    assert_eq!(program.call("random_get", &[1000, 0]), Ok(()));
    assert_eq!(program.call("random_get", &[1000, 32]), Ok(()));
    assert_ne!(program.memory[1000..1032], [0; 32]);
    assert_eq!(program.memory[1032..1064], [0; 32]);
    assert_eq!(program.call("random_get", &[0, end as u64]), Ok(()));
    let zeros = program.memory.iter().filter(|&&byte| byte == 0).count();
    assert!((end / 512..end / 128).contains(&zeros), "{zeros} zeros");
    assert_eq!(program.call("random_get", &[end as u64 - 7, 8]), Err(Errno::FAULT));

    let seeded = |seed| {
        let mut program = Program::new(Context::builder().random(Random::seeded(seed)).build());
        program.call("random_get", &[0, 20]).unwrap();
        program.call("random_get", &[20, 20]).unwrap();
        program.memory[..40].to_vec()
    };
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    assert_ne!(seeded(1)[..20], seeded(1)[20..]);
}

#[test]
fn programs_end() {
    let mut program = Program::new(Context::builder().build());
    assert_eq!(program.exit("proc_exit", &[0]), Err(Exit::Code(0)));
    assert_eq!(program.exit("proc_exit", &[0xffff_ffff]), Err(Exit::Code(u32::MAX)));
    assert_eq!(program.exit("proc_raise", &[6]), Err(Exit::Signal(Signal::Abrt)));
    assert_eq!(program.exit("proc_raise", &[30]), Err(Exit::Signal(Signal::Sys)));
    assert_eq!((Signal::Usr2.name(), Signal::from_raw(15)), ("SIGUSR2", Some(Signal::Term)));
    assert_eq!(program.call("proc_raise", &[0]), Err(Errno::INVAL));
    assert_eq!(program.call("proc_raise", &[31]), Err(Errno::INVAL));
    assert_eq!(program.call("sched_yield", &[]), Ok(()));
}

#[test]
fn the_host_ends_what_takes_long() {
    let mut program = Program::new(Context::builder().interrupt(|| true).build());
    assert_eq!(program.exit("sched_yield", &[]), Err(Exit::Interrupted));
    program.memory.resize(4 << 20, 0);
    assert_eq!(program.exit("random_get", &[0, 4 << 20]), Err(Exit::Interrupted));
    assert_eq!(program.call("random_get", &[0, 100]), Ok(()), "this does not");
}
