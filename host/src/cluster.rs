//! Several nodes on one Postgres: after a commit the owner of a cell is told that something waits; it also looks by itself.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use relevo_model::TenantId;
use tokio::sync::mpsc;

use crate::app::App;

/// How long notices are gathered before they are sent, and how often an owner looks without being told.
const GATHER: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_secs(2);

/// Sends one notice per tenant, outside of any transaction.
pub async fn tell(app: App, mut told: mpsc::UnboundedReceiver<TenantId>) {
    while let Some(first) = told.recv().await {
        tokio::time::sleep(GATHER).await;
        let mut tenants = HashSet::from([first]);
        while let Ok(next) = told.try_recv() {
            tenants.insert(next);
        }
        // The owner has it in its lanes already; a notice is for the others.
        let mut foreign = Vec::new();
        for business in app.open_businesses().await {
            if tenants.contains(&business.cell.tenant()) && !business.is_owner() {
                foreign.push(business.cell.tenant());
            }
        }
        for tenant in foreign {
            if let Err(error) = app.store.announce(&tenant).await {
                tracing::debug!(%tenant, %error, "other nodes could not be told; they look by themselves");
            }
        }
    }
}

/// Listens for notices of other nodes, and looks from time to time.
pub async fn hear(app: App) {
    if !app.store.is_shared() {
        return;
    }
    loop {
        let heard = tokio::select! {
            heard = listen(&app) => heard,
            () = app.closing.cancelled() => return,
        };
        if let Err(error) = heard {
            tracing::warn!(%error, "the connection for notices was lost; it is made again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn listen(app: &App) -> Result<(), relevo_store::Error> {
    let mut notices = app.store.listen().await?;
    let mut looked = Instant::now();
    loop {
        let tenant = tokio::time::timeout(LOOK, notices.next()).await;
        // By the clock, since notices may come without a pause.
        let looks = looked.elapsed() >= LOOK;
        if looks {
            looked = Instant::now();
        }
        for business in app.open_businesses().await {
            let meant = match &tenant {
                Ok(Ok(tenant)) => *tenant == business.cell.tenant(),
                Ok(Err(_)) => false,
                Err(_) => true,
            };
            if looks && let Err(error) = business.catch_up().await {
                tracing::error!(tenant = %business.cell.tenant(), error = format!("{error:#}"), "a configuration that another node changed could not be read");
            }
            if meant
                && business.is_owner()
                && let Err(error) = business.load_waiting().await
            {
                tracing::error!(tenant = %business.cell.tenant(), error = format!("{error:#}"), "what waits could not be read");
            }
        }
        if let Ok(Err(error)) = tenant {
            return Err(error);
        }
    }
}
