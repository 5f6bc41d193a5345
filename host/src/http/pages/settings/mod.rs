//! What is the whole business's: what it is called and sells, its bot, its assistant, what it promises.

mod assistant;
mod policies;
mod prompt;

use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    console::business::{self, Business, Draft},
    http::routes::{Access, Routes},
    identity::Member,
    policy::Permission,
    web::{
        self, Page,
        forms::{self, Choice, Fields, Form},
        templates::Template,
        visitor::LANGUAGES,
    },
};

/// What people here pay with. Any other that a business has stays to be chosen.
const CURRENCIES: [&str; 20] =
    ["ARS", "BOB", "BRL", "CLP", "COP", "CRC", "DOP", "EUR", "GTQ", "HNL", "MXN", "NIO", "PAB", "PEN", "PYG", "USD", "UYU", "VES", "GBP", "CAD"];

pub fn routes() -> Routes {
    const BUSINESS: Access = Access::Permission(Permission::ChangeBusiness);
    const ASSISTANT: Access = Access::Permission(Permission::ConfigureAssistant);
    Routes::new()
        .get("/settings", BUSINESS, show)
        .post("/settings", BUSINESS, save)
        .post("/settings/bot", BUSINESS, switch_bot)
        .get("/settings/assistant", ASSISTANT, assistant::show)
        .post("/settings/assistant", ASSISTANT, assistant::save)
        .get("/settings/prompt", ASSISTANT, prompt::show)
        .post("/settings/prompt", ASSISTANT, prompt::write)
        .get("/settings/prompt/{prompt}", ASSISTANT, prompt::show_one)
        .post("/settings/prompt/{prompt}/restore", ASSISTANT, prompt::restore)
        .get("/settings/policies", ASSISTANT, policies::list)
        .get("/settings/policies/new", ASSISTANT, policies::show_new)
        .post("/settings/policies/new", ASSISTANT, policies::create)
        .get("/settings/policies/{policy}", ASSISTANT, policies::show)
        .post("/settings/policies/{policy}", ASSISTANT, policies::save)
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    name: String,
    industry: String,
    description: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    locale: String,
    #[serde(deserialize_with = "forms::number")]
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    #[serde(default, deserialize_with = "forms::on")]
    on: bool,
}

#[derive(Serialize)]
pub struct BusinessPage {
    form: Fields,
    bot: bool,
    currencies: Vec<Choice>,
    locales: Vec<Choice>,
}

pub async fn show(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let business = business::find(&app, &member).await?;
    page.show(&view(&page, &business, Fields::of(&entered(&business))))
}

pub async fn save(page: Page, member: Member, State(app): State<App>, Form(form): Form<Entered>) -> web::Result {
    let draft = Draft {
        name: form.name.clone(),
        industry: Some(form.industry.clone()),
        description: Some(form.description.clone()),
        currency: Some(form.currency.clone()),
        locale: Some(form.locale.clone()),
    };
    match business::save(&app, &member, draft, Some(form.version)).await {
        Ok(_) => Ok(page.done("/settings", "business-saved")),
        Err(error) => {
            let business = business::find(&app, &member).await?;
            let form = page.overtaken(&form, &entered(&business), error)?;
            page.again(&view(&page, &business, form))
        }
    }
}

/// Turns the bot on or off for the whole business.
pub async fn switch_bot(page: Page, member: Member, State(app): State<App>, Form(switch): Form<Switch>) -> web::Result {
    let business = business::switch_bot(&app, &member, switch.on).await?;
    Ok(page.done("/settings", if business.bot_enabled { "business-bot-on" } else { "business-bot-off" }))
}

fn entered(business: &Business) -> Entered {
    Entered {
        name: business.name.clone(),
        industry: business.industry.clone().unwrap_or_default(),
        description: business.description.clone().unwrap_or_default(),
        currency: business.currency.clone(),
        locale: business.locale.clone(),
        version: business.version,
    }
}

fn view(page: &Page, business: &Business, form: Fields) -> BusinessPage {
    let own = (!CURRENCIES.contains(&&*business.currency)).then_some(&*business.currency);
    BusinessPage {
        form,
        bot: business.bot_enabled,
        currencies: CURRENCIES.into_iter().chain(own).map(|code| Choice::new(code, code)).collect(),
        locales: LANGUAGES.map(|lang| Choice::new(lang, page.say(&format!("locale-{lang}")))).into(),
    }
}

#[cfg(test)]
pub fn shown() -> Vec<&'static str> {
    use crate::web::templates::shows;
    vec![
        shows::<BusinessPage>(),
        shows::<assistant::AssistantPage>(),
        shows::<policies::PoliciesPage>(),
        shows::<policies::PolicyPage>(),
        shows::<prompt::PromptPage>(),
        shows::<prompt::PromptVersionPage>(),
    ]
}

impl Template for BusinessPage {
    const NAME: &'static str = "pages/business.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::web::forms::Wrong;

        let form = Fields::of(&Entered { name: "<script>".into(), currency: "ARS".into(), locale: "es".into(), ..Entered::default() });
        let wrong = ["name", "industry", "description", "currency", "locale"].map(|field| (field.to_owned(), "field-required".into()));
        let choices = || vec![Choice::new("ARS", "ARS"), Choice::new("es", "<b>")];
        let page = |form, bot| Self { form, bot, currencies: choices(), locales: choices() };
        vec![page(form.clone(), true), page(form.refused("es", Wrong { fields: wrong.into(), whole: Some("problem-stale".into()) }), false)]
    }
}
