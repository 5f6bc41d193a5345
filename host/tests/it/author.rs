//! The author's tools, as an author uses them: from an empty folder.

mod command;

use std::fs;

use relevo_model::Role;
use serde_json::json;

use self::command::Author;
use crate::{
    door::House,
    harness::{Database, Setup},
};

/// Each language's own: what its sources are called, and something that cannot be compiled.
const LANGUAGES: [(&str, &str, &str); 3] = [("rust", "src/lib.rs", "fn"), ("js", "src/flow.js", "export const = 1;"), ("python", "src/flow.py", "def handle(")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_becomes_a_plugin_in_rust_that_answers() {
    from_nothing_to_an_answer("rust").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_becomes_a_plugin_in_javascript_that_answers() {
    from_nothing_to_an_answer("js").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_becomes_a_plugin_in_python_that_answers() {
    from_nothing_to_an_answer("python").await;
}

async fn from_nothing_to_an_answer(language: &str) {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let plan = json!({ "name": "author", "scopes": ["upload-plugins", "configure-flows", "see-business"], "service_points": "all" });
    let key = owner.post("/api/keys", plan).await.done(201)["key"].as_str().unwrap().to_owned();
    let author = Author::new().at_server(&house.test.url(0, ""), &key);
    let customer = house.test.customer("+5491155550001");

    // The server runs in this very process: the author at the terminal must not hold it up.
    let (point, language) = (house.here.to_string(), language.to_owned());
    tokio::task::spawn_blocking(move || from_nothing_to_the_server(&author, &language, &point)).await.unwrap();
    customer.says("hola").await;
    house.test.settled().await;

    assert_eq!(customer.bot_replies().await, ["Hola. Escribiste: hola"]);
}

fn from_nothing_to_the_server(author: &Author, language: &str, point: &str) {
    author.does(&["new", "saludo", "--lang", language]);
    let at_home = author.inside("saludo");

    at_home.does(&["build"]);
    let checked = at_home.does(&["check"]);
    let tested = at_home.does(&["test"]);
    let packed = at_home.does(&["pack"]);

    assert!(checked.contains("saludo 0.1.0") && checked.contains("asks for     nothing") && checked.contains("fits the contract"), "{checked}");
    assert!(tested.contains("1 conversations passed"), "{tested}");
    let file = at_home.folder().join(packed.trim());
    assert!(packed.contains("saludo-0.1.0.wasm"), "{packed}");
    let package = relevo_sandbox::inspect(&fs::read(file).unwrap()).unwrap();
    assert_eq!(package.manifest.tests.len(), 1, "the conversations go with it");

    let installed = at_home.does(&["install", "--grant-all", "--activate", "--attach", point]);
    assert!(installed.contains("saludo 0.1.0 is uploaded and answers from the next message on"), "{installed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_may_not_upload_is_told_so() {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let plan = json!({ "name": "other", "scopes": ["see-business"], "service_points": "all" });
    let key = owner.post("/api/keys", plan).await.done(201)["key"].as_str().unwrap().to_owned();
    let author = Author::new().at_server(&house.test.url(0, ""), &key);

    let said = tokio::task::spawn_blocking(move || {
        let file = author.folder().join("tracking.wasm");
        fs::write(&file, crate::harness::example("js")).unwrap();
        author.fails(&["install", "tracking.wasm"])
    });

    let said = said.await.unwrap();
    assert!(said.contains("the server refused (403)"), "{said}");
}

#[test]
fn a_conversation_that_goes_another_way_fails_with_what_was_said_instead() {
    let author = Author::new();
    author.does(&["new", "saludo", "--lang", "js"]);
    let at_home = author.inside("saludo");
    at_home.does(&["build"]);
    let script = at_home.folder().join("tests/greeting.toml");
    fs::write(&script, fs::read_to_string(&script).unwrap().replace("Escribiste", "Dijiste")).unwrap();

    let said = at_home.fails(&["test"]);

    assert!(said.contains("expected  Buenas. Dijiste: ¿hay alguien?") && said.contains("got  Buenas. Escribiste: ¿hay alguien?"), "{said}");
}

#[test]
fn what_does_not_compile_is_said_in_the_words_of_its_tool() {
    for (language, file, broken) in LANGUAGES {
        let author = Author::new();
        author.does(&["new", "saludo", "--lang", language]);
        let at_home = author.inside("saludo");
        fs::write(at_home.folder().join(file), broken).unwrap();

        let said = at_home.fails(&["build"]);

        assert!(said.to_lowercase().contains("error"), "{language}: {said}");
        assert!(!at_home.folder().join("dist/component.wasm").exists(), "{language}");
    }
}

#[test]
fn without_its_tool_a_build_says_how_to_get_it() {
    for (language, install) in [("js", "npm install"), ("python", ".venv/bin/pip install -r requirements.txt")] {
        let author = Author::without_tools();
        author.does(&["new", "saludo", "--lang", language]);

        let said = author.inside("saludo").fails(&["build"]);

        assert!(said.contains(install), "{said}");
    }
}

#[test]
fn a_manifest_that_cannot_be_taken_says_what_to_change() {
    let author = Author::new();
    author.does(&["new", "saludo", "--lang", "js"]);
    let at_home = author.inside("saludo");
    at_home.does(&["build"]);
    let manifest = at_home.folder().join("manifest.json");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap().replace("\"messages\"", "\"everything\"")).unwrap();

    let said = at_home.fails(&["check"]);

    assert!(said.contains("\"everything\" is no event of the contract"), "{said}");
}
