//! What a plugin asks for and why, and what of it the business gives.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use relevo_sandbox::{Access, Grants, Manifest, Permission, manifest::BUILT_IN_COLLECTIONS};
use serde::Serialize;
use serde_json::Value;

use super::overview;
use crate::{
    app::App,
    console::plugins::{self, Consent, Detail, Version},
    identity::{Member, Refusal},
    web::{
        self, Page, Words,
        forms::{Choice, Form},
        schema_form::Entered,
        when,
    },
};

/// What a version asks for, to be decided or as it was decided.
#[derive(Serialize)]
pub struct ConsentView {
    pub version: String,
    title: String,
    lead: String,
    /// Nothing of this version runs before.
    pub waits: bool,
    /// When it was decided, and by whom.
    granted: Option<String>,
    /// Nobody decides it: it comes with the program.
    fixed: bool,
    pub permissions: Vec<AskedView>,
}

#[derive(Serialize)]
pub struct AskedView {
    nth: usize,
    kind: &'static str,
    title: String,
    reason: String,
    /// That it was not asked for before.
    more: Option<String>,
    on: bool,
    hosts: Vec<ValueView>,
    methods: Vec<ValueView>,
    names: Vec<ValueView>,
    accesses: Vec<Choice>,
    access: &'static str,
    /// What it does without.
    without: String,
}

#[derive(Serialize)]
struct ValueView {
    value: String,
    on: bool,
}

/// Gives what is ticked. That activates nothing.
pub async fn grant(
    page: Page,
    member: Member,
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
    Form(form): Form<BTreeMap<String, Value>>,
) -> web::Result {
    let detail = plugins::find(&app, &member, &id).await?;
    let asks = detail.versions.iter().find(|one| one.version == version).ok_or(Refusal::NotFound)?;
    let (wanted, active) = (wanted(&asks.manifest, &Entered::sent(form)), detail.plugin.active.as_deref() == Some(&*version));
    plugins::grant(&app, &member, &id, &version, &wanted).await?;
    let done = if active { Words::from("plugin-grants-saved") } else { Words::from("plugin-accepted").with("version", version) };
    Ok(page.done(&overview::address(&id), done))
}

/// What was ticked of all that a manifest asks for.
fn wanted(manifest: &Manifest, entered: &Entered) -> Grants {
    let given = manifest.permissions.iter().enumerate().filter(|(nth, _)| entered.text(&format!("grant~{nth}")) == "on");
    let chosen = |all: &[String], name: &str| all.iter().filter(|one| entered.texts(name).contains(one)).cloned().collect();
    let given: Vec<Permission> = given
        .map(|(nth, asked)| match asked.clone() {
            Permission::Http { hosts, methods, reason } => {
                Permission::Http { hosts: chosen(&hosts, &format!("host~{nth}")), methods: chosen(&methods, &format!("method~{nth}")), reason }
            }
            Permission::Secrets { names, reason } => Permission::Secrets { names: chosen(&names, &format!("name~{nth}")), reason },
            Permission::Records { collection, access, reason } => {
                let access = if entered.text(&format!("access~{nth}")) == "read" { Access::Read } else { access };
                Permission::Records { collection, access, reason }
            }
            whole => whole,
        })
        .collect();
    Grants::all(manifest).narrowed(&Grants::of(&given))
}

/// What stands on the page of a plugin: the version that is asked about, else the one that waits, else the one that answers.
pub async fn view(page: &Page, app: &App, detail: &Detail, asked: Option<&str>) -> web::Result<Option<ConsentView>> {
    if detail.plugin.built_in {
        return Ok(Some(of_ours(page, &detail.plugin.manifest, detail.plugin.active.clone().unwrap_or_default())));
    }
    let Some(version) = chosen(detail, asked) else { return Ok(None) };
    let waits = !version.asks_more.is_empty();
    let permissions = asks(page, version, detail.consent.as_ref());
    let title = if waits { Words::from("plugin-asks").with("version", version.version.clone()).to_text(page.visitor.lang) } else { page.say("plugin-granted") };
    let lead = match (permissions.is_empty(), waits) {
        (true, _) => "plugin-asks-nothing",
        (false, true) => "plugin-asks-lead",
        (false, false) => "plugin-granted-lead",
    };
    let granted = match detail.consent.as_ref().filter(|_| !waits) {
        Some(consent) => Some(said_by(page, app, consent).await?),
        None => None,
    };
    Ok(Some(ConsentView { version: version.version.clone(), title, lead: page.say(lead), waits, granted, fixed: false, permissions }))
}

