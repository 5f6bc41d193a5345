//! A plugin's folder: where its manifest, its sources, its conversations and what was built lie.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result, bail};
use relevo_sandbox::{Manifest, manifest::ConversationTest};
use serde_json::Value;

use super::Language;
use crate::scripts::Script;

/// What a build writes, and what others wrote that is not the author's.
const NOT_SOURCES: [&str; 10] = ["dist", "target", "node_modules", ".venv", "__pycache__", "wit", "types", "vendor", "bindings", ".git"];

#[derive(Debug)]
pub struct Project {
    pub folder: PathBuf,
    pub language: Language,
    world: Option<String>,
}

impl Project {
    /// Finds out what it is written in.
    pub fn open(folder: &Path, world: Option<&str>) -> Result<Self> {
        let there = |name: &str| folder.join(name).is_file();
        if !there("manifest.json") {
            bail!("{} has no manifest.json: name a plugin's folder, or make one with\n\n    relevo plugin new NAME --lang rust\n", folder.display());
        }
        let language = if there("Cargo.toml") {
            Language::Rust
        } else if there("src/flow.js") {
            Language::Js
        } else if there("src/flow.py") {
            Language::Python
        } else {
            bail!("{} has neither Cargo.toml nor src/flow.js nor src/flow.py: one of them is where a plugin begins", folder.display());
        };
        Ok(Self { folder: folder.to_owned(), language, world: world.map(str::to_owned) })
    }

    /// What stands in manifest.json, and the conversations in tests/.
    pub fn manifest(&self) -> Result<Manifest> {
        let file = self.folder.join("manifest.json");
        let mut fields: Value = serde_json::from_slice(&fs::read(&file)?).with_context(|| format!("{} is no JSON", file.display()))?;
        if let Some(fields) = fields.as_object_mut() {
            // It tells an editor what may stand there, and is no part of what is uploaded.
            fields.remove("$schema");
        }
        let mut manifest = Manifest::parse(&serde_json::to_vec(&fields)?)?;
        for (file, script) in self.scripts()? {
            let name = Script::parse(&script).with_context(|| file.display().to_string())?.name;
            manifest.tests.push(ConversationTest { name, script });
        }
        Ok(manifest)
    }

    /// The files in tests/, by their names.
    pub fn scripts(&self) -> Result<Vec<(PathBuf, String)>> {
        let folder = self.folder.join("tests");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.push((path, text));
            }
        }
        files.sort();
        Ok(files)
    }

    /// The component as it would be uploaded.
    pub fn packed(&self) -> Result<Vec<u8>> {
        let component = self.component();
        let bytes = fs::read(&component).with_context(|| format!("{} is not there: run `relevo plugin build` first", component.display()))?;
        Ok(relevo_sandbox::pack(&bytes, &self.manifest()?)?)
    }

    pub fn dist(&self) -> PathBuf {
        self.folder.join("dist")
    }

    /// What a build writes: without a manifest yet.
    pub fn component(&self) -> PathBuf {
        self.dist().join("component.wasm")
    }

    /// The world that it is built for. In Rust the macros in its sources say that.
    pub fn world(&self) -> Result<String> {
        if let Some(world) = &self.world {
            return Ok(world.clone());
        }
        let source = match self.language {
            Language::Rust => return Ok("flow-plugin".into()),
            Language::Js => fs::read_to_string(self.folder.join("src/flow.js"))?,
            Language::Python => fs::read_to_string(self.folder.join("src/flow.py"))?,
        };
        let offers = |js: &str, python: &str| source.contains(js) || source.lines().any(|line| line.starts_with(python));
        Ok(match (offers("export const tools", "class Tools("), offers("export const configuration", "class Configuration(")) {
            (false, false) => "flow-plugin",
            (true, false) => "full-plugin",
            (false, true) => "configured-plugin",
            (true, true) => "complete-plugin",
        }
        .into())
    }

    /// When anything was last changed that a build reads.
    pub fn changed(&self) -> Result<SystemTime> {
        newest(&self.folder)
    }
}

fn newest(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if NOT_SOURCES.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let changed = if entry.file_type()?.is_dir() { self::newest(&entry.path())? } else { entry.metadata()?.modified()? };
        newest = newest.max(changed);
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_without_a_manifest_is_no_plugin() {
        let error = Project::open(folder(&[("src/flow.js", "")]).path(), None).unwrap_err().to_string();

        assert!(error.contains("relevo plugin new"), "{error}");
    }

    #[test]
    fn the_world_is_found_by_what_the_sources_export() {
        let world = |source: &str| {
            let folder = folder(&[("manifest.json", "{}"), ("src/flow.js", source)]);
            Project::open(folder.path(), None).unwrap().world().unwrap()
        };

        assert_eq!(world("export const flow = {};"), "flow-plugin");
        assert_eq!(world("export const flow = {};\nexport const tools = {};"), "full-plugin");
        assert_eq!(world("export const flow = {};\nexport const configuration = {};"), "configured-plugin");
    }

    #[test]
    fn conversations_go_into_the_manifest_and_what_is_for_the_editor_does_not() {
        let manifest = r#"{"$schema": "./manifest.schema.json", "id": "a", "version": "1.0.0", "api": "0.1.0-draft", "title": "A"}"#;
        let script = "name = \"Hello\"\n[[step]]\ncustomer = \"hola\"\n";
        let folder = folder(&[("manifest.json", manifest), ("Cargo.toml", ""), ("tests/hello.toml", script)]);

        let manifest = Project::open(folder.path(), None).unwrap().manifest().unwrap();

        assert_eq!(manifest.tests, [ConversationTest { name: "Hello".into(), script: script.into() }]);
    }

    #[test]
    fn what_a_build_writes_is_no_change() {
        let folder = folder(&[("manifest.json", "{}"), ("src/flow.py", "")]);
        let project = Project::open(folder.path(), None).unwrap();
        let before = project.changed().unwrap();

        fs::create_dir_all(project.dist()).unwrap();
        let built = fs::File::create(project.component()).unwrap();
        built.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(10_000_000_000)).unwrap();

        assert_eq!(project.changed().unwrap(), before);
    }
}
