//! Conversation tests: a script in a world of its own, against real components; and conversations that become scripts.

use relevo::scripts::{self, Report, Script};
use relevo_sandbox::Plugin;
use serde_json::json;

use super::{PHONE, at_work, form, orders, storefront};
use crate::{
    harness::{Database, Setup, TestApp, both_engines},
    plugins::ID,
};

const ORDER: &str = r#"
name = "Un pedido"
at = "2026-03-02T10:00:00-03:00"

[[records.products]]
id = "0198c0de-0000-7000-8000-0000000000aa"
title = "Yerba mate 1 kg"
price_minor = 480000
stock = 3

[[step]]
customer = "hola"
[[step]]
bot_contains = "gracias por escribirnos"
[[step]]
bot = "¿En qué te ayudo?"
bot_buttons = ["Ver catálogo", "Hacer un pedido", "Estado de pedido", "Hablar con un asesor"]
[[step]]
choose = "Hacer un pedido"
[[step]]
bot_contains = "¿Qué querés pedir?"
[[step]]
choose = "Yerba mate 1 kg"
[[step]]
bot_contains = "¿Cuántas unidades"
[[step]]
customer = "2"
[[step]]
bot_contains = "¿A dónde lo enviamos?"
[[step]]
customer = "Av. Siempreviva 742, Lanús"
[[step]]
bot_contains = "9.600,00"
[[step]]
choose = "Confirmar"
[[step]]
bot_contains = "quedó registrado"
[[step]]
customer = "asesor"
[[step]]
bot_contains = "Te paso con una persona"
[[step]]
hand_over = true
[[step]]
customer = "¿hay alguien?"
"#;

async fn app() -> TestApp {
    Setup::new(Database::Sqlite).tenant("acme").await
}

async fn built_in(app: &TestApp, id: &str) -> Plugin {
    let node = app.node(0);
    node.plugins.find(id).unwrap().plugin(&node.media).await.unwrap()
}

