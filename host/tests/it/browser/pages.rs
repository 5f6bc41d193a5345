//! The simulator's addresses through the real router, without a browser.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use relevo_model::*;
use relevo_store::{Conversation, Message};
use tower::ServiceExt;

use super::demo::Demo;
use crate::harness::until;

type Form<'a> = &'a [(&'a str, &'a str)];

/// The first phone of a service point.
struct Site {
    demo: Demo,
    point: String,
}

impl Site {
    async fn open() -> Self {
        let demo = Demo::start().await;
        let point = demo.point("Centro").await;
        Self { demo, point }
    }

    fn phone(&self, what: &str) -> String {
        format!("{}/phones/cliente-1/{what}", self.point)
    }

    /// What the page shows.
    async fn page(&self) -> String {
        let (status, page) = ask(&self.demo, Request::get(&self.point).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page
    }

    /// Sends a form of the first phone as our own script does.
    async fn does(&self, what: &str, form: Form<'_>) -> (StatusCode, String) {
        post(&self.demo, &self.phone(what), form).await
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

pub async fn post(demo: &Demo, path: &str, form: Form<'_>) -> (StatusCode, String) {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post(path).header("hx-request", "true").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    ask(demo, request.body(Body::from(body)).unwrap()).await
}

async fn ask(demo: &Demo, request: Request<Body>) -> (StatusCode, String) {
    let response = demo.router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

fn times(page: &str, part: &str) -> usize {
    page.matches(part).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_the_demo_there_is_no_simulator() {
    let demo = Demo::start_as(false).await;
    let point = demo.point("Centro").await;

    for path in ["/", "/simulator", &point, &format!("{point}/live")] {
        assert_eq!(ask(&demo, Request::get(path).body(Body::empty()).unwrap()).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let forms: [(&str, Form<'_>); 14] = [
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
    for (path, form) in forms {
        assert_eq!(post(&demo, &format!("{point}{path}"), form).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(demo.cell().await.read().await.unwrap().event_log(None, 9).await.unwrap().is_empty(), "nothing came in");
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
    assert!(post(&site.demo, &format!("{}/clock", site.point), &[("minutes", "7")]).await.1.starts_with("El reloj avanza"));
    assert_eq!(post(&site.demo, &format!("{}/clock", site.point), &[("minutes", "1440")]).await.0, StatusCode::NO_CONTENT);
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
    assert_eq!(post(&site.demo, &format!("{other}/messages"), &[("text", "hola")]).await.0, StatusCode::NO_CONTENT);

    let (status, _) = post(&site.demo, &format!("{other}/resends"), &[("message", failed.as_str())]).await;
    let foreign = Request::post(site.phone("take-over")).header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    let (refused, _) = ask(&site.demo, foreign).await;

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
