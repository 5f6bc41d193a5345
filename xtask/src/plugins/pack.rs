//! Puts a plugin's manifest into its component, as a custom section at the end.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The section that the host reads without running anything.
const SECTION: &str = "relevo:manifest";

/// `\0asm`, component model version 13, layer 1.
const COMPONENT: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/// The same with layer 0: what a linker makes that knows nothing of components.
const MODULE: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const CUSTOM_SECTION: u8 = 0;

/// Returns the component with the manifest, minified, as its last section.
pub(super) fn pack(component: &[u8], manifest: &str) -> Result<Vec<u8>> {
    if component.starts_with(&MODULE) {
        bail!(
            "this is a core module, not a component: plugins/.cargo/config.toml needs\n\n    [target.wasm32-unknown-unknown]\n    linker = \"wasm-component-ld\"\n"
        );
    }
    if !component.starts_with(&COMPONENT) {
        bail!("this is not a WASM component");
    }
    let mut manifest: Value = serde_json::from_str(manifest).context("the manifest is not valid JSON")?;
    let Some(fields) = manifest.as_object_mut() else {
        bail!("the manifest must be a JSON object");
    };
    // It tells an editor what may stand here, and is no part of what is uploaded.
    fields.remove("$schema");

    let mut packed = component.to_vec();
    append_section(&mut packed, SECTION, serde_json::to_string(&manifest)?.as_bytes());
    Ok(packed)
}

fn append_section(component: &mut Vec<u8>, name: &str, payload: &[u8]) {
    let mut content = leb128(name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(payload);

    component.push(CUSTOM_SECTION);
    component.extend(leb128(content.len()));
    component.extend(content);
}

/// Unsigned, seven bits a byte, the lowest first.
fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leb128_follows_the_specification() {
        assert_eq!(leb128(0), [0]);
        assert_eq!(leb128(127), [0x7f]);
        assert_eq!(leb128(128), [0x80, 0x01]);
        assert_eq!(leb128(624_485), [0xe5, 0x8e, 0x26]);
    }

    #[test]
    fn the_manifest_is_the_last_section_and_minified() {
        let packed = pack(&COMPONENT, "{ \"id\": \"echo\",\n \"version\": \"1.0.0\" }").unwrap();

        let mut expected = COMPONENT.to_vec();
        expected.extend([CUSTOM_SECTION, 47, 15]);
        expected.extend(b"relevo:manifest");
        expected.extend(br#"{"id":"echo","version":"1.0.0"}"#);
        assert_eq!(packed, expected);
    }

    #[test]
    fn what_is_for_the_editor_is_not_packed() {
        let packed = pack(&COMPONENT, "{ \"$schema\": \"../schema.json\", \"id\": \"echo\" }").unwrap();

        assert!(packed.ends_with(br#"{"id":"echo"}"#));
    }

    #[test]
    fn a_long_manifest_has_a_section_size_of_several_bytes() {
        let manifest = format!("{{\"title\":\"{}\"}}", "ñ".repeat(10_000));

        let packed = pack(&COMPONENT, &manifest).unwrap();

        let size = 1 + SECTION.len() + manifest.len();
        assert_eq!(packed[9..12], leb128(size)[..]);
        assert_eq!(packed.len(), COMPONENT.len() + 1 + 3 + size);
    }

    #[test]
    fn a_core_module_is_refused_with_the_linker_that_is_missing() {
        let error = pack(&MODULE, "{}").unwrap_err();

        assert!(error.to_string().contains("wasm-component-ld"));
    }

    #[test]
    fn a_broken_manifest_is_refused() {
        assert!(pack(&COMPONENT, "{\"id\": ").is_err());
        assert!(pack(&COMPONENT, "[]").is_err());
    }
}
