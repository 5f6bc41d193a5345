//! Plugins, their versions, and how they ran.

use relevo_model::*;
use relevo_store::*;
use serde_json::json;

use crate::support::*;

on_both!(
    a_version_is_compiling_until_it_is_ready_or_refused,
    what_somebody_changed_meanwhile_is_not_overwritten,
    how_versions_ran_adds_up,
    how_long_calls_took_adds_up,
    the_last_failures_are_kept_each_turn_once,
    a_canary_is_counted_and_taken_back_only_as_the_one_that_it_is,
    a_secret_opens_in_its_own_place_alone,
    with_its_last_version_a_plugin_goes,
);

const ID: &str = "com.example.shop";

fn version(world: &World, version: &str) -> PluginVersion {
    PluginVersion {
        plugin_id: ID.into(),
        version: version.into(),
        digest: "ab".repeat(32),
        size: 85_000,
        manifest: Json(json!({ "id": ID, "version": version })),
        state: VersionState::Compiling,
        problem: None,
        media_key: format!("t/plugins/{version}.wasm"),
        uploaded_by: "ana".into(),
        created_at: world.now(),
        first_activated_at: None,
    }
}

fn hour(turns: i64, failed: i64, memory_peak: i64) -> PluginHour {
    PluginHour { plugin_id: ID.into(), version: "1.0.0".into(), hour: 3_600_000, turns, failed, memory_peak, ..PluginHour::default() }
}

async fn a_version_is_compiling_until_it_is_ready_or_refused(world: World) {
    let mut write = world.cell.write().await.unwrap();
    write.add_plugin(ID, world.now()).await.unwrap();
    for name in ["1.0.0", "1.1.0", "1.2.0"] {
        write.add_plugin_version(&version(&world, name)).await.unwrap();
    }
    let problem = json!({ "kind": "plugin-misfit", "detail": "no such function" });
    let digest = "ab".repeat(32);
    assert!(write.end_compilation(ID, "1.0.0", &digest, None).await.unwrap());
    assert!(write.end_compilation(ID, "1.1.0", &digest, Some(&problem)).await.unwrap());
    assert!(!write.end_compilation(ID, "1.0.0", &digest, Some(&problem)).await.unwrap(), "it had ended");
    assert!(!write.end_compilation(ID, "1.2.0", "another file", None).await.unwrap());
    write.commit().await.unwrap();

    let mut read = world.cell.read().await.unwrap();
    let left: Vec<String> = read.plugins().compiling().await.unwrap().into_iter().map(|version| version.version).collect();
    assert_eq!(left, ["1.2.0"]);
    let refused = read.plugins().version(ID, "1.1.0").await.unwrap().unwrap();
    assert_eq!((refused.state, refused.problem), (VersionState::Refused, Some(Json(problem))));
    assert_eq!(read.plugins().version(ID, "1.0.0").await.unwrap().unwrap().state, VersionState::Ready);
    assert!(read.plugins().versions_at_work().await.unwrap().is_empty());
}

async fn what_somebody_changed_meanwhile_is_not_overwritten(world: World) {
    let mut write = world.cell.write().await.unwrap();
    write.add_plugin(ID, world.now()).await.unwrap();
    write.add_plugin(ID, world.now()).await.unwrap();
    let before = write.business().await.unwrap().unwrap().config_version;
    let mut row = write.plugins().find(ID).await.unwrap().unwrap();
    assert_eq!(row, PluginRow::of(ID, world.now()));
    row.active_version = Some("1.0.0".into());

    assert!(write.save_plugin(&row, Some(1)).await.unwrap());
    assert!(!write.save_plugin(&row, Some(1)).await.unwrap());
    assert!(!write.save_plugin_config(ID, &json!({ "a": 1 }), Some(1), "ana", world.now()).await.unwrap());
    assert!(write.save_plugin_config(ID, &json!({ "a": 1 }), Some(2), "ana", world.now()).await.unwrap());
    write.commit().await.unwrap();

    let mut read = world.cell.read().await.unwrap();
    let row = read.plugins().find(ID).await.unwrap().unwrap();
    assert_eq!((row.version, row.config_version, row.config.0), (3, 1, json!({ "a": 1 })));
    assert!(read.business().await.unwrap().unwrap().config_version > before, "whoever keeps it in memory reads it again");
    let kept = read.plugins().configs(ID, None, None, 10).await.unwrap();
    assert_eq!(kept.iter().map(|config| (config.version, &config.config.0)).collect::<Vec<_>>(), [(1, &json!({ "a": 1 }))]);
}

