//! Guests that want more than they may have.

use std::time::Duration;

use relevo_sandbox::{CallError, Limit, Limits};

use crate::fixtures::{Bench, Desk, OnGet, call, guest_with, manifest};

const LOOP: &str = "(loop $on (br $on)) unreachable";

/// What is asserted is a least, which a busy machine only makes more.
#[tokio::test]
async fn a_guest_that_does_not_end_rests_in_between_for_its_neighbours() {
    let report = Bench::new().run(LOOP).await;

    assert!(report.stats.wall > report.stats.cpu * 5, "{:?}", report.stats);
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_processor_time() {
    let bench = Bench::new();

    let report = bench.run(LOOP).await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::Cpu))), "{:?}", report.result);
    assert!(report.stats.cpu >= Duration::from_millis(200), "{:?}", report.stats);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn an_endless_loop_lets_others_have_the_thread() {
    // One thread for both: the loop must yield, or the other would wait for its end.
    let bench = Bench::new();
    let looping = bench.load(LOOP).await;
    let quick = bench.load("(call $handled)").await;
    let limits = Limits { cpu: Duration::from_secs(1), ..Limits::default() };

    let (mut first, limits_of_quick) = (Box::pin(call(&looping, Desk::default(), &limits)), Limits::default());
    let second = async {
        tokio::task::yield_now().await;
        call(&quick, Desk::default(), &limits_of_quick).await
    };
    let report = tokio::select! {
        biased;
        _ = &mut first => panic!("the loop ended first"),
        report = second => report,
    };

    assert!(report.result.is_ok());
}

#[tokio::test]
async fn waiting_for_the_host_costs_no_processor_time() {
    let bench = Bench::new();
    let plugin = bench.load("(call $get) (call $handled)").await;
    let limits = Limits { wall: Duration::from_millis(300), ..Limits::default() };

    let report = call(&plugin, Desk { on_get: OnGet::Hang, ..Desk::default() }, &limits).await;

    assert!(matches!(report.result, Err(CallError::Timeout)), "{:?}", report.result);
    assert!(report.stats.wall >= Duration::from_millis(300));
    assert!(report.stats.cpu < Duration::from_millis(100), "{:?}", report.stats);
    assert_eq!(report.caps.gets, 1, "the capabilities come back");
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn memory_ends_where_the_limit_is() {
    let bench = Bench::new();

    let report = bench.run("(loop $on (drop (memory.grow (i32.const 16))) (br $on)) unreachable").await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::Memory))), "{:?}", report.result);
    assert!(report.stats.memory_peak <= 64 << 20);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn memory_that_the_pool_does_not_have_is_a_limit_too() {
    let bench = Bench::new();
    let plugin = bench.load("(drop (memory.grow (i32.const 8192))) (call $handled)").await;

    let report = call(&plugin, Desk::default(), &Limits { memory: 1 << 30, ..Limits::default() }).await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::Memory))), "{:?}", report.result);
}

#[tokio::test]
async fn deep_recursion_ends_at_the_stack() {
    let bench = Bench::new();
    let more = "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const 1)))))";
    let plugin = bench.engine.load(&guest_with("(drop (call $deep (i32.const 0))) (call $handled)", more, &manifest())).await.unwrap();

    let report = call(&plugin, Desk::default(), &Limits::default()).await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::Stack))), "{:?}", report.result);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn one_host_call_too_many_ends_the_call() {
    let bench = Bench::new();

    let report = bench.run("(loop $on (drop (call $now-ms)) (br $on)) unreachable").await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::HostCalls))), "{:?}", report.result);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn a_write_too_many_is_refused_and_the_guest_goes_on() {
    let bench = Bench::new();
    // 3 is `over-quota`.
    let handle = "(loop $on (call $put) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $on (i32.lt_u (local.get $n) (i32.const 64))))
        (if (i32.ne (call $answer) (i32.const -1)) (then unreachable))
        (call $put)
        (if (i32.ne (call $answer) (i32.const 3)) (then unreachable))
        (call $handled)";

    let report = bench.run(handle).await;

    assert!(report.result.unwrap().handled);
    assert_eq!(report.caps.puts, 64);
}

#[tokio::test]
async fn a_flood_of_requests_is_refused() {
    let bench = Bench::new();
    let handle = "(loop $on (call $send) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $on (i32.lt_u (local.get $n) (i32.const 20))))
        (if (i32.ne (call $answer) (i32.const 3)) (then unreachable))
        (call $handled)";

    let report = bench.run(handle).await;

    assert!(report.result.unwrap().handled);
    assert_eq!(report.caps.sends.len(), 16);
}

#[tokio::test]
async fn a_flood_of_log_lines_leaves_a_marker() {
    let bench = Bench::new();
    let handle =
        "(loop $on (call $say-line (i32.const 8192) (i32.const 5)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $on (i32.lt_u (local.get $n) (i32.const 900))))
        (call $handled)";

    let report = bench.run(handle).await;

    assert!(report.result.unwrap().handled);
    assert_eq!(report.caps.logs.len(), 201);
    assert!(report.caps.logs[200].contains("dropped"));
    assert_eq!(report.stats.log_lines, 200);
}

#[tokio::test]
async fn a_log_line_reaches_the_host_without_control_characters() {
    let bench = Bench::new();

    // Where nothing was written zeros lie.
    let report = bench.run("(call $say-line (i32.const 8192) (i32.const 3)) (call $handled)").await;

    assert!(report.result.unwrap().handled);
    assert_eq!(report.caps.logs, ["\u{fffd}\u{fffd}\u{fffd}"]);
}

#[tokio::test]
async fn a_log_line_of_megabytes_is_not_kept() {
    let bench = Bench::new();

    let report = bench.run("(drop (memory.grow (i32.const 32))) (call $say-line (i32.const 131072) (i32.const 2000000)) (call $handled)").await;

    assert!(report.result.unwrap().handled);
    assert!(report.caps.logs.iter().all(|line| line.len() < 1_000));
}

#[tokio::test]
async fn too_many_bytes_from_the_host_are_refused() {
    let bench = Bench::new();
    let handle = "(loop $on (call $get) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $on (i32.lt_u (local.get $n) (i32.const 10))))
        (if (i32.ne (call $answer) (i32.const 3)) (then unreachable))
        (call $handled)";
    let plugin = bench.load(handle).await;

    let report = call(&plugin, Desk { on_get: OnGet::Return("x".repeat(1 << 20)), ..Desk::default() }, &Limits::default()).await;

    assert!(report.result.unwrap().handled);
}

#[tokio::test]
async fn too_many_bytes_from_the_guest_end_the_call() {
    let bench = Bench::new();

    let report = bench.run("(drop (memory.grow (i32.const 320))) (call $say-line (i32.const 131072) (i32.const 20000000)) (call $handled)").await;

    assert!(matches!(report.result, Err(CallError::Limit(Limit::BoundaryBytes))), "{:?}", report.result);
    assert!(report.caps.logs.is_empty());
    bench.assert_unharmed().await;
}
