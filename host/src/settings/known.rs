//! Every setting there is: its names, its default and what it is for.

/// One setting, as the environment and relevo.toml name it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub env: &'static str,
    /// Its key in relevo.toml.
    pub toml: &'static str,
    /// What it is when nobody sets it; `None` leaves it out.
    pub default: Option<&'static str>,
    pub help: &'static str,
}

const fn known(env: &'static str, toml: &'static str, help: &'static str) -> Known {
    Known { env, toml, default: None, help }
}

const fn with_default(env: &'static str, toml: &'static str, default: &'static str, help: &'static str) -> Known {
    Known { env, toml, default: Some(default), help }
}

pub const KNOWN: &[Known] = &[
    with_default("RELEVO_LISTEN", "listen", "127.0.0.1:8080", "Address and port to listen on; 0.0.0.0:8080 for every network."),
    with_default("RELEVO_DATA", "data", "./data", "Folder for databases, media, caches and the key file."),
    known(
        "RELEVO_MASTER_KEY",
        "master_key",
        "64 hexadecimal digits that seal every secret. Required on Postgres; on SQLite a key file is made in the data folder.",
    ),
    with_default("RELEVO_LOG", "log", "auto", "auto (for people on a terminal, else JSON), human or json. RUST_LOG chooses what is logged."),
    known("DATABASE_URL", "database_url", "postgres://user:password@host:5432/database; without it SQLite in the data folder."),
    known("PUBLIC_BASE_URL", "public_base_url", "The https address at which others reach this server; Meta sends webhooks there."),
    known("PANEL_ORIGIN", "panel_origin", "An origin, such as https://panel.example.com, whose pages may call the API."),
    known("PANEL_ORIGINS", "panel_origins", "More such origins, separated by commas."),
    with_default("RELEVO_API_RATE", "api_rate", "600", "Requests a minute that a caller of the API may make; 0 lifts every limit, for tests."),
    known("JWT_SECRET", "jwt_secret", "Signs tokens of the API; 32 characters or more. Without it a key derived from the master key does."),
    known("META_VERIFY_TOKEN", "meta_verify_token", "The word that Meta's webhook verification must say. Demo: demo-verify-token."),
    known("META_APP_SECRET", "meta_app_secret", "Verifies webhooks of channels that have no secret of their own. Demo: demo-app-secret."),
    with_default("WEBHOOK_SIGNATURE_MODE", "webhook_signature_mode", "required", "required, or optional to accept webhooks without a signature."),
    known("META_GRAPH_URL", "meta_graph_url", "Where the Graph API is: https://graph.facebook.com, or in the demo the simulator."),
    known("OPENAI_API_KEY", "openai_api_key", "Key of the language model; without it everything else works."),
    with_default("OPENAI_BASE_URL", "openai_base_url", "https://api.openai.com/v1", "Address of any API that is compatible with OpenAI's."),
    known("BUILDERBOT_API_URL", "builderbot_api_url", "Address of Builderbot's API."),
    known("BUILDERBOT_API_KEY", "builderbot_api_key", "Key of Builderbot's API."),
    known("BUILDERBOT_BOT_ID", "builderbot_bot_id", "The bot at Builderbot."),
    known("ELEVENLABS_API_KEY", "elevenlabs_api_key", "Key of ElevenLabs' API."),
    known("ELEVENLABS_AGENT_ID", "elevenlabs_agent_id", "The voice agent at ElevenLabs."),
    with_default("ENABLE_JOBS", "enable_jobs", "true", "Whether this process runs scheduled work."),
    known("ADMIN_SEED_PASSWORD", "admin_seed_password", "Password of the demo's administrator."),
    known("SELLER_SEED_PASSWORD", "seller_seed_password", "Password of the demo's sellers."),
    known("S3_ENDPOINT", "s3_endpoint", "Address of an S3 such as MinIO; without it Amazon's."),
    with_default("S3_REGION", "s3_region", "us-east-1", "Region of the bucket."),
    known("S3_BUCKET", "s3_bucket", "Bucket for media; without it they lie in the data folder."),
    known("S3_ACCESS_KEY", "s3_access_key", "Access key of the bucket."),
    known("S3_SECRET_KEY", "s3_secret_key", "Secret key of the bucket."),
];

/// The setting of this environment name.
pub(super) fn by_env(env: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.env == env)
}

/// The setting of this key in relevo.toml.
pub(super) fn by_toml(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.toml == key)
}

/// The setting whose name is most like what somebody wrote in relevo.toml; environment names count too, and parts of a name.
pub(super) fn nearest(written: &str) -> &'static Known {
    let written = written.to_lowercase();
    let apart = |name: &str| (!name.contains(&written), distance(&written, name));
    KNOWN.iter().min_by_key(|known| apart(known.toml).min(apart(&known.env.to_lowercase()))).expect("there are settings")
}

/// All settings as a table of text.
pub fn table() -> String {
    use std::fmt::Write;

    let mut table = format!("{:<24} {:<24} {:<26} {}\n", "ENVIRONMENT", "RELEVO.TOML", "DEFAULT", "WHAT IT IS FOR");
    for Known { env, toml, default, help } in KNOWN {
        writeln!(table, "{env:<24} {toml:<24} {:<26} {help}", default.unwrap_or("-")).expect("a String takes all");
    }
    table
}

/// How many letters must be added, removed or changed to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once() {
        for known in KNOWN {
            assert_eq!(KNOWN.iter().filter(|other| other.env == known.env || other.toml == known.toml).count(), 1, "{}", known.env);
            assert_eq!(by_env(known.env).map(|found| found.toml), Some(known.toml));
        }
        assert_eq!(table().lines().count(), KNOWN.len() + 1);
    }

    #[test]
    fn the_nearest_name_is_what_somebody_meant() {
        for (written, meant) in
            [("lisen", "listen"), ("META_APP_SECRET", "meta_app_secret"), ("relevo_data", "data"), ("panel_orgins", "panel_origins"), ("jobs", "enable_jobs")]
        {
            assert_eq!(nearest(written).toml, meant);
        }
    }
}
