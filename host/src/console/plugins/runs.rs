//! How the versions of a plugin ran: by the hour, all in all, the last turns that failed, and what was counted.

use std::{collections::BTreeMap, time::Duration};

use relevo_model::*;
use relevo_store::{PluginFailure, PluginHour};

use super::view::{ago, demand, may_see};
use crate::{app::App, console::Result, identity::Member, policy::Permission};

/// How far is looked back.
const SEEN: Duration = Duration::from_secs(14 * 24 * 3_600);

/// How a plugin ran, newest hour first.
pub type Runs = Vec<PluginHour>;

/// A turn that a plugin failed.
#[derive(Clone, Debug)]
pub struct Failed {
    pub failure: PluginFailure,
    /// Whoever asks may look at the turn.
    pub opens: bool,
}

/// What a plugin counted under a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub metric: String,
    pub all: i64,
    /// When a day of UTC began, and how many in it: of the last two weeks, newest first, without those in which nothing was counted.
    pub days: Vec<(Time, i64)>,
}

/// How a plugin ran in the last two weeks, newest hour first.
pub async fn runs(app: &App, member: &Member, id: &str) -> Result<Runs> {
    may_see(member)?;
    keep(app, member).await?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    demand(app, &mut read, id).await?;
    Ok(read.plugin_runs().hours(id, ago(app, SEEN)).await?)
}

/// All hours of each version in one, by the names of the versions.
pub fn by_version(hours: &[PluginHour]) -> Vec<PluginHour> {
    let mut all: BTreeMap<&str, PluginHour> = BTreeMap::new();
    for hour in hours {
        let sum = all.entry(&hour.version).or_default();
        sum.turns += hour.turns;
        sum.handled += hour.handled;
        sum.failed += hour.failed;
        sum.limited += hour.limited;
        sum.cpu_us += hour.cpu_us;
        sum.wall_us += hour.wall_us;
        sum.log_lines += hour.log_lines;
        sum.memory_peak = sum.memory_peak.max(hour.memory_peak);
        sum.spans.add_all(&hour.spans);
    }
    all.into_iter().map(|(version, ran)| PluginHour { version: version.to_owned(), ..ran }).collect()
}

/// The last turns that it failed where this one works, newest first, from before this turn.
pub async fn failures(app: &App, member: &Member, id: &str, before: Option<&TurnId>, limit: i64) -> Result<Vec<Failed>> {
    may_see(member)?;
    keep(app, member).await?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    demand(app, &mut read, id).await?;
    let failed = read.plugin_runs().failed(id, member.reach(), before, limit).await?;
    let may = |permission, point| member.may(permission, Some(point));
    let opens = |point| may(Permission::ConfigureFlows, point) && may(Permission::SeeConversations, point);
    Ok(failed.into_iter().map(|failure| Failed { opens: opens(failure.service_point_id), failure }).collect())
}

/// What a plugin counted, by name: thirty-two at most.
pub async fn counters(app: &App, member: &Member, id: &str) -> Result<Vec<Counted>> {
    may_see(member)?;
    let mut read = app.store.cell(&member.tenant).await?.read().await?;
    demand(app, &mut read, id).await?;
    let counters = read.collections().counters(id).await?;
    let mut days: BTreeMap<String, Vec<(Time, i64)>> = BTreeMap::new();
    for (metric, day, value) in read.collections().counted_by_day(id, ago(app, SEEN)).await? {
        days.entry(metric).or_default().push((Time(day), value));
    }
    Ok(counters.into_iter().map(|(metric, all)| Counted { days: days.remove(&metric).unwrap_or_default(), metric, all }).collect())
}

/// What this process counted since it kept that last is to be seen too.
async fn keep(app: &App, member: &Member) -> Result<()> {
    if let Some(business) = app.opened(&member.tenant).await {
        business.keep_runs().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_sum_of_its_hours_and_the_peak_of_its_memory() {
        let hour = |version: &str, turns, memory_peak, took| {
            let mut spans = Spans::default();
            spans.add(took);
            PluginHour { version: version.into(), turns, memory_peak, spans, ..PluginHour::default() }
        };

        let all = by_version(&[hour("1.0.0", 2, 7, 5), hour("1.1.0", 1, 1, 6), hour("1.0.0", 3, 5, 1)]);

        let seen: Vec<_> = all.iter().map(|ran| (&*ran.version, ran.turns, ran.memory_peak, ran.spans.percentile(100))).collect();
        assert_eq!(seen, [("1.0.0", 5, 7, Some(5)), ("1.1.0", 1, 1, Some(6))]);
    }
}
