//! The same flow in three languages: one set of conversations, the same answers.

use std::{fs, path::Path};

use relevo::scripts::{self, Script};
use relevo_sandbox::{Engine, EngineSettings, Limits, Plugin};
use tokio::sync::OnceCell;

use crate::harness::example;

const LANGUAGES: [&str; 3] = ["rust", "js", "python"];

/// On one engine: what one test compiled, the others find.
async fn load(language: &str) -> Plugin {
    static ENGINE: OnceCell<Engine> = OnceCell::const_new();
    let start = async || {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("relevo-cache");
        Engine::new(EngineSettings::new(cache, env!("CARGO_BIN_EXE_relevo"))).expect("the engine starts")
    };
    ENGINE.get_or_init(start).await.load(&example(language)).await.expect("it was packed")
}

/// The conversations that all of them must pass.
fn conversations() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples/tests");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Script::parse(&fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).collect()
}

#[tokio::test]
async fn the_example_answers_alike_in_rust_javascript_and_python() {
    let conversations = conversations();
    assert!(conversations.len() >= 3);
    let mut heard = Vec::new();

    for language in LANGUAGES {
        let plugin = load(language).await;
        let mut reports = Vec::new();
        for script in &conversations {
            let report = scripts::run(&plugin, script).await;
            assert!(report.passed(), "{language}: {report}");
            reports.push(report.entries);
        }
        heard.push(reports);
    }

    assert!(heard.iter().all(|reports| *reports == heard[0]), "{heard:#?}");
}

#[tokio::test]
async fn a_configuration_is_checked_alike_in_every_language() {
    for language in LANGUAGES {
        let plugin = load(language).await;
        let check = async |url: &str| plugin.check_config("acme", &format!("{{\"base_url\": \"{url}\"}}"), &Limits::default()).await.unwrap();

        assert!(check("https://api.example.com/v2").await.is_empty(), "{language}");
        let problems = check("https://other.example.com/v2").await;

        let found: Vec<(&str, &str)> = problems.iter().map(|problem| (problem.field.as_str(), problem.message.as_str())).collect();
        assert_eq!(found, [("/base_url", "Tiene que empezar con https://api.example.com/: a otro lugar no puedo llamar.")], "{language}");
    }
}

#[tokio::test]
async fn a_conversation_that_goes_another_way_is_told_in_every_language() {
    let text = "name = \"Wrong\"\n[config]\nreminder_minutes = 0\n[[step]]\ncustomer = \"hola\"\n[[step]]\nbot = \"Chau\"\n";
    let script = Script::parse(text).unwrap();

    for language in LANGUAGES {
        let report = scripts::run(&load(language).await, &script).await;

        assert!(!report.passed(), "{language}");
        assert_eq!((report.line, report.entries.last().and_then(|entry| entry.expected.as_deref())), (Some(6), Some("Chau")), "{language}: {report}");
    }
}