async fn how_versions_ran_adds_up(world: World) {
    let mut write = world.cell.write().await.unwrap();
    write.add_hours(&[hour(3, 1, 500)]).await.unwrap();
    write.add_hours(&[hour(2, 1, 900), PluginHour { hour: 7_200_000, ..hour(1, 0, 5) }]).await.unwrap();
    write.commit().await.unwrap();

    let mut read = world.cell.read().await.unwrap();
    let hours = read.plugin_runs().hours(ID, Time(0)).await.unwrap();
    assert_eq!(hours, [PluginHour { hour: 7_200_000, ..hour(1, 0, 5) }, hour(5, 2, 900)]);
    assert_eq!(read.plugin_runs().failures(Time(3_600_000)).await.unwrap(), [(ID.to_owned(), 2)]);
    drop(read);
    let mut write = world.cell.write().await.unwrap();
    assert_eq!(write.forget_hours(Time(7_200_000)).await.unwrap(), 1);
    write.commit().await.unwrap();
}

async fn how_long_calls_took_adds_up(world: World) {
    let with = |calls: &[i64]| {
        let mut spans = Spans::default();
        calls.iter().for_each(|micros| spans.add(*micros));
        PluginHour { spans, ..hour(i64::try_from(calls.len()).unwrap(), 0, 0) }
    };
    let mut write = world.cell.write().await.unwrap();
    write.add_hours(&[with(&[100, 100, 9_000])]).await.unwrap();
    write.add_hours(&[with(&[100, 30_000_000]), PluginHour { version: "1.1.0".into(), ..with(&[7]) }]).await.unwrap();
    write.commit().await.unwrap();

    let hours = world.cell.read().await.unwrap().plugin_runs().hours(ID, Time(0)).await.unwrap();
    assert_eq!(hours, [with(&[100, 100, 100, 9_000, 30_000_000]), PluginHour { version: "1.1.0".into(), ..with(&[7]) }]);
    assert_eq!(hours[0].spans.percentile(50), Some(111));
    let mut write = world.cell.write().await.unwrap();
    write.forget_hours(Time(7_200_000)).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(count(&mut world.cell.read().await.unwrap(), "SELECT COUNT(*) FROM plugin_spans").await, 0);
}

async fn the_last_failures_are_kept_each_turn_once(world: World) {
    let (here, there): (ServicePointId, ServicePointId) = (world.clock.id(), world.clock.id());
    let turns: Vec<TurnId> = (0..FAILURES_KEPT + 2).map(|_| world.clock.id()).collect();
    let failed = |turn: &TurnId, kind: &str| PluginFailure {
        plugin_id: ID.into(),
        turn_id: *turn,
        version: "1.0.0".into(),
        service_point_id: here,
        kind: kind.into(),
        tries: 1,
        failed_at: world.now(),
    };
    let last = turns.last().unwrap();
    let mut write = world.cell.write().await.unwrap();
    write.add_failures(&[failed(&turns[0], "timeout"), PluginFailure { plugin_id: "other".into(), ..failed(&turns[0], "timeout") }]).await.unwrap();
    let all: Vec<PluginFailure> = turns.iter().map(|turn| failed(turn, "trap")).collect();
    write.add_failures(&all).await.unwrap();
    write.add_failures(&[PluginFailure { version: "1.1.0".into(), service_point_id: there, ..failed(last, "limit-cpu") }]).await.unwrap();
    write.commit().await.unwrap();

    let mut read = world.cell.read().await.unwrap();
    let kept = read.plugin_runs().failed(ID, &Reach::All, None, 1_000).await.unwrap();
    let newest = kept.first().unwrap();
    assert_eq!((newest.turn_id, &*newest.kind, &*newest.version, newest.tries), (*last, "limit-cpu", "1.1.0", 2));
    assert_eq!((i64::try_from(kept.len()).unwrap(), kept.last().unwrap().turn_id), (FAILURES_KEPT, turns[2]), "the oldest two gave way");
    let nowhere: Reach = [there].into_iter().collect();
    assert!(read.plugin_runs().failed(ID, &nowhere, None, 10).await.unwrap().is_empty(), "where it happened is where it began");
    let page = read.plugin_runs().failed(ID, &Reach::All, Some(last), 2).await.unwrap();
    assert_eq!(page.iter().map(|failure| failure.turn_id).collect::<Vec<_>>(), [turns[turns.len() - 2], turns[turns.len() - 3]]);
    assert_eq!(read.plugin_runs().failed("other", &Reach::All, None, 10).await.unwrap().len(), 1, "another plugin's are its own");
    drop(read);
    let mut write = world.cell.write().await.unwrap();
    assert_eq!(write.forget_failures(Time(world.now().0 + 1)).await.unwrap(), u64::try_from(FAILURES_KEPT).unwrap() + 1);
}

