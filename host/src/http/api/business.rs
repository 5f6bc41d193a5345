//! Businesses: founding one, what it is called and sells, its language model, its bot.

use axum::{extract::State, response::Response};
use relevo_model::*;
use relevo_store::Workplace;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    Area, Body, IfMatch, IfNoneMatch, Known, Page, Paging, body, made,
    shown::{Id, Points, RoleName},
};
use crate::{
    app::App,
    console::{
        assistant,
        business::{self, Business},
    },
    http::{
        problem::Problem,
        routes::{Access, Routes},
    },
    identity::{Member, Person},
    policy::Permission,
};

pub const AREA: Area =
    Area { name: "business", about: "Businesses: what they are called and sell, their model, their bot.", routes, document: Document::openapi };

#[derive(OpenApi)]
#[openapi(paths(found, list, find, save, save_model, switch_bot))]
struct Document;

fn routes() -> Routes {
    Routes::new()
        .create("/api/business", Access::Person, found)
        .get("/api/business", Access::Person, list)
        .get("/api/business/{business_id}", Access::Permission(Permission::SeeBusiness), find)
        .put("/api/business/{business_id}", Access::Permission(Permission::ChangeBusiness), save)
        .put("/api/business/{business_id}/openai", Access::Permission(Permission::ConfigureAssistant), save_model)
        .put("/api/business/{business_id}/bot-toggle", Access::Permission(Permission::ChangeBusiness), switch_bot)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BusinessDraft {
    #[schema(min_length = 1, max_length = 120, example = "Almacén Sur")]
    name: String,
    #[serde(default)]
    #[schema(max_length = 120)]
    industry: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// ISO 4217; ARS unless it is told.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z]{3}$", example = "ARS")]
    currency: Option<String>,
    /// In which the business speaks: es, en or pt.
    #[serde(default)]
    #[schema(pattern = "^(es|en|pt)$", example = "es")]
    locale: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ModelDraft {
    /// Any address that speaks as OpenAI's does; null for the one that the installation is set to.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://api.openai.com/v1")]
    base_url: Option<String>,
    /// gpt-4.1-mini unless it is told.
    #[serde(default)]
    #[schema(max_length = 100, example = "gpt-4.1-mini")]
    model: Option<String>,
    /// It never comes back. Left out or null, the one that is there stays, for the address that it was given for; empty removes it.
    #[serde(default, deserialize_with = "body::maybe_secret")]
    #[schema(value_type = Option<String>, format = Password, max_length = 1024)]
    api_key: Option<SecretString>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BotSwitch {
    enabled: bool,
}

/// A business.
#[derive(Serialize, ToSchema)]
struct ShownBusiness {
    #[schema(value_type = Id)]
    id: TenantId,
    slug: String,
    name: String,
    #[schema(required)]
    industry: Option<String>,
    #[schema(required)]
    description: Option<String>,
    currency: String,
    locale: String,
    /// Off, everything is recorded and shown, and answered by hand.
    bot_enabled: bool,
    openai: ShownModel,
}

/// Where a business asks its language model.
#[derive(Serialize, ToSchema)]
struct ShownModel {
    #[schema(required)]
    base_url: Option<String>,
    model: String,
    has_key: bool,
}

/// A business that somebody works in.
#[derive(Serialize, ToSchema)]
struct ListedBusiness {
    #[schema(value_type = Id)]
    id: TenantId,
    slug: String,
    name: String,
    #[schema(value_type = RoleName)]
    role: Role,
    service_points: Points,
}

/// Founds a business, which answers in the simulator at once.
///
/// Whoever founds it is its owner. It begins with a service point, a phone in the browser and the storefront.
#[utoipa::path(post, path = "/api/business", tag = "business", request_body = BusinessDraft,
    responses((status = 201, description = "Founded", body = ShownBusiness)), extensions(("x-problems" = json!(["taken", "enough-businesses"]))))]
async fn found(State(app): State<App>, person: Person, Body(draft): Body<BusinessDraft>) -> Result<Response, Problem> {
    let founded = business::found(&app, &person, draft.into()).await?;
    Ok(made(&format!("/api/business/{}", founded.id), &ShownBusiness::from(founded)))
}

/// Lists the businesses that one works in, by name.
#[utoipa::path(get, path = "/api/business", tag = "business", params(Paging),
    responses((status = 200, description = "A page of them", body = Page<ListedBusiness>)))]
