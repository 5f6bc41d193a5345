//! API keys: made, shown once, listed, revoked.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, Query, State};
use relevo_model::*;
use relevo_store::ApiKey;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::grant::{self, Points};
use crate::{
    app::App,
    identity::{KeyPlan, Member, Refusal},
    policy::Permission,
    web::{
        self, Page, Words,
        forms::{self, Choice, Fields, Form, Wrong},
        templates::Template,
        when::{Moment, moment},
    },
};

/// Keys on a page.
const SHOWN: i64 = 50;

#[derive(Deserialize)]
pub struct From {
    before: Option<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    name: String,
    /// live or test.
    #[serde(default)]
    kind: String,
    #[serde(default, deserialize_with = "forms::many")]
    scopes: Vec<String>,
    #[serde(default)]
    extent: String,
    #[serde(default, deserialize_with = "forms::many")]
    points: Vec<String>,
}

#[derive(Serialize)]
pub struct KeysPage {
    keys: Vec<KeyView>,
    before: String,
    after: String,
}

#[derive(Serialize)]
struct KeyView {
    id: String,
    name: String,
    prefix: String,
    test: bool,
    scopes: Vec<String>,
    reach: String,
    made: Moment,
    /// Whoever made it.
    maker: Option<String>,
    used: Option<Moment>,
    revoked: Option<Moment>,
}

#[derive(Serialize)]
pub struct NewKeyPage {
    form: Fields,
    kinds: Vec<Choice>,
    scopes: Vec<Choice>,
    extents: Vec<Choice>,
    points: Vec<Choice>,
}

#[derive(Serialize)]
pub struct MadePage {
    name: String,
    key: String,
}

#[derive(Serialize)]
pub struct RevokePage {
    id: String,
    name: String,
    prefix: String,
}

pub async fn list(page: Page, member: Member, State(app): State<App>, Query(from): Query<From>) -> web::Result {
    let (lang, now) = (page.visitor.lang, app.clock.now());
    let before: Option<ApiKeyId> = from.before.map(|id| id.parse().map_err(|_| Refusal::NotFound)).transpose()?;
    let points = Points::of(&app, &member).await?;
    let mut keys = app.door.keys(&member, before.as_ref(), SHOWN + 1).await?;
    let more = keys.len() > SHOWN as usize;
    keys.truncate(SHOWN as usize);
    let next = keys.last().filter(|_| more).map(|last| format!("/keys?before={}", last.id));
    let makers = names(&app, &keys).await?;
    let view = |key: ApiKey| KeyView {
        id: key.id.to_string(),
        test: key.test,
        scopes: key.scopes.split(',').filter(|scope| !scope.is_empty()).map(|scope| page.say(&format!("permission-{scope}"))).collect(),
        reach: points.words(&page, &key.reach),
        made: moment(lang, now, key.created_at),
        maker: makers.get(&key.created_by).cloned(),
        used: key.last_used_at.map(|at| moment(lang, now, Time(at))),
        revoked: key.revoked_at.map(|at| moment(lang, now, Time(at))),
        name: key.name,
        prefix: key.prefix,
    };
    page.show(&KeysPage {
        keys: keys.into_iter().map(view).collect(),
        before: before.map(|_| "/keys".to_owned()).unwrap_or_default(),
        after: next.unwrap_or_default(),
    })
}

pub async fn show_new(page: Page, member: Member, State(app): State<App>) -> web::Result {
    let (extent, points) = grant::extent_of(member.reach());
    let form = Fields::of(&NewKey { kind: "live".into(), extent, points, ..NewKey::default() });
    let shown = new_page(&page, &app, &member, form).await?;
    page.show(&shown)
}

pub async fn make(page: Page, member: Member, State(app): State<App>, Form(form): Form<NewKey>) -> web::Result {
    let plan = match plan(&form, &Points::of(&app, &member).await?) {
        Ok(plan) => plan,
        Err(wrong) => {
            let form = Fields::of(&form).refused(page.visitor.lang, wrong);
            return page.again(&new_page(&page, &app, &member, form).await?);
        }
    };
    match app.door.make_key(&member, &plan).await {
        Ok(made) => page.show(&MadePage { name: made.row.name, key: made.key.expose_secret().to_owned() }),
        Err(error) => {
            let form = page.refused(&form, error)?;
            page.again(&new_page(&page, &app, &member, form).await?)
        }
    }
}

