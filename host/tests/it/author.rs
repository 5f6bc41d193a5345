//! The author's tools, as an author uses them: from an empty folder.

mod command;

use std::fs;

use command::Author;

/// Each language's own: what its sources are called, and something that cannot be compiled.
const LANGUAGES: [(&str, &str, &str); 3] = [("rust", "src/lib.rs", "fn"), ("js", "src/flow.js", "export const = 1;"), ("python", "src/flow.py", "def handle(")];

#[test]
fn a_new_plugin_in_rust_is_built_checked_tested_and_packed() {
    from_nothing_to_a_file("rust");
}

#[test]
fn a_new_plugin_in_javascript_is_built_checked_tested_and_packed() {
    from_nothing_to_a_file("js");
}

#[test]
fn a_new_plugin_in_python_is_built_checked_tested_and_packed() {
    from_nothing_to_a_file("python");
}

fn from_nothing_to_a_file(language: &str) {
    let author = Author::new();
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
