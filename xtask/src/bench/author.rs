//! From an empty folder to a plugin that answers, as its author does it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::median;
use super::testbed::{self, Demo, Testbed, number};
use crate::temporary::Folder;
use crate::{needs, process, workspace};

const LANGUAGES: [&str; 3] = ["rust", "js", "python"];
const STEPS: [&str; 7] = ["new", "build", "check", "test", "pack", "install", "answer"];
/// What the new plugin says to a greeting.
const ANSWER: &str = "Hola. Escribiste: hola";
/// Seconds from nothing to an answer.
const TARGET: f64 = 60.0;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs of each language; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Only these languages
    #[arg(long, value_delimiter = ',', value_parser = LANGUAGES)]
    only: Vec<String>,
    /// Fails with the command instead of installing a tool that is missing
    #[arg(long)]
    no_install: bool,
}

/// Somebody at a terminal.
struct Author {
    relevo: PathBuf,
    path: OsString,
    folder: Folder,
    url: String,
    key: String,
}

pub(super) fn run(testbed: &Testbed<'_>, arguments: &Arguments) -> Result<()> {
    needs::wasm_target(!arguments.no_install)?;
    let path = path_with(&needs::author_tools(testbed.workspace, !arguments.no_install)?)?;
    println!("language {}       all   (seconds, medians of {})", STEPS.map(|step| format!("{step:>9}")).concat(), arguments.runs);
    let mut missed = Vec::new();
    for language in LANGUAGES.into_iter().filter(|language| arguments.only.is_empty() || arguments.only.iter().any(|one| one == language)) {
        let mut runs = Vec::new();
        for _ in 0..arguments.runs {
            let demo = testbed.start()?;
            runs.push(from_nothing(testbed, &demo, &path, language)?);
            demo.stop()?;
        }
        let step = |nth: usize| median(runs.iter().map(|run| run[nth]).collect());
        let all = median(runs.iter().map(|run| run.iter().sum::<f64>()).collect());
        println!("{language:<8} {} {all:>9.1}", (0..STEPS.len()).map(|nth| format!("{:>9.1}", step(nth))).collect::<String>());
        if all > TARGET {
            missed.push(format!("{language}: {all:.0} s, at most {TARGET:.0} wanted"));
        }
    }
    println!("\n{}", if missed.is_empty() { "reaches its targets".to_owned() } else { format!("falls short: {}", missed.join("; ")) });
    Ok(())
}

/// The tools before all else.
fn path_with(tools: &needs::Tools) -> Result<OsString> {
    let own = [&tools.componentize_qjs, &tools.componentize_py].into_iter().filter_map(|tool| tool.parent()).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(own.chain(env::split_paths(&path)))?)
}

/// The seconds of each step.
fn from_nothing(testbed: &Testbed<'_>, demo: &Demo<'_>, path: &OsStr, language: &str) -> Result<[f64; STEPS.len()]> {
    let access = testbed::told(demo.plugin_bench().arg("key"))?;
    let said = |name: &str| access[name].as_str().map(str::to_owned).with_context(|| format!("no {name} was told"));
    // Away from our own workspace, whose configuration cargo would read.
    let folder = Folder::new(&env::temp_dir(), "author")?;
    let author = Author { relevo: testbed.program("relevo"), path: path.to_owned(), folder, url: demo.url(), key: said("key")? };

    let point = said("service_point")?;
    let new = author.does("", &["new", "saludo", "--lang", language])?;
    let build = author.does("saludo", &["build"])?;
    let check = author.does("saludo", &["check"])?;
    let test = author.does("saludo", &["test"])?;
    let pack = author.does("saludo", &["pack"])?;
    let install = author.does("saludo", &["install", "--grant-all", "--activate", "--attach", &point])?;
    Ok([new, build, check, test, pack, install, answer(demo)?])
}

/// A customer greets it.
fn answer(demo: &Demo<'_>) -> Result<f64> {
    let told: Value = testbed::told(demo.plugin_bench().args(["ask", "--graph-listen", &demo.graph()]))?;
    if told["answer"] != ANSWER {
        bail!("the new plugin was to answer {ANSWER:?}: {told}");
    }
    Ok(number(&told, "/answered_ms")? / 1_000.0)
}

impl Author {
    /// How many seconds a command of `relevo plugin` took.
    fn does(&self, inside: &str, arguments: &[&str]) -> Result<f64> {
        let mut command = Command::new(&self.relevo);
        command.arg("plugin").args(arguments).current_dir(self.folder.path().join(inside)).env("PATH", &self.path);
        workspace::without_own_package(&mut command);
        // Nothing was built or compiled before.
        command.env_remove("CARGO_TARGET_DIR").env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        command.env("RELEVO_URL", &self.url).env("RELEVO_KEY", &self.key);
        let began = Instant::now();
        process::output(&mut command)?;
        Ok(began.elapsed().as_secs_f64())
    }
}
