//! One number: connected with what Meta gives for it, renewed, taken away. Its secrets go in and are never shown.

use axum::extract::{Path, State};
use relevo_model::*;
use relevo_store::ServicePoint;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{
    find,
    head::Head,
    whatsapp::{NumberView, number},
};
use crate::{
    app::App,
    channels::cloud_api::client::Fault,
    console::{
        Error,
        channels::{self, Channel, Draft, Renewal},
    },
    identity::{Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{Fields, Form, Hidden, Wrong},
        templates::Template,
    },
};

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    phone_number_id: String,
    waba_id: String,
    access_token: Hidden,
    app_secret: Hidden,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    access_token: Hidden,
    app_secret: Hidden,
}

#[derive(Serialize)]
pub struct ConnectPage {
    point: Head,
    form: Fields,
}

#[derive(Serialize)]
pub struct RenewalPage {
    point: Head,
    number: NumberView,
    form: Fields,
}

#[derive(Serialize)]
pub struct RemoveChannelPage {
    point: String,
    name: String,
    channel: String,
    number_id: String,
}

pub async fn show_new(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let point = find(&app, &member, Permission::ManageChannels, &id).await?;
    page.show(&ConnectPage { point: head(&app, &member, &point).await?, form: Fields::default() })
}

pub async fn connect(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>, Form(form): Form<Connection>) -> web::Result {
    let point = find(&app, &member, Permission::ManageChannels, &id).await?;
    let draft = Draft {
        service_point_id: point.id,
        kind: ChannelKind::CloudApi,
        phone_number_id: Some(form.phone_number_id.clone()),
        waba_id: Some(form.waba_id.clone()),
        access_token: Some(form.access_token.0.clone()),
        app_secret: Some(form.app_secret.0.clone()),
    };
    match channels::create(&app, &member, draft).await {
        Ok(_) => Ok(page.done(&back(&point), Words::from("channel-connected").with("point", point.name))),
        Err(error) => {
            let form = Fields::of(&form).refused(page.visitor.lang, wrong(error)?);
            page.again(&ConnectPage { point: head(&app, &member, &point).await?, form })
        }
    }
}

pub async fn show_renewal(page: Page, member: Member, State(app): State<App>, Path(path): Path<(String, String)>) -> web::Result {
    let (point, channel) = named(&app, &member, &path).await?;
    page.show(&RenewalPage { point: head(&app, &member, &point).await?, number: number(&page, &app, channel), form: Fields::default() })
}

/// What is left empty stays as it is.
pub async fn renew(page: Page, member: Member, State(app): State<App>, Path(path): Path<(String, String)>, Form(form): Form<Secrets>) -> web::Result {
    let (point, channel) = named(&app, &member, &path).await?;
    let given = |secret: &Hidden| Some(secret.0.clone()).filter(|secret| !secret.expose_secret().is_empty());
    let renewal = Renewal { access_token: given(&form.access_token), app_secret: given(&form.app_secret) };
    let renewed = if renewal.access_token.is_none() && renewal.app_secret.is_none() {
        Err(Error::field("access_token", "field-required"))
    } else {
        channels::renew(&app, &member, &channel.id, renewal).await
    };
    match renewed {
        Ok(_) => Ok(page.done(&back(&point), "channel-renewed")),
        Err(error) => {
            let form = Fields::of(&form).refused(page.visitor.lang, wrong(error)?);
            page.again(&RenewalPage { point: head(&app, &member, &point).await?, number: number(&page, &app, channel), form })
        }
    }
}

/// Asks before a number is taken away.
pub async fn ask_remove(page: Page, member: Member, State(app): State<App>, Path(path): Path<(String, String)>) -> web::Result {
    let (point, channel) = named(&app, &member, &path).await?;
    let number_id = channel.phone_number_id.unwrap_or_default();
    page.show(&RemoveChannelPage { point: point.id.to_string(), name: point.name, channel: channel.id.to_string(), number_id })
}

pub async fn remove(page: Page, member: Member, State(app): State<App>, Path(path): Path<(String, String)>) -> web::Result {
    let (point, channel) = named(&app, &member, &path).await?;
    channels::remove(&app, &member, &channel.id).await?;
    Ok(page.done(&back(&point), Words::from("channel-removed").with("point", point.name)))
}

/// A number of a service point, by the ids of both. The phone in the browser is none.
async fn named(app: &App, member: &Member, (point, channel): &(String, String)) -> web::Result<(ServicePoint, Channel)> {
    let point = find(app, member, Permission::ManageChannels, point).await?;
    let id: ChannelId = channel.parse().map_err(|_| Refusal::NotFound)?;
    let channel = channels::find(app, member, &id).await?;
    if channel.service_point_id != point.id || channel.kind != ChannelKind::CloudApi {
        return Err(Refusal::NotFound.into());
    }
    Ok((point, channel))
}

/// What is wrong; whoever gives a number also reads why Meta did not take it.
fn wrong(error: Error) -> web::Result<Wrong> {
    match error {
        Error::Taken => Ok(Wrong::at("phone_number_id", "field-number-taken")),
        Error::Outside(Fault::Refused(problem) | Fault::Token(problem)) => {
            Ok(Wrong::whole(Words::from("channel-refused").with("title", problem.title).with("code", problem.code)))
        }
        error => Wrong::try_from(error),
    }
}

async fn head(app: &App, member: &Member, point: &ServicePoint) -> web::Result<Head> {
    Head::of(app, member, point, "point-tab-whatsapp").await
}

fn back(point: &ServicePoint) -> String {
    format!("/points/{}/whatsapp", point.id)
}

#[cfg(test)]
fn wrong_everywhere(form: Fields) -> Fields {
    let fields = ["phone_number_id", "waba_id", "access_token", "app_secret"].map(|field| (field.to_owned(), "field-secret".into()));
    form.refused("es", Wrong { fields: fields.into(), whole: Some("problem-outside".into()) })
}

impl Template for ConnectPage {
    const NAME: &'static str = "pages/point_connect.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let form = Fields::of(&Connection { phone_number_id: "<script>".into(), ..Connection::default() });
        vec![Self { point: Head::sample(), form: Fields::default() }, Self { point: Head::sample(), form: wrong_everywhere(form) }]
    }
}

impl Template for RenewalPage {
    const NAME: &'static str = "pages/point_renewal.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |full, form| Self { point: Head::sample(), number: NumberView::sample(full), form };
        vec![page(true, Fields::default()), page(false, wrong_everywhere(Fields::default()))]
    }
}

impl Template for RemoveChannelPage {
    const NAME: &'static str = "pages/point_disconnect.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { point: "p".into(), name: "<b>".into(), channel: "c".into(), number_id: "1".into() }]
    }
}
