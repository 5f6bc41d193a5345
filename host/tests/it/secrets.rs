//! Secrets: sealed at rest, nowhere else, and only under their own key.

use std::{fs, path::Path};

use relevo_store::{Store, keys::Place};

use crate::harness::{Setup, TestApp, both_engines};

const PHONE: &str = "+54 9 11 5555 0001";
const CANARIES: [&str; 2] = ["access-token-canary", "app-secret-canary"];

/// Everything that is stored, byte by byte.
async fn stored(app: &TestApp) -> Vec<u8> {
    let mut all = Vec::new();
    files(app.place.data(), &mut all);
    if app.place.is_postgres() {
        for tenant in app.tenants.iter().map(|tenant| Some(&tenant.id)).chain([None]) {
            let tables = "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = current_schema()";
            for table in app.place.texts(tenant, tables).await {
                let rows = app.place.texts(tenant, &format!("SELECT COALESCE(string_agg(t::TEXT, ' '), '') FROM \"{table}\" t")).await;
                all.extend(rows.concat().into_bytes());
            }
        }
    }
    all
}

fn files(folder: &Path, all: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), all),
            false => all.extend(fs::read(entry.path()).unwrap()),
        }
    }
}

fn holds(all: &[u8], text: &str) -> bool {
    let hexed = hex::encode(text);
    [text.as_bytes(), hexed.as_bytes()].iter().any(|wanted| all.windows(wanted.len()).any(|part| part == *wanted))
}

/// Whether a text is not to be read anywhere that is stored.
pub async fn nowhere(app: &TestApp, text: &str) -> bool {
    !holds(&stored(app).await, text)
}

both_engines! {
    async fn tokens_and_secrets_are_nowhere_to_be_read(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").tenant("sector7").flow("echo").await;
        let chat = app.customer(PHONE).says("visible-words").await;
        chat.bot_replies().await;

        let metrics = reqwest::get(app.url(0, "/metrics")).await.unwrap().text().await.unwrap();
        let all = stored(&app).await;

        assert!(holds(&all, "visible-words"), "the search finds what is there");
        assert!(metrics.contains("relevo_sends_total"));
        for canary in CANARIES {
            assert!(!holds(&all, canary), "{canary} is stored in the clear");
            assert!(!metrics.contains(canary), "{canary} is in the metrics");
        }
    }

    async fn what_is_sealed_opens_only_in_its_own_business_and_place(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").tenant("sector7").flow("echo").await;
        let (here, there) = (app.cell(app.tenant("acme")).await, app.cell(app.tenant("sector7")).await);
        let channel = here.read().await.unwrap().channels().await.unwrap().remove(0);
        let sealed = channel.access_token.clone().unwrap();
        let place = Place { table: "channels", column: "access_token", row: channel.id.as_str() };

        assert_eq!(channel.token(&here).unwrap().as_deref(), Some("acme-access-token-canary"));
        assert!(channel.token(&there).is_err());
        assert!(here.unseal(place, &sealed).is_ok());
        assert!(there.unseal(place, &sealed).is_err());
        assert!(here.unseal(Place { column: "app_secret", ..place }, &sealed).is_err());
    }

    async fn another_master_key_stops_the_start_and_says_how_to_mend_it(setup: Setup) {
        let app = setup.tenant("acme").flow("echo").await;
        app.stop(0).await;

        let mut settings = app.place.settings().clone();
        settings.master_key = Some("a5".repeat(32));
        let refused = Store::open(&settings).await.err().expect("another key is refused").to_string();
        assert!(refused.contains("the master key is not the one that this data was sealed with: set RELEVO_MASTER_KEY"), "{refused}");
        settings.master_key = Some("short".into());
        let refused = Store::open(&settings).await.err().expect("no key is refused").to_string();
        assert!(refused.contains("64 hexadecimal digits"), "{refused}");

        app.start(0).await;
        assert_eq!(app.customer(PHONE).says("hola").await.bot_replies().await, ["hola"]);
    }
}
