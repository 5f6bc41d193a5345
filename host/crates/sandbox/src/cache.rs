//! Native code that this node compiled, in a folder that only it can read.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::{NamedTempFile, TempPath};

use crate::package::Digest;

pub(crate) struct Cache {
    dir: PathBuf,
    /// Tells apart code of other wasmtime versions, targets and tunables.
    engine: String,
}

impl Cache {
    /// Opens the folder, which becomes this user's alone: what lies in it is run as native code.
    pub(crate) fn open(dir: &Path, engine: String) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        Ok(Self { dir: dir.canonicalize()?, engine })
    }

    /// Where the code of an artefact lies, if it is there and unchanged since [`Cache::put`].
    pub(crate) fn get(&self, artefact: Digest) -> Option<PathBuf> {
        let path = self.path(artefact);
        let noted = fs::read_to_string(sidecar(&path)).ok()?;
        let found = Digest::of(&fs::read(&path).ok()?).to_string();
        if noted.trim() != found {
            tracing::warn!(artefact = %artefact, "The compiled code of a plugin was changed on disk; it is compiled again");
            return None;
        }
        Some(path)
    }

    /// A new file of its own, gone when dropped.
    pub(crate) fn temporary(&self, content: &[u8]) -> io::Result<TempPath> {
        let mut file = NamedTempFile::new_in(&self.dir)?;
        file.write_all(content)?;
        Ok(file.into_temp_path())
    }

    /// Keeps freshly compiled code. A crash in between leaves no digest, which counts as not compiled.
    pub(crate) fn put(&self, artefact: Digest, code: TempPath) -> io::Result<PathBuf> {
        let path = self.path(artefact);
        let digest = Digest::of(&fs::read(&code)?).to_string();
        let note = self.temporary(digest.as_bytes())?;
        code.persist(&path)?;
        note.persist(sidecar(&path))?;
        Ok(path)
    }

    pub(crate) fn forget(&self, artefact: Digest) {
        let path = self.path(artefact);
        for file in [sidecar(&path), path] {
            if let Err(error) = fs::remove_file(&file)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = %file.display(), "A compiled plugin could not be removed from the cache");
            }
        }
    }

    fn path(&self, artefact: Digest) -> PathBuf {
        self.dir.join(format!("{artefact}-{}.cwasm", self.engine))
    }
}

fn sidecar(path: &Path) -> PathBuf {
    path.with_extension("sha256")
}
