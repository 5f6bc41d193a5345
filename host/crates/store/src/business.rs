//! The business: what it is called and sells, and the language model that speaks for it.

use crate::{Cell, Notice, Result, Write, keys, sql::Conn};

#[derive(Clone, sqlx::FromRow)]
pub struct Business {
    pub name: String,
    pub industry: Option<String>,
    pub description: Option<String>,
    pub currency: String,
    pub locale: String,
    pub bot_enabled: bool,
    /// Raised by every change of service points, channels and plugins.
    pub config_version: i64,
    /// None is what the installation is set to.
    pub openai_base_url: Option<String>,
    pub openai_model: String,
    /// Sealed; `Business::openai_key` opens it.
    pub sealed_openai_key: Option<Vec<u8>>,
    /// Raised by each change of what is in here.
    pub version: i64,
}

/// What is told about the language model; the key is not kept where it says so, and never comes back.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    pub base_url: Option<String>,
    pub model: String,
    pub sealed_key: Option<Vec<u8>>,
}

const KEY: keys::Place<'static> = keys::Place { table: "business", column: "openai_key", row: "" };

impl std::fmt::Debug for Business {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Business({}, version {})", self.name, self.version)
    }
}

impl Business {
    pub fn openai_key(&self, cell: &Cell) -> Result<Option<String>> {
        let Some(sealed) = &self.sealed_openai_key else { return Ok(None) };
        Ok(Some(String::from_utf8_lossy(&cell.unseal(KEY, sealed)?).into_owned()))
    }

    pub fn seal_openai_key(cell: &Cell, plain: &str) -> Vec<u8> {
        cell.seal(KEY, plain.as_bytes())
    }
}

impl Conn {
    pub async fn business(&mut self) -> Result<Option<Business>> {
        const FIND: &str = "SELECT name, industry, description, currency, locale, bot_enabled, config_version, openai_base_url, openai_model, \
                            openai_key AS sealed_openai_key, version FROM business WHERE id = 'business'";
        one!(self, Business, FIND)
    }
}

impl Write {
    /// Makes the business of a new cell; what is there stays.
    pub async fn add_business(&mut self, name: &str, currency: &str, locale: &str) -> Result<()> {
        const ADD: &str = "INSERT INTO business (id, name, currency, locale) VALUES ('business', $1, $2, $3) ON CONFLICT DO NOTHING";
        run!(self, ADD, name, currency, locale).map(|_| ())
    }

    /// Changes what the business is called and sells, and not whether its bot is on. With `seen`, only what nobody changed since that version; then false tells that somebody did.
    pub async fn save_business(&mut self, business: &Business, seen: Option<i64>) -> Result<bool> {
        const SAVE: &str = "UPDATE business SET name = $1, industry = $2, description = $3, currency = $4, locale = $5, \
                            version = version + 1 WHERE id = 'business' AND ($6 = 0 OR version = $6)";
        let Business { name, industry, description, currency, locale, .. } = business;
        let saved = run!(self, SAVE, name, industry.as_deref(), description.as_deref(), currency, locale, seen.unwrap_or(0))? > 0;
        self.config_changed().await?;
        Ok(saved)
    }

    /// The same for the language model.
    pub async fn save_model(&mut self, settings: &ModelSettings, seen: Option<i64>) -> Result<bool> {
        const SAVE: &str = "UPDATE business SET openai_base_url = $1, openai_model = $2, openai_key = $3, version = version + 1 \
                            WHERE id = 'business' AND ($4 = 0 OR version = $4)";
        let ModelSettings { base_url, model, sealed_key } = settings;
        Ok(run!(self, SAVE, base_url.as_deref(), model, sealed_key.as_deref(), seen.unwrap_or(0))? > 0)
    }

    /// Turns the bot on or off for the whole business.
    pub async fn switch_bot_everywhere(&mut self, on: bool) -> Result<()> {
        if run!(self, "UPDATE business SET bot_enabled = $1, version = version + 1 WHERE id = 'business' AND bot_enabled <> $1", on)? > 0 {
            self.config_changed().await?;
        }
        Ok(())
    }

    /// Whoever keeps service points, channels or plugins in memory reads them again.
    pub(crate) async fn config_changed(&mut self) -> Result<()> {
        run!(self, "UPDATE business SET config_version = config_version + 1 WHERE id = 'business'")?;
        self.after_commit(Notice::Config);
        Ok(())
    }
}
