//! `relevo plugin …` in a folder of its own, with the tools that the examples are built with.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use tempfile::TempDir;

/// Somebody at a terminal.
#[derive(Clone)]
pub struct Author {
    home: Arc<TempDir>,
    folder: PathBuf,
    path: OsString,
    server: Option<(String, String)>,
}

impl Author {
    pub fn new() -> Self {
        let tools = target().join("tools");
        let own = [tools.join("js/node_modules/.bin"), tools.join("python/bin")];
        assert!(own[0].join("componentize-qjs").exists(), "run `cargo xtask plugins`: {} is missing", own[0].display());
        let path = env::var_os("PATH").unwrap_or_default();
        Self::at(env::join_paths(own.into_iter().chain(env::split_paths(&path))).unwrap())
    }

    /// On a machine that has nothing yet.
    pub fn without_tools() -> Self {
        Self::at(OsString::new())
    }

    fn at(path: OsString) -> Self {
        let home = Arc::new(TempDir::new().unwrap());
        Self { folder: home.path().to_owned(), home, path, server: None }
    }

    pub fn inside(&self, folder: &str) -> Self {
        Self { folder: self.home.path().join(folder), ..self.clone() }
    }

    /// With a server and a key in the environment.
    pub fn at_server(&self, url: &str, key: &str) -> Self {
        Self { server: Some((url.to_owned(), key.to_owned())), ..self.clone() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the command prints; it succeeds.
    pub fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", all(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// All that it says; it fails.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", all(&output));
        all(&output)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relevo"));
        command.arg("plugin").args(arguments).current_dir(&self.folder).env("PATH", &self.path);
        // What cargo tells a test about the package that it belongs to is not true of another one.
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")))
        {
            command.env_remove(name);
        }
        // What our own plugins are made of is compiled there already.
        command.env("CARGO_TARGET_DIR", target().join("plugins-build"));
        command.env("XDG_CACHE_HOME", self.home.path().join("cache"));
        command.env_remove("RELEVO_URL").env_remove("RELEVO_KEY");
        if let Some((url, key)) = &self.server {
            command.env("RELEVO_URL", url).env("RELEVO_KEY", key);
        }
        command.output().expect("relevo starts")
    }
}

fn target() -> &'static Path {
    Path::new(env!("RELEVO_PLUGINS")).parent().expect("the plugins lie in the target folder")
}

fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
