//! The language model of a business: where it is asked, which one, and with whose key. The key goes in and never comes back.

use relevo_store::{Business as Row, ModelSettings};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Error, Result, Seen, apply,
    business::{self, Business},
    checks::Checks,
    note,
};
use crate::{app::App, identity::Member, policy::Permission};

/// What a business asks unless it says otherwise, and what else is offered to choose; any other name is taken too.
pub const MODELS: &[&str] = &["gpt-4.1-mini", "gpt-4o-mini"];
const LONGEST_MODEL: usize = 100;
const LONGEST_URL: usize = 500;
const LONGEST_KEY: usize = 1_024;

/// The settings as somebody wants them.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// None is what the installation is set to.
    pub base_url: Option<String>,
    /// None is the default.
    pub model: Option<String>,
    /// None keeps the key that is there; an empty one removes it.
    pub key: Option<SecretString>,
}

/// Changes the settings. The key that is kept goes to the address that it was given for and to no other: with another address it must be
/// given again.
pub async fn save(app: &App, member: &Member, draft: Draft, seen: Seen) -> Result<Business> {
    member.demand(Permission::ConfigureAssistant, None)?;
    let draft = check(draft)?;
    let cell = app.store.cell(&member.tenant).await?;
    let mut write = cell.write().await?;
    let row = write.business().await?.ok_or(Error::NotFound)?;
    let sealed_key = match &draft.key {
        None if row.sealed_openai_key.is_some() && row.openai_base_url != draft.base_url => return Err(Error::field("api_key", "field-key-again")),
        None => row.sealed_openai_key,
        Some(key) if key.expose_secret().is_empty() => None,
        Some(key) => Some(Row::seal_openai_key(&cell, key.expose_secret())),
    };
    let model = draft.model.unwrap_or_else(|| MODELS[0].to_owned());
    if !write.save_model(&ModelSettings { base_url: draft.base_url, model, sealed_key }, seen).await? {
        return Err(Error::Stale);
    }
    note(app, &mut write, member, "assistant.changed", None).await?;
    apply(app, member, write).await?;
    business::find(app, member).await
}

fn check(draft: Draft) -> Result<Draft> {
    let mut checks = Checks::default();
    let base_url = checks.line_if_any("base_url", draft.base_url.as_deref(), LONGEST_URL);
    if let Some(address) = &base_url {
        checks.demand(is_address(address), "base_url", "field-address");
    }
    let base_url = base_url.map(|address| address.trim_end_matches('/').to_owned());
    let model = checks.line_if_any("model", draft.model.as_deref(), LONGEST_MODEL);
    let sound = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
    checks.demand(model.as_deref().is_none_or(sound), "model", "field-model");
    let key = draft.key.as_ref().map(|key| key.expose_secret());
    checks.demand(key.is_none_or(|key| key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic())), "api_key", "field-secret");
    checks.end()?;
    Ok(Draft { base_url, model, key: draft.key })
}

/// Whether it is an address of an API: neither a user's name nor a query belongs into it.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_an_api() {
        for sound in ["https://api.openai.com/v1", "http://127.0.0.1:11434/v1", "https://llm.acme.com"] {
            assert!(is_address(sound), "{sound}");
        }
        for none in ["", "api.openai.com", "ftp://x.com", "https://ana:1234@x.com/v1", "https://x.com/v1?key=1", "https://x.com/#a", "javascript:alert(1)"] {
            assert!(!is_address(none), "{none}");
        }
    }
}