fn of_ours(page: &Page, manifest: &Manifest, version: String) -> ConsentView {
    let all = Grants::all(manifest);
    let permissions: Vec<AskedView> =
        manifest.permissions.iter().enumerate().map(|(nth, asked)| one(page, manifest, nth, asked, Some((&all, &all)), None)).collect();
    let lead = if permissions.is_empty() { "plugin-asks-nothing" } else { "plugin-granted-built-in" };
    ConsentView { version, title: page.say("plugin-granted"), lead: page.say(lead), waits: false, granted: None, fixed: true, permissions }
}

fn chosen<'a>(detail: &'a Detail, asked: Option<&str>) -> Option<&'a Version> {
    let named = |version: &str| detail.versions.iter().find(|one| one.version == version);
    let newest = detail.versions.first().filter(|newest| !newest.asks_more.is_empty() && newest.problem.is_none());
    asked.and_then(named).or(newest).or_else(|| named(detail.plugin.active.as_deref()?)).or_else(|| detail.versions.iter().find(|one| one.problem.is_none()))
}

async fn said_by(page: &Page, app: &App, consent: &Consent) -> web::Result<String> {
    let names = super::people(app, BTreeSet::from([consent.by.clone()])).await?;
    let time = when::moment(page.visitor.lang, app.clock.now(), consent.at).text;
    let words = match names.into_values().next() {
        Some(name) => Words::from("plugin-granted-by").with("name", name),
        None => Words::from("plugin-granted-at"),
    };
    Ok(words.with("time", time).to_text(page.visitor.lang))
}

fn asks(page: &Page, version: &Version, consent: Option<&Consent>) -> Vec<AskedView> {
    let manifest = &version.manifest;
    let known = consent.map(|consent| (&consent.grants, &consent.asked));
    let is_more = |asked: &Permission| consent.is_some() && version.asks_more.iter().any(|more| more.reason() == asked.reason() && more.kind() == asked.kind());
    let more = |asked: &Permission| is_more(asked).then(|| Words::from("grant-new").with("version", version.version.clone()).to_text(page.visitor.lang));
    manifest.permissions.iter().enumerate().map(|(nth, asked)| one(page, manifest, nth, asked, known, more(asked))).collect()
}

/// One permission; `known` is what was granted, of what was asked for then. What was not asked for before is ticked: accepting gives what is.
fn one(page: &Page, manifest: &Manifest, nth: usize, asked: &Permission, known: Option<(&Grants, &Grants)>, more: Option<String>) -> AskedView {
    let held = |part: &Permission| {
        known.is_none_or(|(grants, asked)| {
            let part = Grants::of(std::slice::from_ref(part));
            grants.narrowed(&part) == part || asked.narrowed(&part) != part
        })
    };
    let values =
        |all: &[String], part: &dyn Fn(&String) -> Permission| all.iter().map(|value| ValueView { value: value.clone(), on: held(&part(value)) }).collect();
    let mut view = AskedView {
        nth,
        kind: asked.kind(),
        title: title(page, manifest, asked),
        reason: asked.reason().in_locale(page.visitor.lang).to_owned(),
        more,
        on: held(asked),
        hosts: Vec::new(),
        methods: Vec::new(),
        names: Vec::new(),
        accesses: Vec::new(),
        access: "write",
        without: page.say(without(asked)),
    };
    match asked {
        Permission::Http { hosts, methods, reason } => {
            let any_host = |method: &String| hosts.iter().any(|host| held(&http(host, method, reason)));
            view.hosts = values(hosts, &|host| Permission::Http {
                hosts: vec![host.clone()],
                methods: granted_methods(methods, |m| any_host(m)),
                reason: reason.clone(),
            });
            view.methods = methods.iter().map(|method| ValueView { value: method.clone(), on: any_host(method) }).collect();
            view.on = view.hosts.iter().any(|host| host.on);
        }
        Permission::Secrets { names, reason } => {
            view.names = values(names, &|name| Permission::Secrets { names: vec![name.clone()], reason: reason.clone() });
            view.on = view.names.iter().any(|name| name.on);
        }
        Permission::Records { collection, access: Access::Write, reason } => {
            view.accesses = vec![Choice::new("write", page.say("grant-access-write")), Choice::new("read", page.say("grant-access-read"))];
            let reads = held(&Permission::Records { collection: collection.clone(), access: Access::Read, reason: reason.clone() });
            (view.access, view.on) = (if view.on || !reads { "write" } else { "read" }, view.on || reads);
        }
        _ => {}
    }
    view
}

