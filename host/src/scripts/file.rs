//! The text of a test: TOML that people read and write, and what is wrong with it where something is.

use std::{collections::BTreeMap, time::Duration};

use relevo_model::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;

use super::script::{Customer, Deed, Does, File, Line, Place, Script, ScriptError, Scripted, Step, Wanted};

/// When a script that does not say so begins: 2026-03-02 12:00 UTC, a Monday.
const BEGINNING: Time = Time(1_772_452_800_000);
/// Steps of one script at most.
const STEPS: usize = 500;
/// How far a script's clock may be moved at once.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 3_600);

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Spanned<toml::Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    config: toml::Table,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    customer: Customer,
    #[serde(default)]
    service_point: Place,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    records: BTreeMap<String, Vec<toml::Table>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    http: Vec<Scripted>,
    #[serde(default)]
    step: Vec<Spanned<RawStep>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStep {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bot_contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bot_buttons: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hand_over: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Wanted>,
}

const ONE_OF: &str = "customer, choose, location, image, returned, advance, bot (or bot_contains, bot_buttons), hand_over, ended, ticket, label, note";

impl Script {
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let raw: Raw = toml::from_str(text)
            .map_err(|error| ScriptError { line: error.span().map(|span| line_of(text, span.start)), problem: error.message().replace('\n', " ") })?;
        let at = raw.at.map(|at| moment(text, &at)).transpose()?.unwrap_or(BEGINNING);
        if raw.step.is_empty() || raw.step.len() > STEPS {
            return Err(ScriptError { line: None, problem: format!("a script has 1 to {STEPS} steps: begin with\n[[step]]\ncustomer = \"hola\"") });
        }
        let step = |step: Spanned<RawStep>| {
            let line = line_of(text, step.span().start);
            let does = step.into_inner().does().map_err(|problem| ScriptError { line: Some(line), problem })?;
            Ok(Step { line, does })
        };
        let steps = raw.step.into_iter().map(step).collect::<Result<Vec<Step>, ScriptError>>()?;
        if matches!(steps[0].does, Does::Bot(_) | Does::Did(..)) {
            return Err(ScriptError { line: Some(steps[0].line), problem: "the bot answers somebody: begin with what the customer does".into() });
        }
        let json = |table: toml::Table| serde_json::to_value(table).unwrap_or_default();
        Ok(Self {
            name: raw.name,
            at,
            customer: raw.customer,
            service_point: raw.service_point,
            state: raw.state,
            config: json(raw.config),
            secrets: raw.secrets,
            records: raw.records.into_iter().map(|(name, documents)| (name, documents.into_iter().map(json).collect())).collect(),
            http: raw.http,
            steps,
        })
    }

    /// As a file that reads back as the same script.
    pub fn to_toml(&self) -> Result<String, ScriptError> {
        let unwritable = |error: toml::ser::Error| ScriptError { line: None, problem: format!("this cannot be written as TOML: {error}") };
        let table = |value: &Value| toml::Table::try_from(without_nulls(value.clone())).map_err(unwritable);
        let at = jiff::Timestamp::from_millisecond(self.at.millis()).map(|at| at.to_string()).unwrap_or_default();
        let mut records = BTreeMap::new();
        for (name, documents) in &self.records {
            records.insert(name.clone(), documents.iter().map(table).collect::<Result<Vec<_>, _>>()?);
        }
        let raw = Raw {
            name: self.name.clone(),
            at: Some(Spanned::new(0..0, toml::Value::String(at))),
            state: self.state.clone(),
            config: table(&self.config)?,
            secrets: self.secrets.clone(),
            customer: self.customer.clone(),
            service_point: self.service_point.clone(),
            records,
            http: self.http.clone(),
            step: self.steps.iter().map(|step| Spanned::new(0..0, RawStep::from(&step.does))).collect(),
        };
        toml::to_string_pretty(&raw).map_err(unwritable)
    }
}

