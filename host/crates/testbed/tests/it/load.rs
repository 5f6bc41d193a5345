use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relevo_testbed::http::{Client, Target};
use relevo_testbed::load::{Load, LoadOptions, Report};
use serde_json::{Value, json};

use crate::support::{Inbox, NUMBER};

/// How the business of a run answers the nth message that it got.
type Manner = fn(u64) -> Conduct;

enum Conduct {
    Well,
    Never,
    Twice,
    /// The same outbox row again.
    AgainWithTheSameId,
    /// After what follows it.
    Late,
}

/// A business in this process that answers each text with itself; greetings are answered with two replies.
async fn run(manner: Manner, adjust: impl FnOnce(&mut LoadOptions)) -> Report {
    let load = Load::bind(None).await.expect("a local port is free");
    let target = Target::parse(&load.url()).expect("it is an http address");
    let client = Arc::new(Client::new(target));
    let (seen, rows) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
    let inbox = Inbox::answering(move |_, body| {
        let payload: Value = serde_json::from_slice(body).expect("the generator sends JSON");
        let message = &payload["entry"][0]["changes"][0]["value"]["messages"][0];
        let to = message["from"].as_str().unwrap_or_default().to_owned();
        let text = message["text"]["body"].as_str().unwrap_or_default().to_owned();
        let greets = message["id"].as_str().is_some_and(|id| id.ends_with(".0"));
        let nth = if greets { 0 } else { seen.fetch_add(1, Ordering::Relaxed) + 1 };
        let (client, rows) = (Arc::clone(&client), Arc::clone(&rows));
        tokio::spawn(async move {
            let fresh = || rows.fetch_add(1, Ordering::Relaxed);
            match manner(nth) {
                _ if greets => {
                    reply(&client, &to, "Bienvenida", fresh()).await;
                    reply(&client, &to, &text, fresh()).await;
                }
                Conduct::Never => {}
                Conduct::Well => reply(&client, &to, &text, fresh()).await,
                Conduct::Twice => {
                    reply(&client, &to, &text, fresh()).await;
                    reply(&client, &to, &text, fresh()).await;
                }
                Conduct::AgainWithTheSameId => {
                    let row = fresh();
                    reply(&client, &to, &text, row).await;
                    reply(&client, &to, &text, row).await;
                }
                Conduct::Late => {
                    tokio::time::sleep(Duration::from_millis(40)).await;
                    reply(&client, &to, &text, fresh()).await;
                }
            }
        });
        200
    })
    .await;
    let mut options = LoadOptions {
        target: inbox.url(),
        phone_number_ids: vec![NUMBER.to_owned()],
        customers: 4,
        warmup: Duration::from_millis(50),
        measured: Duration::from_millis(300),
        patience: Duration::from_millis(200),
        ..LoadOptions::default()
    };
    adjust(&mut options);
    load.run(options).await.expect("the business takes the greetings")
}

async fn reply(client: &Client, to: &str, text: &str, row: u64) {
    let body = json!({
        "messaging_product": "whatsapp", "to": to, "type": "text", "text": { "body": text },
        "biz_opaque_callback_data": format!("row-{row}"),
    });
    let sent = client.send("POST", "/v21.0/1/messages", &[], body.to_string().as_bytes()).await;
    assert_eq!(sent.map(|answer| answer.status).unwrap_or(0), 200);
}

fn wrongs(report: &Report) -> [u64; 5] {
    [report.lost, report.doubled, report.disordered, report.refused, report.broken]
}

#[tokio::test]
async fn a_business_that_answers_well_has_no_wrongs() {
    let report = run(|_| Conduct::Well, |options| options.pids = vec![std::process::id()]).await;

    assert_eq!(wrongs(&report), [0; 5], "{report}");
    assert!(report.replies > 50, "{report}");
    assert!(report.e2e.p50 > 0.0 && report.e2e.p50 <= report.e2e.p99 && report.e2e.p99 <= report.e2e.max, "{report}");
    assert!(report.server.is_some_and(|server| server.peak_mib > 1.0), "{report}");
    assert!(report.sent.abs_diff(report.replies) <= 4, "{report}");
}

#[tokio::test]
async fn messages_that_are_never_answered_are_lost() {
    let report = run(|nth| if nth == 10 || nth == 20 { Conduct::Never } else { Conduct::Well }, |_| {}).await;

    assert_eq!(wrongs(&report), [2, 0, 0, 0, 0], "{report}");
}

#[tokio::test]
async fn replies_beyond_the_messages_are_doubled() {
    let report = run(|nth| if nth == 10 { Conduct::AgainWithTheSameId } else { Conduct::Well }, |_| {}).await;
    assert_eq!(wrongs(&report), [0, 1, 0, 0, 0], "{report}");

    let report = run(|nth| if nth == 10 { Conduct::Twice } else { Conduct::Well }, |_| {}).await;
    assert_eq!(wrongs(&report), [0, 1, 0, 0, 0], "{report}");
}

#[tokio::test]
async fn at_a_rate_no_more_is_written_than_was_asked_for() {
    let report = run(|_| Conduct::Well, |options| options.rate = 100.0).await;

    assert_eq!(wrongs(&report), [0; 5], "{report}");
    assert!(report.sent.abs_diff((100.0 * report.seconds) as u64) <= 4, "{report}");
}

#[tokio::test]
async fn at_a_rate_the_wait_of_what_was_due_meanwhile_counts() {
    let one = |options: &mut LoadOptions| {
        options.customers = 1;
        options.rate = 100.0;
    };
    // Each reply takes four times as long as there is between two messages.
    let report = run(|_| Conduct::Late, one).await;

    assert_eq!(wrongs(&report), [0; 5], "{report}");
    assert!(report.sent >= 25, "what was due is sent, {report}");
    assert!(report.e2e.max > 200.0, "the last one waited for all before it, {report}");
}

#[tokio::test]
async fn a_row_of_messages_is_answered_in_order() {
    let report = run(|_| Conduct::Well, |options| options.pipeline = 5).await;

    assert_eq!(wrongs(&report), [0; 5], "{report}");
    assert!(report.replies > 20, "{report}");
}

#[tokio::test]
async fn an_echo_that_others_overtake_is_disordered() {
    let one = |options: &mut LoadOptions| {
        options.customers = 1;
        options.pipeline = 5;
    };
    // The 2nd of the first row comes last: the 3rd is not the next then, nor is the 2nd.
    let report = run(|nth| if nth == 2 { Conduct::Late } else { Conduct::Well }, one).await;

    assert_eq!(wrongs(&report), [0, 0, 2, 0, 0], "{report}");
}

#[tokio::test]
async fn a_webhook_that_refuses_the_greeting_fails_the_run() {
    let load = Load::bind(None).await.unwrap();
    let inbox = Inbox::start().await;
    let options = LoadOptions { target: inbox.url(), app_secret: "wrong".to_owned(), ..LoadOptions::default() };

    let failed = load.run(options).await;

    assert_eq!(failed.unwrap_err().to_string(), "the webhook answered 401");
}
