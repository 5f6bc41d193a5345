//! What a plugin's folder is made of: the templates, the contract, and for Rust the SDK, all carried by this program.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use rust_embed::RustEmbed;
use toml::{Table, Value};

use super::{Language, types};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../plugins/templates"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../plugins/sdk"]
#[include = "src/*"]
struct Sdk;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../wit"]
struct Contract;

const SDK_MANIFEST: &str = include_str!("../../../plugins/sdk/Cargo.toml");
const WORKSPACE: &str = include_str!("../../../plugins/Cargo.toml");
const RUST_LOCK: &str = include_str!("../../../plugins/Cargo.lock");
const RUST_CONFIG: &str = include_str!("../../../plugins/.cargo/config.toml");
const JS_LOCK: &str = include_str!("../../../plugins/examples/js/package-lock.json");
const JS_SHORTHAND: &str = include_str!("../../../plugins/examples/js/src/relevo.js");
const PYTHON_PINS: &str = include_str!("../../../plugins/examples/python/requirements.txt");
const PYTHON_SHORTHAND: &str = include_str!("../../../plugins/examples/python/src/relevo.py");

/// The folder of the contract below a plugin's own.
pub const WIT: &str = "wit/relevo-flow-0.1.0-draft";
const SDK: &str = "vendor/relevo-plugin";
const SCHEMA: &str = "manifest.schema.json";

/// A file of a plugin's folder, by its path in it.
#[derive(Debug, PartialEq)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(&self.path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&file, &self.text).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// What a new plugin begins with and its author goes on with.
pub fn to_begin_with(language: Language, name: &str) -> Result<Vec<File>> {
    let (folder, also) = match language {
        Language::Rust => ("rust/", ", vendor/ and manifest.schema.json"),
        Language::Js => ("js/", ", types/ and manifest.schema.json"),
        Language::Python => ("python/", ", bindings/ and manifest.schema.json"),
    };
    let filled = |text: &str| text.replace("__NAME__", name).replace("__TITLE__", &title(name)).replace("__ALSO__", also);
    let mut files = Vec::new();
    for path in Templates::iter() {
        let Some(own) = path.strip_prefix(folder).or_else(|| path.strip_prefix("common/")) else { continue };
        let own = match own {
            "gitignore" => ".gitignore",
            "Cargo.toml.txt" => "Cargo.toml",
            other => other,
        };
        files.push(File::new(own, filled(&text::<Templates>(&path)?)));
    }
    files.extend(match language {
        // Of the lock file cargo keeps what is needed, in the versions that we build with.
        Language::Rust => vec![File::new("Cargo.lock", RUST_LOCK), File::new(".cargo/config.toml", RUST_CONFIG)],
        Language::Js => vec![File::new("package-lock.json", JS_LOCK.replace("tracking-js", name)), File::new("src/relevo.js", JS_SHORTHAND)],
        Language::Python => vec![File::new("requirements.txt", PYTHON_PINS), File::new("src/relevo.py", PYTHON_SHORTHAND)],
    });
    Ok(files)
}

/// What goes with the program's version and is written anew by each build.
pub fn of_this_version(language: Language) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut contract = String::new();
    for path in Contract::iter() {
        let text = text::<Contract>(&path)?;
        if path == SCHEMA {
            files.push(File::new(SCHEMA, text));
        } else if path.ends_with(".wit") {
            contract.clone_from(&text);
            files.push(File::new(format!("wit/{path}"), text));
        }
    }
    match language {
        Language::Rust => {
            for path in Sdk::iter() {
                files.push(File::new(format!("{SDK}/{path}"), text::<Sdk>(&path)?));
            }
            files.push(File::new(format!("{SDK}/Cargo.toml"), stand_alone(SDK_MANIFEST, WORKSPACE)?));
        }
        Language::Js => files.push(File::new("types/relevo-flow.d.ts", types::declarations(&contract)?)),
        // The tool that compiles Python writes its own.
        Language::Python => {}
    }
    Ok(files)
}

/// Writes what a build needs of this program's version, where the folder wants it and has something else.
pub fn renew(folder: &Path, language: Language) -> Result<()> {
    for file in of_this_version(language)? {
        let path = folder.join(&file.path);
        // A folder of a larger workspace has its SDK, and its manifest's schema, elsewhere.
        let elsewhere = file.path.starts_with(SDK) && !folder.join(SDK).exists() || file.path == SCHEMA && !path.exists();
        if !elsewhere && fs::read_to_string(&path).ok().as_ref() != Some(&file.text) {
            file.write(folder)?;
        }
    }
    Ok(())
}

fn text<E: RustEmbed>(path: &str) -> Result<String> {
    let file = E::get(path).with_context(|| format!("{path} is not embedded"))?;
    Ok(String::from_utf8(file.data.into_owned())?)
}

/// `mi-flujo` as `Mi flujo`.
fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A crate's manifest with what it takes from its workspace written out, so that it stands without it.
fn stand_alone(manifest: &str, workspace: &str) -> Result<String> {
    let mut manifest: Table = manifest.parse()?;
    let workspace: Table = workspace.parse()?;
    let inherited = |section: &str, key: &str| workspace["workspace"].get(section).and_then(|section| section.get(key)).cloned();
    let is_inherited = |value: &Value| value.get("workspace").and_then(Value::as_bool) == Some(true);
    for section in ["package", "dependencies"] {
        for (key, value) in manifest.get_mut(section).and_then(Value::as_table_mut).into_iter().flatten() {
            if is_inherited(value) {
                *value = inherited(section, key).with_context(|| format!("the workspace has no {key}"))?;
            }
        }
    }
    manifest.remove("lints");
    Ok(toml::to_string(&manifest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Language; 3] = [Language::Rust, Language::Js, Language::Python];

    #[test]
    fn nothing_is_left_to_fill_in() {
        for language in ALL {
            for file in to_begin_with(language, "mi-flujo").unwrap() {
                assert!(!file.text.contains("__NAME__") && !file.text.contains("__TITLE__") && !file.text.contains("__ALSO__"), "{}", file.path);
            }
        }
    }

    #[test]
    fn no_two_files_have_one_place() {
        for language in ALL {
            let mut paths: Vec<String> =
                to_begin_with(language, "a").unwrap().into_iter().chain(of_this_version(language).unwrap()).map(|file| file.path).collect();
            let all = paths.len();

            paths.sort();
            paths.dedup();

            assert_eq!(paths.len(), all);
        }
    }

    #[test]
    fn the_sdk_stands_without_our_workspace() {
        let manifest = stand_alone(SDK_MANIFEST, WORKSPACE).unwrap();

        assert!(!manifest.contains("workspace"), "{manifest}");
        assert!(manifest.contains("name = \"relevo-plugin\"") && manifest.contains("wit-bindgen"), "{manifest}");
    }

    #[test]
    fn a_name_becomes_a_title() {
        assert_eq!(title("mi-flujo"), "Mi flujo");
    }
}