impl RawStep {
    /// The one thing that a step says.
    fn does(self) -> Result<Does, String> {
        let named = self.named();
        let of_a_line = |name: &&str| name.starts_with("bot");
        if named.iter().filter(|name| !of_a_line(name)).count() + usize::from(named.iter().any(of_a_line)) != 1 {
            let found = if named.is_empty() { "nothing".to_owned() } else { named.join(" and ") };
            return Err(format!("a step says one thing, and this one says {found}; split it, and use one of: {ONE_OF}"));
        }
        if self.caption.is_some() && self.image.is_none() {
            return Err("a caption belongs to an image: image = \"foto.jpg\"".into());
        }
        let line = Line { exactly: self.bot, contains: self.bot_contains, choices: self.bot_buttons };
        let deeds =
            [(Deed::HandOver, self.hand_over), (Deed::Ended, self.ended), (Deed::Ticket, self.ticket), (Deed::Label, self.label), (Deed::Note, self.note)];
        if line != Line::default() {
            return Ok(Does::Bot(line));
        }
        if let Some((deed, wanted)) = deeds.into_iter().find_map(|(deed, wanted)| Some((deed, wanted?))) {
            return Ok(Does::Did(deed, wanted));
        }
        Ok(match (self.customer, self.choose, self.location, self.image, self.returned, self.advance) {
            (Some(text), ..) => Does::Says(text),
            (_, Some(choice), ..) => Does::Chooses(choice),
            (_, _, Some([latitude, longitude]), ..) => Does::Place { latitude, longitude },
            (_, _, _, Some(name), ..) => Does::Sends(File { name, caption: self.caption }),
            (_, _, _, _, Some(reason), _) => Does::Returns(reason),
            (.., advance) => Does::Advances(duration(&advance.unwrap_or_default())?),
        })
    }

    /// What is in it, by the names of the file.
    fn named(&self) -> Vec<&'static str> {
        let all = [
            ("customer", self.customer.is_some()),
            ("choose", self.choose.is_some()),
            ("location", self.location.is_some()),
            ("image", self.image.is_some()),
            ("returned", self.returned.is_some()),
            ("advance", self.advance.is_some()),
            ("bot", self.bot.is_some()),
            ("bot_contains", self.bot_contains.is_some()),
            ("bot_buttons", self.bot_buttons.is_some()),
            ("hand_over", self.hand_over.is_some()),
            ("ended", self.ended.is_some()),
            ("ticket", self.ticket.is_some()),
            ("label", self.label.is_some()),
            ("note", self.note.is_some()),
        ];
        all.into_iter().filter_map(|(name, there)| there.then_some(name)).collect()
    }
}

impl From<&Does> for RawStep {
    fn from(does: &Does) -> Self {
        let mut raw = Self::default();
        match does.clone() {
            Does::Says(text) => raw.customer = Some(text),
            Does::Chooses(choice) => raw.choose = Some(choice),
            Does::Sends(file) => (raw.image, raw.caption) = (Some(file.name), file.caption),
            Does::Place { latitude, longitude } => raw.location = Some([latitude, longitude]),
            Does::Returns(reason) => raw.returned = Some(reason),
            Does::Advances(by) => raw.advance = Some(format!("{} s", by.as_secs())),
            Does::Bot(line) => (raw.bot, raw.bot_contains, raw.bot_buttons) = (line.exactly, line.contains, line.choices),
            Does::Did(Deed::HandOver, wanted) => raw.hand_over = Some(wanted),
            Does::Did(Deed::Ended, wanted) => raw.ended = Some(wanted),
            Does::Did(Deed::Ticket, wanted) => raw.ticket = Some(wanted),
            Does::Did(Deed::Label, wanted) => raw.label = Some(wanted),
            Does::Did(Deed::Note, wanted) => raw.note = Some(wanted),
        }
        raw
    }
}

/// `90 s`, `60 min`, `2 h`, `1 day`, and several of them.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no length of time: write it as \"90 s\", \"60 min\", \"2 h\" or \"3 days\"");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let length = Duration::try_from(length).map_err(|_| wrong())?;
    if length.is_zero() || length > FARTHEST {
        return Err(format!("the clock moves forward, by a year at most, and not by {text:?}"));
    }
    Ok(length)
}

