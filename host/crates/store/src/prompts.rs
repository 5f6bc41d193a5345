//! The master prompt of a business: every version of it, one of them active.

use relevo_model::*;

use crate::{Result, Write, sql::Conn};

#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AgentPrompt {
    #[sqlx(try_from = "String")]
    pub id: PromptId,
    pub version: i64,
    pub text: String,
    pub active: bool,
    /// A person or an API key, by its id.
    pub created_by: String,
    #[sqlx(try_from = "i64")]
    pub created_at: Time,
}

pub struct AgentPrompts<'a>(&'a mut Conn);

impl Conn {
    pub fn agent_prompts(&mut self) -> AgentPrompts<'_> {
        AgentPrompts(self)
    }
}

macro_rules! columns {
    () => {
        "id, version, text, active, created_by, created_at"
    };
}

impl AgentPrompts<'_> {
    pub async fn find(&mut self, id: &PromptId) -> Result<Option<AgentPrompt>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM agent_prompts WHERE id = $1");
        one!(self.0, AgentPrompt, FIND, id.as_str())
    }

    /// The one that counts.
    pub async fn active(&mut self) -> Result<Option<AgentPrompt>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM agent_prompts WHERE active");
        one!(self.0, AgentPrompt, FIND)
    }

    /// All versions, newest first, from before this one.
    pub async fn list(&mut self, before: Option<i64>, limit: i64) -> Result<Vec<AgentPrompt>> {
        const LIST: &str = concat!("SELECT ", columns!(), " FROM agent_prompts WHERE version < $1 ORDER BY version DESC LIMIT $2");
        all!(self.0, AgentPrompt, LIST, before.unwrap_or(i64::MAX), limit)
    }
}

impl Write {
    /// Adds the next version, which is active from now on. A conflict where somebody added the same version at the same time.
    pub async fn add_agent_prompt(&mut self, prompt: &AgentPrompt) -> Result<()> {
        const ADD: &str = "INSERT INTO agent_prompts (id, version, text, active, created_by, created_at) VALUES ($1, $2, $3, TRUE, $4, $5)";
        run!(self, "UPDATE agent_prompts SET active = FALSE WHERE active")?;
        let AgentPrompt { id, version, text, created_by, created_at, .. } = prompt;
        run!(self, ADD, id.as_str(), *version, text, created_by, created_at.0).map(|_| ())
    }
}
