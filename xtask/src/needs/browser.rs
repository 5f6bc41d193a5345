//! Chromium and its driver, for the browser tests.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

const CHROMIUM: &str = "RELEVO_TEST_CHROMIUM";
const DRIVER: &str = "RELEVO_TEST_CHROMEDRIVER";

const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const DRIVERS: [&str; 2] = ["chromedriver", "chromium.chromedriver"];

/// Where packages put them that leave the PATH alone.
const OTHER_BROWSERS: [&str; 2] = ["/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const OTHER_DRIVERS: [&str; 3] = ["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver", "/usr/lib64/chromium-browser/chromedriver"];

pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
    version: String,
}

impl Browser {
    pub(super) fn is_there() -> bool {
        chromium().is_some() && driver().is_some()
    }

    /// Both programs, each started once to see that they run and belong together.
    pub(super) fn find() -> Result<Self> {
        let chromium = chromium().context("no Chromium was found")?;
        let driver = driver().context("no chromedriver was found")?;
        let version = version_of(&chromium, CHROMIUM)?;
        let driver_version = version_of(&driver, DRIVER)?;
        if major(&version) != major(&driver_version) {
            bail!(
                "{} is version {version}, {} is {driver_version}: they must have the same major version. Install both from one source, or set {CHROMIUM} and {DRIVER}",
                chromium.display(),
                driver.display()
            );
        }
        Ok(Self { chromium, driver, version })
    }

    /// Tells the tests where to find it.
    pub(crate) fn set(&self, command: &mut Command) {
        command.env(CHROMIUM, &self.chromium).env(DRIVER, &self.driver);
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}, {}", self.chromium.display(), self.version, self.driver.display())
    }
}

fn chromium() -> Option<PathBuf> {
    locate(CHROMIUM, &BROWSERS, &OTHER_BROWSERS)
}

fn driver() -> Option<PathBuf> {
    locate(DRIVER, &DRIVERS, &OTHER_DRIVERS)
}

/// What the variable names is taken as it is: a wrong one fails when it is started, and says so.
fn locate(variable: &str, names: &[&str], elsewhere: &[&str]) -> Option<PathBuf> {
    let given = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    given.or_else(|| process::on_path(names)).or_else(|| elsewhere.iter().map(PathBuf::from).find(|file| process::is_program(file)))
}

fn version_of(program: &Path, variable: &str) -> Result<String> {
    let printed =
        process::text(Command::new(program).arg("--version")).with_context(|| format!("{} does not start; {variable} names another one", program.display()))?;
    version_in(&printed).with_context(|| format!("{} --version does not name a version: {printed}", program.display()))
}

fn version_in(printed: &str) -> Option<String> {
    printed.split_whitespace().find(|word| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit())).map(str::to_owned)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_browser_and_driver_print() {
        let browser = version_in("Chromium 141.0.7390.122 built on Debian GNU/Linux 12 (bookworm)").unwrap();
        let driver = version_in("ChromeDriver 141.0.7390.54 (a21ce95c24ce-refs/branch-heads/7390@{#1704})").unwrap();

        assert_eq!(browser, "141.0.7390.122");
        assert_eq!(major(&browser), major(&driver));
    }

    #[test]
    fn a_program_without_a_version_is_refused() {
        assert_eq!(version_in("usage: chromium [options]"), None);
    }
}
