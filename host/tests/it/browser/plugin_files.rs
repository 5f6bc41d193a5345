//! Files to be uploaded: the echo plugin under another name, asking for more than it uses.

use std::{path::Path, sync::LazyLock};

use relevo_sandbox::{API_VERSION, Manifest, pack};
use serde_json::{Value, json};

static ECHO: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read(Path::new(env!("RELEVO_PLUGINS")).join("echo.wasm")).expect("xtask builds it"));

pub const ID: &str = "com.example.tracking";

/// What it asks for and lets people set.
pub fn manifest(version: &str) -> Value {
    json!({
        "id": ID,
        "version": version,
        "api": API_VERSION,
        "title": { "es": "Seguimiento", "en": "Tracking", "pt": "Rastreio" },
        "description": { "es": "Dice por dónde va un envío.", "en": "Says where a shipment is.", "pt": "Diz onde está um envio." },
        "icon": "truck",
        "permissions": [
            { "kind": "http", "hosts": ["api.example.com", "status.example.com"], "methods": ["GET"], "reason": "Para preguntarle al correo." },
            { "kind": "secrets", "names": ["API_KEY"], "reason": "Para entrar al correo." },
            { "kind": "records", "collection": "orders", "access": "write", "reason": "Para anotar el envío en el pedido." },
            { "kind": "hand-over", "reason": "Para quien quiera hablar con alguien." },
        ],
        "config": {
            "type": "object",
            "additionalProperties": false,
            "required": ["carrier"],
            "properties": {
                "carrier": { "type": "string", "enum": ["andreani", "oca"], "x-enum-titles": ["Andreani", "OCA"], "title": "Correo", "x-order": 1 },
                "API_KEY": { "type": "string", "format": "secret", "title": "Clave del correo", "x-order": 2 },
                "from": { "type": "string", "format": "time", "title": "Desde qué hora", "x-order": 3 },
                "days": { "type": "integer", "minimum": 1, "maximum": 30, "default": 5, "title": "Días de espera", "x-order": 4 },
                "gift": { "type": "string", "format": "product", "title": "Regalo por la demora", "x-order": 5 },
                "branches": {
                    "type": "array", "title": "Sucursales", "x-order": 6, "maxItems": 5,
                    "items": { "type": "object", "required": ["code"], "properties": {
                        "code": { "type": "string", "title": "Código" },
                        "open": { "type": "boolean", "title": "Abierta" },
                    } }
                },
                "tone": { "type": "object", "title": "Tono", "x-order": 7, "properties": { "formal": { "type": "boolean", "title": "De usted" } } },
                "words": { "type": "array", "items": { "type": "string" }, "title": "Palabras que lo llaman", "x-order": 8 },
            },
        },
        "events": ["messages"],
    })
}

/// A version that repeats what it is told.
pub fn file(manifest: &Value) -> Vec<u8> {
    repeating(&Manifest::parse(manifest.to_string().as_bytes()).expect("the manifest is sound"))
}

/// The same of any manifest.
pub fn repeating(manifest: &Manifest) -> Vec<u8> {
    pack(&ECHO, manifest).expect("it is packed")
}

/// One that asks for more than the one before.
pub fn greedier(version: &str) -> Value {
    let mut manifest = manifest(version);
    let more = json!({ "kind": "timers", "reason": "Para avisar cuando llega." });
    manifest["permissions"].as_array_mut().expect("it is a list").push(more);
    manifest
}
