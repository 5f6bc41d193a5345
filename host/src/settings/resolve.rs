//! From sources to settings: each is read and checked by itself, then those that depend on each other.

use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Problem, S3, ServeArgs, Settings, SignatureMode,
    check::{self, Checked},
    sources::{self, Found, Sources},
};

const GRAPH: &str = "https://graph.facebook.com";
const DEMO_APP_SECRET: &str = "demo-app-secret";
const DEMO_VERIFY_TOKEN: &str = "demo-verify-token";

/// All settings, or all problems.
pub(super) fn resolve(args: &ServeArgs, env: &dyn Fn(&str) -> Option<String>, file: &str) -> Result<Settings, Vec<Problem>> {
    let mut problems = Vec::new();
    let file_name = args.file_name();
    let file = sources::read_file(file, &file_name, &mut problems);
    let flags = args.listen.iter().map(|listen| ("RELEVO_LISTEN", "--listen", listen.clone())).collect();
    let mut reader = Reader { sources: Sources { flags, env, file, file_name }, problems, warnings: Vec::new() };
    let settings = reader.settings(args);
    if reader.problems.is_empty() { Ok(Settings { warnings: reader.warnings, ..settings }) } else { Err(reader.problems) }
}

/// Reads on after a problem, with a default in its place, so that one start tells of all problems.
struct Reader<'a> {
    sources: Sources<'a>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Reader<'_> {
    fn settings(&mut self, args: &ServeArgs) -> Settings {
        let (database_url, master_key) = self.database();
        let mut settings = Settings {
            listen: self.value("RELEVO_LISTEN", check::listen),
            data: args.data.clone().unwrap_or_else(|| self.sources.set_or_default("RELEVO_DATA").value.into()),
            master_key,
            log: self.value("RELEVO_LOG", check::log_form),
            database_url,
            public_base_url: self.optional("PUBLIC_BASE_URL", check::origin),
            panel_origins: self.panel_origins(),
            api_rate: self.value("RELEVO_API_RATE", check::rate),
            jwt_secret: self.secret("JWT_SECRET"),
            meta_verify_token: self.secret("META_VERIFY_TOKEN"),
            meta_app_secret: self.secret("META_APP_SECRET"),
            webhook_signature: self.value("WEBHOOK_SIGNATURE_MODE", check::signature_mode),
            meta_graph_url: self.optional("META_GRAPH_URL", check::address),
            openai_api_key: self.secret("OPENAI_API_KEY"),
            openai_base_url: self.value("OPENAI_BASE_URL", check::address),
            builderbot_api_url: self.optional("BUILDERBOT_API_URL", check::address),
            builderbot_api_key: self.secret("BUILDERBOT_API_KEY"),
            builderbot_bot_id: self.text("BUILDERBOT_BOT_ID"),
            elevenlabs_api_key: self.secret("ELEVENLABS_API_KEY"),
            elevenlabs_agent_id: self.text("ELEVENLABS_AGENT_ID"),
            jobs: self.value("ENABLE_JOBS", check::boolean),
            admin_seed_password: self.secret("ADMIN_SEED_PASSWORD"),
            seller_seed_password: self.secret("SELLER_SEED_PASSWORD"),
            s3: self.s3(),
            demo: args.demo,
            demo_public: args.demo_public,
            generated: Vec::new(),
            warnings: Vec::new(),
        };
        if args.demo {
            self.demo(&mut settings);
        } else {
            self.real(&mut settings);
        }
        self.warn_of_weakness(&settings);
        settings
    }

    /// A setting that always has a value.
    fn value<T>(&mut self, env: &'static str, check: impl Fn(Found) -> Checked<T>) -> T {
        check(self.sources.set_or_default(env)).unwrap_or_else(|problem| {
            self.problems.push(problem);
            check(self.sources.default(env)).expect("a default passes its own check")
        })
    }

    /// A setting that may be absent.
    fn optional<T>(&mut self, env: &'static str, check: impl Fn(Found) -> Checked<T>) -> Option<T> {
        let found = self.sources.set(env)?;
        check(found).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn text(&self, env: &'static str) -> Option<String> {
        self.sources.set(env).map(|found| found.value)
    }

    fn secret(&self, env: &'static str) -> Option<SecretString> {
        self.text(env).map(SecretString::from)
    }

    fn panel_origins(&mut self) -> Vec<String> {
        let mut origins = Vec::new();
        for found in ["PANEL_ORIGIN", "PANEL_ORIGINS"].into_iter().filter_map(|env| self.sources.set(env)) {
            for value in found.value.split(',').map(str::trim).filter(|value| !value.is_empty()) {
                match check::origin(Found { name: found.name.clone(), value: value.to_owned() }) {
                    Ok(origin) if origins.contains(&origin) => {}
                    Ok(origin) => origins.push(origin),
                    Err(problem) => self.problems.push(problem),
                }
            }
        }
        origins
    }

    /// The database, and the master key that several nodes need.
    fn database(&mut self) -> (Option<SecretString>, Option<SecretString>) {
        let (database, warning) = self.optional("DATABASE_URL", check::database).unwrap_or_default();
        self.warnings.extend(warning);
        let key_is_set = self.sources.set("RELEVO_MASTER_KEY").is_some();
        if database.is_some() && !key_is_set {
            self.problems.push(Problem::new(
                "RELEVO_MASTER_KEY",
                "is not set, but Postgres needs it: all nodes must share one key",
                "Make one with `openssl rand -hex 32`, set it on every node, and keep a copy",
            ));
        }
        (database, self.optional("RELEVO_MASTER_KEY", check::master_key))
    }

    /// The bucket: once a part of it is set, the rest must be.
    fn s3(&mut self) -> Option<S3> {
        const NEEDED: [&str; 3] = ["S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"];
        let endpoint = self.optional("S3_ENDPOINT", check::address);
        if self.sources.set("S3_ENDPOINT").is_none() && NEEDED.iter().all(|env| self.sources.set(env).is_none()) {
            return None;
        }
        for env in NEEDED.into_iter().filter(|env| self.sources.set(env).is_none()) {
            self.problems.push(Problem::new(
                env,
                "is not set, but other settings of the bucket are",
                "Set S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY together, or remove all S3_ settings to keep media in the data folder",
            ));
        }
        Some(S3 {
            endpoint,
            region: self.sources.set_or_default("S3_REGION").value,
            bucket: self.text("S3_BUCKET")?,
            access_key: self.secret("S3_ACCESS_KEY")?,
            secret_key: self.secret("S3_SECRET_KEY")?,
        })
    }

    /// The demo stays on this machine with secrets that everybody knows, or goes public with ones that nobody does.
    fn demo(&mut self, settings: &mut Settings) {
        if !settings.demo_public {
            self.refuse_beyond_this_machine(settings);
            settings.meta_app_secret.get_or_insert_with(|| DEMO_APP_SECRET.into());
            settings.meta_verify_token.get_or_insert_with(|| DEMO_VERIFY_TOKEN.into());
            return;
        }
        for (env, secret, well_known) in
            [("META_APP_SECRET", &mut settings.meta_app_secret, DEMO_APP_SECRET), ("META_VERIFY_TOKEN", &mut settings.meta_verify_token, DEMO_VERIFY_TOKEN)]
        {
            match secret {
                None => settings.generated.push((env, secret.insert(random()).clone())),
                Some(set) if set.expose_secret() == well_known => self.problems.push(Problem::new(
                    env,
                    "is the demo's well-known one, which --demo-public must not use",
                    "Set another, or remove it: then a random one is made and printed",
                )),
                Some(_) => {}
            }
        }
    }

    fn refuse_beyond_this_machine(&mut self, settings: &Settings) {
        const WHY: &str = "but the demo has well-known secrets and stays on this machine";
        if !settings.listen.ip().to_canonical().is_loopback() {
            self.problems.push(Problem::new(
                self.sources.set_or_default("RELEVO_LISTEN").name,
                format!("is {}, which others can reach, {WHY}", settings.listen),
                "Listen on 127.0.0.1, or add --demo-public to use random secrets",
            ));
        }
        if settings.public_base_url.as_deref().is_some_and(|address| !check::is_loopback(address)) {
            self.problems.push(Problem::new(
                self.sources.set_or_default("PUBLIC_BASE_URL").name,
                format!("names another host than this machine, {WHY}"),
                "Remove it, or add --demo-public to use random secrets",
            ));
        }
    }

    fn real(&mut self, settings: &mut Settings) {
        settings.meta_graph_url.get_or_insert_with(|| GRAPH.into());
        if settings.demo_public {
            self.problems.push(Problem::new("--demo-public", "says how to show the demo, but this is not the demo", "Add --demo, or remove it"));
        }
        if settings.meta_verify_token.is_none() {
            self.warnings.push(Problem::new(
                "META_VERIFY_TOKEN",
                "is not set: Meta cannot verify the address of the webhook, every attempt gets 403",
                "Set it to a word of your own, and enter the same in Meta's app settings",
            ));
        }
        if settings.meta_app_secret.is_none() {
            self.warnings.push(Problem::new(
                "META_APP_SECRET",
                "is not set: only webhooks for channels that have a secret of their own are accepted",
                "Copy the app secret from Meta's app settings, or give each channel its own",
            ));
        }
    }

    fn warn_of_weakness(&mut self, settings: &Settings) {
        if settings.webhook_signature == SignatureMode::Optional {
            self.warnings.push(Problem::new(
                "WEBHOOK_SIGNATURE_MODE",
                "is optional: anybody can send webhooks in your customers' names",
                "Remove it when you are done with testing",
            ));
        }
        if settings.jwt_secret.as_ref().is_some_and(|secret| !check::is_long(secret)) {
            self.warnings.push(Problem::new(
                "JWT_SECRET",
                "is shorter than 32 characters and may be guessed",
                "Make another with `openssl rand -hex 32`; whoever is signed in with the API signs in again",
            ));
        }
    }
}

fn random() -> SecretString {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes).into()
}
