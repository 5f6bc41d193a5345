//! Recorded conversations on other versions of a plugin: what would have been said and done, and nothing of it done.

mod scripts;
mod turns;

use relevo_model::*;
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    console::Caller,
    harness::{Chat, Setup, TestApp, both_engines, until},
    plugins::{Admin, ID, component, echo, phone, probe},
};

const PHONE: &str = "+54 9 11 5555 0001";

fn shop(setup: Setup) -> Setup {
    setup.tenant("acme").product("YER", "Yerba mate 1 kg", 480_000, Some(40)).product("VIN", "Vino Malbec", 1_250_000, Some(1))
}

/// The storefront as somebody's version, with these texts in the place of others.
fn storefront(version: &str, changed: &[(&str, &str)]) -> Vec<u8> {
    component("storefront", version, |manifest| {
        let texts = manifest.config.to_string();
        let texts = changed.iter().fold(texts, |texts, (from, to)| {
            assert!(texts.contains(from), "{from:?} is no text of it");
            texts.replace(from, to)
        });
        manifest.config = serde_json::from_str(&texts).unwrap();
    })
}

/// Orders two of the first product.
async fn orders(chat: &Chat) {
    chat.says("hola").await.taps("Hacer un pedido").await.taps("Yerba mate").await.bot_replies().await;
    chat.says("2").await.bot_replies().await;
    chat.says("Av. Siempreviva 742, Lanús").await.taps("Confirmar").await.bot_replies().await;
}

/// Looks around, does not understand, gives up and asks for a person.
async fn wanders(chat: &Chat) {
    for words in ["hola", "1", "3", "qué", "malbec", "estado", "cancelar", "2", "2", "0", "1", "x", "cancelar"] {
        chat.says(words).await.bot_replies().await;
    }
    chat.says("asesor").await.bot_replies().await;
}

impl Admin {
    /// Runs the last conversations on a version, and waits for the end.
    async fn replays(&self, version: &str, last: u32) -> Value {
        let made = self.caller.post(&format!("/api/plugins/{ID}/replays"), json!({ "version": version, "last": last })).await;
        let address = made.location.clone().unwrap_or_else(|| panic!("{made:?}"));
        until("the replay is over", || async { self.caller.get(&address).await.ok()["state"] != "running" }).await;
        let replay = self.caller.get(&address).await.ok();
        assert_eq!(replay["state"], "done", "{replay}");
        replay
    }

    async fn differences(&self, replay: &Value) -> Vec<Value> {
        let id = replay["id"].as_str().unwrap();
        self.caller.get(&format!("/api/plugins/{ID}/replays/{id}/differences")).await.ok()["data"].as_array().unwrap().clone()
    }

    async fn judges(&self, replay: &Value, difference: &Value, verdict: &str) {
        let (replay, difference) = (replay["id"].as_str().unwrap(), difference["id"].as_str().unwrap());
        let path = format!("/api/plugins/{ID}/replays/{replay}/differences/{difference}");
        self.caller.put(&path, json!({ "verdict": verdict })).await.ok();
    }
}

