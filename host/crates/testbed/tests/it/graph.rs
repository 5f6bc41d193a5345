use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use relevo_testbed::graph::{Accepted, FakeGraph, Fault, GraphError, GraphOptions, Next, Number, Outcome, Route, Rule, Stage, StatusPlan, read_log};
use relevo_testbed::http::Target;
use relevo_testbed::webhook::Status;
use serde_json::{Value, json};

use crate::support::{Business, CUSTOMER, Inbox, NUMBER, Shared, text};

fn fake() -> FakeGraph {
    FakeGraph::start(GraphOptions::default()).expect("the fake starts")
}

fn reporting(inbox: &Inbox, statuses: StatusPlan) -> FakeGraph {
    let options = GraphOptions { webhook: Some(inbox.url()), statuses, ..GraphOptions::default() };
    FakeGraph::start(options).expect("the fake starts")
}

#[tokio::test]
async fn a_text_is_in_the_log_and_its_file_when_the_answer_comes() {
    let folder = std::env::temp_dir().join(format!("relevo-testbed-{}", std::process::id()));
    let _ = std::fs::remove_file(&folder);
    let options = GraphOptions { log: Some(folder.clone()), ..GraphOptions::default() };
    let graph = FakeGraph::start(options.clone()).unwrap();

    let (status, answer) = Business::of(&graph).send(&text("hola")).await.unwrap();

    assert_eq!(status, 200);
    assert_eq!(answer["contacts"][0], json!({ "input": CUSTOMER, "wa_id": CUSTOMER }));
    let written = read_log(&folder).unwrap();
    assert_eq!(answer["messages"][0]["id"], written[0].wamid);
    assert_eq!(written[0].data.as_deref(), Some("outbox-1"));
    assert_eq!(graph.texts_to(CUSTOMER), ["hola"]);

    drop(graph);
    let again = FakeGraph::start(options).unwrap();
    let (_, second) = Business::of(&again).send(&text("otra vez")).await.unwrap();
    assert_ne!(second["messages"][0]["id"], answer["messages"][0]["id"]);
    assert_eq!(again.texts_to(CUSTOMER), ["hola", "otra vez"]);
    std::fs::remove_file(&folder).unwrap();
}

#[tokio::test]
async fn what_meta_refuses_is_refused_with_its_code() {
    let graph = fake();
    let business = Business::of(&graph);
    let reply = |at: usize, title: &str| json!({ "type": "reply", "reply": { "id": format!("b{at}"), "title": title } });
    let buttons = |count: usize, title: &str, body: &str| {
        let buttons: Vec<_> = (0..count).map(|at| reply(at, &format!("{title}{at}"))).collect();
        let interactive = json!({ "type": "button", "body": { "text": body }, "action": { "buttons": buttons } });
        json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": "interactive", "interactive": interactive })
    };
    let list = |rows: usize, title: &str, button: &str| {
        let rows: Vec<_> = (0..rows).map(|at| json!({ "id": format!("r{at}"), "title": title, "description": "d" })).collect();
        let action = json!({ "button": button, "sections": [{ "title": "Opciones", "rows": rows }] });
        let interactive = json!({ "type": "list", "body": { "text": "Elija" }, "action": action });
        json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": "interactive", "interactive": interactive })
    };
    let without = |key: &str| {
        let mut message = text("hola");
        message.as_object_mut().unwrap().remove(key);
        message
    };
    let media = |content: Value| json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": "image", "image": content });

    let good = [
        text(&"á".repeat(4096)),
        buttons(3, &"t".repeat(19), &"b".repeat(1024)),
        list(10, &"t".repeat(24), &"v".repeat(20)),
        media(json!({ "link": "https://example.com/a.jpg", "caption": "c" })),
    ];
    let bad = [
        (text(&"á".repeat(4097)), 100),
        (text(""), 100),
        (without("to"), 100),
        (without("text"), 100),
        (without("messaging_product"), 100),
        (buttons(4, "t", "b"), 131009),
        (buttons(0, "t", "b"), 131008),
        (buttons(3, &"t".repeat(20), "b"), 131009),
        (buttons(3, "t", &"b".repeat(1025)), 131009),
        (buttons(3, "t", ""), 131008),
        (list(11, "t", "Ver"), 131009),
        (list(3, &"t".repeat(25), "Ver"), 131009),
        (list(3, "t", &"v".repeat(21)), 131009),
        (media(json!({ "id": "unknown" })), 100),
        (media(json!({})), 100),
    ];

    for message in &good {
        assert_eq!(business.send(message).await.unwrap().0, 200, "{message}");
    }
    for (message, code) in &bad {
        let (status, answer) = business.send(message).await.unwrap();
        let error = &answer["error"];
        assert_eq!((status, &error["code"]), (400, &json!(code)), "{message}: {answer}");
        assert!(error["error_data"]["details"].is_string() && error["fbtrace_id"].is_string(), "{answer}");
        assert!(error["message"].as_str().unwrap().starts_with(&format!("(#{code})")), "{answer}");
    }
    assert_eq!(graph.log().len(), good.len());
}

