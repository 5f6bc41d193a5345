//! The simulator's addresses through the real router, without a browser.

use std::time::Duration;

use axum::http::StatusCode;
use http_body_util::BodyExt;
use relevo_model::*;
use relevo_store::{Conversation, Message};

use super::{
    demo::{AGENT, Demo},
    guest::{Form, Guest},
};
use crate::harness::until;

/// The first phone of a service point, as the demo's agent uses it.
struct Site {
    demo: Demo,
    agent: Guest,
    point: String,
}

impl Site {
    async fn open() -> Self {
        let demo = Demo::start().await;
        let (agent, point) = (Guest::logged_in(&demo, AGENT).await, demo.point("Centro").await);
        Self { demo, agent, point }
    }

    fn phone(&self, what: &str) -> String {
        format!("{}/phones/cliente-1/{what}", self.point)
    }

    /// What the page shows.
    async fn page(&self) -> String {
        let answer = self.agent.get(&self.point).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// Sends a form of the first phone as our own script does.
    async fn does(&self, what: &str, form: Form<'_>) -> (StatusCode, String) {
        self.sends(&self.phone(what), form).await
    }

    async fn sends(&self, path: &str, form: Form<'_>) -> (StatusCode, String) {
        as_a_script(&self.agent, path, form).await
    }

    async fn says(&self, text: &str) {
        assert_eq!(self.does("messages", &[("text", text)]).await, (StatusCode::NO_CONTENT, String::new()));
        self.demo.settled().await;
        until("all of it arrived", || async { self.messages().await.iter().all(|message| matches!(message.state, Delivery::Received | Delivery::Delivered)) })
            .await;
    }

    async fn conversation(&self) -> Conversation {
        let cell = self.demo.cell().await;
        let mut read = cell.read().await.unwrap();
        let points = read.service_points().list().await.unwrap();
        let point = points.iter().find(|point| self.point.ends_with(point.id.as_str())).unwrap();
        read.conversations().list_of(&point.id, None, 9).await.unwrap().remove(0).conversation
    }

    /// Oldest first.
    async fn messages(&self) -> Vec<Message> {
        let id = self.conversation().await.id;
        let mut messages = self.demo.cell().await.read().await.unwrap().messages().list_of(&id, None, 99).await.unwrap();
        messages.reverse();
        messages
    }

    async fn last(&self) -> Message {
        self.messages().await.pop().unwrap()
    }
}

/// As our own script sends it.
pub async fn as_a_script(guest: &Guest, path: &str, form: Form<'_>) -> (StatusCode, String) {
    let answer = guest.post_with(path, form, &[("hx-request", "true"), ("sec-fetch-site", "same-origin")]).await;
    (answer.status, answer.body)
}

fn times(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

/// Everything that a page of the simulator sends.
const FORMS: [(&str, Form<'_>); 14] = [
    ("/customers", &[]),
    ("/clock", &[("minutes", "60")]),
    ("/phones/cliente-1/messages", &[("text", "hola")]),
    ("/phones/cliente-1/choices", &[("id", "a"), ("title", "b")]),
    ("/phones/cliente-1/samples", &[("what", "image")]),
    ("/phones/cliente-1/reactions", &[("message", "a"), ("emoji", "")]),
    ("/phones/cliente-1/repeats", &[]),
    ("/phones/cliente-1/reads", &[]),
    ("/phones/cliente-1/take-over", &[]),
    ("/phones/cliente-1/return", &[]),
    ("/phones/cliente-1/replies", &[("text", "hola")]),
    ("/phones/cliente-1/resends", &[("message", "a")]),
    ("/phones/cliente-1/redrives", &[("turn", "a")]),
    ("/phones/cliente-1/nothing", &[]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_use_it_there_finds_no_simulator() {
    let demo = Demo::start().await;
    let (centro, norte) = (demo.point("Centro").await, demo.point("Norte").await);
    let nobody = Guest::new(&demo);
    demo.limits_the_agent_to("Norte").await;
    let elsewhere = Guest::logged_in(&demo, AGENT).await;

    for path in ["/simulator", &centro, &format!("{centro}/live")] {
        assert!(nobody.get(path).await.to().starts_with("/login?to=%2Fsimulator"), "{path}");
    }
    assert_eq!(elsewhere.get("/simulator").await.to(), norte, "the one point that is theirs");
    for path in [&centro, &format!("{centro}/live"), "/simulator/0198c0de-0000-7000-8000-000000000000", "/simulator/x"] {
        assert_eq!(elsewhere.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, form) in FORMS {
        assert_eq!(
            as_a_script(&nobody, &format!("{centro}{path}"), form).await.0,
            if path.ends_with("nothing") { StatusCode::NOT_FOUND } else { StatusCode::UNAUTHORIZED },
            "{path}"
        );
        assert_eq!(as_a_script(&elsewhere, &format!("{centro}{path}"), form).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(demo.cell().await.read().await.unwrap().event_log(None, 9).await.unwrap().is_empty(), "nothing came in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_the_demo_the_clock_stands_and_the_phones_work() {
    let demo = Demo::start_as(false).await;
    let (agent, point) = (Guest::logged_in(&demo, AGENT).await, demo.point("Centro").await);

    let page = agent.get(&point).await;

    assert_eq!((page.status, times(&page.body, "data-testid=\"advance-60\"")), (StatusCode::OK, 0));
    assert_eq!(as_a_script(&agent, &format!("{point}/clock"), &[("minutes", "60")]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(as_a_script(&agent, &format!("{point}/phones/cliente-1/messages"), &[("text", "hola")]).await.0, StatusCode::NO_CONTENT);
    demo.settled().await;
    assert!(agent.get(&point).await.body.contains("gracias por escribirnos"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_twice_makes_one_turn() {
    let site = Site::open().await;
    site.says("hola").await;
    let before = site.messages().await.len();

    for _ in 0..2 {
        assert_eq!(site.does("repeats", &[]).await.0, StatusCode::NO_CONTENT);
    }
    site.demo.settled().await;

    let page = site.page().await;
    assert!(page.contains("×3") && page.contains("Llegó 3 veces: misma clave, un solo turno"), "{page}");
    assert_eq!(site.messages().await.len(), before);
    assert!(page.contains("data-testid=\"dropped\""), "the inspector says so too");
    let turns: std::collections::HashSet<_> = site.messages().await.into_iter().filter_map(|message| message.turn_id).collect();
    assert_eq!(turns.len(), 1, "{:#?}", site.messages().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_says_why_and_can_be_sent_again() {
    let site = Site::open().await;
    site.says("hola").await;
    let failed = site.last().await.id;
    let problem = r#"{"code":131053,"title":"Media upload error"}"#;
    site.demo.execute(&format!("UPDATE messages SET state = 'failed', problem = '{problem}' WHERE id = '{failed}'")).await;

    let page = site.page().await;
    assert!(page.contains("No se entregó: WhatsApp rechazó el archivo"), "{page}");
    assert_eq!(times(&page, "data-testid=\"resend\""), 1);
    assert_eq!(site.does("resends", &[("message", failed.as_str())]).await.0, StatusCode::NO_CONTENT);

    site.demo.settled().await;
    let page = site.page().await;
    // Its phone had ticked it before it failed, and ticks nothing twice.
    assert_eq!((site.last().await.state, times(&page, "data-testid=\"resend\"")), (Delivery::Sent, 0));
    let (status, why) = site.does("resends", &[("message", failed.as_str())]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "it arrived");
    assert!(why.starts_with("Ese mensaje no espera que lo reenvíen"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_asked_about_what_nobody_knows_the_fate_of_once_nobody_waits_for_it() {
    let site = Site::open().await;
    site.says("hola").await;
    let lost = site.last().await.id;
    site.demo.execute(&format!("UPDATE messages SET state = 'uncertain' WHERE id = '{lost}'")).await;
    site.demo.execute(&format!("UPDATE outbox SET state = 'uncertain' WHERE message_id = '{lost}'")).await;

    let page = site.page().await;
    assert!(page.contains("No se sabe si salió: la conexión se cortó") && !page.contains("¿Llegó?"), "{page}");
    assert_eq!(site.does("resends", &[("message", lost.as_str())]).await.0, StatusCode::UNPROCESSABLE_ENTITY, "its status may still come");
    site.demo.execute(&format!("UPDATE outbox SET state = 'failed' WHERE message_id = '{lost}'")).await;

    let page = site.page().await;
    assert!(page.contains("¿Llegó?") && times(&page, "data-testid=\"resend\"") == 1, "{page}");
    assert_eq!(site.does("resends", &[("message", lost.as_str())]).await.0, StatusCode::NO_CONTENT);
    site.demo.settled().await;
    assert_eq!(site.last().await.state, Delivery::Sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bot_could_not_answer_is_shown_and_can_be_tried_again() {
    let site = Site::open().await;
    site.says("hola").await;
    let (conversation, turn) = (site.conversation().await.id, site.messages().await[0].turn_id.clone().unwrap());
    let note = |id: u8, kind: &str, data: &str| {
        format!(
            "INSERT INTO conversation_events (id, conversation_id, seq, kind, actor, data, created_at) \
             SELECT '0198c0de-0000-7000-8000-00000000000{id}', id, seq, '{kind}', 'bot', '{data}', last_message_at FROM conversations WHERE id = '{conversation}'"
        )
    };
    // As if it had never been answered.
    for rows in ["outbox WHERE", "turn_journal WHERE", "messages WHERE direction = 'OUT' AND"] {
        site.demo.execute(&format!("DELETE FROM {rows} turn_id = '{turn}'")).await;
    }
    site.demo.execute(&format!("UPDATE turns SET state = 'dead', error = 'trap' WHERE id = '{turn}'")).await;
    site.demo.execute(&note(1, "dead_letter", &format!(r#"{{"turn":"{turn}","error":"trap"}}"#))).await;
    site.demo.execute(&note(2, "handed_over", r#"{"reason":"failure"}"#)).await;
    site.demo.execute(&format!("UPDATE conversations SET status = 'HUMAN', epoch = epoch + 1 WHERE id = '{conversation}'")).await;

    let page = site.page().await;
    assert!(page.contains("No se pudo responder: falló el plugin") && page.contains("data-holder=\"nobody\""), "{page}");
    assert_eq!(times(&page, "data-testid=\"redrive\""), 1);
    assert_eq!(site.does("redrives", &[("turn", &turn)]).await.0, StatusCode::NO_CONTENT);

    site.demo.settled().await;
    let page = site.page().await;
    assert_eq!((times(&page, "data-testid=\"dead-letter\""), times(&page, "data-testid=\"redrive\"")), (1, 0), "it stays, and was tried");
    assert!(page.contains("data-phone=\"cliente-1\" data-holder=\"bot\""), "{page}");
    assert_eq!(site.does("redrives", &[("turn", &turn)]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_says_why_and_what_to_do() {
    let site = Site::open().await;
    let long = "a".repeat(4097);
    let nobody = "0198c0de-0000-7000-8000-000000000000";
    let not_yet: [(&str, Form<'_>, &str); 11] = [
        ("messages", &[("text", " \n ")], "Escribí algo antes de enviar."),
        ("messages", &[("text", &long)], "El texto pasa de 4096 caracteres"),
        ("messages", &[("words", "hola")], "El pedido llegó incompleto."),
        ("choices", &[("id", ""), ("title", "Sí")], "Esa opción no existe."),
        ("samples", &[("what", "virus")], "Eso no se puede enviar desde acá."),
        ("reactions", &[("message", "wamid.other"), ("emoji", "👍")], "Ese mensaje no está acá."),
        ("repeats", &[], "Este cliente todavía no escribió."),
        ("take-over", &[], "Este cliente todavía no escribió."),
        ("replies", &[("text", "hola")], "Este cliente todavía no escribió."),
        ("resends", &[("message", nobody)], "Este cliente todavía no escribió."),
        ("redrives", &[("turn", nobody)], "Este cliente todavía no escribió."),
    ];
    for (what, form, wanted) in not_yet {
        let (status, why) = site.does(what, form).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && why.starts_with(wanted), "{what}: {status} {why}");
    }

    site.says("hola").await;

    for bad in [nobody, "no id"] {
        assert!(site.does("resends", &[("message", bad)]).await.1.starts_with("Ese mensaje no espera"));
        assert!(site.does("redrives", &[("turn", bad)]).await.1.starts_with("Ese mensaje ya se volvió a intentar"));
    }
    assert!(site.sends(&format!("{}/clock", site.point), &[("minutes", "7")]).await.1.starts_with("El reloj avanza"));
    assert_eq!(site.sends(&format!("{}/clock", site.point), &[("minutes", "1440")]).await.0, StatusCode::NO_CONTENT);
    assert!(site.does("replies", &[("text", "hola")]).await.1.starts_with("Pasaron más de 24 h"));
    assert_eq!(site.messages().await.len(), 3, "what was said once, the greeting and the menu");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_phone_s_message_is_not_sent_again_and_another_site_does_nothing() {
    let site = Site::open().await;
    site.says("hola").await;
    let failed = site.last().await.id;
    site.demo.execute(&format!("UPDATE messages SET state = 'failed' WHERE id = '{failed}'")).await;
    let other = format!("{}/phones/cliente-2", site.point);
    assert_eq!(site.sends(&format!("{other}/messages"), &[("text", "hola")]).await.0, StatusCode::NO_CONTENT);

    let (status, _) = site.sends(&format!("{other}/resends"), &[("message", failed.as_str())]).await;
    let refused = site.agent.post_with(&site.phone("take-over"), &[], &[("sec-fetch-site", "cross-site")]).await.status;

    assert_eq!((status, refused), (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::FORBIDDEN));
    assert!(site.page().await.contains("data-phone=\"cliente-1\" data-holder=\"bot\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_turn_shows_its_event_its_plugin_its_actions_and_its_state() {
    let site = Site::open().await;
    assert!(site.page().await.contains("acá se ve cómo corrió su turno"));

    site.says("*hola* <b>").await;

    let page = site.page().await;
    let (_, inspector) = page.split_once("data-testid=\"inspector\"").unwrap();
    for shown in
        ["data-testid=\"turn\" data-state=\"done\"", "*hola* &lt;b&gt;", "storefront 0.1.0", "lo tomó", "Decir", "gracias por escribirnos", "Entregado"]
    {
        assert!(inspector.contains(shown), "{shown}: {inspector}");
    }
    assert_eq!(times(inspector, "data-testid=\"action\""), 2, "the greeting and the menu");
    assert_eq!(times(inspector, "data-testid=\"kept\""), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_page_ends_with_its_session() {
    let site = Site::open().await;
    let elsewhere = Guest::logged_in(&site.demo, AGENT).await;
    let mut live = site.agent.follows(&format!("{}/live", site.point)).await;
    let shown = live.frame().await.expect("it begins with all that there is").unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&shown).contains("event: update"), "{shown:?}");

    assert_eq!(elsewhere.post("/account/devices/others/revoke", &[]).await.to(), "/account/devices");
    assert_eq!(as_a_script(&elsewhere, &site.phone("messages"), &[("text", "nadie lo ve")]).await.0, StatusCode::NO_CONTENT);

    let rest = tokio::time::timeout(Duration::from_secs(15), live.collect()).await.expect("it ends by itself").unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&rest).contains("nadie lo ve"), "{rest:?}");
    site.demo.settled().await;
}