fn http(host: &str, method: &str, reason: &relevo_sandbox::manifest::Text) -> Permission {
    Permission::Http { hosts: vec![host.to_owned()], methods: vec![method.to_owned()], reason: reason.clone() }
}

/// Where nothing was granted, all: a host is not there then whichever is asked.
fn granted_methods(methods: &[String], is_granted: impl Fn(&String) -> bool) -> Vec<String> {
    let granted: Vec<String> = methods.iter().filter(|method| is_granted(method)).cloned().collect();
    if granted.is_empty() { methods.to_vec() } else { granted }
}

fn title(page: &Page, manifest: &Manifest, asked: &Permission) -> String {
    let Permission::Records { collection, access, .. } = asked else { return page.say(&format!("grant-{}", asked.kind())) };
    let access = if *access == Access::Write { "write" } else { "read" };
    if BUILT_IN_COLLECTIONS.contains(&collection.as_str()) {
        return page.say(&format!("grant-{collection}-{access}"));
    }
    let own = manifest.collections.iter().find(|own| own.name == *collection);
    let name = own.map_or_else(|| collection.clone(), |own| own.title.in_locale(page.visitor.lang).to_owned());
    Words::from(if access == "write" { "grant-own-write" } else { "grant-own-read" }).with("collection", name).to_text(page.visitor.lang)
}

const fn without(asked: &Permission) -> &'static str {
    match asked {
        Permission::Http { .. } => "grant-without-http",
        Permission::Llm { .. } => "grant-without-llm",
        Permission::HandOver { .. } => "grant-without-hand-over",
        _ => "grant-without",
    }
}

#[cfg(test)]
impl ConsentView {
    pub fn samples() -> [Self; 3] {
        let value = |value: &str, on| ValueView { value: value.into(), on };
        let asked = |nth, kind| AskedView {
            nth,
            kind,
            title: "<b>".into(),
            reason: "<script>".into(),
            more: (nth > 0).then(|| "Nuevo".into()),
            on: nth != 1,
            hosts: if kind == "http" { vec![value("api.example.com", true), value("<i>", false)] } else { Vec::new() },
            methods: if kind == "http" { vec![value("GET", true)] } else { Vec::new() },
            names: if kind == "secrets" { vec![value("API_KEY", true)] } else { Vec::new() },
            accesses: if kind == "records" { vec![Choice::new("write", "Leer y escribir"), Choice::new("read", "Solo leer")] } else { Vec::new() },
            access: "read",
            without: "No se da.".into(),
        };
        let view = |waits: bool, fixed: bool, permissions| Self {
            version: "2.2.0".into(),
            title: "<b>".into(),
            lead: "<i>".into(),
            waits,
            granted: (!waits).then(|| "<b>".into()),
            fixed,
            permissions,
        };
        let all = || vec![asked(0, "http"), asked(1, "secrets"), asked(2, "records"), asked(3, "timers")];
        [view(true, false, all()), view(false, true, all()), view(false, false, Vec::new())]
    }
}

#[cfg(test)]
mod tests {
    use relevo_sandbox::API_VERSION;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_ticked_is_not_granted() {
        let manifest = json!({
            "id": "x", "version": "1.0.0", "api": API_VERSION, "title": "X",
            "permissions": [
                { "kind": "http", "hosts": ["a.test", "b.test"], "methods": ["GET", "POST"], "reason": "x" },
                { "kind": "secrets", "names": ["KEY"], "reason": "x" },
                { "kind": "records", "collection": "orders", "access": "write", "reason": "x" },
                { "kind": "timers", "reason": "x" },
            ],
            "config": { "type": "object", "properties": { "KEY": { "type": "string", "format": "secret" } } },
        });
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        let form = json!({ "grant~0": "on", "host~0": ["a.test", "evil.test"], "method~0": "GET", "name~1": "KEY", "grant~2": "on", "access~2": "read" });

        let granted = wanted(&manifest, &Entered::sent(serde_json::from_value(form).unwrap()));

        let expected = json!([
            { "kind": "http", "hosts": ["a.test"], "methods": ["GET"] },
            { "kind": "records", "collection": "orders", "access": "read" },
        ]);
        assert_eq!(serde_json::to_value(granted).unwrap(), expected);
        assert_eq!(wanted(&manifest, &Entered::default()), Grants::none());
    }
}
