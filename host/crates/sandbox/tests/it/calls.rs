//! Calls that end well, and those that the guest or the host end.

use std::{sync::Arc, time::Duration};

use relevo_sandbox::{
    CallError, Limits, Retry, TrapKind,
    api::{
        actions::{Action, Attachment, File, MediaSource, Said, Speech},
        events::Event,
        flow::{Outcome, StateChange},
        types::Failure,
    },
};
use serde_json::json;

use crate::fixtures::{Bench, Desk, OnGet, call, checking_guest, guest_with, hello, ids, manifest_of};

#[tokio::test]
async fn an_event_is_handled_on_a_fresh_instance_and_what_it_used_is_told() {
    let bench = Bench::new();
    // A second call on the same instance would find the number that the first one left.
    let plugin = bench.load("(if (i32.load (i32.const 4096)) (then unreachable)) (i32.store (i32.const 4096) (i32.const 1)) (call $get) (call $handled)").await;

    for _ in 0..3 {
        let report = call(&plugin, Desk::default(), &Limits::default()).await;

        let outcome = report.result.unwrap();
        assert!(outcome.handled);
        assert_eq!(outcome.actions, []);
        assert_eq!((report.caps.gets, report.stats.host_calls), (1, 1));
        assert_eq!(report.stats.memory_peak, 2 * 65_536);
        assert!(report.stats.boundary_bytes > 0 && report.stats.wall > Duration::ZERO);
    }
}

#[test]
fn what_goes_in_and_comes_out_can_be_journalled_as_json() {
    let said = Said {
        content: Speech::Attachment(Attachment {
            source: MediaSource::File(File { mime: "image/png".into(), name: None, bytes: vec![0, 255] }),
            caption: Some("mate".into()),
        }),
        quotes: None,
        evidence: vec![],
        confidence: Some(0.5),
        category: None,
    };
    let outcome = Outcome { handled: true, actions: vec![Action::Say(said), Action::Typing(300)], state: StateChange::Set("{}".into()) };

    let event_again: Event = serde_json::from_str(&serde_json::to_string(&hello()).unwrap()).unwrap();
    let outcome_again: Outcome = serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap();

    assert_eq!(event_again, hello());
    assert_eq!(outcome_again, outcome);
}

