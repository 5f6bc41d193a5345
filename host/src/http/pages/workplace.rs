//! In which business one works: where one begins, going to another, and who has none yet.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use relevo_model::TenantId;
use relevo_store::Workplace;
use serde::{Deserialize, Serialize};

use super::entry;
use crate::{
    app::App,
    console::business::{self, Draft},
    identity::{Device, Person, Refusal},
    web::{
        self, Page, Words,
        forms::{Fields, Form},
        templates::Template,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    business_id: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Founded {
    name: String,
    industry: String,
}

#[derive(Serialize)]
pub struct WelcomePage {
    name: String,
    places: Vec<PlaceView>,
    form: Fields,
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
    page.show(&view(&page, &person, Fields::default()))
}

/// Founds a business, and goes to work in it.
pub async fn found(page: Page, person: Person, State(app): State<App>, Form(form): Form<Founded>) -> web::Result {
    let industry = Some(form.industry.clone()).filter(|industry| !industry.trim().is_empty());
    match business::found(&app, &person, Draft { name: form.name.clone(), industry, ..Draft::default() }).await {
        Ok(founded) => Ok(page.done("/dashboard", Words::from("business-founded").with("business", founded.name))),
        Err(error) => page.again(&view(&page, &person, page.refused(&form, error)?)),
    }
}

fn view(page: &Page, person: &Person, form: Fields) -> WelcomePage {
    let place = |place: &Workplace| PlaceView { id: place.tenant_id.to_string(), name: place.name.clone(), role: place.role.as_str() };
    WelcomePage { name: person.name.clone(), places: page.places.iter().map(place).collect(), form }
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
        use crate::web::forms::Wrong;

        let places = vec![PlaceView { id: "t".into(), name: "<script>".into(), role: "owner" }];
        let wrong = Fields::of(&Founded { name: "<b>".into(), industry: String::new() }).refused("es", Wrong::at("name", "problem-name-taken"));
        vec![Self { name: "<b>".into(), places, form: Fields::default() }, Self { name: "Ana".into(), places: Vec::new(), form: wrong }]
    }
}
