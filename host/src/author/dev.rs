//! Builds, tests and uploads a plugin whenever one of its files changes.

use std::time::Duration;

use anyhow::{Result, anyhow};
use relevo_model::{Clock, Time};
use relevo_sandbox::Manifest;

use super::{
    build,
    check::Bench,
    project::Project,
    remote::{self, Server, Wishes},
    test,
};

/// Between two looks at the files.
const PAUSE: Duration = Duration::from_millis(400);

/// Goes on until it is told to end. Without a server it builds and tests.
pub async fn dev(project: &Project, server: &Server, wishes: &Wishes) -> Result<()> {
    let bench = Bench::new()?;
    let (mut last, mut before) = (None, Vec::new());
    let ended = tokio::signal::ctrl_c();
    tokio::pin!(ended);
    loop {
        let changed = project.changed()?;
        if last != Some(changed) {
            last = Some(changed);
            match round(project, &bench, server, wishes, &mut before).await {
                Ok(done) => println!("{done}"),
                Err(error) => eprintln!("relevo: {error:#}"),
            }
        }
        tokio::select! {
            _ = &mut ended => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// `before` are the versions that earlier rounds left on the server.
async fn round(project: &Project, bench: &Bench, server: &Server, wishes: &Wishes, before: &mut Vec<String>) -> Result<String> {
    let component = tokio::task::block_in_place(|| build::build(project))?;
    let manifest = rehearsed(project.manifest()?, Clock::system().now())?;
    let wasm = relevo_sandbox::pack(&std::fs::read(component)?, &manifest)?;
    let plugin = bench.load(&wasm).await?;
    if !manifest.tests.is_empty() {
        test::run(&plugin, None).await?;
    }
    if !server.is_named() {
        return Ok(format!("{} is built; with --url it is uploaded too", manifest.id));
    }
    let api = server.api()?;
    remote::put_in_place(&api, wasm, &manifest, wishes).await?;
    *before = remote::remove(&api, &manifest.id, std::mem::take(before)).await;
    before.push(manifest.version.to_string());
    Ok(format!("{} {} is there: write to it in the simulator", manifest.id, manifest.version))
}

/// A version is what it is for ever, so each round makes one of its own, below the one that it grows into.
fn rehearsed(mut manifest: Manifest, now: Time) -> Result<Manifest> {
    let seconds = now.millis() / 1_000;
    manifest.version = format!("{}.{}.{}-dev.{seconds}", manifest.version.major, manifest.version.minor, manifest.version.patch)
        .parse()
        .map_err(|_| anyhow!("it is a version"))?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_a_version_below_the_one_that_it_grows_into() {
        let text = r#"{"id": "a", "version": "1.2.0", "api": "0.1.0-draft", "title": "A"}"#;
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        let at = |seconds: i64| rehearsed(manifest.clone(), Time(seconds * 1_000)).unwrap().version;

        assert_eq!(at(7).to_string(), "1.2.0-dev.7");
        assert!(at(7) < at(10) && at(10) < manifest.version);
    }
}
