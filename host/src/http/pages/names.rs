//! What people are called, by the ids that things keep of them.

use std::collections::{BTreeSet, HashMap};

use relevo_model::UserId;

use crate::{app::App, web};

/// The names of the people among these. Keys and plugins have none here.
pub async fn of(app: &App, ids: BTreeSet<&str>) -> web::Result<HashMap<String, String>> {
    let mut read = app.store.platform().read().await?;
    let mut names = HashMap::new();
    for user in ids.into_iter().filter_map(|id| id.parse::<UserId>().ok()) {
        if let Some(found) = read.people().find(&user).await? {
            names.insert(user.to_string(), found.name);
        }
    }
    Ok(names)
}