fn moment(text: &str, at: &Spanned<toml::Value>) -> Result<Time, ScriptError> {
    let line = Some(line_of(text, at.span().start));
    let written = match at.get_ref() {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let at: jiff::Timestamp = written
        .parse()
        .map_err(|_| ScriptError { line, problem: format!("{written:?} is no moment: write it with its offset, as at = \"2026-03-02T10:00:00-03:00\"") })?;
    Ok(Time(at.as_millisecond()))
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// TOML knows no null: what is null is left out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value))).collect(),
        Value::Array(items) => items.into_iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
name = "Todo"
at = 2026-03-02T10:00:00-03:00
state = '{"step":1}'

[config]
greeting = "hola"
limits = { most = 3 }

[secrets]
API_KEY = "test-key"

[customer]
name = "Ana"
first_seen = false

[service_point]
text_only = true

[[records.shipments]]
id = "s1"
code = "A-1"

[[http]]
url = "https://api.example.com/v1/*"
sent = { authorization = "Bearer test-key" }
body = '{"state":"on its way"}'

[[http]]
method = "POST"
url = "https://api.example.com/v1/down"
fails = "unavailable"

[[step]]
customer = "hola"
[[step]]
bot = """
¿Cuál es tu número?
De envío."""
[[step]]
choose = "Sí"
[[step]]
image = "foto.jpg"
caption = "esto"
[[step]]
location = [-34.6, -58.4]
[[step]]
advance = "1 h 30 min"
[[step]]
bot_contains = "número"
bot_buttons = ["Sí", "No"]
[[step]]
hand_over = "adviser"
[[step]]
returned = "listo"
[[step]]
ended = false
[[step]]
ticket = true
[[step]]
label = "envío"
[[step]]
note = "visto"
"#;

    #[test]
    fn a_script_reads_back_as_it_was_written() {
        let script = Script::parse(WHOLE).unwrap();

        let written = script.to_toml().unwrap();

        let again = Script::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        let without_lines = |script: &Script| Script { steps: script.steps.iter().map(|step| Step { line: 0, ..step.clone() }).collect(), ..script.clone() };
        assert_eq!(without_lines(&again), without_lines(&script), "{written}");
        assert_eq!((script.at, script.steps.len()), (Time(1_772_456_400_000), 13));
        assert_eq!(script.steps[5].does, Does::Advances(Duration::from_secs(5_400)));
        assert_eq!(script.config["limits"]["most"], 3);
    }

    #[test]
    fn what_is_wrong_with_a_script_is_told_with_its_line_and_how_to_mend_it() {
        let of = |steps: &str| format!("name = \"x\"\n{steps}");
        let cases = [
            (of("[[step]]\ncustomer = \"a\"\n[[step]]\nclient = \"b\"\n"), Some(5), "unknown field `client`"),
            (of("[[step]]\ncustomer = \"a\"\n\n[[step]]\ncustomer = \"b\"\nbot = \"c\"\n"), Some(5), "split it"),
            (of("[[step]]\ncustomer = \"a\"\n[[step]]\n"), Some(4), "says nothing"),
            (of("[[step]]\nbot = \"a\"\n"), Some(2), "begin with what the customer does"),
            (of("[[step]]\ncustomer = \"a\"\n[[step]]\nadvance = \"soon\"\n"), Some(4), "60 min"),
            (of("[[step]]\ncustomer = \"a\"\n[[step]]\nadvance = \"-5 min\"\n"), Some(4), "no length of time"),
            (of("[[step]]\ncustomer = \"a\"\n[[step]]\nhand_over = 3\n"), Some(5), "true, false or a text"),
            (of("at = \"yesterday\"\n[[step]]\ncustomer = \"a\"\n"), Some(2), "with its offset"),
            (of(""), None, "begin with"),
            ("name = ".to_owned(), Some(1), ""),
        ];

        for (text, line, words) in cases {
            let error = Script::parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.problem.contains(words), "{text}: {error}");
        }
    }
}
