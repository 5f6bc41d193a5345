//! System packages: installed as root on Debian after saying so, elsewhere named with the command.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Package;
use crate::process;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum System {
    Debian,
    Ubuntu,
    Fedora,
    Arch,
    Alpine,
    Mac,
    Unknown,
}

/// Installs what is missing, or fails with the command that would.
pub(super) fn install(missing: &[Package], may_install: bool) -> Result<()> {
    let system = System::detect();
    let root = process::is_root();
    let commands = commands(system, missing, root);
    if system != System::Debian || !root || !may_install {
        let why = if may_install { "this is done for you only as root on Debian" } else { "--no-install forbids doing it for you" };
        bail!("missing: {}. Install it ({why}):\n\n    {}\n\n{}", names(missing), commands.join("\n    "), alternatives(missing));
    }

    process::say(format!("missing: {}; installing it (--no-install forbids this):", names(missing)));
    apt(&["update"])?;
    let mut arguments = vec!["install", "-y"];
    arguments.extend(missing.iter().flat_map(|package| system.packages(*package)));
    apt(&arguments).with_context(|| format!("{} could not be installed; by hand:\n\n    {}\n", names(missing), commands.join("\n    ")))
}

fn apt(arguments: &[&str]) -> Result<()> {
    process::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn commands(system: System, missing: &[Package], root: bool) -> Vec<String> {
    let packages: Vec<&str> = missing.iter().flat_map(|package| system.packages(*package)).copied().collect();
    let sudo = if root { "" } else { "sudo " };
    match system {
        System::Debian => vec![format!("{sudo}apt-get install -y {}", packages.join(" "))],
        System::Ubuntu => missing
            .iter()
            .map(|package| match package {
                Package::Postgres => format!("{sudo}apt-get install -y postgresql"),
                Package::Browser => format!("{sudo}snap install chromium"),
                other => format!("{sudo}apt-get install -y {}", system.packages(*other).join(" ")),
            })
            .collect(),
        System::Fedora => vec![format!("{sudo}dnf install -y {}", packages.join(" "))],
        System::Arch => vec![format!("{sudo}pacman -S --needed {}", packages.join(" "))],
        System::Alpine => vec![format!("{sudo}apk add {}", packages.join(" "))],
        System::Mac => vec![format!("brew install {}", packages.join(" "))],
        System::Unknown => vec![format!("(your system's packages of: {})", names(missing))],
    }
}

fn names(missing: &[Package]) -> String {
    let name = |package: &Package| match package {
        Package::Postgres => "a PostgreSQL server (initdb, pg_ctl, postgres)",
        Package::Browser => "Chromium and chromedriver",
        Package::Node => "Node.js and npm",
        Package::Python => "Python 3 with venv",
    };
    missing.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn alternatives(missing: &[Package]) -> String {
    let alternative = |package: &Package| match package {
        Package::Postgres => "Or set TEST_DATABASE_URL to a Postgres whose user may create databases.",
        Package::Browser => "Or set RELEVO_TEST_CHROMIUM and RELEVO_TEST_CHROMEDRIVER to the two programs.",
        Package::Node => "Or put node (18 or newer) and npm on the PATH.",
        Package::Python => "Or put a python3 (3.10 or newer) that has venv and ensurepip on the PATH.",
    };
    missing.iter().map(alternative).collect::<Vec<_>>().join("\n")
}

impl System {
    fn detect() -> Self {
        if cfg!(target_os = "macos") {
            return Self::Mac;
        }
        Self::named(&fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    fn named(os_release: &str) -> Self {
        let id = os_release.lines().find_map(|line| line.strip_prefix("ID=")).unwrap_or_default();
        match id.trim_matches('"') {
            "debian" => Self::Debian,
            "ubuntu" => Self::Ubuntu,
            "fedora" => Self::Fedora,
            "arch" => Self::Arch,
            "alpine" => Self::Alpine,
            _ => Self::Unknown,
        }
    }

    fn packages(self, package: Package) -> &'static [&'static str] {
        match (self, package) {
            (Self::Fedora, Package::Postgres) => &["postgresql-server"],
            (Self::Mac, Package::Postgres) => &["postgresql@17"],
            (_, Package::Postgres) => &["postgresql"],
            (Self::Fedora, Package::Browser) => &["chromium", "chromedriver"],
            (Self::Arch, Package::Browser) => &["chromium"],
            (Self::Alpine, Package::Browser) => &["chromium", "chromium-chromedriver"],
            (Self::Mac, Package::Browser) => &["chromium", "chromedriver"],
            (_, Package::Browser) => &["chromium", "chromium-driver"],
            (Self::Mac, Package::Node) => &["node"],
            (_, Package::Node) => &["nodejs", "npm"],
            (Self::Debian | Self::Ubuntu, Package::Python) => &["python3", "python3-venv"],
            (Self::Arch, Package::Python) => &["python"],
            (_, Package::Python) => &["python3"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Package; 2] = [Package::Postgres, Package::Browser];

    #[test]
    fn debian_installs_everything_with_one_command() {
        assert_eq!(commands(System::Debian, &BOTH, true), ["apt-get install -y postgresql chromium chromium-driver"]);
        assert_eq!(commands(System::Debian, &[Package::Browser], false), ["sudo apt-get install -y chromium chromium-driver"]);
    }

    #[test]
    fn python_comes_with_what_makes_an_environment() {
        let wanted = [Package::Node, Package::Python];

        assert_eq!(commands(System::Debian, &wanted, true), ["apt-get install -y nodejs npm python3 python3-venv"]);
        assert_eq!(commands(System::Arch, &wanted, false), ["sudo pacman -S --needed nodejs npm python"]);
    }

    #[test]
    fn ubuntu_has_its_browser_from_elsewhere() {
        assert_eq!(commands(System::Ubuntu, &BOTH, false), ["sudo apt-get install -y postgresql", "sudo snap install chromium"]);
    }

    #[test]
    fn the_system_is_read_from_os_release() {
        assert_eq!(System::named("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n"), System::Debian);
        assert_eq!(System::named("ID=\"fedora\"\n"), System::Fedora);
        assert_eq!(System::named("ID_LIKE=debian\n"), System::Unknown);
    }

    #[test]
    fn what_no_install_forbids_is_named_with_its_command() {
        let error = install(&[Package::Postgres], false).unwrap_err().to_string();

        assert!(error.contains("PostgreSQL") && error.contains("--no-install"), "{error}");
        assert!(error.contains("TEST_DATABASE_URL"), "{error}");
    }
}
