//! Whether a plugin answers at all.

use relevo_model::*;
use relevo_store::PluginRow;

use super::{Detail, find};
use crate::{
    app::App,
    console::{Error, Result, Seen, apply, note},
    identity::Member,
    policy::Permission,
};

/// Switches a plugin on or off everywhere; while it is off, chains pass it over.
pub async fn switch(app: &App, member: &Member, id: &str, on: bool, seen: Seen) -> Result<Detail> {
    let (state, action) = if on { (PluginState::On, "plugin.on") } else { (PluginState::Off, "plugin.off") };
    change(app, member, id, seen, action, |row| {
        (row.state, row.set_aside_at, row.set_aside_reason) = (state, None, None);
        Ok(())
    })
    .await
}

/// Lets a plugin answer again that was set aside.
pub async fn try_again(app: &App, member: &Member, id: &str, seen: Seen) -> Result<Detail> {
    change(app, member, id, seen, "plugin.tried-again", |row| {
        if row.state == PluginState::SetAside {
            (row.state, row.set_aside_at, row.set_aside_reason) = (PluginState::On, None, None);
        }
        Ok(())
    })
    .await
}

/// From now on a version is activated only when its replay was approved, or again without.
pub async fn require_replay(app: &App, member: &Member, id: &str, required: bool, seen: Seen) -> Result<Detail> {
    change(app, member, id, seen, if required { "plugin.replay-required" } else { "plugin.replay-not-required" }, |row| {
        row.requires_replay = required;
        Ok(())
    })
    .await
}

/// Changes a plugin's row, as somebody who may and has seen it.
pub(super) async fn change(
    app: &App,
    member: &Member,
    id: &str,
    seen: Seen,
    action: &str,
    how: impl FnOnce(&mut PluginRow) -> Result<()> + Send,
) -> Result<Detail> {
    member.demand(Permission::UploadPlugins, None)?;
    let mut write = app.store.cell(&member.tenant).await?.write().await?;
    if app.plugins.find(id).is_some() {
        write.add_plugin(id, app.clock.now()).await?;
    }
    let mut row = write.plugins().find(id).await?.ok_or(Error::NotFound)?;
    how(&mut row)?;
    if !write.save_plugin(&row, seen).await? {
        return Err(Error::Stale);
    }
    note(app, &mut write, member, action, Some(id)).await?;
    apply(app, member, write).await?;
    find(app, member, id).await
}
