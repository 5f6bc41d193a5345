//! Secrets: sealed where they are kept, and opened by the right key in the right place only.

use std::os::unix::fs::PermissionsExt;

use relevo_model::*;
use relevo_store::{
    keys::{Key, KeyError, Place},
    *,
};
use serde_json::json;

use crate::support::*;

const CANARY: &str = "EAAGcanary0000secret";

on_both!(
    a_secret_is_nowhere_in_the_clear,
    a_secret_moved_to_another_row_or_tenant_does_not_open,
    another_master_key_is_refused_and_changes_nothing,
    a_master_key_that_is_none_is_refused_with_advice,
    every_tenant_has_a_key_of_its_own,
);
on!(Sqlite: a_key_file_is_made_once_for_its_owner_alone, a_damaged_key_file_is_refused_and_left_alone);
on!(Postgres: a_key_is_required, two_nodes_that_start_first_with_two_keys_do_not_both_start);

async fn with_channel(w: &World) -> Channel {
    let mut write = w.cell.write().await.unwrap();
    let point = ServicePoint {
        id: w.point,
        name: "Centro".into(),
        phone_number: None,
        whatsapp_status: WhatsappStatus::Connected,
        last_qr_at: None,
        time_zone: "America/Argentina/Buenos_Aires".into(),
        opening_hours: Json(json!({})),
        locale: None,
        bot_enabled: true,
        burst_ms: 0,
        uncertain_policy: UncertainPolicy::Ask,
        version: 1,
        created_at: w.now(),
    };
    write.add_service_point(&point).await.unwrap();
    let channel = Channel {
        id: w.channel,
        service_point_id: w.point,
        kind: ChannelKind::CloudApi,
        state: ChannelState::Active,
        cause: None,
        paused_until: None,
        phone_number_id: Some("1000".into()),
        waba_id: None,
        access_token: Some(Channel::seal(&w.cell, &w.channel, "access_token", CANARY)),
        app_secret: Some(Channel::seal(&w.cell, &w.channel, "app_secret", CANARY)),
        last_inbound_at: None,
        last_outbound_at: None,
        removed_at: None,
        created_at: w.now(),
    };
    write.add_channel(&channel).await.unwrap();
    write.commit().await.unwrap();
    channel
}

async fn a_secret_is_nowhere_in_the_clear(w: World) {
    with_channel(&w).await;
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &["¡Hola!"]);
    let place = Place { table: "turn_journal", column: "sealed", row: chat.turn.as_str() };
    commit.journal = Some(w.cell.seal(place, CANARY.as_bytes()));
    w.cell.finish(commit).await.unwrap();
    let mut write = w.cell.write().await.unwrap();
    write.intend_call(&chat.turn, "h", 0, NOON).await.unwrap();
    write.answer_call(&chat.turn, "h", 0, &w.cell.seal(place, CANARY.as_bytes())).await.unwrap();
    write.commit().await.unwrap();

    let found = w.places_of(CANARY).await;

    assert_eq!(found, Vec::<String>::new());
    assert!(!w.places_of("¡Hola!").await.is_empty(), "the search finds what is there");
    let channel = w.cell.read().await.unwrap().channels().await.unwrap().remove(0);
    assert_eq!((channel.token(&w.cell).unwrap().as_deref(), channel.app_secret(&w.cell).unwrap().as_deref()), (Some(CANARY), Some(CANARY)));
    let sealed = w.cell.read().await.unwrap().journal(&chat.turn).await.unwrap().unwrap();
    assert_eq!(w.cell.unseal(place, &sealed).unwrap().as_slice(), CANARY.as_bytes());
}

async fn a_secret_moved_to_another_row_or_tenant_does_not_open(w: World) {
    let channel = with_channel(&w).await;
    let other = w.neighbour("two").await;

    let moved = [
        channel.token(&other),
        Channel { id: w.clock.id(), ..channel.clone() }.token(&w.cell),
        Channel { access_token: channel.app_secret.clone(), ..channel.clone() }.token(&w.cell),
    ];

    assert!(moved.iter().all(|moved| matches!(moved, Err(Error::Key(KeyError::Unreadable)))), "{moved:?}");
}

async fn another_master_key_is_refused_and_changes_nothing(w: World) {
    with_channel(&w).await;
    let before = w.dump().await;

    let wrong = Store::open(&Settings { master_key: Some("cd".repeat(32)), ..w.home.settings() }).await;

    assert!(matches!(wrong, Err(Error::Key(KeyError::Mismatch))));
    assert_eq!(w.dump().await, before);
    let again = w.another_store().await.cell(&w.tenant.id).await.unwrap();
    let channel = again.read().await.unwrap().channels().await.unwrap().remove(0);
    assert_eq!(channel.token(&again).unwrap().as_deref(), Some(CANARY));
}

