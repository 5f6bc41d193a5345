//! What came of a script: the conversation as it went, and where it went another way than expected.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::script::ScriptError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub name: String,
    /// Up to the first step that went another way.
    pub entries: Vec<Entry>,
    /// Why it failed, for whoever wrote the script or the plugin; none when it passed.
    pub problem: Option<String>,
    /// The line of the script at which it failed.
    pub line: Option<usize>,
    /// What the flow logged.
    pub log: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub who: Who,
    pub text: String,
    /// What the script wanted instead; none where it got what it wanted.
    pub expected: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Customer,
    Bot,
    /// What was done beside what was said.
    Deed,
    Clock,
}

impl Report {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), entries: Vec::new(), problem: None, line: None, log: Vec::new() }
    }

    /// Of a script that cannot be run.
    pub fn unreadable(name: &str, error: &ScriptError) -> Self {
        Self { line: error.line, problem: Some(error.problem.clone()), ..Self::new(name) }
    }

    /// Of a script that did not come to its end in time.
    pub fn too_slow(name: &str) -> Self {
        Self { problem: Some("the tests took too long together: this one was not finished".into()), ..Self::new(name) }
    }

    pub const fn passed(&self) -> bool {
        self.problem.is_none()
    }

    pub(super) fn note(&mut self, who: Who, text: impl Into<String>) {
        self.entries.push(Entry { who, text: text.into(), expected: None });
    }

    /// Of several endings the first counts.
    pub(super) fn fail(&mut self, line: usize, problem: impl Into<String>) {
        if self.problem.is_none() {
            self.problem = Some(problem.into());
            self.line = Some(line);
        }
    }

    /// Something that was said or done where something else was expected.
    pub(super) fn differs(&mut self, line: usize, who: Who, text: &str, expected: String) {
        self.entries.push(Entry { who, text: text.to_owned(), expected: Some(expected) });
        self.fail(line, "the conversation went another way");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", if self.passed() { "ok  " } else { "FAIL" }, self.name)?;
        if self.passed() {
            return Ok(());
        }
        for entry in &self.entries {
            let who = match entry.who {
                Who::Customer => "customer",
                Who::Bot => "     bot",
                Who::Deed => "       *",
                Who::Clock => "   clock",
            };
            if let Some(expected) = &entry.expected {
                indented(f, "expected", expected)?;
                indented(f, "     got", &entry.text)?;
            } else {
                indented(f, who, &entry.text)?;
            }
        }
        if let Some(problem) = &self.problem {
            let line = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            indented(f, "       !", &format!("{line}{problem}"))?;
        }
        self.log.iter().try_for_each(|line| indented(f, "     log", line))
    }
}

fn indented(f: &mut fmt::Formatter<'_>, who: &str, text: &str) -> fmt::Result {
    let mut lines = text.lines();
    writeln!(f, "  {who}  {}", lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| writeln!(f, "            {line}"))
}
