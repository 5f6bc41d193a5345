//! In which business one works: where one begins, going to another, and who has none yet.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use relevo_model::TenantId;
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    identity::{Device, Person, Refusal},
    web::{self, Page, Words, forms::Form, templates::Template},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    business_id: String,
}

#[derive(Serialize)]
pub struct WelcomePage {
    name: String,
    places: Vec<PlaceView>,
}

#[derive(Serialize)]
struct PlaceView {
    id: String,
    name: String,
    role: &'static str,
}

/// Where a visitor begins. What the page before had to say goes on with them.
pub async fn start(page: Page) -> web::Result {
    let to = match (&page.person, &page.place) {
        (None, _) => "/login",
        (Some(_), Some(_)) => "/dashboard",
        (Some(_), None) => "/welcome",
    };
    Ok(Redirect::to(to).into_response())
}

/// For whoever belongs to no business, or looks for another.
pub async fn welcome(page: Page, person: Person) -> web::Result {
    let place = |place: &relevo_store::Workplace| PlaceView { id: place.tenant_id.to_string(), name: place.name.clone(), role: place.role.as_str() };
    page.show(&WelcomePage { name: person.name, places: page.places.iter().map(place).collect() })
}

pub async fn switch(page: Page, person: Person, device: Device, State(app): State<App>, Form(form): Form<Chosen>) -> web::Result {
    let tenant: TenantId = form.business_id.parse().map_err(|_| Refusal::NotFound)?;
    let entry = app.door.switch_business(&person, &tenant).await?;
    let now_in = Words::from("business-switched").with("business", page.name_of(&tenant).unwrap_or_default().to_owned());
    Ok(entry::renewed(entry.as_ref(), &device, page.done("/dashboard", now_in)))
}

impl Template for WelcomePage {
    const NAME: &'static str = "pages/welcome.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let places = vec![PlaceView { id: "t".into(), name: "<script>".into(), role: "owner" }];
        vec![Self { name: "<b>".into(), places }, Self { name: "Ana".into(), places: Vec::new() }]
    }
}
