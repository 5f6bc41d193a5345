use std::collections::HashMap;

use super::*;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn load(args: &ServeArgs, env: &[(&str, &str)], file: &str) -> Result<Settings, SettingsErrors> {
    let env: HashMap<&str, &str> = env.iter().copied().collect();
    Settings::load_from(args, |name| env.get(name).map(|value| (*value).to_owned()), file)
}

fn settings(env: &[(&str, &str)], file: &str) -> Settings {
    load(&ServeArgs::default(), env, file).unwrap()
}

fn problems(args: &ServeArgs, env: &[(&str, &str)], file: &str) -> Vec<String> {
    load(args, env, file).unwrap_err().0.iter().map(ToString::to_string).collect()
}

/// The one problem that these settings have.
fn problem(env: &[(&str, &str)], file: &str) -> String {
    let problems = problems(&ServeArgs::default(), env, file);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems[0].clone()
}

fn demo() -> ServeArgs {
    ServeArgs { demo: true, ..ServeArgs::default() }
}

fn shown(secret: &Option<SecretString>) -> Option<&str> {
    secret.as_ref().map(ExposeSecret::expose_secret)
}

#[test]
fn with_nothing_set_it_runs_on_sqlite_on_this_machine() {
    let settings = settings(&[], "");

    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.data, Path::new("./data"));
    assert_eq!(settings.meta_graph_url.as_deref(), Some("https://graph.facebook.com"));
    assert_eq!(settings.webhook_signature, SignatureMode::Required);
    assert!(settings.jobs);
    assert!(settings.store().database_url.is_none());
    assert!(settings.s3.is_none());
    let names: Vec<&str> = settings.warnings.iter().map(|warning| &*warning.name).collect();
    assert_eq!(names, ["META_VERIFY_TOKEN", "META_APP_SECRET"]);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let args = ServeArgs { listen: Some("127.0.0.1:1".into()), data: Some("flag".into()), ..ServeArgs::default() };
    let env = [("RELEVO_LISTEN", "127.0.0.1:2"), ("RELEVO_DATA", "env")];
    let file = "listen = '127.0.0.1:3'\ndata = 'file'";

    for (args, env, port, data) in [(&args, &env[..], 1, "flag"), (&ServeArgs::default(), &env, 2, "env"), (&ServeArgs::default(), &[], 3, "file")] {
        let settings = load(args, env, file).unwrap();
        assert_eq!((settings.listen.port(), settings.data.as_path()), (port, Path::new(data)));
    }
}

#[test]
fn an_empty_or_padded_value_is_what_a_compose_file_makes_of_it() {
    let settings = settings(&[("META_APP_SECRET", ""), ("OPENAI_API_KEY", " sk-1\n"), ("RELEVO_LISTEN", " ")], "meta_app_secret = 'file'");

    assert_eq!(shown(&settings.meta_app_secret), Some("file"));
    assert_eq!(shown(&settings.openai_api_key), Some("sk-1"));
    assert_eq!(settings.listen.port(), 8080);
}

#[test]
fn every_problem_is_told_at_once() {
    let env = [("RELEVO_LISTEN", "8080"), ("ENABLE_JOBS", "maybe"), ("PUBLIC_BASE_URL", "relevo"), ("DATABASE_URL", "mysql://u:p@h/d")];

    let errors = load(&ServeArgs::default(), &env, "lissten = 'x'").unwrap_err();

    assert_eq!(errors.0.len(), 5);
    assert!(errors.to_string().starts_with("5 settings are wrong:\n  "), "{errors}");
}