#[tokio::test]
async fn choices_of_buttons_and_lists_can_be_read_from_the_log() {
    let graph = fake();
    let rows = json!([{ "id": "catalogo", "title": "Ver catálogo" }, { "id": "pedido", "title": "Hacer un pedido" }]);
    let interactive = json!({ "type": "list", "body": { "text": "¿Qué desea?" },
        "action": { "button": "Menú", "sections": [{ "rows": rows }] } });
    let message = json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": "interactive", "interactive": interactive });

    Business::of(&graph).send(&message).await.unwrap();

    let log = graph.wait_for_to(CUSTOMER, 1).await;
    assert_eq!(log[0].text(), "¿Qué desea?");
    let titles: Vec<_> = log[0].choices().into_iter().map(|(_, title)| title).collect();
    assert_eq!(titles, ["Ver catálogo", "Hacer un pedido"]);
}

#[tokio::test]
async fn a_customer_without_a_number_is_reached_by_the_user_id() {
    let graph = fake();
    let mut message = text("hola");
    message.as_object_mut().unwrap().remove("to");
    message["recipient"] = json!("US.13491208655302741918");

    let (status, answer) = Business::of(&graph).send(&message).await.unwrap();

    assert_eq!(status, 200);
    assert_eq!(answer["contacts"][0]["user_id"], "US.13491208655302741918");
    assert_eq!(graph.texts_to("US.13491208655302741918"), ["hola"]);
}

#[tokio::test]
async fn only_the_token_of_a_number_reads_it() {
    let graph = fake();
    graph.add_number(Number::new(NUMBER, "mine"));
    graph.add_number(Number::new("2", "theirs"));
    let path = format!("/v21.0/{NUMBER}?fields=display_phone_number,verified_name");

    let (mine, number) = Business::with_token(&graph, "mine").get(&path).await;
    let (theirs, foreign) = Business::with_token(&graph, "theirs").get(&path).await;
    let (none, unknown) = Business::with_token(&graph, "nobody's").get(&path).await;
    graph.expire_token("mine");
    let (expired, _) = Business::with_token(&graph, "mine").get(&path).await;

    assert_eq!(mine, 200);
    assert_eq!(
        number,
        json!({ "id": NUMBER, "display_phone_number": "+5491155550001",
        "verified_name": format!("Business {NUMBER}") })
    );
    assert_eq!((theirs, &foreign["error"]["code"], &foreign["error"]["error_subcode"]), (400, &json!(100), &json!(33)));
    assert_eq!((none, &unknown["error"]["code"]), (401, &json!(190)));
    assert_eq!(expired, 401);
}

#[tokio::test]
async fn a_file_that_was_uploaded_can_be_sent_described_and_fetched() {
    let graph = fake();
    let business = Business::of(&graph);
    let form = "--x\r\ncontent-disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
        --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\nPNG!\r\n--x--\r\n";
    let path = format!("/v21.0/{NUMBER}/media");

    let uploaded = business.request("POST", &path, "multipart/form-data; boundary=x", form.as_bytes()).await.unwrap();
    let id: Value = serde_json::from_slice(&uploaded.body).unwrap();
    let id = id["id"].as_str().unwrap();
    let (_, info) = business.get(&format!("/v21.0/{id}")).await;
    let url = Target::parse(info["url"].as_str().unwrap()).unwrap();
    let file = business.request("GET", &url.path, "", b"").await.unwrap();
    let image = json!({ "messaging_product": "whatsapp", "to": CUSTOMER, "type": "image", "image": { "id": id } });
    let sent = business.send(&image).await.unwrap();
    let stranger = Business::with_token(&graph, "").request("GET", &url.path, "", b"").await.unwrap();

    assert_eq!((info["mime_type"].as_str(), info["file_size"].as_u64()), (Some("image/png"), Some(4)));
    assert_eq!(info["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(&file.body[..], b"PNG!");
    assert_eq!(sent.0, 200);
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn a_mark_as_read_is_no_message() {
    let graph = fake();
    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.in",
        "typing_indicator": { "type": "text" } });

    let (status, answer) = Business::of(&graph).send(&read).await.unwrap();

    assert_eq!((status, answer), (200, json!({ "success": true })));
    assert_eq!(graph.marked_read(), ["wamid.in"]);
    assert!(graph.log().is_empty());
}

#[tokio::test]
async fn a_queue_of_faults_meets_one_send_each() {
    let graph = fake();
    let business = Business::of(&graph);
    graph.queue([Fault::Error(GraphError::rate_limited()), Fault::None, Fault::Error(GraphError::unavailable())]);

    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(business.send(&text("hola")).await.unwrap().0);
    }

    assert_eq!(statuses, [429, 200, 503, 200]);
    assert_eq!(graph.log().len(), 2);
}

