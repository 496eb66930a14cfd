//! Writes the machine code of a module to a file, for a disassembler: `text IN.wasm OUT.bin`.

use gantry_engine::{Engine, Module};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [input, output] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "text IN.wasm OUT.bin")?;
    let module = Module::new(&Engine::default(), &std::fs::read(input)?)?;
    let artifact = module.loaded().artifact().ok_or("a function exceeds a limit")?;
    std::fs::write(output, artifact.text())?;
    for (index, range) in artifact.functions().enumerate() {
        println!("function {index}: {:#x}..{:#x}", range.start, range.end);
    }
    Ok(())
}
