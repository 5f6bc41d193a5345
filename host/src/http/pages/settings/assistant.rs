//! The language model: where it is asked, which one, with whose key.

use axum::extract::State;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    console::{
        assistant::{self, Draft, MODELS},
        business::{self, Business},
    },
    identity::Member,
    web::{
        self, Page,
        forms::{self, Fields, Form, Hidden},
        templates::Template,
    },
};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    base_url: String,
    model: String,
    api_key: Hidden,
    #[serde(default, deserialize_with = "forms::on")]
    without_key: bool,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Serialize)]
pub struct AssistantPage {
    form: Fields,
    models: Vec<&'static str>,
    has_key: bool,
}

pub async fn show(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let business = business::find(&app, &member).await?;
    page.show(&view(&business, Fields::of(&entered(&business))))
}

/// A key that is not given stays; to take it away has to be said.
pub async fn save(page: Page, member: Member, State(app): State<App>, Form(form): Form<Entered>) -> web::Result {
    let given = Some(form.api_key.0.clone()).filter(|key| !key.expose_secret().is_empty());
    let draft =
        Draft { base_url: Some(form.base_url.clone()), model: Some(form.model.clone()), key: given.or_else(|| form.without_key.then(Default::default)) };
    match assistant::save(&app, &member, draft, Some(form.version)).await {
        Ok(_) => Ok(page.done("/settings/assistant", "assistant-saved")),
        Err(error) => {
            let business = business::find(&app, &member).await?;
            let form = page.overtaken(&form, &entered(&business), error)?;
            page.again(&view(&business, form))
        }
    }
}

fn entered(business: &Business) -> Entered {
    let model = business.model.clone();
    Entered { base_url: model.base_url.unwrap_or_default(), model: model.name, version: business.version, ..Entered::default() }
}

fn view(business: &Business, form: Fields) -> AssistantPage {
    AssistantPage { form, models: MODELS.to_vec(), has_key: business.model.has_key }
}

impl Template for AssistantPage {
    const NAME: &'static str = "pages/assistant.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Entered { base_url: "<script>".into(), model: "<b>".into(), ..Entered::default() });
        let wrong = ["base_url", "model", "api_key"].map(|field| (field.to_owned(), "field-key-again".into()));
        let page = |form, has_key| Self { form, models: MODELS.to_vec(), has_key };
        vec![page(form.clone(), true), page(form.refused("es", Wrong { fields: wrong.into(), whole: Some("problem-stale".into()) }), false)]
    }
}
