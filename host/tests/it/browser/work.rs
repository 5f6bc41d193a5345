//! What people work through, and what turns and plugins leave behind: each of these pages as axe-core sees it, and none too wide for a phone.

use relevo_model::*;
use relevo_sandbox::API_VERSION;
use relevo_store::{Difference, Replay, SavedTest};
use serde_json::json;

use super::{THEMES, demo::Demo, guest::Guest, plugin_files::file, window::Window};
use crate::harness::until;

const NOTES: &str = "com.example.notes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_the_work_is_accessible_in_both_themes() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let guest = Guest::logged_in(&demo, owner).await;
    let (conversation, turn) = talk(&demo, &guest).await;
    let ticket = ticket(&demo, &conversation).await;
    let order = order(&demo, &conversation).await;
    let notes = notes(&demo, &guest).await;
    let replay = replay(&demo, &conversation, &turn).await;
    let centro = demo.point("Centro").await.replace("/simulator/", "/points/");
    assert_eq!(guest.post(&format!("{centro}/flow/storefront"), &[("own~menu", "on"), ("menu", "¿Qué llevás?")]).await.to(), format!("{centro}/flow"));
    let pages = [
        "/tickets".to_owned(),
        "/tickets?status=CLOSED".to_owned(),
        format!("/tickets/{ticket}"),
        "/orders".to_owned(),
        "/orders?status=CANCELLED".to_owned(),
        format!("/orders/{order}"),
        format!("/conversations/{conversation}/turns"),
        format!("/turns/{turn}"),
        "/records".to_owned(),
        format!("/records/{NOTES}/notes"),
        format!("/records/{NOTES}/notes?q=nothing-like-this"),
        format!("/records/{NOTES}/notes/new"),
        notes.clone(),
        format!("{notes}/remove"),
        format!("/plugins/{NOTES}/replay"),
        format!("/plugins/{NOTES}/replay/{replay}"),
        format!("/plugins/{NOTES}/tests"),
        format!("{centro}/flow/storefront/versions/1"),
        "/docs/plugins".to_owned(),
        "/docs/problems".to_owned(),
        "/docs/problems/gone".to_owned(),
    ];
    let window = Window::open(&demo, "work").await;
    window.logs_in(owner).await;

    for theme in THEMES {
        for path in &pages {
            let with = if path.contains('?') { '&' } else { '?' };
            window.goes(&format!("{path}{with}theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_makes_a_page_wider_than_a_phone() {
    let demo = Demo::start().await;
    let owner = demo.owner(&"Wilhelmina".repeat(20)).await;
    let guest = Guest::logged_in(&demo, owner).await;
    let long = "Supermercado".repeat(6);
    let point = guest.post("/points/new", &[("name", &long), ("time_zone", "UTC"), ("plugin", "storefront")]).await.to().to_owned();
    let simulator = point.replace("/points/", "/simulator/");
    for text in ["hola", "asesor"] {
        assert!(guest.post(&format!("{simulator}/phones/cliente-1/messages"), &[("text", text)]).await.status.is_redirection());
        demo.settled().await;
    }
    demo.execute(&format!("UPDATE customers SET name = '{}'", "Maximiliano".repeat(6))).await;
    let email = format!("{}@example.com", "largo".repeat(10));
    assert_eq!(guest.post("/people/invite", &[("email", &email), ("role", "agent"), ("extent", "all")]).await.status, 200);
    let agent = guest.get("/people").await.body;
    let agent = agent.split("href=\"/people/").skip(1).find_map(|rest| rest.split_once("\" aria-label=\"Cambiar a Agente Demo\"")).expect("they are there").0;
    let window = Window::open_on_a_phone(&demo, "narrow").await;
    window.logs_in(owner).await;

    for path in ["/dashboard", "/people", "/people/invite", &format!("/people/{agent}"), "/points", &point, &format!("{point}/flow"), "/orders", "/audit"] {
        window.goes(path).await;
        let wide = "const page = document.documentElement; return [...document.querySelectorAll('body *')]
            .filter((one) => page.scrollWidth > page.clientWidth && one.getBoundingClientRect().right > page.clientWidth + 1)
            .map((one) => `${one.tagName} ${one.className}`)";
        assert_eq!(window.run(wide, Vec::new()).await, json!([]), "{path}");
    }
}

/// A customer is greeted: the conversation, and the turn that did it.
async fn talk(demo: &Demo, guest: &Guest) -> (ConversationId, TurnId) {
    let simulator = demo.point("Centro").await;
    assert!(guest.post(&format!("{simulator}/phones/cliente-1/messages"), &[("text", "hola")]).await.status.is_redirection());
    demo.settled().await;
    let cell = demo.cell().await;
    let mut read = cell.read().await.unwrap();
    let point: ServicePointId = simulator.rsplit('/').next().unwrap().parse().unwrap();
    let conversation = read.conversations().list_of(&point, None, 1).await.unwrap().remove(0).conversation.id;
    let message = read.messages().list_of(&conversation, None, 1).await.unwrap().remove(0);
    (conversation, message.turn_id.unwrap().parse().unwrap())
}

async fn ticket(demo: &Demo, conversation: &ConversationId) -> TicketId {
    let (id, event) = (demo.app.clock.id::<TicketId>(), demo.app.clock.id::<EventId>());
    let rows = format!(
        "INSERT INTO tickets (id, code, conversation_id, customer_id, service_point_id, plugin_id, title, body, priority, status, is_test, created_at, updated_at) \
         SELECT '{id}', '7Q2MK9P', id, customer_id, service_point_id, 'storefront', 'Falta un paquete', 'Pidió dos.', 'high', 'NEW', TRUE, 1, 1 \
         FROM conversations WHERE id = '{conversation}'; \
         INSERT INTO ticket_events (id, ticket_id, kind, actor, payload, created_at) VALUES ('{event}', '{id}', 'opened', 'plugin:storefront', '{{}}', 1)"
    );
    demo.execute(&rows).await;
    id
}

async fn order(demo: &Demo, conversation: &ConversationId) -> OrderId {
    let (id, step) = (demo.app.clock.id::<OrderId>(), demo.app.clock.id::<EventId>());
    let rows = format!(
        "INSERT INTO orders (id, code, service_point_id, conversation_id, customer_id, status, total_minor, currency, address, is_test, created_at) \
         SELECT '{id}', '4T8XK2Q', service_point_id, id, customer_id, 'NEW', 960000, 'ARS', '{{\"text\":\"Av. Mitre 640\"}}', TRUE, 1 \
         FROM conversations WHERE id = '{conversation}'; \
         INSERT INTO order_lines (order_id, position, product_id, title, quantity, price_minor) VALUES ('{id}', 1, 'x', 'Yerba mate 1 kg', 2, 480000); \
         INSERT INTO order_history (id, order_id, status, actor, created_at) VALUES ('{step}', '{id}', 'NEW', 'storefront', 1)"
    );
    demo.execute(&rows).await;
    id
}

/// A plugin that keeps notes, with one of them: its address.
async fn notes(demo: &Demo, guest: &Guest) -> String {
    let manifest = json!({
        "id": NOTES,
        "version": "1.0.0",
        "api": API_VERSION,
        "title": { "es": "Notas", "en": "Notes", "pt": "Notas" },
        "permissions": [{ "kind": "records", "collection": "notes", "access": "write", "reason": "Para anotar." }],
        "events": ["messages"],
        "collections": [{
            "name": "notes",
            "title": { "es": "Notas", "en": "Notes", "pt": "Notas" },
            "title_field": "code",
            "schema": { "type": "object", "required": ["code"], "additionalProperties": false, "properties": {
                "code": { "type": "string", "title": "Código" },
                "done": { "type": "boolean", "title": "Hecha" },
            } },
        }],
    });
    let page = format!("/plugins/{NOTES}");
    assert_eq!(guest.uploads("/plugins/new", "file", &file(&manifest)).await.to(), page);
    until("the version is compiled", || async { !guest.get(&page).await.body.contains("data-testid=\"compiling\"") }).await;
    assert_eq!(guest.post(&format!("{page}/versions/1.0.0/grants"), &[("grant~0", "on"), ("access~0", "write")]).await.to(), page);
    let seen = guest.get(&page).await.field("version").to_owned();
    assert_eq!(guest.post(&format!("{page}/versions/1.0.0/activate"), &[("version", &seen)]).await.to(), page);
    let norte = demo.point("Norte").await.replace("/simulator/", "");
    assert_eq!(guest.post(&format!("{page}/attach"), &[("point", &norte)]).await.to(), page);
    let list = format!("/records/{NOTES}/notes");
    assert_eq!(guest.post(&format!("{list}/new"), &[("version~", "0"), ("code", "Uno")]).await.to(), list);
    let shown = guest.get(&list).await.body.replace("&#x2f;", "/");
    let (_, rest) = shown.rsplit_once(&format!("href=\"{list}/")).expect("the note is there");
    format!("{list}/{}", rest.split('"').next().unwrap_or_default())
}

/// A comparison that is over and found something, and a conversation that was kept as a test.
async fn replay(demo: &Demo, conversation: &ConversationId, turn: &TurnId) -> ReplayId {
    let (clock, cell) = (&demo.app.clock, demo.cell().await);
    let now = clock.now();
    let replay = Replay {
        id: clock.id(),
        plugin_id: NOTES.into(),
        version: "1.0.0".into(),
        digest: "00".into(),
        state: ReplayState::Done,
        conversations: 1,
        turns: 1,
        done: 1,
        skipped: 0,
        started_by: "x".into(),
        created_at: now,
        updated_at: now,
    };
    let id: DifferenceId = clock.id();
    let difference = Difference {
        id,
        replay_id: replay.id,
        turn_id: *turn,
        conversation_id: *conversation,
        kind: DifferenceKind::Said,
        sealed: Difference::seal(&cell, &id, br#"{"kind":"said","before":[],"after":[]}"#),
        verdict: Verdict::Pending,
        judged_by: None,
        judged_at: None,
    };
    let (name, script, created_by) = ("Dos kilos".into(), "name = \"Dos kilos\"".into(), "x".into());
    let test = SavedTest { id: clock.id(), plugin_id: NOTES.into(), name, script, created_by, created_at: now };
    let mut write = cell.write().await.unwrap();
    write.add_replay(&replay).await.unwrap();
    write.add_differences(&[difference]).await.unwrap();
    write.add_saved_test(&test).await.unwrap();
    write.commit().await.unwrap();
    replay.id
}
