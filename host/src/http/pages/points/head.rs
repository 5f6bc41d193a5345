//! What stands above every page of a service point: its name, how it is, the tabs that one may open.

use relevo_model::ServicePointId;
use relevo_store::ServicePoint;
use serde::Serialize;

use crate::{
    app::App,
    http::{
        pages::dashboard::{WhatsappView, whatsapp},
        simulator,
    },
    identity::Member,
    policy::Permission,
    web,
};

#[derive(Serialize)]
pub struct Head {
    pub id: String,
    pub name: String,
    whatsapp: WhatsappView,
    /// Answered by the bot: neither it nor the business has it off.
    bot: bool,
    simulator: Option<String>,
    tabs: Vec<Tab>,
}

#[derive(Serialize)]
pub struct Tab {
    pub text: &'static str,
    pub address: String,
    pub current: bool,
}

impl Head {
    /// Above the tab that this text names.
    pub async fn of(app: &App, member: &Member, point: &ServicePoint, current: &str) -> web::Result<Self> {
        let layout = app.business(&member.tenant).await?.layout();
        let simulated = member.may(Permission::UseSimulator, Some(point.id)) && layout.simulator_of(&point.id).is_some();
        Ok(Self {
            id: point.id.to_string(),
            name: point.name.clone(),
            whatsapp: whatsapp(&layout, &point.id),
            bot: layout.business.bot_enabled && point.bot_enabled,
            simulator: simulated.then(|| simulator::address(&point.id)),
            tabs: tabs(member, &point.id, current),
        })
    }

    #[cfg(test)]
    pub fn sample() -> Self {
        let tab = |text, current| Tab { text, address: "/points/p".into(), current };
        Self {
            id: "p".into(),
            name: "<script>".into(),
            whatsapp: WhatsappView::sample(),
            bot: false,
            simulator: Some("/simulator/p".into()),
            tabs: vec![tab("point-tab-data", true), tab("point-tab-flow", false)],
        }
    }
}

/// The pages of a service point that this one may take.
pub fn tabs(member: &Member, point: &ServicePointId, current: &str) -> Vec<Tab> {
    let all = [
        ("point-tab-data", "", Permission::ManagePoints),
        ("point-tab-whatsapp", "/whatsapp", Permission::ManageChannels),
        ("point-tab-flow", "/flow", Permission::ConfigureFlows),
    ];
    let open = all.into_iter().filter(|(_, _, permission)| member.may(*permission, Some(*point)));
    open.map(|(text, path, _)| Tab { text, address: format!("/points/{point}{path}"), current: text == current }).collect()
}
