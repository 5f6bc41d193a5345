//! What is refused at upload, and that it is told what to change.

use relevo_sandbox::package::MAX_SIZE;
use serde_json::json;

use super::{Admin, ID, component, echo, probe};
use crate::harness::{Setup, both_engines};

const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

both_engines! {
    async fn what_cannot_be_a_plugin_is_refused_with_what_to_change(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let cut = { let mut file = echo("1.0.0"); file.truncate(file.len() / 2); file };
        // Its name as a custom section, so that the manifest is none any more.
        let renamed = { let mut file = echo("1.0.0"); let at = find(&file, b"relevo:manifest"); file[at] = b'x'; file };

        for (file, kind) in [
            (b"GIF89a".to_vec(), "plugin-not-wasm"),
            (b"\x7fELF\x02\x01\x01\0".to_vec(), "plugin-native"),
            (CORE_MODULE.to_vec(), "plugin-core-module"),
            (cut, "plugin-damaged"),
            (renamed, "plugin-no-manifest"),
            (component("echo", "1.0.0", |manifest| manifest.id = "storefront".into()), "plugin-built-in"),
            (component("echo", &format!("1.0.0-{}", "a".repeat(80)), |_| {}), "plugin-manifest"),
        ] {
            let refused = admin.uploads(file).await;
            assert_eq!((refused.status, refused.problem()), (422, "not-a-plugin"), "{kind}: {refused:?}");
            assert_eq!(refused.wrong(), [("file", kind)]);
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(refused.body["errors"][0]["text"].as_str().unwrap().contains(detail), "{refused:?}");
        }
        assert_eq!(admin.uploads(vec![0; MAX_SIZE + 1]).await.problem(), "too-large");
        assert_eq!(admin.uploads_as(b"<p>".to_vec(), "text/html").await.status, 415);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM plugins").await, 0, "nothing of it is kept");
    }

    async fn a_version_that_answered_stays_what_it_was(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        let first = admin.has(echo("1.0.0")).await;

        admin.has(component("echo", "1.0.0", |manifest| manifest.title = "Otra".into())).await;
        assert_eq!(admin.plugin().await["versions"].as_array().unwrap().len(), 1, "one that never answered gives way");
        admin.activates(&first).await.ok();
        let again = admin.uploads(component("echo", "1.0.0", |manifest| manifest.title = "Otra".into())).await;
        let other = admin.uploads(echo("1.0.0")).await;

        assert_eq!(again.status, 201, "the same file is the same version");
        assert_eq!(other.wrong(), [("file", "plugin-version-taken")]);
    }

    async fn a_version_that_is_at_work_is_not_removed(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(echo("1.0.0")).await;
        admin.runs(probe("2.0.0")).await;
        admin.attaches(app.acme(), &[ID]).await;
        let path = |version: &str| format!("/api/plugins/{ID}/versions/{version}");

        let at_work = admin.caller.delete(&path("2.0.0")).await;
        assert_eq!(at_work.problem(), "in-use");
        assert!(at_work.body["detail"].as_str().unwrap().starts_with("this version answers"), "{at_work:?}");
        assert_eq!(admin.caller.delete(&path("1.0.0")).await.status, 204);

        assert_eq!(admin.rolls_back().await.problem(), "no-version", "what it led to is gone");
        assert_eq!(admin.caller.get(&path("1.0.0")).await.status, 404);
    }

    async fn a_change_is_made_to_what_somebody_saw(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(echo("1.0.0")).await;
        let path = format!("/api/plugins/{ID}");
        let seen = admin.caller.get(&path).await.etag.unwrap();

        let changed = admin.caller.put_seen(&format!("{path}/state"), &seen, json!({ "state": "off" })).await;
        let stale = admin.caller.put_seen(&format!("{path}/state"), &seen, json!({ "state": "on" })).await;

        assert_eq!((changed.status, stale.problem()), (200, "stale"));
        assert_eq!(admin.plugin().await["state"], "off");
    }

    async fn a_version_that_needs_an_approved_replay_does_not_answer_without(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(echo("1.0.0")).await;
        admin.caller.put(&format!("/api/plugins/{ID}/rule"), json!({ "requires_replay": true })).await.ok();
        let second = admin.has(component("echo", "1.1.0", |_| {})).await;

        let refused = admin.activates(&second).await;

        assert_eq!((refused.status, refused.problem()), (409, "replay-needed"));
        assert_eq!(admin.plugin().await["active"], "1.0.0");
    }

    async fn a_canary_that_nobody_approved_does_not_come_to_answer_all(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.runs(echo("1.0.0")).await;
        let second = admin.has(component("echo", "1.1.0", |_| {})).await;
        admin.tries(&second, 5).await.ok();
        admin.caller.put(&format!("/api/plugins/{ID}/rule"), json!({ "requires_replay": true })).await.ok();

        let refused = admin.caller.delete(&format!("/api/plugins/{ID}/canary?keep=true")).await;

        assert_eq!((refused.status, refused.problem()), (409, "replay-needed"));
        assert_eq!(admin.plugin().await["active"], "1.0.0");
        assert_eq!(admin.caller.delete(&format!("/api/plugins/{ID}/canary?keep=false")).await.status, 200, "it can be ended");
        assert_eq!(admin.tries(&second, 5).await.problem(), "replay-needed", "nor does it begin");
    }

    async fn fifty_versions_of_a_plugin_are_kept_and_no_more(setup: Setup) {
        let app = setup.tenant("acme").await;
        let admin = Admin::of(&app).await;
        admin.has(echo("1.0.0")).await;
        let same = "digest, size, manifest, state, media_key, uploaded_by, created_at";
        let others: Vec<String> = (1..50)
            .map(|nth| {
                format!(
                    "INSERT INTO plugin_versions (plugin_id, version, {same}) SELECT plugin_id, '1.0.{nth}', {same} FROM plugin_versions \
                     WHERE version = '1.0.0'"
                )
            })
            .collect();
        app.place.execute(Some(&app.acme().id), &others.join("; ")).await;

        let refused = admin.uploads(echo("2.0.0")).await;

        assert_eq!(refused.wrong(), [("file", "plugin-too-many-versions")]);
        assert_eq!(app.count(app.acme(), "SELECT COUNT(*) FROM plugin_versions").await, 50);
        app.place.execute(Some(&app.acme().id), "DELETE FROM plugin_versions WHERE version = '1.0.1'").await;
        admin.has(echo("2.0.0")).await;
    }
}

fn find(file: &[u8], wanted: &[u8]) -> usize {
    file.windows(wanted.len()).position(|part| part == wanted).unwrap()
}