#[test]
fn each_wrong_value_is_named_and_mended() {
    for (env, value, says, mend) in [
        ("RELEVO_LISTEN", "8080", "is \"8080\", which is not an IP address with a port", "such as 127.0.0.1:8080"),
        ("ENABLE_JOBS", "maybe", "neither true nor false", "Set it to true or false"),
        ("WEBHOOK_SIGNATURE_MODE", "off", "is \"off\", which is no mode", "Set it to required"),
        ("RELEVO_LOG", "xml", "is no form of log", "auto, human or json"),
        ("PUBLIC_BASE_URL", "relevo.example.com", "is not a web address", "https://"),
        ("PUBLIC_BASE_URL", "ftp://relevo.example.com", "does not begin with https://", "such as https://"),
        ("PUBLIC_BASE_URL", "https://relevo.example.com/app", "has a path", "Set it to https://relevo.example.com."),
        ("META_GRAPH_URL", "https://user:hidden@graph.example.com", "user name or password", "before the @"),
        ("OPENAI_BASE_URL", "https://llm.example.com/v1?key=hidden", "has a ? or # part", "Remove everything from"),
        ("PANEL_ORIGIN", "*", "every page on the net", "Name the origins"),
        ("PANEL_ORIGINS", "https://a.example.com, https://b.example.com/x", "has a path", "Set it to https://b.example.com."),
        ("DATABASE_URL", "mysql://user:hidden@host/db", "begins with mysql:, a database that relevo does not know", "use SQLite"),
        ("DATABASE_URL", "file:./dev.db", "begins with file:", "use SQLite"),
        ("DATABASE_URL", "hidden", "is not the address of a database", "postgres://user"),
        ("DATABASE_URL", "postgres://user:hid/den@host:port/db", "is not an address of Postgres", "percent-encoded"),
        ("RELEVO_MASTER_KEY", "hidden", "it has 6 characters instead of 64", "openssl rand -hex 32"),
        ("S3_BUCKET", "media", "is not set, but other settings of the bucket are", "together"),
    ] {
        let text = problems(&ServeArgs::default(), &[(env, value)], "").join("\n");
        assert!(text.contains(says) && text.contains(mend), "{env}={value}: {text}");
        assert!(env.starts_with("S3") || text.starts_with(env), "{text}");
        assert!(!text.contains("hidden") && !text.contains("hid/den"), "a secret was repeated: {text}");
    }
}

#[test]
fn postgres_needs_a_master_key() {
    let url = ("DATABASE_URL", "postgresql://relevo:pw@db/relevo");

    assert!(problem(&[url], "").starts_with("RELEVO_MASTER_KEY is not set, but Postgres needs it"));
    assert!(problem(&[url, ("RELEVO_MASTER_KEY", "short")], "").contains("is not a key"));

    let store = settings(&[url, ("RELEVO_MASTER_KEY", KEY)], "").store();
    assert_eq!((store.database_url.as_deref(), store.master_key.as_deref()), (Some(url.1), Some(KEY)));
}

#[test]
fn an_sqlite_address_means_the_data_folder() {
    for (url, is_warned) in [("sqlite:", false), ("sqlite://", false), ("sqlite:relevo.db", true)] {
        let settings = settings(&[("DATABASE_URL", url)], "");
        assert!(settings.database_url.is_none());
        assert_eq!(settings.warnings.iter().any(|warning| warning.name == "DATABASE_URL"), is_warned, "{url}");
    }
}

#[test]
fn the_file_is_checked_without_showing_it() {
    let unknown = problem(&[], "panel_orgin = 'x'");
    assert_eq!(unknown, "panel_orgin in relevo.toml is no setting of relevo. Did you mean panel_origin? Correct or remove it.");
    assert!(problem(&[], "[s3]\nbucket = 'x'").contains("There are no sections"));
    assert!(problem(&[], "jobs = true").contains("Did you mean enable_jobs?"));
    assert!(problem(&[], "data = ['x']").contains("is of the kind array"));

    let broken = problem(&[], "listen = '127.0.0.1:8080'\nmeta_app_secret = hidden");
    assert!(broken.starts_with("relevo.toml cannot be read from line 2 on"), "{broken}");
    assert!(!broken.contains("hidden"));

    let wrong = problem(&[], "listen = 8080");
    assert!(wrong.starts_with("listen in relevo.toml is \"8080\""), "{wrong}");
}

#[test]
fn the_file_may_use_toml_own_kinds() {
    let settings =
        settings(&[("PANEL_ORIGIN", "https://A.example.com/")], "enable_jobs = false\npanel_origins = ['https://a.example.com', 'http://b.example.com:81']");

    assert!(!settings.jobs);
    assert_eq!(settings.panel_origins, ["https://a.example.com", "http://b.example.com:81"]);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let args = ServeArgs { config: Some("/nonexistent/relevo.toml".into()), ..ServeArgs::default() };

    assert!(Settings::load(&args).unwrap_err().to_string().contains("/nonexistent/relevo.toml cannot be read"));
}

#[test]
fn a_bucket_is_whole_or_not_there() {
    let parts = [("S3_BUCKET", "media"), ("S3_ACCESS_KEY", "a"), ("S3_SECRET_KEY", "s")];

    let s3 = settings(&parts, "s3_endpoint = 'http://minio:9000/'").s3.unwrap();

    assert_eq!((s3.endpoint.as_deref(), &*s3.region), (Some("http://minio:9000"), "us-east-1"));
    assert_eq!(problems(&ServeArgs::default(), &parts[..1], "").len(), 2);
}

