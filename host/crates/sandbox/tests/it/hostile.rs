//! Guests that were written to do harm: each ends in its documented way, and the next well-meant call works.

use relevo_sandbox::{CallError, Limit, Limits, LoadError, Manifest, TrapKind, pack};
use serde_json::{Value, json};

use crate::fixtures::{Bench, Desk, OnGet, call, guest_with, manifest, manifest_json, written_with};

const CPU: fn(&CallError) -> bool = |error| matches!(error, CallError::Limit(Limit::Cpu));
const HOST_CALLS: fn(&CallError) -> bool = |error| matches!(error, CallError::Limit(Limit::HostCalls));
const BYTES: fn(&CallError) -> bool = |error| matches!(error, CallError::Limit(Limit::BoundaryBytes));
const CONTRACT: fn(&CallError) -> bool = |error| matches!(error, CallError::Trap { kind: TrapKind::Contract | TrapKind::OutOfBounds, .. });

async fn ends(handle: &str, more: &str, as_documented: fn(&CallError) -> bool) {
    let bench = Bench::new();
    let plugin = bench.engine.load(&guest_with(handle, more, &manifest())).await.unwrap();

    let report = call(&plugin, Desk::default(), &Limits::default()).await;

    let error = report.result.expect_err("it was written to fail");
    assert!(as_documented(&error), "{handle}: {error:?}");
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn a_loop_of_host_calls_ends_at_their_limit() {
    ends("(loop $on (call $get) (br $on)) unreachable", "", HOST_CALLS).await;
    ends("(loop $on (call $put) (br $on)) unreachable", "", HOST_CALLS).await;
    ends("(loop $on (call $send) (br $on)) unreachable", "", HOST_CALLS).await;
    ends("(loop $on (call $say-line (i32.const 1024) (i32.const 3)) (br $on)) unreachable", "", HOST_CALLS).await;
}

#[tokio::test]
async fn work_between_host_calls_counts_as_its_own() {
    // The counter of host calls stays low, the processor time does not.
    let spin = "(func $spin (local $n i32) (loop $on (br_if $on (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 50000000)))))";

    ends("(loop $on (drop (call $now-ms)) (call $spin) (br $on)) unreachable", spin, CPU).await;
}

#[tokio::test]
async fn a_table_ends_where_the_limit_is() {
    let grows = "(loop $on (drop (table.grow $many (ref.null func) (i32.const 1000))) (br $on)) unreachable";

    ends(grows, "(table $many 1 funcref)", |error| matches!(error, CallError::Limit(Limit::Instances))).await;
}

#[tokio::test]
async fn a_start_function_has_the_limits_of_a_call() {
    ends("(call $handled)", "(func $spin (loop $on (br $on))) (start $spin)", CPU).await;
}

#[tokio::test]
async fn indirect_recursion_ends_at_the_stack_too() {
    let more = "(table 1 funcref) (elem (i32.const 0) $deep) (type $one (func (param i64 i64 i64) (result i64)))
        (func $deep (type $one) (i64.add (local.get 0) (call_indirect (type $one) (local.get 0) (local.get 1) (i64.add (local.get 2) (i64.const 1)) (i32.const 0))))";

    let handle = "(drop (call $deep (i64.const 0) (i64.const 0) (i64.const 0))) (call $handled)";
    ends(handle, more, |error| matches!(error, CallError::Limit(Limit::Stack))).await;
}

#[tokio::test]
async fn an_answer_with_an_absurd_count_is_no_answer() {
    // Of actions: four thousand million, and as many as no memory holds.
    for count in [-1, 100_000_000] {
        ends(&format!("(drop (call $handled)) (i32.store (i32.const 2064) (i32.const {count})) (i32.const 2048)"), "", CONTRACT).await;
    }
    // A state of four thousand million bytes.
    ends("(drop (call $handled)) (i32.store8 (i32.const 2068) (i32.const 2)) (i32.store (i32.const 2076) (i32.const -1)) (i32.const 2048)", "", CONTRACT).await;
    // A case of a variant that there is not.
    ends("(drop (call $handled)) (i32.store8 (i32.const 2068) (i32.const 77)) (i32.const 2048)", "", CONTRACT).await;
}

#[tokio::test]
async fn an_answer_of_megabytes_is_too_much() {
    // A state of 40 MB, which its memory holds; and half a million empty texts to be said.
    let grows = "(drop (memory.grow (i32.const 700))) (drop (call $handled))";
    ends(
        &format!("{grows} (i32.store8 (i32.const 2068) (i32.const 2)) (i32.store (i32.const 2072) (i32.const 131072)) (i32.store (i32.const 2076) (i32.const 40000000)) (i32.const 2048)"),
        "",
        BYTES,
    )
    .await;
    ends(&format!("{grows} (i32.store (i32.const 2060) (i32.const 131072)) (i32.store (i32.const 2064) (i32.const 300000)) (i32.const 2048)"), "", BYTES).await;
}

#[tokio::test]
async fn text_that_is_no_text_is_refused() {
    // 0xff begins no UTF-8.
    ends("(drop (call $handled)) (i32.store8 (i32.const 4096) (i32.const 255)) (i32.store8 (i32.const 2068) (i32.const 2)) (i32.store (i32.const 2072) (i32.const 4096)) (i32.store (i32.const 2076) (i32.const 1)) (i32.const 2048)", "", CONTRACT).await;
}

#[tokio::test]
async fn an_allocator_that_lies_harms_its_own_call_alone() {
    let bench = Bench::new();
    for lie in ["(i32.const -8)", "(i32.const 1)", "unreachable"] {
        let text = written_with("(call $get) (call $handled)").replacen("(local.get $from)))", &format!("(drop (local.get $from)) {lie}))"), 1);
        let plugin = bench.engine.load(&pack(&wat::parse_str(text).unwrap(), &manifest()).unwrap()).await.unwrap();
        let desk = Desk { on_get: OnGet::Return("x".repeat(100)), ..Desk::default() };

        let error = call(&plugin, desk, &Limits::default()).await.result.expect_err("it lies");

        assert!(matches!(error, CallError::Trap { .. }), "{lie}: {error:?}");
        bench.assert_unharmed().await;
    }
}

#[tokio::test]
async fn a_component_with_thousands_of_types_is_refused_or_does_not_fit() {
    let bench = Bench::new();
    let flat: String = (0..20_000).map(|nth| format!("(type (record (field \"f{nth}\" u32)))")).collect();
    let deep: String = (1..2_000).map(|nth| format!("(type $t{nth} (list $t{}))", nth - 1)).collect();
    // Each is twice the one before it.
    let wide: String = (1..40).map(|nth| format!("(type $t{nth} (tuple $t{0} $t{0}))", nth - 1)).collect();
    for types in [flat, format!("(type $t0 (list u8)){deep}"), format!("(type $t0 (tuple u8 u8)){wide}")] {
        let text = format!("(component {types} (instance $flow) (export \"relevo:flow/flow@0.1.0-draft\" (instance $flow)))");
        let Ok(component) = wat::parse_str(text) else { panic!("the text is a component") };

        let refused = match pack(&component, &manifest()) {
            Ok(packed) => bench.engine.load(&packed).await.err().expect("it offers no handle"),
            Err(error) => error.into(),
        };

        assert!(matches!(refused, LoadError::Compile(_) | LoadError::Link(_) | LoadError::Package(_)), "{refused:?}");
        bench.assert_unharmed().await;
    }
}

#[tokio::test]
async fn a_function_that_this_host_does_not_offer_is_named() {
    let bench = Bench::new();
    let text = written_with("(call $handled)").replacen(
        "(export \"now-ms\" (func (result u64)))",
        "(export \"now-ms\" (func (result u64))) (export \"vanished\" (func))",
        1,
    );
    let packed = pack(&wat::parse_str(text).unwrap(), &manifest()).unwrap();

    let refused = bench.engine.load(&packed).await.err().expect("it imports what there is not").to_string();

    assert!(refused.contains("vanished") && refused.contains("rebuild"), "{refused}");
}

#[test]
fn a_manifest_of_absurd_depth_or_length_is_refused_without_a_panic() {
    let deep = format!("{{\"id\":\"x\",\"config\":{}{}}}", "{\"properties\":".repeat(5_000), "1}".repeat(5_000));
    let mut wide = manifest_json(json!({}));
    wide["permissions"] = Value::Array(vec![json!({ "kind": "timers", "reason": "x", "names": [] }); 10_000]);

    assert!(Manifest::parse(deep.as_bytes()).is_err());
    assert!(Manifest::parse(wide.to_string().as_bytes()).is_err());
    assert!(Manifest::parse(&[0xff; 64]).is_err());
    assert!(Manifest::parse(b"").is_err());
}
