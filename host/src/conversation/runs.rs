//! How plugins ran: counted in memory and kept every few seconds, and what follows of it when one fails again and again.
//!
//! - A plugin is set aside after 5 turns in a row that it failed, or when it failed half of its last 20. Nobody asks it any more: the next one of
//!   the chain is asked, or a person gets the conversation. Somebody must try it again.
//! - A canary is taken back when it failed 3 turns and a larger share of its turns than the version beside it since the canary began.
//!
//! A turn counts as failed when the plugin is to blame and its tries are used up: it trapped, used up a limit, did not end in time or refused. What
//! is ours (too much to do, a database that does not answer) or the outside's (what it calls is down) does not count. The counts of the last 20 turns are this process's: they begin
//! anew with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use relevo_model::*;
use relevo_sandbox::{CallError, CallStats, TrapKind, api::types::Failure};
use relevo_store::{CanaryRuns, PluginFailure, PluginHour, PluginRow};

use super::{business::Business, chain::Chosen};
use crate::console;

const HOUR: i64 = 3_600_000;
/// Failures in a row that set a plugin aside.
const IN_A_ROW: usize = 5;
/// The turns that are looked back on, and how many of them may fail.
const LATELY: usize = 20;
const OF_THEM: usize = 10;
/// Failures before a canary is judged.
const CANARY_FAILURES: i64 = 3;
/// Turns that failed and wait to be kept: of more than these, the last.
const FAILURES: usize = 200;
/// How long it is kept how plugins ran by the hour.
pub const HOURS_KEPT: Duration = Duration::from_secs(90 * 24 * 3_600);

/// How plugins ran since it was kept last.
#[derive(Default)]
pub struct Runs(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    hours: HashMap<(String, String, i64), PluginHour>,
    canaries: HashMap<(String, String, i64), CanaryRuns>,
    /// The oldest first.
    failures: VecDeque<PluginFailure>,
    /// Of each version, whether its last turns went well, the newest last.
    lately: HashMap<(String, String), VecDeque<bool>>,
}

impl Runs {
    /// A plugin was asked once.
    pub fn called(&self, chosen: &Chosen, now: Time, handled: bool, error: Option<&CallError>, stats: &CallStats) {
        let manifest = chosen.component.manifest();
        let (plugin, version, hour) = (manifest.id.clone(), manifest.version.to_string(), now.0 - now.0.rem_euclid(HOUR));
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        let mut counts = self.counts();
        let counted = counts.hours.entry((plugin.clone(), version.clone(), hour)).or_insert_with(|| PluginHour {
            plugin_id: plugin,
            version,
            hour,
            ..PluginHour::default()
        });
        counted.turns += 1;
        counted.handled += i64::from(handled);
        counted.failed += i64::from(error.is_some_and(is_to_blame));
        counted.limited += i64::from(matches!(error, Some(CallError::Limit(_) | CallError::Timeout)));
        counted.cpu_us += micros(stats.cpu);
        counted.wall_us += micros(stats.wall);
        counted.memory_peak = counted.memory_peak.max(i64::try_from(stats.memory_peak).unwrap_or(i64::MAX));
        counted.log_lines += i64::from(stats.log_lines);
        counted.spans.add(micros(stats.wall));
    }

    /// A plugin failed a try of a turn.
    pub fn failed(&self, chosen: &Chosen, turn: TurnId, point: ServicePointId, now: Time, error: &CallError) {
        let Some(kind) = kind(error) else { return };
        let (plugin_id, version) = chosen.name();
        let failure = PluginFailure { plugin_id, turn_id: turn, version, service_point_id: point, kind, tries: 1, failed_at: now };
        let mut counts = self.counts();
        counts.failures.push_back(failure);
        if counts.failures.len() > FAILURES {
            counts.failures.pop_front();
        }
    }

