//! The pages of plugins' own collections, of tickets and of orders, as a browser asks for them.

use relevo_model::*;
use relevo_store::{Install, Json};
use reqwest::Method;
use serde_json::json;

use super::{Answer, Caller, House};
use crate::harness::{Database, Setup};

const NOTES: &str = "/records/probe/notes";

async fn house() -> (House, Caller) {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let clock = &house.test.clock;
    let install = Install {
        id: clock.id(),
        service_point_id: house.here,
        plugin_id: "probe".into(),
        version: "0.1.0".into(),
        position: 1,
        config: Json(json!({})),
        enabled: true,
        created_at: clock.now(),
    };
    let mut write = house.test.cell(house.test.acme()).await.write().await.unwrap();
    write.add_install(&install).await.unwrap();
    write.commit().await.unwrap();
    house.app().refresh(&house.acme).await;
    let (_, owner) = house.member("olga", Role::Owner).await;
    (house, owner)
}

async fn send(caller: &Caller, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into_bytes();
    caller.send_raw(Method::POST, path, Some(("application/x-www-form-urlencoded", body))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_adds_changes_and_removes_a_document_and_the_flow_sees_it() {
    let (house, owner) = house().await;

    // Slashes of an address that is put into a page are written as entities there.
    assert!(owner.get("/records").await.text.replace("&#x2f;", "/").contains(NOTES));
    let wrong = send(&owner, &format!("{NOTES}/new"), &[("version~", "0"), ("code", ""), ("weight", "mucho")]).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let added = send(&owner, &format!("{NOTES}/new"), &[("version~", "0"), ("code", "<b>uno</b>"), ("text", "hola"), ("weight", "2.5")]).await;
    assert_eq!(added.header("location"), NOTES, "{added:?}");
    let list = owner.get(&format!("{NOTES}?q=UNO")).await.text;
    assert!(list.contains("&lt;b&gt;uno") && !list.contains("<b>uno"), "{list}");
    let id = house.test.place.texts(Some(&house.acme), "SELECT id FROM plugin_records").await.remove(0);
    let page = format!("{NOTES}/{id}");
    assert!(owner.get(&page).await.text.contains("value=\"2.5\""));
    let saved = send(&owner, &page, &[("version~", "1"), ("code", "uno"), ("text", "chau"), ("done", "on")]).await;
    assert_eq!(saved.header("location"), NOTES, "{saved:?}");
    let late = send(&owner, &page, &[("version~", "1"), ("code", "tarde")]).await;
    assert_eq!(late.status, 422, "{late:?}");

    let chat = house.test.customer("+54 9 11 5555 0001").says("notes").await;
    assert_eq!(chat.bot_replies().await, ["uno=chau v2"]);
    assert_eq!(owner.get(&format!("{page}/remove")).await.status, 200);
    assert_eq!(send(&owner, &format!("{page}/remove"), &[]).await.header("location"), NOTES);
    assert_eq!(owner.get(&page).await.status, 404);
    let audited = house.test.place.texts(Some(&house.acme), "SELECT action FROM audit_log ORDER BY id").await;
    assert_eq!(audited, ["record.created", "record.changed", "record.removed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collections_that_no_plugin_here_has_are_not_there() {
    let (_house, owner) = house().await;

    for path in ["/records/twin/notes", "/records/probe/products", "/records/probe/kv", "/records/storefront/notes", "/records/probe/notes/nope"] {
        assert_eq!(owner.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_seen_and_taken_on_by_its_page() {
    let (house, owner) = house().await;
    house.test.customer("+54 9 11 5555 0001").says("ticket <b>roto</b>").await.bot_replies().await;
    let id = house.test.place.texts(Some(&house.acme), "SELECT id FROM tickets").await.remove(0);
    let page = format!("/tickets/{id}");

    assert!(owner.get("/tickets?status=NEW").await.text.contains(&page));
    assert!(!owner.get("/tickets?status=CLOSED").await.text.contains(&page));
    let shown = owner.get(&page).await.text;
    assert!(shown.contains("&lt;b&gt;roto") && !shown.contains("<b>roto"));
    let saved = send(&owner, &page, &[("status", "RESOLVED"), ("assignee_id", ""), ("version", "2")]).await;
    assert_eq!(saved.header("location"), page, "{saved:?}");
    assert_eq!(send(&owner, &page, &[("status", "CLOSED"), ("assignee_id", ""), ("version", "2")]).await.status, 422);

    assert_eq!(house.test.place.texts(Some(&house.acme), "SELECT status FROM tickets").await, ["RESOLVED"]);
}

/// An order at this service point, of two bottles.
async fn ordered(house: &House, point: &ServicePointId, code: &str) -> OrderId {
    let (id, step): (OrderId, EventId) = (house.test.clock.id(), house.test.clock.id());
    let rows = format!(
        "INSERT INTO orders (id, code, service_point_id, conversation_id, customer_id, status, total_minor, currency, address, is_test, created_at) \
         VALUES ('{id}', '{code}', '{point}', '{id}', '{id}', 'NEW', 250000, 'ARS', '{{\"text\":\"<i>Mitre</i> 640\"}}', FALSE, {}); \
         INSERT INTO order_lines (order_id, position, product_id, title, quantity, price_minor) VALUES ('{id}', 1, 'x', '<b>Vino', 2, 125000); \
         INSERT INTO order_history (id, order_id, status, actor, created_at) VALUES ('{step}', '{id}', 'NEW', 'storefront', 1)",
        house.test.clock.now()
    );
    house.test.place.execute(Some(&house.acme), &rows).await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_found_and_taken_on_by_its_page_and_never_back() {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let (_, agent) = house.member("ema", Role::Agent).await;
    let (_, viewer) = house.member("vera", Role::Viewer).await;
    assert!(agent.get("/orders").await.text.contains("Todavía no hay pedidos"));
    let (here, there) = (ordered(&house, &house.here, "AQUI").await, ordered(&house, &house.there, "ALLA").await);
    let page = format!("/orders/{here}");

    let list = agent.get("/orders").await.text;
    assert!(list.contains(&page) && list.contains(&format!("/orders/{there}")) && list.contains("$ 2.500<"), "{list}");
    let narrowed = agent.get(&format!("/orders?status=NEW&point={}", house.there)).await.text;
    assert!(narrowed.contains("ALLA") && !narrowed.contains("AQUI"), "{narrowed}");
    assert!(agent.get("/orders?status=SHIPPED").await.text.contains("No hay pedidos así"));
    let shown = agent.get(&page).await.text;
    assert!(shown.contains("&lt;b&gt;Vino") && shown.contains("&lt;i&gt;Mitre") && !shown.contains("<i>Mitre"), "{shown}");
    assert!(shown.contains("$ 1.250<") && shown.contains("storefront"), "{shown}");
    assert!(!viewer.get(&page).await.text.contains("name=\"status\""), "who may not change it is not asked");

    let saved = send(&agent, &page, &[("status", "SHIPPED"), ("version", "1")]).await;
    assert_eq!(saved.header("location"), page, "{saved:?}");
    let late = send(&agent, &page, &[("status", "CANCELLED"), ("version", "1")]).await;
    assert!(late.status == 422 && late.text.contains("<span>Ahora dice:</span> <b>En camino</b>"), "{late:?}");
    let back = send(&agent, &page, &[("status", "CONFIRMED"), ("version", "2")]).await;
    assert!(back.status == 422 && back.text.contains("no puede pasar a ese estado"), "{back:?}");
    assert_eq!(send(&viewer, &page, &[("status", "DELIVERED"), ("version", "2")]).await.status, 403);
    assert_eq!(send(&agent, &page, &[("status", "DELIVERED"), ("version", "2")]).await.header("location"), page);
    let ended = agent.get(&page).await.text;
    assert!(!ended.contains("name=\"status\"") && ended.matches("data-testid=\"order-step\"").count() == 3, "{ended}");
    assert!(ended.contains("<small>ema,"), "{ended}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_listed_page_by_page() {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let (_, agent) = house.member_at("ema", Role::Agent, [house.here].into_iter().collect()).await;
    for nth in 0..51 {
        ordered(&house, &house.here, &format!("N{nth:02}")).await;
    }
    ordered(&house, &house.there, "ALLA").await;

    let first = agent.get("/orders?status=NEW").await.text;
    let (before, _) = first.split_once("\" rel=\"next\"").expect("there is more");
    let next = before.rsplit_once("href=\"").expect("it leads somewhere").1.replace("&#x2f;", "/").replace("&amp;", "&");
    let second = agent.get(&next).await.text;

    let codes = |page: &str| page.matches("data-testid=\"order\"").count();
    assert_eq!((codes(&first), codes(&second)), (50, 1), "{next}");
    assert!(second.contains("rel=\"prev\"") && !first.contains("ALLA") && !second.contains("ALLA"), "only where one works");
    assert!(!first.contains("name=\"point\""), "there is one point for this one");
}