/// A page as somebody's browser would show it.
async fn page(app: &TestApp, caller: &Caller, path: &str) -> (u16, String) {
    let answer = browser().get(app.url(0, path)).bearer_auth(caller.token()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A form as somebody's browser would send it.
async fn form(app: &TestApp, caller: &Caller, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = browser().post(app.url(0, path)).bearer_auth(caller.token()).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn browser() -> Client {
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

/// What kind of difference it is, and the texts of both sides.
fn told(difference: &Value) -> (String, Vec<String>, Vec<String>) {
    let texts = |side: &str| difference[side].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect();
    (difference["kind"].as_str().unwrap().to_owned(), texts("before"), texts("after"))
}

async fn at_work(setup: Setup, file: Vec<u8>) -> (TestApp, Admin) {
    let app = setup.await;
    let admin = Admin::of(&app).await;
    admin.runs(file).await;
    admin.attaches(app.acme(), &[ID]).await;
    (app, admin)
}

both_engines! {
    async fn recorded_dialogues_on_the_same_component_show_no_difference(setup: Setup) {
        let (app, admin) = at_work(shop(setup), storefront("1.0.0", &[])).await;
        orders(&app.customer(PHONE)).await;
        wanders(&app.customer(&phone(1))).await;
        let before = (app.count(app.acme(), "SELECT COUNT(*) FROM messages").await, app.count(app.acme(), "SELECT COUNT(*) FROM orders").await);
        let again = admin.has(storefront("1.0.1", &[])).await;

        let replay = admin.replays(&again, 10).await;

        assert_eq!(admin.differences(&replay).await, Vec::<Value>::new());
        let turns = app.count(app.acme(), "SELECT COUNT(*) FROM turns").await;
        assert_eq!((&replay["conversations"], &replay["turns"], &replay["done"], &replay["skipped"]), (&json!(2), &json!(turns), &json!(turns), &json!(0)));
        assert!(turns >= 20, "{turns}");
        let after = (app.count(app.acme(), "SELECT COUNT(*) FROM messages").await, app.count(app.acme(), "SELECT COUNT(*) FROM orders").await);
        assert_eq!(after, before, "nothing was said and nothing was ordered by it");
    }

    async fn all_that_a_flow_can_reach_is_answered_from_the_record(setup: Setup) {
        let (app, admin) = at_work(shop(setup), probe("1.0.0")).await;
        let url = app.outside.url("/state/ready");
        let chat = app.customer(PHONE);
        let said = [
            "put a 1",
            "get a",
            "put a 2",
            "put-on 2 a 3",
            "own",
            "own",
            "order YER",
            "order YER",
            &format!("fetch {url} {url}"),
            &format!("add-slowly n {url}"),
            "note n one 2",
            "note n two",
            "notes",
            "ticket roto",
            "tickets",
            "say 3",
            "timer soon 60",
        ];
        for words in said {
            chat.says(words).await.bot_replies().await;
        }
        // What ends in a person's hands: refused, passed on.
        for (nth, words) in ["order NONE", "refuse", "pass", "adviser"].into_iter().enumerate() {
            app.customer(&phone(nth)).says(words).await.bot_replies().await;
        }
        app.clock.advance(std::time::Duration::from_secs(61));
        app.settled().await;
        let calls = app.outside.calls().len();
        let again = admin.has(probe("1.0.1")).await;

        let replay = admin.replays(&again, 10).await;

        let differences: Vec<_> = admin.differences(&replay).await.iter().map(told).collect();
        assert_eq!(differences, []);
        // Of the conversations that it answered: which "pass" is not, since nobody did.
        assert_eq!((&replay["conversations"], &replay["skipped"]), (&json!(4), &json!(0)), "{replay}");
        assert_eq!(replay["turns"], json!(said.len() + 1 + 3));
        assert_eq!(app.outside.calls().len(), calls, "nobody outside was called");
    }

    async fn conversations_are_chosen_by_who_they_are_with_on_the_page(setup: Setup) {
        let (app, admin) = at_work(shop(setup), echo("1.0.0")).await;
        let (ana, bruno) = (app.customer(PHONE), app.customer(&phone(1)));
        ana.says("la de Ana").await.bot_replies().await;
        bruno.says("la de Bruno").await.bot_replies().await;
        let other = admin.has(probe("2.0.0")).await;
        let chosen = bruno.conversation().await.id.to_string();
        let address = format!("/plugins/{ID}/replay");

        let (_, offered) = page(&app, &admin.caller, &address).await;
        let (status, _) = form(&app, &admin.caller, &address, &[("version", &other), ("last", "20"), ("conversations", &chosen)]).await;
        let unknown = app.clock.id::<ConversationId>().to_string();
        let (missing, _) = form(&app, &admin.caller, &address, &[("version", &other), ("last", "20"), ("conversations", &unknown)]).await;

        assert!(offered.contains("la de Ana") && offered.contains(&format!("value=\"{chosen}\"")), "{offered}");
        assert_eq!(status, 303);
        assert_ne!(missing, 303, "it is nobody's");
        let list = format!("/api/plugins/{ID}/replays");
        until("the replay is over", || async { admin.caller.get(&list).await.ok()["data"][0]["state"] == "done" }).await;
        let replay = admin.caller.get(&list).await.ok()["data"][0].clone();
        assert_eq!((&replay["conversations"], &replay["turns"]), (&json!(1), &json!(1)));
        let differences: Vec<_> = admin.differences(&replay).await.iter().map(told).collect();
        assert_eq!(differences, [("said".to_owned(), vec!["la de Bruno".to_owned()], vec!["heard la de Bruno".to_owned()])]);
    }

    async fn a_changed_text_shows_as_the_one_line_that_it_changes(setup: Setup) {
        let (app, admin) = at_work(shop(setup), storefront("1.0.0", &[])).await;
        orders(&app.customer(PHONE)).await;
        let other = admin.has(storefront("1.1.0", &[("Listo. Tu pedido", "Anotado! Pedido")])).await;

        let replay = admin.replays(&other, 10).await;

        let differences: Vec<_> = admin.differences(&replay).await.iter().map(told).collect();
        let [(kind, before, after)] = &differences[..] else { panic!("{differences:#?}") };
        assert_eq!(kind, "said");
        let ([before], [after]) = (&before[..], &after[..]) else { panic!("{before:?} {after:?}") };
        assert!(before.starts_with("Listo. Tu pedido"), "{before}");
        assert_eq!(*after, before.replace("Listo. Tu pedido", "Anotado! Pedido"));
    }

    async fn a_call_that_the_record_does_not_know_is_reported_and_not_made(setup: Setup) {
        let (app, admin) = at_work(shop(setup), echo("1.0.0")).await;
        let url = app.outside.url("/never/called");
        let chat = app.customer(PHONE);
        for words in [&format!("fetch {url}"), "get key", "order YER", "put color 7"] {
            chat.says(words).await.bot_replies().await;
        }
        let other = admin.has(probe("2.0.0")).await;

        let replay = admin.replays(&other, 10).await;

        let differences: Vec<_> = admin.differences(&replay).await.iter().map(told).collect();
        let unrecorded: Vec<&str> = differences.iter().filter(|found| found.0 == "unrecorded").map(|found| found.2[0].as_str()).collect();
        assert_eq!(unrecorded.len(), 3, "{differences:#?}");
        assert_eq!(unrecorded[0], format!("GET {url}"));
        assert_eq!(unrecorded[1], "business key");
        assert!(app.outside.calls().is_empty(), "a socket was opened");
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM orders").await, 0);
        // What it writes it sees itself, and nobody else does.
        let only = |text: &str| vec![text.to_owned()];
        assert!(differences.contains(&("said".into(), only("put color 7"), only("\"7\" v1"))), "{differences:#?}");
        assert!(differences.contains(&("done".into(), Vec::new(), only("business color = \"7\""))), "{differences:#?}");
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM kv").await, 0);
    }

    async fn where_it_is_wanted_a_version_is_activated_only_when_all_that_differs_was_approved(setup: Setup) {
        let (app, admin) = at_work(shop(setup), storefront("1.0.0", &[])).await;
        admin.caller.put(&format!("/api/plugins/{ID}/rule"), json!({ "requires_replay": true })).await.ok();
        orders(&app.customer(PHONE)).await;
        let other = admin.has(storefront("1.1.0", &[("Listo. Tu pedido", "Anotado! Pedido"), ("gracias por escribirnos", "qué bueno verte")])).await;
        let refused = async || {
            let answer = admin.activates(&other).await;
            assert_eq!((answer.status, answer.problem()), (409, "replay-needed"), "{answer:?}");
        };
        refused().await;

        let replay = admin.replays(&other, 10).await;
        let found = admin.differences(&replay).await;
        assert_eq!(found.len(), 2, "{found:#?}");
        refused().await;
        admin.judges(&replay, &found[0], "rejected").await;
        let path = format!("/api/plugins/{ID}/replays/{}/verdict", replay["id"].as_str().unwrap());
        admin.caller.put(&path, json!({ "verdict": "approved" })).await.ok();
        refused().await;
        admin.judges(&replay, &found[0], "approved").await;

        admin.activates(&other).await.ok();
        let chat = app.customer(&phone(7)).says("hola").await;
        assert!(chat.bot_replies().await[0].contains("qué bueno verte"));
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM replay_differences WHERE verdict = 'approved' AND judged_by IS NOT NULL").await, 2);
    }

    async fn what_was_approved_is_a_file_and_not_the_version_that_it_calls_itself(setup: Setup) {
        let (app, admin) = at_work(shop(setup), storefront("1.0.0", &[])).await;
        admin.caller.put(&format!("/api/plugins/{ID}/rule"), json!({ "requires_replay": true })).await.ok();
        orders(&app.customer(PHONE)).await;
        let other = admin.has(storefront("1.1.0", &[])).await;
        let replay = admin.replays(&other, 10).await;
        assert_eq!(admin.differences(&replay).await, Vec::<Value>::new());

        // It never answered, and gives way to another file of its version.
        let other = admin.has(storefront("1.1.0", &[("Listo. Tu pedido", "Anotado! Pedido")])).await;
        let refused = admin.activates(&other).await;

        assert_eq!((refused.status, refused.problem()), (409, "replay-needed"), "{refused:?}");
        admin.has(storefront("1.1.0", &[])).await;
        admin.activates(&other).await.ok();
    }

    async fn nobody_decides_about_what_was_not_found_yet(setup: Setup) {
        let (app, admin) = at_work(shop(setup), echo("1.0.0")).await;
        app.customer(PHONE).says("hola").await.bot_replies().await;
        let other = admin.has(probe("2.0.0")).await;
        let replay = admin.replays(&other, 10).await;
        let path = format!("/api/plugins/{ID}/replays/{}/verdict", replay["id"].as_str().unwrap());
        let running = format!("UPDATE replays SET state = 'running', updated_at = {}", app.clock.now());

        app.place.execute(Some(&app.acme().id), &running).await;
        let refused = admin.caller.put(&path, json!({ "verdict": "approved" })).await;

        assert_eq!(refused.wrong(), [("verdict", "field-replay-running")]);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM replay_differences WHERE verdict = 'approved'").await, 0);
        app.clock.advance(std::time::Duration::from_secs(121));
        admin.caller.put(&path, json!({ "verdict": "approved" })).await.ok();
    }

    async fn what_differs_is_kept_sealed(setup: Setup) {
        let (app, admin) = at_work(shop(setup), echo("1.0.0")).await;
        app.customer(PHONE).says("un secreto entre nosotros").await.bot_replies().await;
        let other = admin.has(probe("2.0.0")).await;

        let replay = admin.replays(&other, 10).await;

        assert_eq!(admin.differences(&replay).await.iter().map(told).collect::<Vec<_>>(), [(
            "said".to_owned(),
            vec!["un secreto entre nosotros".to_owned()],
            vec!["heard un secreto entre nosotros".to_owned()],
        )]);
        let cell = app.cell(app.acme()).await;
        let id: ReplayId = replay["id"].as_str().unwrap().parse().unwrap();
        let rows = cell.read().await.unwrap().replays().differences(&id, None, 10).await.unwrap();
        assert!(rows.iter().all(|row| !String::from_utf8_lossy(&row.sealed).contains("secreto")));
    }
}