#[tokio::test]
async fn cut_connections_tell_apart_what_was_accepted() {
    let graph = fake();
    let business = Business::of(&graph);
    let pause = Duration::from_millis(1);
    graph.queue([Fault::Cut, Fault::CutAfterAccept, Fault::HalfAnswer { pause, finishes: false }]);

    let before = business.send(&text("uno")).await;
    let after = business.send(&text("dos")).await;
    let half = business.send(&text("tres")).await;

    assert!(before.is_err() && after.is_err() && half.is_err());
    assert_eq!(graph.texts_to(CUSTOMER), ["dos", "tres"]);
    let log = graph.log();
    let outcomes: Vec<_> = graph.requests().into_iter().map(|request| request.outcome).collect();
    let unanswered = |entry: &Accepted| Outcome::Unanswered(entry.wamid.clone());
    assert_eq!(outcomes, [Outcome::Cut, unanswered(&log[0]), unanswered(&log[1])]);
}

#[tokio::test]
async fn a_half_answer_may_still_end_well() {
    let graph = fake();
    graph.queue([Fault::HalfAnswer { pause: Duration::from_millis(5), finishes: true }]);

    let (status, answer) = Business::of(&graph).send(&text("hola")).await.unwrap();

    assert_eq!(status, 200);
    assert_eq!(answer["messages"][0]["id"], graph.log()[0].wamid);
}

#[tokio::test]
async fn silence_accepts_and_never_answers() {
    let graph = fake();
    graph.queue([Fault::Silence]);

    let message = text("hola");
    let business = Business::of(&graph);
    let answered = tokio::select! {
        answer = business.send(&message) => Some(answer),
        _ = graph.wait_for(1) => None,
    };

    assert!(answered.is_none());
}

#[tokio::test]
async fn a_rule_meets_only_what_it_names() {
    let graph = fake();
    let business = Business::of(&graph);
    graph.inject(Rule::new(Fault::Error(GraphError::undeliverable())).to(CUSTOMER).containing("dos").skip(1).times(1));
    graph.inject(Rule::new(Fault::Error(GraphError::token_expired())).on(Route::Number));

    let mut statuses = Vec::new();
    for word in ["uno", "dos", "dos", "dos"] {
        statuses.push(business.send(&text(word)).await.unwrap().0);
    }
    let (number, _) = business.get(&format!("/v21.0/{NUMBER}")).await;

    assert_eq!(statuses, [200, 200, 400, 200]);
    assert_eq!(number, 401);
}

#[tokio::test]
async fn a_share_of_faults_repeats_with_its_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let graph = FakeGraph::start(GraphOptions { seed, ..GraphOptions::default() }).unwrap();
        graph.inject("500@0.5".parse().unwrap());
        let business = Business::of(&graph);
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(business.send(&text("hola")).await.unwrap().0);
        }
        runs.push(statuses);
    }

    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let failed = runs[0].iter().filter(|status| **status == 500).count();
    assert!((8..=32).contains(&failed), "{failed} of 40 failed");
}

#[tokio::test]
async fn the_hook_sees_a_request_grow_and_can_end_it_half_written() {
    let graph = fake();
    let seen: Shared<Vec<(Stage, usize)>> = Shared::default();
    let recorded = Arc::clone(&seen);
    graph.on_request(move |moment| {
        recorded.lock().unwrap().push((moment.stage, moment.body.len()));
        match moment.stage == Stage::HalfBody && moment.request == 1 {
            true => Next::Cut,
            false => Next::Go,
        }
    });
    let business = Business::of(&graph);
    let size = text("uno").to_string().len();

    let first = business.send(&text("uno")).await;
    let second = business.send(&text("dos")).await;

    assert_eq!(first.unwrap().0, 200);
    assert!(second.is_err());
    assert_eq!(graph.texts_to(CUSTOMER), ["uno"]);
    let whole = [Stage::Body, Stage::Accepted, Stage::Answered].map(|stage| (stage, size));
    let expected = [&[(Stage::Head, 0), (Stage::HalfBody, size / 2)][..], &whole, &[(Stage::Head, 0), (Stage::HalfBody, size / 2)]];
    assert_eq!(*seen.lock().unwrap(), expected.concat());
}

