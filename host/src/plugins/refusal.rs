//! Why a file cannot be a plugin: a name for programs and pages, and the words of the sandbox with the names that it is about.

use relevo_sandbox::{CompileError, LoadError, PackageError};
use serde::{Deserialize, Serialize};

use super::LoadFailed;
use crate::web::Words;

/// What is shown of it, and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its name: `plugin-core-module`, …
    pub kind: String,
    /// What is to be changed, with the names that it is about.
    pub detail: String,
}

impl Refused {
    pub fn new(kind: &str, detail: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), detail: detail.into() }
    }

    /// What is to be changed, for people.
    pub fn words(&self) -> Words {
        Words::from("plugin-refused").with("detail", self.detail.as_str())
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
            LoadFailed::Media(_) | LoadFailed::Load(LoadError::Compile(CompileError::Compiler(..) | CompileError::Files(_)) | LoadError::Code(_)) => {
                return None;
            }
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