#[test]
fn the_demo_works_offline_with_secrets_that_the_handbook_names() {
    let settings = load(&demo(), &[], "").unwrap();

    assert_eq!(shown(&settings.meta_app_secret), Some("demo-app-secret"));
    assert_eq!(shown(&settings.meta_verify_token), Some("demo-verify-token"));
    assert!(settings.meta_graph_url.is_none());
    assert!(settings.generated.is_empty() && settings.warnings.is_empty());

    let pointed = load(&demo(), &[("META_GRAPH_URL", "http://127.0.0.1:9/"), ("META_APP_SECRET", "mine")], "").unwrap();
    assert_eq!(pointed.meta_graph_url.as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!(shown(&pointed.meta_app_secret), Some("mine"));
}

#[test]
fn the_demo_stays_on_this_machine() {
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80"] {
        let problems = problems(&ServeArgs { listen: Some(listen.into()), ..demo() }, &[], "");
        assert!(problems[0].starts_with(&format!("--listen is {listen}, which others can reach")), "{problems:?}");
        assert!(problems[0].contains("--demo-public"));
    }
    let problems = problems(&demo(), &[("PUBLIC_BASE_URL", "https://demo.example.com"), ("RELEVO_LISTEN", "0.0.0.0:1")], "");
    assert_eq!(problems.len(), 2, "{problems:?}");

    for (listen, base) in [("[::1]:80", "http://localhost:8080"), ("127.0.0.2:80", "http://[::1]"), ("[::ffff:127.0.0.1]:80", "http://demo.localhost")] {
        assert!(load(&demo(), &[("RELEVO_LISTEN", listen), ("PUBLIC_BASE_URL", base)], "").is_ok(), "{listen} {base}");
    }
}

#[test]
fn the_public_demo_has_secrets_that_nobody_knows() {
    let public = ServeArgs { demo_public: true, listen: Some("0.0.0.0:8080".into()), ..demo() };
    let base = ("PUBLIC_BASE_URL", "https://demo.example.com");

    let (one, other) = (load(&public, &[base], "").unwrap(), load(&public, &[base], "").unwrap());
    let names: Vec<&str> = one.generated.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["META_APP_SECRET", "META_VERIFY_TOKEN"]);
    assert_eq!(shown(&one.meta_app_secret), Some(one.generated[0].1.expose_secret()));
    assert_eq!(one.generated[0].1.expose_secret().len(), 32);
    assert_ne!(shown(&one.meta_app_secret), shown(&other.meta_app_secret));
    assert_ne!(shown(&one.meta_app_secret), shown(&one.meta_verify_token));

    let set = load(&public, &[("META_APP_SECRET", "mine")], "").unwrap();
    assert_eq!((shown(&set.meta_app_secret), set.generated.len()), (Some("mine"), 1));
    assert!(problems(&public, &[("META_APP_SECRET", "demo-app-secret")], "")[0].contains("well-known"));
    assert!(problems(&ServeArgs { demo: false, ..public }, &[], "")[0].starts_with("--demo-public"));
}

#[test]
fn nothing_secret_shows_up_in_a_log() {
    let secrets = ["RELEVO_MASTER_KEY", "META_APP_SECRET", "META_VERIFY_TOKEN", "JWT_SECRET", "OPENAI_API_KEY", "ADMIN_SEED_PASSWORD"];
    let env: Vec<(&str, &str)> = secrets.into_iter().map(|name| (name, KEY)).chain([("DATABASE_URL", "postgres://relevo:hidden@db/relevo")]).collect();

    let shown = format!("{:?}", settings(&env, ""));

    assert!(!shown.contains(KEY) && !shown.contains("hidden"), "{shown}");
}

#[test]
fn mails_need_a_server_and_a_sender() {
    const URL: (&str, &str) = ("SMTP_URL", "smtps://user:secret@mail.example:465");
    const FROM: (&str, &str) = ("SMTP_FROM", "Relevo <no-reply@example.com>");

    let smtp = settings(&[URL, FROM], "").smtp.unwrap();

    assert_eq!((smtp.url.expose_secret(), &*smtp.from), (URL.1, FROM.1));
    assert!(settings(&[], "").smtp.is_none());
    assert!(problem(&[URL], "").starts_with("SMTP_FROM is not set, but SMTP_URL is."));
    assert!(problem(&[FROM], "").starts_with("SMTP_URL is not set, but SMTP_FROM is."));
    let wrong = problem(&[("SMTP_URL", "mail.example:secret"), FROM], "");
    assert!(wrong.starts_with("SMTP_URL names no mail server.") && !wrong.contains("secret"), "{wrong}");
    assert!(problem(&[URL, ("SMTP_FROM", "Relevo")], "").starts_with("SMTP_FROM is no address to send from."));
}