#[tokio::test]
async fn a_tool_answers_with_its_arguments() {
    let bench = Bench::new();
    let plugin = bench.load("(call $handled)").await;

    let report = plugin.call_tool(Desk::default(), &ids("acme"), "track", r#"{"order": 7}"#, &Limits::default()).await;

    assert_eq!(report.result.unwrap().output, r#"{"order": 7}"#);
}

#[tokio::test]
async fn a_plugin_says_what_is_wrong_with_a_configuration_and_reaches_nothing() {
    let bench = Bench::new();
    // One problem: its field is the key, its message the configuration itself. 2 is `denied`.
    let check = "(call $get) (if (i32.ne (call $answer) (i32.const 2)) (then unreachable))
        (i32.store (i32.const 2056) (i32.const 4096)) (i32.store (i32.const 2060) (i32.const 1))
        (i32.store (i32.const 4096) (i32.const 1024)) (i32.store (i32.const 4100) (i32.const 3))
        (i32.store (i32.const 4104) (local.get $config)) (i32.store (i32.const 4108) (local.get $length))
        (i32.const 2048)";
    let plugin = bench.engine.load(&checking_guest(check)).await.unwrap();
    let content = bench.load("(call $handled)").await;
    let looping = bench.engine.load(&checking_guest("(loop $on (br $on)) unreachable")).await.unwrap();

    let problems = plugin.check_config("acme", r#"{"a":1}"#, &Limits::default()).await.unwrap();
    let none = content.check_config("acme", "{}", &Limits::default()).await.unwrap();
    let late = looping.check_config("acme", "{}", &Limits::default()).await.unwrap_err();

    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].field.as_str(), problems[0].message.as_str()), ("key", r#"{"a":1}"#));
    assert_eq!(none, []);
    assert!(matches!(late, CallError::Limit(_)), "{late:?}");
}

#[tokio::test]
async fn a_failure_that_the_guest_returns_comes_back_as_it_is() {
    let bench = Bench::new();

    let conflict = bench.run("(call $failed (i32.const 6))").await.result.unwrap_err();
    let absent = bench.run("(call $failed (i32.const 1))").await.result.unwrap_err();

    assert!(matches!(conflict, CallError::Failure(Failure::Conflict)));
    assert_eq!(conflict.retry(), Retry::Several);
    assert!(matches!(absent, CallError::Failure(Failure::NotFound)));
    assert!(!absent.is_retryable());
}

#[tokio::test]
async fn a_trap_says_what_it_was_and_harms_nobody() {
    let bench = Bench::new();
    let traps = [
        ("unreachable", TrapKind::Unreachable),
        ("(i32.load (i32.const -8))", TrapKind::OutOfBounds),
        ("(i32.div_s (i32.const 1) (local.get $n))", TrapKind::Arithmetic),
        // Beyond the memory: no outcome can be read from there.
        ("(i32.const -8)", TrapKind::Contract),
    ];

    for (handle, expected) in traps {
        let error = bench.run(handle).await.result.unwrap_err();

        assert!(matches!(&error, CallError::Trap { kind, message } if *kind == expected && !message.is_empty()), "{handle}: {error:?}");
        assert_eq!(error.retry(), Retry::Once);
        bench.assert_unharmed().await;
    }
}

#[tokio::test]
async fn a_broken_host_ends_the_call_without_the_guest_knowing() {
    let bench = Bench::new();
    let plugin = bench.load("(call $get) (call $put) (call $handled)").await;

    let report = call(&plugin, Desk { on_get: OnGet::Break, ..Desk::default() }, &Limits::default()).await;

    let error = report.result.unwrap_err();
    assert!(matches!(&error, CallError::Host(source) if source.to_string() == "the database is away"), "{error:?}");
    assert_eq!(report.caps.puts, 0);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn what_the_manifest_does_not_ask_for_is_denied_before_the_host_sees_it() {
    let bench = Bench::new();
    // 2 is `denied`.
    let reads = "(call $read) (call $failed (call $answer))";
    let sends = "(call $send) (call $failed (call $answer))";
    let nothing = manifest_of(json!({ "permissions": [] }));

    for handle in [reads, sends] {
        let plugin = bench.engine.load(&guest_with(handle, "", &nothing)).await.unwrap();
        let report = call(&plugin, Desk::default(), &Limits::default()).await;

        assert!(matches!(report.result, Err(CallError::Failure(Failure::Denied(_)))), "{:?}", report.result);
        assert!(report.caps.sends.is_empty());
    }
}

#[tokio::test]
async fn a_permitted_request_reaches_the_host_with_its_time_cut() {
    let bench = Bench::new();

    let report = bench.run("(call $send) (call $handled)").await;

    assert!(report.result.is_ok());
    assert_eq!(report.caps.sends[0].url, "https://x.test");
    assert_eq!(report.caps.sends[0].timeout_ms, 10_000);
}

#[tokio::test]
async fn a_tenant_runs_four_calls_at_once_and_keeps_nobody_else_waiting() {
    let bench = Bench::new();
    let plugin = bench.load("(call $get) (call $handled)").await;
    let waiting = Arc::default();
    let limits = Limits::default();
    for _ in 0..6 {
        let desk = Desk { on_get: OnGet::Hang, waiting: Arc::clone(&waiting), ..Desk::default() };
        let (plugin, limits) = (plugin.clone(), limits.clone());
        tokio::spawn(async move { plugin.handle(desk, &ids("busy"), &hello(), &limits).await.result.is_ok() });
    }

    while *waiting.lock().unwrap() < 4 {
        tokio::task::yield_now().await;
    }
    let other = call(&plugin, Desk::default(), &limits).await;
    let tool = plugin.call_tool(Desk::default(), &ids("busy"), "track", "{}", &limits).await;

    assert_eq!(*waiting.lock().unwrap(), 4);
    assert!(other.result.is_ok());
    assert!(tool.result.is_ok(), "a tool has a lane of its own");
}

#[tokio::test]
async fn a_dropped_call_gives_its_place_back() {
    let bench = Bench::new();
    let plugin = bench.load("(call $get) (call $handled)").await;

    let limits = Limits::default();

    for _ in 0..40 {
        let desk = Desk { on_get: OnGet::Hang, ..Desk::default() };
        let hanging = call(&plugin, desk, &limits);
        assert!(tokio::time::timeout(Duration::from_millis(1), hanging).await.is_err());
    }

    bench.assert_unharmed().await;
}
