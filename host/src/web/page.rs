//! What every page is shown with: who looks at it, where they can go, and what they did just before.

use axum::{
    RequestPartsExt,
    extract::FromRequestParts,
    http::{Method, StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use relevo_model::TenantId;
use relevo_store::Workplace;
use serde::Serialize;
use url::form_urlencoded;

use super::{
    error::{Error, Result},
    flash::{self, Flash},
    forms::{Fields, Wrong},
    nav::{self, Link},
    templates::{self, Template},
    visitor::{LANGUAGES, THEMES, Visitor},
    words::Words,
};
use crate::{
    app::App,
    console,
    http::{NEVER_KEPT, routes::Access},
    identity::{Device, Member, Person, Rejection},
    policy::{Permission, Rights},
    texts,
};

/// How an address names the business that it is about.
pub(super) const BUSINESS: &str = "business_id";

/// A page on its way to somebody.
pub struct Page {
    pub visitor: Visitor,
    pub person: Option<Person>,
    /// The business that the page is about, and what this person is there: the one that its address names, else the one that the session works in.
    pub place: Option<Workplace>,
    /// All that this person may work in.
    pub places: Vec<Workplace>,
    parts: Address,
    flash: Flash,
    app: App,
    /// What the page before did.
    toast: Option<String>,
    /// There was something to say, or something that claimed to be: either is taken away.
    had_flash: bool,
}

/// Where this page is.
struct Address {
    path: String,
    query: String,
    looked_at: bool,
}

impl FromRequestParts<App> for Page {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> std::result::Result<Self, Rejection> {
        Self::of(parts, app).await
    }
}

impl Page {
    pub(super) async fn of(parts: &mut Parts, app: &App) -> std::result::Result<Self, Rejection> {
        let person = parts.extract_with_state::<Option<Person>, App>(app).await?;
        let places = match &person {
            Some(person) => app.door.workplaces(person).await.map_err(|why| Rejection::new(why, parts))?,
            None => Vec::new(),
        };
        let tenant = match &person {
            Some(person) => parts.extract_with_state::<Member, App>(app).await.map_or(person.tenant, |member| Some(member.tenant)),
            None => None,
        };
        let place = places.iter().find(|place| Some(place.tenant_id) == tenant).cloned();
        let Ok(device) = parts.extract_with_state::<Device, App>(app).await;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let flash = Flash::new(&app.store, device.secure);
        Ok(Self {
            visitor: Visitor::of(&query, &parts.headers),
            toast: flash.read(&parts.headers, app.clock.now()),
            had_flash: flash::presented(&parts.headers).is_some(),
            parts: Address { path: parts.uri.path().to_owned(), query, looked_at: parts.method == Method::GET },
            person,
            place,
            places,
            flash,
            app: app.clone(),
        })
    }

    /// Shows it.
    pub fn show<T: Template>(&self, template: &T) -> Result {
        self.show_as(StatusCode::OK, template)
    }

    /// Shows a form again that could not be taken.
    pub fn again<T: Template>(&self, template: &T) -> Result {
        self.show_as(StatusCode::UNPROCESSABLE_ENTITY, template)
    }

    pub fn show_as<T: Template>(&self, status: StatusCode, template: &T) -> Result {
        let html = templates::page(self.visitor, self.shell(), template)?;
        let mut response = (status, [NEVER_KEPT], html).into_response();
        if self.had_flash {
            let (name, value) = self.flash.drop_it();
            response.headers_mut().append(name, value);
        }
        Ok(response)
    }

    /// Goes on to another page, which says what was done. Where that was not in the business that the session works in, it is of that business too.
    pub fn done(&self, to: &str, what: impl Into<Words>) -> Response {
        let text = what.into().to_text(self.visitor.lang);
        let (name, value) = self.flash.carry(&text, self.app.clock.now());
        let at_work = self.person.as_ref().and_then(|person| person.tenant);
        let elsewhere = self.place.as_ref().filter(|place| at_work != Some(place.tenant_id));
        let mut response = Redirect::to(&elsewhere.map_or_else(|| to.to_owned(), |place| about(to, &place.tenant_id))).into_response();
        response.headers_mut().append(name, value);
        response
    }

    /// The form as it is shown again: what was entered, and what is wrong with it. What nobody can mend there is an error.
    pub fn refused<E>(&self, entered: &impl Serialize, why: E) -> Result<Fields>
    where
        Wrong: TryFrom<E, Error = Error>,
    {
        Ok(Fields::of(entered).refused(self.visitor.lang, Wrong::try_from(why)?))
    }

    /// The same for a form of something that is kept: beside what was entered by somebody who was overtaken stands what is stored by now.
    pub fn overtaken(&self, entered: &impl Serialize, stored: &impl Serialize, why: console::Error) -> Result<Fields> {
        let stale = matches!(why, console::Error::Stale);
        let form = self.refused(entered, why)?;
        Ok(if stale { self.beside(form, &Fields::of(stored)) } else { form })
    }

    /// The form of somebody who was overtaken, beside what is stored by now.
    pub fn beside(&self, form: Fields, stored: &Fields) -> Fields {
        let form = form.beside(stored);
        if form.now.is_empty() { form } else { Fields { wrong: Some(self.say("problem-overtaken")), ..form } }
    }

    /// Whether whoever looks may take what is so guarded, in the business that they work in.
    pub fn may_take(&self, access: Access) -> bool {
        match access {
            Access::Public => true,
            Access::Person => self.person.is_some(),
            Access::Operator => self.person.as_ref().is_some_and(|person| person.operator),
            Access::Permission(permission) => self.may(permission),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        let rights = |place: &Workplace| Rights { role: place.role, reach: place.reach.clone(), scopes: None };
        self.place.as_ref().is_some_and(|place| rights(place).may(permission, None))
    }

    /// A text without anything put into it.
    pub fn say(&self, key: &str) -> String {
        texts::say(self.visitor.lang, key)
    }

    /// The name of a business that this person may work in.
    pub fn name_of(&self, tenant: &TenantId) -> Option<&str> {
        self.places.iter().find(|place| place.tenant_id == *tenant).map(|place| &*place.name)
    }

    fn shell(&self) -> Shell {
        let (nav, tabs) = nav::links(&self.parts.path, |access| self.may_take(access));
        let other = |place: &&Workplace| self.place.as_ref().is_none_or(|here| here.tenant_id != place.tenant_id);
        let option = |name: &str, value: &'static str, current: &str| Switch { value, address: self.with(name, value), current: value == current };
        let theme = if self.visitor.theme.is_empty() { "auto" } else { self.visitor.theme };
        Shell {
            person: self.person.as_ref().map(|person| Who { name: person.name.clone(), email: person.email.clone(), initials: initials(&person.name) }),
            place: self.place.as_ref().map(|place| Place { id: place.tenant_id.to_string(), name: place.name.clone(), role: place.role.as_str() }),
            others: self
                .places
                .iter()
                .filter(other)
                .map(|place| Place { id: place.tenant_id.to_string(), name: place.name.clone(), role: place.role.as_str() })
                .collect(),
            own: nav::OWN.entries.iter().map(|entry| Link { text: entry.text, address: entry.address, current: self.parts.path == entry.address }).collect(),
            languages: LANGUAGES.map(|lang| option("lang", lang, self.visitor.lang)).into(),
            themes: THEMES.map(|known| option("theme", known, theme)).into(),
            toast: self.toast.clone(),
            nav,
            tabs,
        }
    }

    /// The address of this page in another language or theme. What was sent as a form is not looked at again by it: that is its page.
    fn with(&self, name: &str, value: &str) -> String {
        let query = if self.parts.looked_at { &*self.parts.query } else { "" };
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known != name);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair(name, value).finish();
        format!("?{query}")
    }
}

/// What stands around a page.
#[derive(Default, Serialize)]
pub struct Shell {
    person: Option<Who>,
    place: Option<Place>,
    others: Vec<Place>,
    nav: Vec<Link>,
    tabs: Vec<Link>,
    own: Vec<Link>,
    languages: Vec<Switch>,
    themes: Vec<Switch>,
    toast: Option<String>,
}

impl Shell {
    /// The business that the page is about.
    pub fn business(&self) -> Option<&str> {
        self.place.as_ref().map(|place| &*place.id)
    }
}

#[derive(Serialize)]
struct Who {
    name: String,
    email: String,
    initials: String,
}

#[derive(Serialize)]
struct Place {
    id: String,
    name: String,
    role: &'static str,
}

#[derive(Serialize)]
struct Switch {
    value: &'static str,
    address: String,
    current: bool,
}

/// A page of ours as the page of this business.
fn about(page: &str, tenant: &TenantId) -> String {
    let (path, spot) = page.find('#').map_or((page, ""), |spot| page.split_at(spot));
    let more = if path.contains('?') { '&' } else { '?' };
    format!("{path}{more}{BUSINESS}={tenant}{spot}")
}

/// Two letters that stand for a name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).take(2).collect()
}

#[cfg(test)]
impl Shell {
    /// One of somebody with two businesses, and one of nobody.
    pub fn samples() -> [Self; 2] {
        let place = |name: &str| Place { id: "0198c0de-0000-7000-8000-000000000001".into(), name: name.into(), role: "owner" };
        let switch = |value, current| Switch { value, address: format!("?x={value}"), current };
        let links =
            || vec![Link { text: "nav-people", address: "/people", current: true }, Link { text: "nav-matrix", address: "/people/matrix", current: false }];
        let both =
            || Self { languages: vec![switch("es", true), switch("en", false)], themes: vec![switch("auto", true), switch("dark", false)], ..Self::default() };
        let somebody = Self {
            person: Some(Who { name: "Ana <b>".into(), email: "ana@acme.com".into(), initials: "AB".into() }),
            place: Some(place("Casa Ombú")),
            others: vec![place("Otra")],
            nav: links(),
            tabs: links(),
            own: links(),
            toast: Some("Guardado <b>".into()),
            ..both()
        };
        [somebody, both()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_as_one_of_a_business() {
        let tenant = "0198c0de-0000-7000-8000-000000000001".parse().unwrap();
        for (page, asked) in [("/keys", "/keys?#"), ("/keys?a=b", "/keys?a=b&#"), ("/keys#up-x", "/keys?##up-x")] {
            assert_eq!(about(page, &tenant), asked.replacen('#', &format!("business_id={tenant}"), 1));
        }
    }

    #[test]
    fn two_letters_stand_for_a_name() {
        for (name, letters) in [("Marina Sosa", "MS"), ("ana", "A"), ("José María  de la Peña", "JP"), ("  ", ""), ("«Bot» 7", "B7"), ("ß x", "SS")] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
