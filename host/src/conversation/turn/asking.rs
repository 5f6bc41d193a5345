//! Asking a chain: each plugin in its order, until one handles the event.

use std::sync::Arc;

use relevo_model::*;
use relevo_sandbox::{
    CallError, CallReport, CallStats,
    api::{
        events::{Event, HandOver as HandedBack, Timer as TimerEvent},
        flow::Outcome,
        turn::Ids,
    },
};
use relevo_store::hot::Effects;

use super::Attempt;
use crate::{
    conversation::{
        capabilities::{FlowHost, Ground},
        chain::{self, Chosen, Link},
        choices,
        journal::{Call, Ended as FlowEnded, Flow, Recorder},
        speech,
    },
    plugins::Refused,
};

/// What a chain of flows came to.
pub(super) enum Asked {
    Handled(Box<Answer>),
    /// Nobody handled it.
    Passed,
    Failed(Fallen),
}

/// A plugin that failed, for good or until the next try.
pub(super) struct Fallen {
    pub position: usize,
    pub chosen: Chosen,
    pub error: CallError,
}

/// What was seen on the way along a chain.
#[derive(Default)]
pub(super) struct Course {
    pub flows: Vec<Flow>,
    /// Those that were passed over because they used up their limits.
    pub passed_over: Vec<Fallen>,
}

pub(super) struct Answer {
    pub plugin: (String, String),
    pub outcome: Outcome,
    pub effects: Effects,
    pub called_outside: bool,
    pub host: Granted,
}

/// What the plugin that answered may do.
pub(super) struct Granted {
    pub timers: bool,
    pub hand_over: bool,
}

impl Attempt<'_> {
    /// What the flows are told; none when there is nobody to tell it to.
    pub(super) fn event(&self) -> Option<Event> {
        match &self.turns[0].event {
            TurnEvent::Messages { .. } => {
                let offered = self.context.offered.as_ref().map_or(&[][..], |offered| &offered.0);
                let messages = self.turns.iter().flat_map(|turn| match &turn.event {
                    TurnEvent::Messages { items, .. } => items.as_slice(),
                    _ => &[],
                });
                Some(Event::Messages(messages.map(|message| speech::inbound(message, &choices::recognise(message.content.clone(), offered))).collect()))
            }
            TurnEvent::Timer { name, payload, .. } => Some(Event::Timer(TimerEvent { name: name.clone(), payload: payload.clone() })),
            TurnEvent::ReturnedToBot { agent, reason } => Some(Event::ReturnedToBot(HandedBack { agent: agent.clone(), reason: reason.clone() })),
        }
    }

    fn wanted_by(&self, link: &Link, chosen: &Chosen) -> bool {
        let manifest = chosen.component.manifest();
        match &self.turns[0].event {
            TurnEvent::Messages { .. } => manifest.wants("messages"),
            TurnEvent::Timer { plugin_id, .. } => *plugin_id == link.install.plugin_id,
            TurnEvent::ReturnedToBot { .. } => manifest.wants("returned-to-bot"),
        }
    }

    pub(super) fn ids(&self) -> Ids {
        let conversation = &self.context.conversation;
        Ids {
            turn: self.turns[0].id.to_string(),
            business: self.business.cell.tenant().to_string(),
            service_point: conversation.service_point_id.to_string(),
            channel: conversation.channel_id.to_string(),
            conversation: conversation.id.to_string(),
            customer: conversation.customer_id.to_string(),
        }
    }

    pub(super) async fn ask(&self, event: &Event, course: &mut Course) -> Asked {
        let ids = self.ids();
        for (position, link) in self.point.chain.iter().enumerate() {
            let chosen = link.for_conversation(&self.context.conversation.id);
            if !self.wanted_by(link, &chosen) {
                continue;
            }
            let loaded = match chosen.component.plugin(&self.business.app.media).await {
                Ok(loaded) => loaded,
                // That it is not there, or not what was uploaded, does not pass by itself.
                Err(error) if Refused::of(&error).is_some() => {
                    tracing::error!(plugin = chosen.name().0, %error, "a plugin cannot be loaded any more; it is passed over");
                    continue;
                }
                Err(error) => {
                    let fallen = Fallen { position, chosen, error: CallError::Host(error.into()) };
                    tracing::error!(plugin = fallen.chosen.name().0, error = %fallen.error, "a plugin could not be loaded");
                    return Asked::Failed(fallen);
                }
            };
            let CallReport { result, caps, stats } =
                loaded.handle(Recorder::new(self.host(position, &chosen)), &ids, event, &chain::limits(&chosen.component)).await;
            let (caps, calls) = caps.into_parts();
            self.business.runs.called(&chosen, self.now, matches!(&result, Ok(outcome) if outcome.handled), result.as_ref().err(), &stats);
            course.flows.push(flow(&chosen, &caps, calls, &result, &stats));
            match result {
                Ok(outcome) => {
                    self.business.runs.ended(&chosen, link.beside(), true);
                    if outcome.handled {
                        let granted = &link.grants;
                        let manifest = chosen.component.manifest();
                        let host = Granted {
                            timers: manifest.allows_timers() && granted.allows_timers(),
                            hand_over: manifest.allows_hand_over() && granted.allows_hand_over(),
                        };
                        let called_outside = !caps.occurrences.is_empty();
                        let plugin = chosen.name();
                        return Asked::Handled(Box::new(Answer { plugin, outcome, effects: caps.overlay.into_effects(), called_outside, host }));
                    }
                    // Its actions, state and writes go with it.
                }
                Err(error) => {
                    let point = self.context.conversation.service_point_id;
                    self.business.runs.failed(&chosen, self.turns[0].id, point, self.now, &error);
                    let over = matches!(error, CallError::Limit(_) | CallError::Timeout) && self.next_try(&error).is_none();
                    let fallen = Fallen { position, chosen, error };
                    if !over {
                        return Asked::Failed(fallen);
                    }
                    // The others may know what to say.
                    course.passed_over.push(fallen);
                }
            }
        }
        // Nobody did: what failed is what is told.
        if course.passed_over.is_empty() { Asked::Passed } else { Asked::Failed(course.passed_over.remove(0)) }
    }

    fn host(&self, position: usize, chosen: &Chosen) -> FlowHost {
        let ground = Ground {
            cell: self.business.cell.clone(),
            context: Arc::clone(&self.context),
            layout: Arc::clone(&self.layout),
            point: Arc::clone(&self.point),
            line: Arc::clone(&self.line),
            turn: self.turns[0].id,
            now: self.now,
            first_seen: self.turns.iter().any(|turn| matches!(turn.event, TurnEvent::Messages { first_seen: true, .. })),
            egress: self.business.app.egress.clone(),
        };
        FlowHost::new(ground, position, chosen)
    }
}

fn flow(chosen: &Chosen, host: &FlowHost, calls: Vec<Call>, result: &Result<Outcome, CallError>, stats: &CallStats) -> Flow {
    let (plugin, version) = chosen.name();
    Flow {
        plugin,
        version,
        digest: chosen.component.digest().to_string(),
        position: host.position,
        context: host.surroundings(),
        calls,
        outcome: match result {
            Ok(outcome) => FlowEnded::Did(outcome.clone()),
            Err(error) => FlowEnded::Failed { error: error.to_string() },
        },
        cpu_us: u64::try_from(stats.cpu.as_micros()).unwrap_or(u64::MAX),
        wall_us: u64::try_from(stats.wall.as_micros()).unwrap_or(u64::MAX),
        memory: stats.memory_peak,
    }
}