async fn run(app: &TestApp, plugin: &str, script: &str) -> Report {
    scripts::run(&built_in(app, plugin).await, &Script::parse(script).unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_says_what_the_flow_says_passes() {
    let app = app().await;

    let report = run(&app, "storefront", ORDER).await;

    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_flow_says_something_else_the_script_fails_there_and_shows_both() {
    let app = app().await;
    let script = ORDER.replace("¿Cuántas unidades", "¿Cuántos kilos");

    let report = run(&app, "storefront", &script).await;

    let line = 1 + script.lines().position(|line| line.contains("kilos")).unwrap() - 1;
    assert_eq!(report.line, Some(line), "{report}");
    let last = report.entries.last().unwrap();
    assert!(last.text.contains("¿Cuántas unidades") && last.expected.as_deref().unwrap().contains("¿Cuántos kilos"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_expected_fails_a_script_too() {
    let app = app().await;
    let of = |steps: &str| format!("name = \"x\"\n{steps}");
    let cases = [
        (of("[[step]]\ncustomer = \"say 2\"\n[[step]]\nbot = \"1\""), "the second line"),
        (of("[[step]]\ncustomer = \"say 1\"\n[[step]]\nbot = \"1\"\n[[step]]\nbot = \"2\""), "a line that was not said"),
        (of("[[step]]\ncustomer = \"adviser\"\n[[step]]\nbot = \"bye\""), "a hand-over"),
        (of("[[step]]\ncustomer = \"trap\""), "a trap"),
        (of("[[step]]\ncustomer = \"say 1\"\n[[step]]\nbot = \"1\"\n[[step]]\nchoose = \"x\""), "a choice that was not offered"),
        (of("[[step]]\ncustomer = \"say 1\"\n[[step]]\nbot = \"1\"\n[[step]]\nhand_over = true"), "a hand-over that did not come"),
    ];

    for (script, what) in cases {
        assert!(!run(&app, "probe", &script).await.passed(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_ring_when_the_scripts_clock_is_advanced_past_them() {
    let app = app().await;
    let script = "name = \"x\"\n[[step]]\ncustomer = \"timer soon 3600\"\n[[step]]\nbot = \"set\"\n[[step]]\nadvance = \"59 min\"\n\
                  [[step]]\nadvance = \"1 min\"\n[[step]]\nbot = \"timer soon\"\n";

    let report = run(&app, "probe", script).await;

    assert!(report.passed(), "{report}");
    let early = script.replace("59 min", "61 min");
    assert!(!run(&app, "probe", &early).await.passed(), "it rings before anybody expects it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outside_is_as_scripted_and_what_is_not_scripted_is_never_called() {
    let app = app().await;
    let url = app.outside.url("/state/7");
    let script = format!(
        "name = \"x\"\n[[http]]\nurl = \"{url}\"\nbody = \"first\"\n[[http]]\nurl = \"http://127.0.0.1:*\"\nbody = \"later\"\n\
         [[step]]\ncustomer = \"fetch {url} {url} {url}\"\n[[step]]\nbot = \"first later later\"\n"
    );

    let report = run(&app, "probe", &script).await;
    assert!(report.passed(), "{report}");

    let bare = format!("name = \"x\"\n[[step]]\ncustomer = \"fetch {url}\"\n[[step]]\nbot = \"first\"\n");
    let report = run(&app, "probe", &bare).await;
    assert!(report.problem.as_deref().unwrap_or_default().contains(&format!("GET {url}")), "{report}");
    let down = bare.replace("[[step]]\ncustomer", &format!("[[http]]\nurl = \"{url}\"\nfails = \"timed-out\"\n[[step]]\ncustomer"));
    assert!(!run(&app, "probe", &down).await.passed());
    assert!(app.outside.calls().is_empty(), "a socket was opened");
}

both_engines! {
    async fn a_conversation_that_was_kept_as_a_test_passes_on_its_version_and_fails_where_it_changed(setup: Setup) {
        // More than one page of them, of which the first is looked at.
        let others = ["Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8"].into_iter();
        let setup = setup.tenant("acme").product("YER", "Yerba mate 1 kg", 480_000, Some(40));
        let setup = others.fold(setup, |setup, sku| setup.product(sku, "Otra cosa", 1_000, None));
        let (app, admin) = at_work(setup, storefront("1.0.0", &[])).await;
        let chat = app.customer(PHONE);
        orders(&chat).await;
        assert!(chat.sent().iter().any(|sent| sent.choices().iter().any(|(_, title)| title == "Ver más")), "the list goes on");
        app.clock.advance(std::time::Duration::from_secs(600));
        chat.says("estado").await.bot_replies().await;
        let other = admin.has(storefront("1.1.0", &[("¿Lo confirmás?", "¿Va entonces?")])).await;
        let conversation = chat.conversation().await.id;

        let saved = form(&app, &admin.caller, &format!("/conversations/{conversation}/tests"), &[("name", "Dos kilos"), ("plugin", ID)]).await;
        assert_eq!(saved.0, 303, "{}", saved.1);

        let ran = async |version: &str| form(&app, &admin.caller, &format!("/plugins/{ID}/tests"), &[("version", version)]).await.1;
        let page = ran("1.0.0").await;
        assert!(page.contains("data-failed=\"0\"") && page.contains("Dos kilos"), "{page}");
        let page = ran(&other).await;
        assert!(page.contains("data-failed=\"1\"") && page.contains("¿Va entonces?"), "{page}");
        let script = app.place.texts(Some(&app.acme().id), "SELECT script FROM saved_tests").await.remove(0);
        assert!(script.contains("customer = \"Av. Siempreviva 742, Lanús\"") && script.contains("advance = ") && !script.contains("5491155550001"), "{script}");
        assert_eq!(Script::parse(&script).unwrap().name, "Dos kilos");
    }

    async fn the_tests_of_a_manifest_run_with_a_version(setup: Setup) {
        let file = crate::plugins::component("echo", "1.0.0", |manifest| {
            let test = |name: &str, script: &str| serde_json::from_value::<relevo_sandbox::ConversationTest>(json!({ "name": name, "script": script })).unwrap();
            manifest.tests = vec![
                test("good", "name = \"g\"\n[[step]]\ncustomer = \"hola\"\n[[step]]\nbot = \"hola\""),
                test("bad", "name = \"b\"\n[[step]]\ncustomer = \"hola\"\n[[step]]\nbot = \"chau\""),
                test("unreadable", "name = \"u\"\n[[step]]\nclient = \"hola\""),
            ];
        });
        let (app, admin) = at_work(setup.tenant("acme"), file).await;

        let (_, page) = form(&app, &admin.caller, &format!("/plugins/{ID}/tests"), &[("version", "1.0.0")]).await;

        assert!(page.contains("data-failed=\"2\"") && page.contains("unknown field `client`"), "{page}");
    }
}
