//! What a new business has still to do: for whoever may, until it is done.

use relevo_model::*;
use relevo_store::{ConversationFilter, ProductFilter};
use serde::Serialize;

use crate::{
    app::App,
    console::products,
    conversation::layout::{Layout, Point},
    http::simulator,
    identity::Member,
    policy::Permission,
    web,
};

/// A step, by the keys of its texts.
#[derive(Serialize)]
pub struct StepView {
    text: &'static str,
    why: &'static str,
    action: &'static str,
    address: String,
}

/// Those that are left. Whoever is limited to some service points does not see all that there is, and is asked for nothing.
pub async fn left(app: &App, member: &Member, layout: &Layout) -> web::Result<Vec<StepView>> {
    if !member.may(Permission::ChangeBusiness, None) {
        return Ok(Vec::new());
    }
    let tried = is_tried(app, member, layout).await?;
    let mut steps = Vec::new();
    match layout.points.values().min_by_key(|point| (point.row.created_at, point.row.id)) {
        None => steps.push(StepView { text: "first-step-point", why: "first-step-point-why", action: "point-new", address: "/points/new".into() }),
        Some(first) if !tried => steps.push(try_at(layout, first)),
        Some(_) => {}
    }
    if member.may(Permission::ManageProducts, None) && products::list(app, member, &ProductFilter::default(), None, 1).await?.is_empty() {
        steps.push(StepView { text: "first-step-product", why: "first-step-product-why", action: "product-new", address: "/products/new".into() });
    }
    if member.may(Permission::ManagePeople, None) && is_alone(app, member).await? {
        steps.push(StepView { text: "first-step-colleague", why: "first-step-colleague-why", action: "invite", address: "/people/invite".into() });
    }
    Ok(steps)
}

/// Whether a number is connected, or somebody wrote.
async fn is_tried(app: &App, member: &Member, layout: &Layout) -> web::Result<bool> {
    if layout.channels.values().any(|line| line.row.kind != ChannelKind::Simulator && line.row.removed_at.is_none()) {
        return Ok(true);
    }
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    Ok(!read.conversations().list(&ConversationFilter::ALL, None, 1).await?.is_empty())
}

/// In the simulator; where there is none, with a number.
fn try_at(layout: &Layout, point: &Point) -> StepView {
    let (text, why) = ("first-step-try", "first-step-try-why");
    match layout.simulator_of(&point.row.id) {
        Some(_) => StepView { text, why, action: "point-try", address: simulator::address(&point.row.id) },
        None => StepView { text, why, action: "channel-connect", address: format!("/points/{}/whatsapp/connect", point.row.id) },
    }
}

/// Whether nobody else is here or on the way.
async fn is_alone(app: &App, member: &Member) -> web::Result<bool> {
    Ok(app.door.colleagues(member, "", 2).await?.len() < 2 && app.door.invitations(member, "", 1).await?.is_empty())
}

#[cfg(test)]
impl StepView {
    pub fn samples() -> Vec<Self> {
        let step = |text, why, action| Self { text, why, action, address: "/x?\"".into() };
        vec![
            step("first-step-point", "first-step-point-why", "point-new"),
            step("first-step-try", "first-step-try-why", "point-try"),
            step("first-step-try", "first-step-try-why", "channel-connect"),
            step("first-step-product", "first-step-product-why", "product-new"),
            step("first-step-colleague", "first-step-colleague-why", "invite"),
        ]
    }
}
