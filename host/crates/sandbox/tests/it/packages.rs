//! What is refused before anything is compiled.

use relevo_sandbox::{Digest, PackageError, Permission, inspect, pack};
use serde_json::json;

use crate::fixtures::{bare_guest, guest, manifest, manifest_of};

const CORE: &str = "(module (func (export \"handle\")))";

#[test]
fn a_manifest_comes_back_as_it_was_packed() {
    let manifest = manifest_of(json!({
        "description": "Shows the catalogue and takes orders.",
        "permissions": [
            { "kind": "http", "hosts": ["*.example.com", "api.test:8443"], "methods": ["GET", "POST"], "reason": "prices" },
            { "kind": "records", "collection": "products", "access": "read", "reason": "the catalogue" },
            { "kind": "timers", "reason": "abandoned baskets" },
            { "kind": "hand-over", "reason": "complaints" },
        ],
        "config": { "type": "object", "properties": { "greeting": { "type": "string" } } },
        "tools": [{ "name": "find_product", "description": "Finds a product." }],
        "events": ["messages", "timer"],
    }));

    let packed = pack(&bare_guest("(call $handled)", ""), &manifest).unwrap();
    let package = inspect(&packed).unwrap();

    assert_eq!(package.manifest, manifest);
    assert_eq!(package.manifest.permissions[2], Permission::Timers { reason: "abandoned baskets".into() });
    assert_eq!(package.digest, Digest::of(&packed));
    assert_eq!(package.digest.to_string().parse(), Ok(package.digest));
    assert!(package.offers_flow && package.offers_tools && package.offers_configuration);
    assert!(package.imports.iter().any(|import| import == "kv"));
}

#[test]
fn packing_again_replaces_the_manifest() {
    let once = guest("(call $handled)");
    let other = manifest_of(json!({ "version": "2.0.0" }));

    let twice = pack(&once, &other).unwrap();

    assert_eq!(inspect(&twice).unwrap().manifest, other);
    assert_eq!(pack(&twice, &manifest()).unwrap(), once);
}

#[test]
fn imports_without_a_permission_are_told_of_a_guest_that_imports_everything() {
    let package = inspect(&guest("(call $handled)")).unwrap();

    assert!(package.imports_all());
    assert_eq!(package.undeclared(), ["records", "tickets"]);
}

#[test]
fn a_guest_that_chose_its_imports_must_ask_for_them() {
    let text = r#"(component
        (import "relevo:flow/tickets@0.1.0-draft" (instance))
        (instance $flow)
        (export "relevo:flow/flow@0.1.0-draft" (instance $flow)))"#;
    let component = wat::parse_str(text).unwrap();
    let asking = manifest_of(json!({ "permissions": [{ "kind": "tickets", "reason": "complaints" }] }));

    let refused = pack(&component, &manifest()).unwrap_err();

    assert!(matches!(&refused, PackageError::Undeclared(import) if import == "tickets"), "{refused}");
    assert!(pack(&component, &asking).is_ok());
}

#[test]
fn a_permission_covers_what_it_names_and_no_more() {
    let manifest = manifest_of(json!({ "permissions": [
        { "kind": "http", "hosts": ["api.test", "*.example.com", "odd.test:8443"], "methods": ["GET"], "reason": "prices" },
        { "kind": "records", "collection": "orders", "access": "write", "reason": "orders" },
        { "kind": "records", "collection": "products", "access": "read", "reason": "catalogue" },
    ]}));
    let http = |host: &str, port| manifest.allows_http("GET", host, port);

    assert!(http("api.test", 443) && http("API.test", 443) && http("a.example.com", 443) && http("a.b.example.com", 443) && http("odd.test", 8443));
    assert!(!http("api.test", 80) && !http("example.com", 443) && !http("badexample.com", 443) && !http("odd.test", 443) && !http(".example.com", 443));
    assert!(!manifest.allows_http("POST", "api.test", 443));
    assert!(manifest.allows_records("orders", relevo_sandbox::Access::Read));
    assert!(!manifest.allows_records("products", relevo_sandbox::Access::Write));
    assert!(!manifest.allows_timers());
}

#[test]
fn what_is_no_plugin_is_refused_with_a_way_to_mend_it() {
    let bare = bare_guest("(call $handled)", "");
    let wasi = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#).unwrap();
    let other = wat::parse_str(r#"(component (import "relevo:flow/kv@9.0.0" (instance)))"#).unwrap();
    let nothing = wat::parse_str("(component)").unwrap();
    let reason = |wasm: &[u8]| inspect(wasm).unwrap_err().to_string();
    let packed = |wasm: &[u8]| pack(wasm, &manifest()).unwrap_err();

    assert!(reason(b"").contains("no WebAssembly"));
    assert!(reason(b"GIF89a not a plugin").contains("no WebAssembly"));
    assert!(reason(&wat::parse_str(CORE).unwrap()).contains("core module"));
    assert!(reason(b"\x7fELF\x02\x01\x01\0\0\0").contains("native code"));
    assert!(reason(&bare).contains("relevo plugin pack"));
    assert!(matches!(packed(&wasi), PackageError::ForeignImport(name) if name.starts_with("wasi:")));
    assert!(matches!(packed(&other), PackageError::OtherVersion(_)));
    assert!(matches!(packed(&nothing), PackageError::NoExport));
    assert!(matches!(inspect(&vec![0; (32 << 20) + 1]), Err(PackageError::TooLarge(_))));
}

#[test]
fn too_many_core_modules_are_refused() {
    let many = format!("(component {})", "(core module)".repeat(65));

    assert!(matches!(inspect(&wat::parse_str(many).unwrap()), Err(PackageError::TooManyModules)));
}

#[test]
fn two_manifests_are_refused() {
    let once = guest("(call $handled)");
    let section = &once[bare_guest("(call $handled)", "").len()..];

    let twice = [once.as_slice(), section].concat();

    assert!(matches!(inspect(&twice), Err(PackageError::SeveralManifests)));
}

#[test]
fn a_manifest_within_a_core_module_does_not_count() {
    let wasm = wat::parse_str(r#"(component (core module (@custom "relevo:manifest" "{}")))"#).unwrap();

    assert!(matches!(inspect(&wasm), Err(PackageError::NoManifest)));
}

#[test]
fn damaged_bytes_are_refused_without_a_panic() {
    let whole = guest("(call $handled)");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };

    for length in 0..whole.len() {
        let _ = inspect(&whole[..length]);
    }
    for _ in 0..20_000 {
        let mut damaged = whole.clone();
        for _ in 0..1 + next(8) {
            let at = next(damaged.len());
            damaged[at] = next(256) as u8;
        }
        let _ = inspect(&damaged);
        let _ = pack(&damaged, &manifest());
    }
}
