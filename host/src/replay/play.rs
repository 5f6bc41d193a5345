//! One flow's part of a recorded turn, run again on a plugin.

use relevo_model::TurnId;
use relevo_sandbox::{CallReport, Limits, Plugin};

use super::recorded::Recorded;
use crate::conversation::journal::{Call, Ended, Flow, Journal, Recorder};

/// What came of it.
#[derive(Debug)]
pub struct Played {
    pub outcome: Ended,
    pub calls: Vec<Call>,
    /// Calls that the record does not know; none of them was made.
    pub unrecorded: Vec<Call>,
}

/// Runs a recorded turn again, from the state, on the time and with the settings that it began with. None where the record names no turn.
pub async fn play(plugin: &Plugin, journal: &Journal, flow: &Flow) -> Option<Played> {
    let turn: TurnId = journal.ids.turn.parse().ok()?;
    let host = Recorder::new(Recorded::new(flow, turn, plugin.manifest()));
    let limits = plugin.manifest().limits.within(&Limits::default());
    let CallReport { result, caps, .. } = plugin.handle(host, &journal.ids, &journal.handed, &limits).await;
    let (recorded, calls) = caps.into_parts();
    let outcome = match result {
        Ok(outcome) => Ended::Did(outcome),
        Err(error) => Ended::Failed { error: error.to_string() },
    };
    Some(Played { outcome, calls, unrecorded: recorded.unrecorded })
}