    /// A turn is over for a plugin. With a canary, `beside` is the candidate's version and when it began, whichever of the two ran.
    pub fn ended(&self, chosen: &Chosen, beside: Option<(String, i64)>, well: bool) {
        let manifest = chosen.component.manifest();
        let (plugin, version) = (manifest.id.clone(), manifest.version.to_string());
        let mut counts = self.counts();
        if let Some((candidate, since)) = beside {
            let counted = counts.canaries.entry((plugin.clone(), candidate.clone(), since)).or_insert_with(|| CanaryRuns {
                plugin_id: plugin.clone(),
                version: candidate,
                since,
                ..CanaryRuns::default()
            });
            let (turns, failed) =
                if chosen.canary.is_some() { (&mut counted.turns, &mut counted.failed) } else { (&mut counted.steady_turns, &mut counted.steady_failed) };
            *turns += 1;
            *failed += i64::from(!well);
        }
        let lately = counts.lately.entry((plugin, version)).or_default();
        lately.push_back(well);
        if lately.len() > LATELY {
            lately.pop_front();
        }
    }

    /// Whether a version failed so often lately that it is to be set aside; its counts then begin anew.
    fn is_hopeless(&self, chosen: &Chosen) -> bool {
        let manifest = chosen.component.manifest();
        let key = (manifest.id.clone(), manifest.version.to_string());
        let mut counts = self.counts();
        let hopeless = counts.lately.get(&key).is_some_and(hopeless);
        if hopeless {
            counts.lately.remove(&key);
        }
        hopeless
    }

    fn take(&self) -> Taken {
        let mut counts = self.counts();
        Taken {
            hours: counts.hours.drain().map(|(_, hour)| hour).collect(),
            canaries: counts.canaries.drain().map(|(_, runs)| runs).collect(),
            failures: counts.failures.drain(..).collect(),
        }
    }

    /// Gives back what could not be kept.
    fn put_back(&self, Taken { hours, canaries, failures }: Taken) {
        let mut counts = self.counts();
        let room = FAILURES.saturating_sub(counts.failures.len());
        for failure in failures.into_iter().rev().take(room) {
            counts.failures.push_front(failure);
        }
        for hour in hours {
            let key = (hour.plugin_id.clone(), hour.version.clone(), hour.hour);
            match counts.hours.get_mut(&key) {
                Some(counted) => add(counted, &hour),
                None => drop(counts.hours.insert(key, hour)),
            }
        }
        for runs in canaries {
            let key = (runs.plugin_id.clone(), runs.version.clone(), runs.since);
            match counts.canaries.get_mut(&key) {
                Some(counted) => {
                    counted.turns += runs.turns;
                    counted.failed += runs.failed;
                    counted.steady_turns += runs.steady_turns;
                    counted.steady_failed += runs.steady_failed;
                }
                None => drop(counts.canaries.insert(key, runs)),
            }
        }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().expect("nothing panics while it holds the counts")
    }
}

/// What is to be kept.
struct Taken {
    hours: Vec<PluginHour>,
    canaries: Vec<CanaryRuns>,
    failures: Vec<PluginFailure>,
}

fn add(counted: &mut PluginHour, more: &PluginHour) {
    counted.turns += more.turns;
    counted.handled += more.handled;
    counted.failed += more.failed;
    counted.limited += more.limited;
    counted.cpu_us += more.cpu_us;
    counted.wall_us += more.wall_us;
    counted.memory_peak = counted.memory_peak.max(more.memory_peak);
    counted.log_lines += more.log_lines;
    counted.spans.add_all(&more.spans);
}

fn hopeless(lately: &VecDeque<bool>) -> bool {
    let in_a_row = lately.iter().rev().take_while(|well| !**well).count();
    in_a_row >= IN_A_ROW || lately.len() == LATELY && lately.iter().filter(|well| !**well).count() >= OF_THEM
}

/// Whether a canary failed a larger share of its turns than the version beside it.
const fn is_worse(row: &PluginRow) -> bool {
    let steady_turns = if row.steady_turns > 0 { row.steady_turns } else { 1 };
    row.canary_failed >= CANARY_FAILURES && row.canary_failed * steady_turns > row.steady_failed * row.canary_turns
}

