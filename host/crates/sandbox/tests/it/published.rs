//! The published schema of manifests says the same as the type that reads them, as far as a schema can.

use regex_lite::Regex;
use relevo_sandbox::Manifest;
use serde_json::{Value, json};

use crate::{
    fixtures::manifest_json,
    manifests::{whole, wrong},
};

const PUBLISHED: &str = include_str!("../../../../../wit/manifest.schema.json");
const BUILT_IN: [&str; 2] = [include_str!("../../../../../plugins/echo/manifest.json"), include_str!("../../../../../plugins/storefront/manifest.json")];

#[test]
fn what_the_host_reads_the_published_schema_takes() {
    let mut good = vec![whole(), manifest_json(json!({}))];
    good.extend(BUILT_IN.map(|text| serde_json::from_str(text).unwrap()));

    for manifest in good {
        assert!(Manifest::parse(manifest.to_string().as_bytes()).is_ok(), "{manifest}");
        assert!(Published::read().takes(&manifest), "{manifest}");
        // Also as the host writes it.
        let parsed = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        assert!(Published::read().takes(&serde_json::to_value(parsed).unwrap()));
    }
}

#[test]
fn what_the_host_refuses_the_published_schema_refuses() {
    for fields in wrong() {
        assert!(!Published::read().takes(&manifest_json(fields.clone())), "{fields}");
    }
}

#[test]
fn the_published_schema_names_every_field_that_the_host_knows() {
    let written = serde_json::to_value(Manifest::parse(whole().to_string().as_bytes()).unwrap()).unwrap();
    let published = Published::read().0;

    assert!(written.as_object().unwrap().keys().eq(published["properties"].as_object().unwrap().keys()));
}

/// As much of JSON Schema as that file uses.
struct Published(Value);

impl Published {
    fn read() -> Self {
        Self(serde_json::from_str(PUBLISHED).unwrap())
    }

    fn takes(&self, value: &Value) -> bool {
        self.fits(&self.0, value)
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let Value::Object(keywords) = schema else { return schema != false };
        keywords.iter().all(|(keyword, says)| self.meets(schema, keyword, says, value))
    }

    fn meets(&self, schema: &Value, keyword: &str, says: &Value, value: &Value) -> bool {
        let all = |says: &Value| -> Vec<bool> { says.as_array().unwrap().iter().map(|one| self.fits(one, value)).collect() };
        let above = |count: usize| count as u64 >= says.as_u64().unwrap();
        let below = |count: usize| count as u64 <= says.as_u64().unwrap();
        match keyword {
            "$schema" | "$defs" | "title" | "description" | "default" => true,
            "$ref" => self.fits(self.0.pointer(says.as_str().unwrap().trim_start_matches('#')).unwrap(), value),
            "anyOf" => all(says).contains(&true),
            "oneOf" => all(says).into_iter().filter(|fits| *fits).count() == 1,
            "not" => !self.fits(says, value),
            "const" => value == says,
            "enum" => says.as_array().unwrap().contains(value),
            "type" => match says.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                other => panic!("unknown type {other}"),
            },
            "required" => says.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" => says.as_object().unwrap().iter().all(|(name, own)| value.get(name).is_none_or(|value| self.fits(own, value))),
            "additionalProperties" => value
                .as_object()
                .is_none_or(|fields| fields.iter().filter(|(name, _)| schema["properties"].get(name).is_none()).all(|(_, value)| self.fits(says, value))),
            "propertyNames" => value.as_object().is_none_or(|fields| fields.keys().all(|name| self.fits(says, &json!(name)))),
            "minProperties" => value.as_object().is_none_or(|fields| above(fields.len())),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.fits(says, item))),
            "minItems" => value.as_array().is_none_or(|items| above(items.len())),
            "maxItems" => value.as_array().is_none_or(|items| below(items.len())),
            "minLength" => value.as_str().is_none_or(|text| above(text.chars().count())),
            "maxLength" => value.as_str().is_none_or(|text| below(text.chars().count())),
            "pattern" => value.as_str().is_none_or(|text| Regex::new(says.as_str().unwrap()).unwrap().is_match(text)),
            "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= says.as_f64().unwrap()),
            other => panic!("the published schema uses {other:?}, which this test does not read"),
        }
    }
}