#[tokio::test]
async fn a_cut_by_the_hook_after_acceptance_still_reports_statuses() {
    let inbox = Inbox::start().await;
    let graph = reporting(&inbox, StatusPlan::normal().first_before_answer(1));
    graph.on_request(|moment| match moment.stage {
        Stage::Accepted => Next::Cut,
        _ => Next::Go,
    });

    let answer = Business::of(&graph).send(&text("hola")).await;

    let kinds = [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof];
    assert!(kinds.contains(&answer.unwrap_err().kind()));
    assert_eq!(graph.statuses_settled().await, 0);
    assert_eq!(inbox.statuses(), ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn statuses_come_in_the_planned_order_with_our_data() {
    let plans = [
        (StatusPlan::normal(), "sent delivered read"),
        (StatusPlan::reversed(), "read delivered sent"),
        (StatusPlan::duplicated(), "sent sent delivered delivered read read"),
        (StatusPlan::without_delivered(), "sent read"),
        (StatusPlan::normal().together(), "sent delivered read"),
        ("delivered,failed:131026".parse().unwrap(), "delivered failed"),
    ];
    for (plan, expected) in plans {
        let inbox = Inbox::start().await;
        let graph = reporting(&inbox, plan);

        Business::of(&graph).send(&text("hola")).await.unwrap();

        assert_eq!(graph.statuses_settled().await, 0);
        assert_eq!(inbox.statuses().join(" "), expected);
        let payloads = inbox.payloads();
        let status = payloads[0].pointer("/entry/0/changes/0/value/statuses/0").unwrap();
        assert_eq!(status["biz_opaque_callback_data"], "outbox-1");
        assert_eq!(status["id"], graph.log()[0].wamid);
    }
}

#[tokio::test]
async fn a_status_may_come_before_the_answer_of_its_send() {
    let inbox = Inbox::start().await;
    let graph = reporting(&inbox, StatusPlan::normal().first_before_answer(2));

    Business::of(&graph).send(&text("hola")).await.unwrap();
    let when_answered = inbox.statuses();
    graph.statuses_settled().await;

    assert_eq!(when_answered[..2], ["sent", "delivered"]);
    assert_eq!(inbox.statuses(), ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn a_status_that_is_not_taken_comes_again() {
    let attempts = AtomicUsize::new(0);
    let inbox = Inbox::answering(move |_, _| if attempts.fetch_add(1, Ordering::Relaxed) < 2 { 503 } else { 200 }).await;
    let graph = reporting(&inbox, StatusPlan::of([Status::Sent]));

    Business::of(&graph).send(&text("hola")).await.unwrap();

    assert_eq!(graph.statuses_settled().await, 0);
    assert_eq!(inbox.statuses(), ["sent"]);
}

#[tokio::test]
async fn a_send_that_fails_later_has_one_failed_status() {
    let inbox = Inbox::start().await;
    let graph = reporting(&inbox, StatusPlan::normal());
    graph.queue([Fault::FailLater(GraphError::window_closed())]);

    let (status, _) = Business::of(&graph).send(&text("hola")).await.unwrap();

    assert_eq!(status, 200);
    graph.statuses_settled().await;
    assert_eq!(inbox.statuses(), ["failed"]);
    assert_eq!(inbox.payloads()[0].pointer("/entry/0/changes/0/value/statuses/0/errors/0/code"), Some(&json!(131047)));
}

#[tokio::test]
async fn a_status_can_be_sent_by_hand() {
    let inbox = Inbox::start().await;
    let graph = reporting(&inbox, StatusPlan::none());
    Business::of(&graph).send(&text("hola")).await.unwrap();

    let taken = graph.send_status(&graph.log()[0].wamid, Status::Read).await;

    assert!(taken);
    assert_eq!(inbox.statuses(), ["read"]);
}

#[tokio::test]
async fn a_harness_in_another_process_reads_the_log_and_orders_faults() {
    let graph = fake();
    let business = Business::of(&graph);

    business.send(&text("hola")).await.unwrap();
    let (_, log) = business.get("/_log").await;
    let orders = business.request("POST", "/_orders", "", br#"{"faults":["131056"]}"#).await.unwrap();
    let (status, answer) = business.send(&text("hola")).await.unwrap();
    let nonsense = business.request("POST", "/_orders", "", br#"{"faults":["rain"]}"#).await.unwrap();

    assert_eq!(log[0]["body"]["text"]["body"], "hola");
    assert_eq!(orders.status, 200);
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(131056)));
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn bodies_in_chunks_and_after_a_permission_are_read() {
    let graph = fake();
    let body = text("hola").to_string();
    let (first, second) = body.split_at(20);
    let start = format!("POST /v21.0/{NUMBER}/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\n");
    let chunked = format!("{start}transfer-encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let patient = format!("{start}expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut wire = Target::parse(&graph.url()).unwrap().connect().await.unwrap();

    wire.write(chunked.as_bytes()).await.unwrap();
    let first = wire.read_answer().await.unwrap();
    wire.write(patient.as_bytes()).await.unwrap();
    wire.write(body.as_bytes()).await.unwrap();
    let second = wire.read_answer().await.unwrap();

    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(graph.texts_to(CUSTOMER), ["hola", "hola"]);
}
