//! Throws broken components at the way of an upload: `fuzz <component.wasm> <seconds> [seed]` mutates a real one, inspects each, compiles in a
//! child what passes, links it, and calls what links. Nothing of it may panic or take the parent's time; what does is kept in
//! the folder of temporary files, to become a test.
//!
//! It is its own compile child, as the host's binary is.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use relevo_sandbox::{CompileError, Engine, EngineSettings, Limits, LoadError, inspect};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Inspecting takes milliseconds.
const SLOW: Duration = Duration::from_secs(2);

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["compile", input, output] => {
            if let Err(error) = relevo_sandbox::compile_main(Path::new(input), Path::new(output)) {
                eprintln!("{error}");
                return Ok(ExitCode::from(1));
            }
        }
        [component, seconds] => fuzz(&std::fs::read(component)?, seconds.parse()?, 1)?,
        [component, seconds, seed] => fuzz(&std::fs::read(component)?, seconds.parse()?, seed.parse()?)?,
        _ => {
            eprintln!("usage: fuzz <component.wasm> <seconds> [seed]");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[tokio::main]
async fn fuzz(component: &[u8], seconds: u64, seed: u64) -> Outcome<()> {
    let finds = std::env::temp_dir().join("relevo-fuzz");
    std::fs::create_dir_all(&finds)?;
    let cache = finds.join("cache");
    let engine = Engine::new(EngineSettings::new(&cache, std::env::current_exe()?))?;
    let (mut dice, mut ends) = (Dice(seed.max(1)), BTreeMap::<String, u64>::new());
    let (began, mut tried) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(seconds) {
        tried += 1;
        let broken = mutated(component, &mut dice);
        let started = Instant::now();
        let inspected = catch_unwind(AssertUnwindSafe(|| inspect(&broken)));
        let end = match inspected {
            Err(_) => keep(&finds, "panic", tried, &broken)?,
            _ if started.elapsed() > SLOW => keep(&finds, "slow", tried, &broken)?,
            Ok(Err(error)) => format!("refused at once: {}", first_words(&error.to_string())),
            Ok(Ok(_)) => match engine.load(&broken).await {
                Err(LoadError::Compile(CompileError::Refused(_))) => "refused by the compiler".into(),
                Err(LoadError::Compile(error)) => keep(&finds, &first_words(&error.to_string()), tried, &broken)?,
                Err(LoadError::Link(_)) => "does not fit the contract".into(),
                Err(error) => keep(&finds, &first_words(&error.to_string()), tried, &broken)?,
                Ok(plugin) => match plugin.check_config("fuzz", "{}", &Limits::default()).await {
                    Ok(_) => "answers".into(),
                    Err(error) => format!("fails in a call: {}", first_words(&error.to_string())),
                },
            },
        };
        *ends.entry(end).or_default() += 1;
    }
    println!("{tried} components in {} s, seed {seed}", began.elapsed().as_secs());
    ends.iter().for_each(|(end, count)| println!("{count:>9}  {end}"));
    std::fs::remove_dir_all(&cache)?;
    Ok(())
}

fn keep(folder: &Path, what: &str, nth: u64, broken: &[u8]) -> Outcome<String> {
    let path = folder.join(format!("{}-{nth}.wasm", what.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")));
    std::fs::write(&path, broken)?;
    Ok(format!("FOUND {what}: {}", path.display()))
}

fn first_words(text: &str) -> String {
    text.split_whitespace().take(6).collect::<Vec<_>>().join(" ")
}

/// The component with a few things changed: mostly bytes, for those reach the deepest; sometimes whole pieces.
fn mutated(component: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = component.to_vec();
    for _ in 0..=dice.below(4) {
        let (at, other) = (dice.below(bytes.len()), dice.below(bytes.len()));
        let length = (1 + dice.below(64)).min(bytes.len() - at).min(bytes.len() - other);
        match dice.below(12) {
            0..=4 => bytes[at] ^= 1 << dice.below(8),
            5..=6 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][dice.below(5)],
            7 => bytes.copy_within(at..at + length, other),
            8 => drop(bytes.drain(at..at + length)),
            9 => {
                let piece = bytes[at..at + length].to_vec();
                drop(bytes.splice(other..other, piece));
            }
            10 => drop(bytes.splice(at..at, std::iter::repeat_n(0xff, length))),
            _ => bytes.truncate(at.max(16)),
        }
        if bytes.len() < 16 {
            return component.to_vec();
        }
    }
    bytes
}

/// Xorshift: the same again for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}
