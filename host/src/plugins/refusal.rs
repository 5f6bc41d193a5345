//! Why a file cannot be a plugin: a name that texts know, and the words of the sandbox with the names that it is about.

use relevo_sandbox::{CompileError, LoadError, PackageError};
use serde::{Deserialize, Serialize};

use super::LoadFailed;
use crate::web::Words;

/// What is shown of it, and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The key of the text for people: `plugin-core-module`, …
    pub kind: String,
    /// What is to be changed, with the names that it is about.
    pub detail: String,
}

/// The keys of the texts; each knows the detail.
const KEYS: [&str; 26] = [
    "plugin-built-in",
    "plugin-changed",
    "plugin-core-module",
    "plugin-damaged",
    "plugin-foreign-import",
    "plugin-gone",
    "plugin-heavy",
    "plugin-host",
    "plugin-invalid",
    "plugin-manifest",
    "plugin-misfit",
    "plugin-native",
    "plugin-no-export",
    "plugin-no-manifest",
    "plugin-no-tools",
    "plugin-not-wasm",
    "plugin-other-version",
    "plugin-refused",
    "plugin-several-manifests",
    "plugin-slow",
    "plugin-too-large",
    "plugin-too-many",
    "plugin-too-many-modules",
    "plugin-too-many-versions",
    "plugin-undeclared",
    "plugin-version-taken",
];

impl Refused {
    pub fn new(kind: &str, detail: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), detail: detail.into() }
    }

    /// What is to be changed, for people.
    pub fn words(&self) -> Words {
        let key = KEYS.into_iter().find(|key| *key == self.kind).unwrap_or("plugin-refused");
        Words::from(key).with("detail", self.detail.as_str())
    }

    /// What the file itself is to blame for; none where it is us who could not.
    pub fn of(error: &LoadFailed) -> Option<Self> {
        let kind = match error {
            LoadFailed::Gone => "plugin-gone",
            LoadFailed::Changed => "plugin-changed",
            LoadFailed::Load(LoadError::Package(error)) => return Some(error.into()),
            LoadFailed::Load(LoadError::Compile(CompileError::Refused(_))) => "plugin-invalid",
            LoadFailed::Load(LoadError::Compile(CompileError::Died(_))) => "plugin-heavy",
            LoadFailed::Load(LoadError::Compile(CompileError::TimedOut)) => "plugin-slow",
            LoadFailed::Load(LoadError::Link(_)) => "plugin-misfit",
            LoadFailed::Media(_) | LoadFailed::Load(LoadError::Compile(CompileError::Compiler(..) | CompileError::Files(_)) | LoadError::Code(_)) => return None,
        };
        Some(Self::new(kind, error.to_string()))
    }
}

impl From<&PackageError> for Refused {
    fn from(error: &PackageError) -> Self {
        let kind = match error {
            PackageError::TooLarge(_) => "plugin-too-large",
            PackageError::NotWasm => "plugin-not-wasm",
            PackageError::Native => "plugin-native",
            PackageError::CoreModule => "plugin-core-module",
            PackageError::Damaged(_) => "plugin-damaged",
            PackageError::TooManyModules => "plugin-too-many-modules",
            PackageError::NoManifest => "plugin-no-manifest",
            PackageError::SeveralManifests => "plugin-several-manifests",
            PackageError::Manifest(_) => "plugin-manifest",
            PackageError::ForeignImport(_) => "plugin-foreign-import",
            PackageError::OtherVersion(_) => "plugin-other-version",
            PackageError::NoExport => "plugin-no-export",
            PackageError::NoTools => "plugin-no-tools",
            PackageError::Undeclared(_) => "plugin-undeclared",
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{texts, web::visitor::LANGUAGES};

    #[test]
    fn each_refusal_is_said_in_every_language_with_what_it_is_about() {
        for key in KEYS {
            for lang in LANGUAGES {
                let said = Refused::new(key, "wasi:cli/environment").words().to_text(lang);
                assert!(said != key && said.contains("wasi:cli/environment"), "{key} in {lang}: {said}");
                assert_ne!(texts::say(lang, key), key);
            }
        }
    }
}
