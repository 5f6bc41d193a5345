//! What stands above every page of a plugin: its name, how it is, the tabs of all that it has.

use serde::Serialize;

use super::view::{Emblem, StateView};
use crate::{
    app::App,
    console::plugins::{self, Plugin},
    identity::Member,
    policy::Permission,
    web::{self, Page},
};

/// The pages of a plugin.
const TABS: [(&str, &str); 5] = [
    ("plugin-tab-overview", ""),
    ("plugin-tab-config", "/config"),
    ("plugin-tab-runs", "/runs"),
    ("plugin-tab-replay", "/replay"),
    ("plugin-tab-tests", "/tests"),
];

#[derive(Serialize)]
pub struct Head {
    pub id: String,
    pub title: String,
    icon: Emblem,
    state: StateView,
    /// Its id, and the version that answers.
    note: String,
    uploads: bool,
    tabs: Vec<Tab>,
}

#[derive(Serialize)]
struct Tab {
    text: &'static str,
    address: String,
    current: bool,
}

impl Head {
    /// Above the tab that this text names.
    pub fn new(page: &Page, member: &Member, plugin: &Plugin, current: &str) -> Self {
        let id = &plugin.id;
        Self {
            title: title(page, plugin),
            icon: Emblem::of(&plugin.manifest),
            state: StateView::of(page, plugin),
            note: plugin.active.iter().fold(id.clone(), |id, version| format!("{id} · {version}")),
            uploads: !plugin.built_in && member.may(Permission::UploadPlugins, None),
            tabs: TABS.map(|(text, path)| Tab { text, address: format!("/plugins/{id}{path}"), current: text == current }).into(),
            id: id.clone(),
        }
    }

    /// The same for a page that knows only the plugin's id.
    pub async fn of(page: &Page, app: &App, member: &Member, id: &str, current: &str) -> web::Result<Self> {
        Ok(Self::new(page, member, &plugins::find(app, member, id).await?.plugin, current))
    }

    #[cfg(test)]
    pub fn sample() -> Self {
        let tab = |text, current| Tab { text, address: "/plugins/p".into(), current };
        let [icon, _] = Emblem::samples();
        Self {
            id: "com.example.p".into(),
            title: "<script>".into(),
            icon,
            state: StateView::sample(),
            note: "com.example.p · 1.0.0".into(),
            uploads: true,
            tabs: vec![tab("plugin-tab-overview", true), tab("plugin-tab-runs", false)],
        }
    }
}

/// What a plugin is called.
pub fn title(page: &Page, plugin: &Plugin) -> String {
    plugin.manifest.title.in_locale(page.visitor.lang).to_owned()
}