async fn a_canary_is_counted_and_taken_back_only_as_the_one_that_it_is(world: World) {
    let ran = CanaryRuns { plugin_id: ID.into(), version: "2.0.0".into(), since: 7, turns: 4, failed: 3, steady_turns: 9, steady_failed: 1 };
    let mut write = world.cell.write().await.unwrap();
    write.add_plugin(ID, world.now()).await.unwrap();
    let row = PluginRow { canary_version: Some("2.0.0".into()), canary_since: Some(7), canary_percent: 25, ..PluginRow::of(ID, world.now()) };
    write.save_plugin(&row, None).await.unwrap();

    write.count_canary(&ran).await.unwrap();
    write.count_canary(&CanaryRuns { since: 8, ..ran }).await.unwrap();
    let counted = write.plugins().find(ID).await.unwrap().unwrap();
    assert_eq!((counted.canary_turns, counted.canary_failed, counted.steady_turns, counted.steady_failed), (4, 3, 9, 1));
    assert!(!write.take_canary_back(ID, "2.0.0", 8, world.now()).await.unwrap());
    assert!(write.take_canary_back(ID, "2.0.0", 7, world.now()).await.unwrap());
    assert!(write.set_plugin_aside(ID, "trap", world.now()).await.unwrap());
    assert!(!write.set_plugin_aside(ID, "trap", world.now()).await.unwrap());
    write.commit().await.unwrap();

    let row = world.cell.read().await.unwrap().plugins().find(ID).await.unwrap().unwrap();
    assert_eq!((row.canary_version, row.taken_back_version.as_deref(), row.state), (None, Some("2.0.0"), PluginState::SetAside));
}

async fn a_secret_opens_in_its_own_place_alone(world: World) {
    let mut write = world.cell.write().await.unwrap();
    write.set_plugin_secret(&world.cell, ID, "KEY", "canary-1f").await.unwrap();
    write.commit().await.unwrap();

    assert!(world.places_of("canary-1f").await.is_empty());
    let mut read = world.cell.read().await.unwrap();
    assert_eq!(&**read.plugins().secret(&world.cell, ID, "KEY").await.unwrap().unwrap(), b"canary-1f");
    assert_eq!(read.plugins().secret_names().await.unwrap(), [(ID.to_owned(), "KEY".to_owned())]);
    drop(read);
    let mut write = world.cell.write().await.unwrap();
    write.forget_plugin_secret(ID, "KEY").await.unwrap();
    assert!(write.plugins().secret(&world.cell, ID, "KEY").await.unwrap().is_none());
}

async fn with_its_last_version_a_plugin_goes(world: World) {
    let mut write = world.cell.write().await.unwrap();
    write.add_plugin(ID, world.now()).await.unwrap();
    write.add_plugin_version(&version(&world, "1.0.0")).await.unwrap();
    let grants = PluginGrants { plugin_id: ID.into(), grants: Json(json!([])), asked: Json(json!([])), granted_by: "ana".into(), granted_at: world.now() };
    write.save_grants(&grants).await.unwrap();
    write.save_grants(&PluginGrants { granted_by: "bea".into(), ..grants }).await.unwrap();
    assert_eq!(write.plugins().grants_of(ID).await.unwrap().unwrap().granted_by, "bea");

    write.remove_plugin_version(ID, "1.0.0").await.unwrap();
    write.remove_plugin(ID).await.unwrap();
    write.commit().await.unwrap();

    let mut read = world.cell.read().await.unwrap();
    assert!(read.plugins().list().await.unwrap().is_empty() && read.plugins().grants().await.unwrap().is_empty());
}
