//! The author's tools: from an empty folder to a plugin that answers, in Rust, JavaScript or Python.

mod build;
mod check;
mod dev;
mod files;
mod new;
mod project;
mod remote;
mod replay;
mod test;
mod types;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use self::project::Project;

/// What can be done with a plugin's folder.
#[derive(Subcommand)]
pub enum Command {
    /// Makes a folder with a plugin that answers, to grow from
    New {
        /// What it is called: a-z, 0-9 and "-"
        name: String,
        /// What it is written in
        #[arg(long, value_enum)]
        lang: Language,
    },
    /// Compiles it into dist/component.wasm
    Build(Place),
    /// Reads, compiles and links it as an upload would be, and says what it asks for
    Check(Place),
    /// Runs the conversations in tests/ on a virtual clock
    Test {
        #[command(flatten)]
        place: Place,
        /// Only those whose name contains this
        #[arg(long)]
        only: Option<String>,
    },
    /// Builds, tests and uploads it whenever a file changes
    Dev {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        server: remote::Server,
        #[command(flatten)]
        wishes: remote::Wishes,
    },
    /// Asks a server which recorded conversations this version would have answered differently
    Replay {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        server: remote::Server,
        /// How many conversations, the newest first
        #[arg(long, default_value_t = 20)]
        last: u32,
    },
    /// Writes the one file that is uploaded: the component with its manifest and tests
    Pack {
        #[command(flatten)]
        place: Place,
        /// Where to; dist/<id>-<version>.wasm if not said
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Uploads it to a server; activates it if asked to
    Install {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        server: remote::Server,
        #[command(flatten)]
        wishes: remote::Wishes,
    },
}

/// Where the plugin is.
#[derive(Args)]
pub struct Place {
    /// The plugin's folder; where nothing is built, a packed file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The world of the contract that it is built for; found by what the manifest and the sources offer if not said
    #[arg(long)]
    world: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    Js,
    Python,
}

/// Runs one of them to its end.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::New { name, lang } => new::new(&name, lang),
        Command::Build(place) => build::build(&place.project()?).map(|component| println!("{}", component.display())),
        Command::Check(place) => check::check(&place.artefact()?).await,
        Command::Test { place, only } => test::test(&place, only.as_deref()).await,
        Command::Dev { place, server, wishes } => dev::dev(&place.project()?, &server, &wishes).await,
        Command::Replay { place, server, last } => replay::replay(&server, &place.artefact()?, last).await,
        Command::Pack { place, output } => pack(&place.project()?, output),
        Command::Install { place, server, wishes } => remote::install(&server, place.artefact()?, &wishes).await,
    }
}

fn pack(project: &Project, output: Option<PathBuf>) -> anyhow::Result<()> {
    let (manifest, packed) = (project.manifest()?, project.packed()?);
    let file = output.unwrap_or_else(|| project.dist().join(format!("{}-{}.wasm", manifest.id, manifest.version)));
    std::fs::write(&file, packed)?;
    println!("{}", file.display());
    Ok(())
}

impl Place {
    fn project(&self) -> anyhow::Result<Project> {
        Project::open(&self.path, self.world.as_deref())
    }

    /// The packed bytes: the file as it is, or what was built in the folder with its manifest.
    fn artefact(&self) -> anyhow::Result<Vec<u8>> {
        if self.path.is_file() { Ok(std::fs::read(&self.path)?) } else { self.project()?.packed() }
    }
}