/// Asks before a key is revoked.
pub async fn ask_revoke(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let key = find(&app, &member, &id).await?;
    page.show(&RevokePage { id, name: key.name, prefix: key.prefix })
}

pub async fn revoke(page: Page, member: Member, State(app): State<App>, Path(id): Path<String>) -> web::Result {
    let key = find(&app, &member, &id).await?;
    app.door.revoke_key(&member, &key.id).await?;
    Ok(page.done("/keys", Words::from("key-revoked").with("name", key.name)))
}

/// Who made these keys. Who has left the business since is named too.
async fn names(app: &App, keys: &[ApiKey]) -> web::Result<BTreeMap<UserId, String>> {
    let makers: BTreeSet<UserId> = keys.iter().map(|key| key.created_by).collect();
    let (mut names, mut read) = (BTreeMap::new(), app.store.platform().read().await?);
    for maker in makers {
        if let Some(user) = read.people().find(&maker).await? {
            names.insert(maker, user.name);
        }
    }
    Ok(names)
}

async fn find(app: &App, member: &Member, id: &str) -> web::Result<ApiKey> {
    let id: ApiKeyId = id.parse().map_err(|_| Refusal::NotFound)?;
    let all = app.door.keys(member, None, i64::MAX).await?;
    Ok(all.into_iter().find(|key| key.id == id && key.revoked_at.is_none()).ok_or(Refusal::NotFound)?)
}

/// A key for tests needs no scopes: it has the one that such a key may have.
fn plan(form: &NewKey, points: &Points) -> Result<KeyPlan, Wrong> {
    let test = match &*form.kind {
        "live" => false,
        "test" => true,
        _ => return Err(Wrong::at("kind", "problem-key-kind")),
    };
    let scopes = if test {
        [Permission::UseSimulator].into()
    } else {
        form.scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>().map_err(|_| Wrong::at("scopes", "problem-scopes"))?
    };
    Ok(KeyPlan { name: form.name.clone(), test, scopes, reach: points.reach(&form.extent, &form.points)? })
}

async fn new_page(page: &Page, app: &App, member: &Member, form: Fields) -> web::Result<NewKeyPage> {
    let kind = |kind: &str| Choice { hint: Some(page.say(&format!("key-{kind}-hint"))), ..Choice::new(kind, page.say(&format!("key-{kind}"))) };
    let scope = |permission: Permission| Choice::new(permission, page.say(&format!("permission-{permission}")));
    Ok(NewKeyPage {
        form,
        kinds: vec![kind("live"), kind("test")],
        scopes: KeyPlan::grantable(member, false).map(scope).collect(),
        extents: grant::extents(page, member),
        points: Points::of(app, member).await?.choices(),
    })
}

impl Template for KeysPage {
    const NAME: &'static str = "pages/keys.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let moment = || Moment { text: "hace 3 h".into(), exact: "2026-01-01 12:00 UTC".into() };
        let key = |test, revoked| KeyView {
            id: "k".into(),
            name: "<script>".into(),
            prefix: "rlv_live_abc".into(),
            test,
            scopes: vec!["Enviar".into(), "Ver".into()],
            reach: "Centro".into(),
            made: moment(),
            maker: test.then(|| "<i>".into()),
            used: test.then(moment),
            revoked: if revoked { Some(moment()) } else { None },
        };
        vec![
            Self { keys: vec![key(true, false), key(false, true)], before: "/keys".into(), after: "/keys?before=k".into() },
            Self { keys: Vec::new(), before: String::new(), after: String::new() },
        ]
    }
}

impl Template for NewKeyPage {
    const NAME: &'static str = "pages/key_new.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let choices = || vec![Choice { hint: Some("<i>".into()), ..Choice::new("live", "Real") }];
        let form = Fields::of(&NewKey { name: "<b>".into(), kind: "live".into(), ..NewKey::default() });
        let page = |form| Self { form, kinds: choices(), scopes: choices(), extents: choices(), points: choices() };
        vec![page(form.clone()), page(form.refused("es", Wrong::at("scopes", "problem-scopes")))]
    }
}

impl Template for MadePage {
    const NAME: &'static str = "pages/key_made.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { name: "<b>".into(), key: "rlv_live_x\"".into() }]
    }
}

impl Template for RevokePage {
    const NAME: &'static str = "pages/key_revoke.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self { id: "k".into(), name: "<b>".into(), prefix: "rlv_live_abc".into() }]
    }
}
