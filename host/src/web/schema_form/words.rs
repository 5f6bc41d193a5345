//! What is wrong with a value, in words and at the field where it stands.

use relevo_sandbox::schema::Problem;
use serde_json::Value;

use super::{Places, SchemaForm, asked};
use crate::{
    console::plugins::{ConfigProblem, Why},
    web::{Words, forms::Wrong},
};

impl SchemaForm<'_> {
    /// What does not fit of a configuration that the form shows as it is.
    pub fn refused(&self, problems: &[ConfigProblem]) -> Wrong {
        self.refused_at(&Places::default(), problems)
    }

    /// What the plugin, or the host on its behalf, would not take of what was entered.
    pub fn refused_at(&self, places: &Places, problems: &[ConfigProblem]) -> Wrong {
        let mut wrong = Wrong::default();
        for problem in problems {
            let said = match &problem.why {
                Why::Says(message) => Words::from("config-says").with("message", message.clone()),
                Why::Unchecked => "config-unchecked".into(),
                &Why::Schema { keyword, ref detail } => words(self.schema, &Problem { path: problem.path.clone(), keyword, detail: detail.clone() }),
            };
            match problem.path.trim_start_matches('/') {
                "" => wrong.whole = Some(said),
                path => wrong.fields.push((places.field(&field(self.schema, path)), said)),
            }
        }
        wrong
    }
}

/// The field that shows what stands at this place: itself, or the one that it is a part of.
pub(super) fn field(schema: &Value, path: &str) -> String {
    let (mut here, mut name) = (schema, String::new());
    for part in path.trim_start_matches('/').split('/') {
        match asked::kind(here) {
            "group" => here = &here["properties"][part.replace("~1", "/").replace("~0", "~")],
            "rows" => here = &here["items"],
            _ if !name.is_empty() => break,
            _ => {}
        }
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part);
    }
    name
}

/// What is said of it there. What no form of ours lets anybody enter is said in general.
pub(super) fn words(schema: &Value, problem: &Problem) -> Words {
    let at = at(schema, &problem.path);
    let bound = |name: &str| at[name].as_i64();
    match problem.keyword {
        "format" if at["format"] == "secret" => "field-required".into(),
        "required" => "field-required".into(),
        "minimum" | "maximum" => match (bound("minimum"), bound("maximum")) {
            (Some(least), Some(most)) => Words::from("config-number-within").with("least", least).with("most", most),
            (Some(least), None) => Words::from("config-number-least").with("least", least),
            (None, Some(most)) => Words::from("config-number-most").with("most", most),
            (None, None) => "config-wrong".into(),
        },
        "minLength" => Words::from("config-short").with("least", bound("minLength").unwrap_or(1)),
        "maxLength" => "field-long".into(),
        "minItems" => Words::from("config-few").with("least", bound("minItems").unwrap_or(1)),
        "maxItems" => Words::from("config-many").with("most", bound("maxItems").unwrap_or(0)),
        "enum" | "const" => "problem-one-of-these".into(),
        "pattern" => "config-pattern".into(),
        "format" => match at["format"].as_str() {
            Some("time") => "config-time".into(),
            Some("email") => "config-email".into(),
            Some("uri") => "config-uri".into(),
            _ => "config-wrong".into(),
        },
        "type" if at["type"] == "integer" => "config-number".into(),
        "type" if at["type"] == "number" => "config-decimal".into(),
        _ => "config-wrong".into(),
    }
}

/// The schema of what stands at this place.
fn at<'a>(schema: &'a Value, path: &str) -> &'a Value {
    path.trim_start_matches('/').split('/').filter(|part| !part.is_empty()).fold(schema, |here, part| match here["type"].as_str() {
        Some("array") => &here["items"],
        _ => &here["properties"][part.replace("~1", "/").replace("~0", "~")],
    })
}