/// Whether it is the plugin that is to blame.
pub const fn is_to_blame(error: &CallError) -> bool {
    match error {
        // A carrier that is down is not mended by asking the plugin no more.
        CallError::Failure(failure) => !matches!(failure, Failure::Conflict | Failure::Unavailable(_) | Failure::TimedOut),
        CallError::Trap { .. } | CallError::Limit(_) | CallError::Timeout | CallError::NotOffered(_) => true,
        CallError::Busy | CallError::Host(_) => false,
    }
}

/// What went wrong, as the page of a plugin's runs knows it: `failure-…` in the locales. Nothing that the plugin itself wrote. None where it was not
/// the plugin that failed.
fn kind(error: &CallError) -> Option<String> {
    let kind = match error {
        CallError::Failure(Failure::Conflict) | CallError::Busy | CallError::Host(_) => return None,
        CallError::Failure(Failure::Unavailable(_)) => "unavailable",
        CallError::Failure(Failure::TimedOut) => "timed-out",
        CallError::Failure(Failure::Invalid(_)) => "invalid",
        CallError::Failure(Failure::NotFound) => "not-found",
        CallError::Failure(Failure::Denied(_)) => "denied",
        CallError::Failure(Failure::OverQuota(_)) => "over-quota",
        CallError::Failure(Failure::Other(_)) => "refused",
        CallError::Trap { kind: TrapKind::Unreachable, .. } => "trap-unreachable",
        CallError::Trap { kind: TrapKind::OutOfBounds, .. } => "trap-out-of-bounds",
        CallError::Trap { kind: TrapKind::Arithmetic, .. } => "trap-arithmetic",
        CallError::Trap { .. } => "trap-contract",
        CallError::Limit(limit) => return Some(format!("limit-{limit}")),
        CallError::Timeout => "timeout",
        CallError::NotOffered(_) => "not-offered",
    };
    Some(kind.to_owned())
}

/// Keeps how plugins ran.
pub async fn keep(business: &Business) -> relevo_store::Result<()> {
    let taken = business.runs.take();
    if taken.hours.is_empty() && taken.canaries.is_empty() && taken.failures.is_empty() {
        return Ok(());
    }
    let kept = async {
        let mut write = business.cell.write().await?;
        write.add_hours(&taken.hours).await?;
        write.add_failures(&taken.failures).await?;
        for runs in &taken.canaries {
            write.count_canary(runs).await?;
        }
        write.commit().await
    };
    let kept = kept.await;
    if kept.is_err() {
        business.runs.put_back(taken);
    }
    kept
}

/// What follows of a turn that a plugin failed: nothing, or it is set aside, or the canary that it is is taken back.
pub async fn judge(business: &Arc<Business>, chosen: &Chosen, error: &'static str) -> anyhow::Result<()> {
    match chosen.canary {
        Some(since) => judge_canary(business, chosen, since).await,
        None if business.runs.is_hopeless(chosen) => set_aside(business, chosen, error).await,
        None => Ok(()),
    }
}

async fn judge_canary(business: &Arc<Business>, chosen: &Chosen, since: i64) -> anyhow::Result<()> {
    keep(business).await?;
    let (id, version, now) = (&chosen.component.manifest().id, chosen.component.version(), business.app.clock.now());
    let mut write = business.cell.write().await?;
    write.as_owner().await?;
    let row = write.plugins().find(id).await?;
    let worse = row.is_some_and(|row| row.canary_version.as_deref() == Some(&*version) && row.canary_since == Some(since) && is_worse(&row));
    if !worse || !write.take_canary_back(id, &version, since, now).await? {
        return Ok(());
    }
    write.note(&business.app.door.line(OURS, "plugin.canary-taken-back", Some(id))).await?;
    write.commit().await?;
    tracing::warn!(tenant = %business.cell.tenant(), plugin = id, version, "a canary failed more than the version beside it and was taken back");
    business.reload().await?;
    console::plugins::tell_admins(&business.app, &business.cell.tenant(), id, console::plugins::News::TakenBack).await
}