async fn a_master_key_that_is_none_is_refused_with_advice(w: World) {
    for key in ["", "abc", &"zz".repeat(32), &"ab".repeat(33)] {
        let Err(refused) = Store::open(&Settings { master_key: Some(key.into()), ..w.home.settings() }).await else { panic!("{key}") };

        assert!(refused.to_string().contains("openssl rand -hex 32"), "{refused}");
        assert!(key.is_empty() || !refused.to_string().contains(key), "the key shows itself");
    }
}

async fn every_tenant_has_a_key_of_its_own(w: World) {
    let other = w.neighbour("two").await;
    let place = Place { table: "t", column: "c", row: "r" };

    let tenants = w.store.platform().tenants().await.unwrap();

    assert_ne!(tenants[0].sealed_key, tenants[1].sealed_key);
    let key = Key::from_hex(MASTER_KEY).unwrap();
    let opened: Vec<_> = tenants.iter().map(|t| key.open(&t.id, Place { table: "tenants", column: "sealed_key", row: "" }, &t.sealed_key).unwrap()).collect();
    assert_ne!(opened[0], opened[1]);
    assert!(w.cell.unseal(place, &other.seal(place, b"x")).is_err());
}

async fn a_key_file_is_made_once_for_its_owner_alone(w: World) {
    let settings = Settings { data: w.home.folder.path().join("keyed"), database_url: None, master_key: None };
    let mode = |path: &str| std::fs::metadata(settings.data.join(path)).unwrap().permissions().mode() & 0o777;

    let (tenant, cell) = Store::open(&settings).await.unwrap().create_tenant(&w.clock, "one", "One", false).await.unwrap();
    let made = std::fs::read(settings.data.join("master.key")).unwrap();
    let again = Store::open(&settings).await.unwrap().cell(&tenant.id).await.unwrap();

    assert_eq!((mode("master.key"), mode(""), mode("tenants")), (0o600, 0o700, 0o700));
    assert_eq!(std::fs::read(settings.data.join("master.key")).unwrap(), made);
    let place = Place { table: "t", column: "c", row: "r" };
    assert_eq!(again.unseal(place, &cell.seal(place, b"x")).unwrap().as_slice(), b"x");
    std::fs::remove_file(settings.data.join("master.key")).unwrap();
    assert!(matches!(Store::open(&settings).await, Err(Error::Key(KeyError::Mismatch))), "a new key cannot stand in for the lost one");
}

async fn a_damaged_key_file_is_refused_and_left_alone(w: World) {
    let settings = Settings { data: w.home.folder.path().join("keyed"), database_url: None, master_key: None };
    std::fs::create_dir(&settings.data).unwrap();
    std::fs::write(settings.data.join("master.key"), "half a k").unwrap();

    let opened = Store::open(&settings).await;

    assert!(matches!(opened, Err(Error::Key(KeyError::NotAKey))));
    assert_eq!(std::fs::read_to_string(settings.data.join("master.key")).unwrap(), "half a k");
}

async fn a_key_is_required(w: World) {
    let opened = Store::open(&Settings { master_key: None, ..w.home.settings() }).await;

    assert!(matches!(opened, Err(Error::Key(KeyError::Required))));
    assert!(!w.home.settings().data.join("master.key").exists());
}

async fn two_nodes_that_start_first_with_two_keys_do_not_both_start(w: World) {
    // The other node is about to commit its key check, and this one finds none yet.
    let mut stranger = w.home.stranger().await;
    sqlx::query("DELETE FROM relevo_platform.facts").execute(&mut stranger).await.unwrap();
    let nobody: TenantId = "00000000-0000-0000-0000-000000000000".parse().unwrap();
    let check = Key::from_hex(&"cd".repeat(32)).unwrap().seal(&nobody, Place { table: "facts", column: "value", row: "key_check" }, b"relevo");
    sqlx::query("BEGIN").execute(&mut stranger).await.unwrap();
    sqlx::query("INSERT INTO relevo_platform.facts (name, value) VALUES ('key_check', $1)").bind(check).execute(&mut stranger).await.unwrap();
    let settings = w.home.settings();
    let opening = tokio::spawn(async move { Store::open(&settings).await.map(drop) });
    w.until_somebody_waits().await;

    sqlx::query("COMMIT").execute(&mut stranger).await.unwrap();

    let opened = opening.await.unwrap();
    assert!(matches!(opened, Err(Error::Key(KeyError::Mismatch))), "{opened:?}");
}
