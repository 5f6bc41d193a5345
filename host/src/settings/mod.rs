//! Settings: from flags, the environment or relevo.toml, checked at start, each problem saying how to mend it.

mod check;
mod known;
mod resolve;
mod sources;

use std::{
    fmt, fs,
    io::{self, IsTerminal},
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use relevo_store as store;
use secrecy::{ExposeSecret, SecretString};

use crate::identity::DoorSettings;

pub use known::{KNOWN, Known, table};

/// Where settings are read from when nobody names a file.
const FILE: &str = "relevo.toml";

/// The flags of `relevo serve`. All but the last three are settings too, and win over environment and file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Folder for databases, media, caches and the key file [default: ./data]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Fills two businesses with demo data and works without a network, on this machine only
    #[arg(long)]
    pub demo: bool,
    /// Lets others reach the demo, with random secrets instead of the well-known ones
    #[arg(long)]
    pub demo_public: bool,
    /// File to read settings from [default: relevo.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the operator chose. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub master_key: Option<SecretString>,
    pub log: LogForm,
    /// Postgres; none for SQLite in the data folder. Secret because it holds a password.
    pub database_url: Option<SecretString>,
    /// The address at which others reach this server, without a slash at its end.
    pub public_base_url: Option<String>,
    /// Origins of other pages that may call the API, as browsers write them.
    pub panel_origins: Vec<String>,
    /// Requests a minute that a caller of the API may make; none for no limit.
    pub api_rate: Option<NonZeroU32>,
    pub jwt_secret: Option<SecretString>,
    pub meta_verify_token: Option<SecretString>,
    pub meta_app_secret: Option<SecretString>,
    pub webhook_signature: SignatureMode,
    /// Where the Graph API is, without a slash at its end. None, in the demo only: deliver to the simulator.
    pub meta_graph_url: Option<String>,
    pub openai_api_key: Option<SecretString>,
    pub openai_base_url: String,
    pub builderbot_api_url: Option<String>,
    pub builderbot_api_key: Option<SecretString>,
    pub builderbot_bot_id: Option<String>,
    pub elevenlabs_api_key: Option<SecretString>,
    pub elevenlabs_agent_id: Option<String>,
    /// Whether this process runs scheduled work.
    pub jobs: bool,
    pub admin_seed_password: Option<SecretString>,
    pub seller_seed_password: Option<SecretString>,
    /// Where media go; none for the data folder.
    pub s3: Option<S3>,
    pub demo: bool,
    pub demo_public: bool,
    /// Secrets that were made up at this start, by the name of their setting, to be printed.
    pub generated: Vec<(&'static str, SecretString)>,
    /// What works, but perhaps not as the operator thinks.
    pub warnings: Vec<Problem>,
}

/// A bucket for media.
#[derive(Clone, Debug)]
pub struct S3 {
    /// None for Amazon's own.
    pub endpoint: Option<String>,
    pub region: String,
    pub bucket: String,
    pub access_key: SecretString,
    pub secret_key: SecretString,
}

/// Whether a webhook may come without a signature. A wrong signature is refused in either mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMode {
    Required,
    Optional,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// For people on a terminal, else JSON.
    Auto,
    Human,
    Json,
}

/// Something about the settings that is wrong or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting, as the operator wrote it: a flag, an environment name, or a key of relevo.toml.
    pub name: String,
    /// What is wrong, as the rest of a sentence that begins with the name.
    pub says: String,
    /// What to do about it, a sentence without its full stop.
    pub mend: String,
}

/// Everything that is wrong with the settings, at once.
#[derive(Debug)]
pub struct SettingsErrors(pub Vec<Problem>);

impl Settings {
    /// Resolves the settings of this process. Reads relevo.toml in the working directory, or the file of `--config`.
    pub fn load(args: &ServeArgs) -> Result<Self, SettingsErrors> {
        let env = |name: &str| std::env::var(name).ok();
        match read(args) {
            Ok(text) => Self::load_from(args, env, &text),
            Err(unread) => {
                let others = Self::load_from(args, env, "").err().map_or_else(Vec::new, |errors| errors.0);
                Err(SettingsErrors([vec![unread], others].concat()))
            }
        }
    }

    /// Resolves settings from these sources alone; `file` is the text of relevo.toml.
    pub fn load_from(args: &ServeArgs, env: impl Fn(&str) -> Option<String>, file: &str) -> Result<Self, SettingsErrors> {
        resolve::resolve(args, &env, file).map_err(SettingsErrors)
    }

    /// What the store needs of these.
    pub fn store(&self) -> store::Settings {
        store::Settings {
            data: self.data.clone(),
            database_url: self.database_url.as_ref().map(|url| url.expose_secret().to_owned()),
            master_key: self.master_key.as_ref().map(|key| key.expose_secret().to_owned()),
        }
    }

    /// What the door needs of these.
    pub fn door(&self) -> DoorSettings {
        DoorSettings {
            jwt_secret: self.jwt_secret.clone(),
            public_base_url: self.public_base_url.clone(),
            local_base_url: format!("http://{}", self.listen),
            panel_origins: self.panel_origins.clone(),
        }
    }

    /// The folder for native code of plugins, which must be this user's alone.
    pub fn cache(&self) -> PathBuf {
        self.data.join("cache")
    }
}

impl LogForm {
    /// Whether the log of this process is JSON.
    pub fn is_json(self) -> bool {
        match self {
            Self::Auto => !io::stderr().is_terminal(),
            Self::Human => false,
            Self::Json => true,
        }
    }
}

impl ServeArgs {
    fn file_name(&self) -> String {
        self.config.as_deref().unwrap_or(Path::new(FILE)).display().to_string()
    }
}

impl Problem {
    fn new(name: impl Into<String>, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name: name.into(), says: says.into(), mend: mend.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}. {}.", self.name, self.says, self.mend)
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "A setting is wrong:")?,
            many => write!(f, "{many} settings are wrong:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for SettingsErrors {}

fn read(args: &ServeArgs) -> Result<String, Problem> {
    let path = args.config.as_deref().unwrap_or(Path::new(FILE));
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.config.is_none() => Ok(String::new()),
        Err(error) => Err(Problem::new(
            args.file_name(),
            format!("cannot be read: {error}"),
            "Name a file that exists and that this user may read with --config, or remove it and use the environment",
        )),
    }
}

#[cfg(test)]
mod tests;
