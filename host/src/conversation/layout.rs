//! What a business keeps in memory: its service points, channels and plugins, as of one version of the configuration.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicI64},
};

use relevo_model::*;
use relevo_store::{Business, Cell, ServicePoint};

use super::chain::Attached;
pub use super::chain::{Candidate, Chosen, Link};
use crate::{
    app::App,
    channels::{Channel, cloud_api::channel::CloudApi, removed::Removed, simulator::Simulator},
};

pub struct Layout {
    pub business: Business,
    pub points: HashMap<ServicePointId, Arc<Point>>,
    pub channels: HashMap<ChannelId, Arc<Line>>,
}

/// A service point with the plugins that answer for it, in their order.
pub struct Point {
    pub row: ServicePoint,
    pub chain: Vec<Link>,
}

/// A channel with what it needs to send.
pub struct Line {
    pub row: relevo_store::Channel,
    pub app_secret: Option<String>,
    pub way: Box<dyn Channel>,
    /// What is sent here goes to a phone in the browser, so that its ticks are ours to make.
    pub simulated: bool,
    /// The provider asked this number to wait until then.
    pub slow_until: AtomicI64,
}

impl Layout {
    pub async fn load(app: &App, cell: &Cell) -> anyhow::Result<Self> {
        let (business, points, rows, attached) = {
            let mut read = cell.read().await?;
            let business = read.business().await?.ok_or_else(|| anyhow::anyhow!("tenant {} has no business yet", cell.tenant()))?;
            (business, read.service_points().list().await?, read.channels().await?, Attached::read(&mut read).await?)
        };
        let mut chains = attached.chains(app, cell);
        let points = points.into_iter().map(|row| (row.id, Arc::new(Point { chain: chains.remove(&row.id).unwrap_or_default(), row }))).collect();
        let mut channels = HashMap::new();
        for row in rows {
            channels.insert(row.id, Arc::new(line(app, cell, row)?));
        }
        Ok(Self { business, points, channels })
    }

    pub fn bot_on(&self, point: &ServicePointId) -> bool {
        self.business.bot_enabled && self.points.get(point).is_some_and(|point| point.row.bot_enabled)
    }

    pub fn channel_of_number(&self, phone_number_id: &str) -> Option<&Arc<Line>> {
        self.channels.values().find(|line| line.row.phone_number_id.as_deref() == Some(phone_number_id))
    }

    pub fn simulator_of(&self, point: &ServicePointId) -> Option<&Arc<Line>> {
        self.channels.values().find(|line| line.row.kind == ChannelKind::Simulator && line.row.service_point_id == *point && line.row.removed_at.is_none())
    }
}

fn line(app: &App, cell: &Cell, row: relevo_store::Channel) -> anyhow::Result<Line> {
    let app_secret = row.app_secret(cell)?;
    let token = row.token(cell)?;
    let (way, simulated): (Box<dyn Channel>, bool) = match (row.kind, &app.graph, &row.phone_number_id) {
        (ChannelKind::CloudApi, Some(graph), Some(number)) => {
            (Box::new(CloudApi { graph: graph.clone(), phone_number_id: number.clone(), token: token.unwrap_or_default() }), false)
        }
        // It was taken away, and stays for its conversations: they are real people's, and no phone in the browser shows them.
        _ if row.removed_at.is_some() => (Box::new(Removed), row.kind == ChannelKind::Simulator),
        // The demo without a Graph address: what is sent arrives in the browser.
        _ => (Box::new(Simulator), true),
    };
    Ok(Line { row, app_secret, way, simulated, slow_until: AtomicI64::new(0) })
}