async fn set_aside(business: &Arc<Business>, chosen: &Chosen, error: &'static str) -> anyhow::Result<()> {
    let (id, now) = (&chosen.component.manifest().id, business.app.clock.now());
    let mut write = business.cell.write().await?;
    write.as_owner().await?;
    write.add_plugin(id, now).await?;
    if !write.set_plugin_aside(id, error, now).await? {
        return Ok(());
    }
    write.note(&business.app.door.line(OURS, "plugin.set-aside", Some(id))).await?;
    write.commit().await?;
    tracing::error!(tenant = %business.cell.tenant(), plugin = id, error, "a plugin failed again and again and was set aside");
    business.reload().await?;
    console::plugins::tell_admins(&business.app, &business.cell.tenant(), id, console::plugins::News::SetAside).await
}

/// Who the audit log names for what the program did by itself.
const OURS: &str = "relevo";

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(text: &str) -> VecDeque<bool> {
        text.chars().map(|letter| letter == '+').collect()
    }

    #[test]
    fn a_plugin_is_hopeless_after_five_failures_in_a_row_or_half_of_the_last_twenty() {
        for (ran, expected) in [
            ("-----", true),
            ("----", false),
            ("-----+", false),
            ("----+-----", true),
            ("+-+-+-+-+-+-+-+-+-+-", true),
            ("+-+-+-+-+-+-+-+-+-++", false),
            ("-+-+-+-+-+-+-+-+-+-", false),
            ("", false),
        ] {
            assert_eq!(hopeless(&turns(ran)), expected, "{ran}");
        }
    }

    #[test]
    fn what_went_wrong_is_told_in_every_language() {
        use relevo_sandbox::Limit;
        let limits = [Limit::Cpu, Limit::Memory, Limit::Stack, Limit::Instances, Limit::HostCalls];
        let more = [Limit::KvWrites, Limit::HttpCalls, Limit::Tickets, Limit::BoundaryBytes];
        let traps = [TrapKind::Unreachable, TrapKind::OutOfBounds, TrapKind::Arithmetic, TrapKind::Contract];
        let refusals = [
            Failure::Unavailable(None),
            Failure::TimedOut,
            Failure::Invalid("canary".into()),
            Failure::NotFound,
            Failure::Denied("canary".into()),
            Failure::OverQuota("canary".into()),
        ];
        let errors = limits.into_iter().chain(more).map(CallError::Limit);
        let errors = errors.chain(traps.map(|kind| CallError::Trap { kind, message: "canary".into() }));
        let errors = errors.chain(refusals.map(CallError::Failure)).chain([CallError::Timeout, CallError::NotOffered("flow")]);

        for error in errors {
            let kind = kind(&error).unwrap();
            assert!(!kind.contains("canary"), "{kind}");
            for locale in ["es", "en", "pt"] {
                assert!(crate::texts::find(locale, &format!("failure-{kind}"), &crate::texts::Args::new()).is_some(), "{kind}");
            }
        }
        assert_eq!((kind(&CallError::Busy), kind(&CallError::Failure(Failure::Conflict))), (None, None), "that is ours");
    }

    #[test]
    fn a_canary_is_worse_only_by_its_share_of_failures() {
        let row = |turns, failed, steady_turns, steady_failed| PluginRow {
            canary_turns: turns,
            canary_failed: failed,
            steady_turns,
            steady_failed,
            ..PluginRow::of("x", Time(0))
        };

        assert!(is_worse(&row(3, 3, 0, 0)), "nothing went wrong beside it");
        assert!(is_worse(&row(10, 3, 100, 29)));
        assert!(!is_worse(&row(10, 3, 100, 30)), "no worse than the other");
        assert!(!is_worse(&row(2, 2, 100, 0)), "too few to tell");
        assert!(!is_worse(&row(1_000, 3, 100, 1)));
    }
}