async fn list(State(app): State<App>, person: Person, paging: Paging) -> Result<Page<ListedBusiness>, Problem> {
    let after: Option<TenantId> = paging.after()?;
    let all = business::list(&app, &person).await?;
    let begin = after.and_then(|after| all.iter().position(|place| place.tenant_id == after)).map_or(0, |at| at + 1);
    let rows = all.into_iter().skip(begin).take(paging.rows()).collect();
    Ok(paging.page(rows, |place: &Workplace| place.tenant_id, ListedBusiness::from))
}

/// Shows a business.
#[utoipa::path(get, path = "/api/business/{business_id}", tag = "business", params(("business_id" = Id, Path), IfNoneMatch),
    responses((status = 200, description = "It", body = ShownBusiness)))]
async fn find(State(app): State<App>, member: Member, known: Known) -> Result<Response, Problem> {
    Ok(known.show(&ShownBusiness::from(business::find(&app, &member).await?)))
}

/// Changes what a business is called and sells.
#[utoipa::path(put, path = "/api/business/{business_id}", tag = "business", params(("business_id" = Id, Path), IfMatch),
    request_body = BusinessDraft, responses((status = 200, description = "Changed", body = ShownBusiness)))]
async fn save(State(app): State<App>, member: Member, known: Known, Body(draft): Body<BusinessDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known).await?;
    Ok(known.show(&ShownBusiness::from(business::save(&app, &member, draft.into(), seen).await?)))
}

/// Changes where a business asks its language model, which one, and with which key.
#[utoipa::path(put, path = "/api/business/{business_id}/openai", tag = "business", params(("business_id" = Id, Path), IfMatch),
    request_body = ModelDraft, responses((status = 200, description = "Changed", body = ShownBusiness)))]
async fn save_model(State(app): State<App>, member: Member, known: Known, Body(draft): Body<ModelDraft>) -> Result<Response, Problem> {
    let seen = seen(&app, &member, &known).await?;
    let draft = assistant::Draft { base_url: draft.base_url, model: draft.model, key: draft.api_key };
    Ok(known.show(&ShownBusiness::from(assistant::save(&app, &member, draft, seen).await?)))
}

/// Turns the bot on or off for the whole business.
#[utoipa::path(put, path = "/api/business/{business_id}/bot-toggle", tag = "business", params(("business_id" = Id, Path)),
    request_body = BotSwitch, responses((status = 200, description = "Turned", body = ShownBusiness)))]
async fn switch_bot(State(app): State<App>, member: Member, known: Known, Body(switch): Body<BotSwitch>) -> Result<Response, Problem> {
    Ok(known.show(&ShownBusiness::from(business::switch_bot(&app, &member, switch.enabled).await?)))
}

async fn seen(app: &App, member: &Member, known: &Known) -> Result<Option<i64>, Problem> {
    let before = business::find(app, member).await?;
    let version = before.version;
    known.demand(&ShownBusiness::from(before))?;
    Ok(known.only(version))
}

impl From<BusinessDraft> for business::Draft {
    fn from(draft: BusinessDraft) -> Self {
        let BusinessDraft { name, industry, description, currency, locale } = draft;
        Self { name, industry, description, currency, locale }
    }
}

impl From<Business> for ShownBusiness {
    fn from(row: Business) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            industry: row.industry,
            description: row.description,
            currency: row.currency,
            locale: row.locale,
            bot_enabled: row.bot_enabled,
            openai: ShownModel { base_url: row.model.base_url, model: row.model.name, has_key: row.model.has_key },
        }
    }
}

impl From<Workplace> for ListedBusiness {
    fn from(place: Workplace) -> Self {
        Self { id: place.tenant_id, slug: place.slug, name: place.name, role: place.role, service_points: Points(place.reach) }
    }
}
