//! Tools of plugins within a turn: each call on a fresh instance, what it writes joins the turn only if it succeeds.

use std::sync::Arc;

use anyhow::Context as _;
use relevo_model::*;
use relevo_sandbox::{
    CallError, CallStats, Effect, Manifest, Plugin,
    api::{tools::ToolResult, turn::Ids, types::Failure},
    schema,
};

use super::{
    business::Business,
    capabilities::{FlowHost, Ground},
    chain::{self, Chosen},
    journal::{Call, Recorder},
};

/// A tool that is called: whose, by its name, with arguments as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub plugin: &'a str,
    pub name: &'a str,
    pub arguments: &'a str,
}

/// How a call ended, what it learnt and what it used.
#[derive(Debug)]
pub struct ToolCall {
    pub result: Result<ToolResult, CallError>,
    pub calls: Vec<Call>,
    pub stats: CallStats,
}

impl FlowHost {
    /// Calls a tool of a plugin of the chain as part of this turn. It sees what the turn wrote so far; what it writes is the turn's if it
    /// succeeds and its manifest says that it changes something. Who is asked about is the turn's, never an argument's.
    pub async fn call_tool(&mut self, position: usize, chosen: &Chosen, plugin: &Plugin, asked: &Asked<'_>, ids: &Ids) -> ToolCall {
        let manifest = plugin.manifest();
        let effect = match permitted(manifest, asked) {
            Ok(effect) => effect,
            Err(failure) => return ToolCall { result: Err(CallError::Failure(failure)), calls: Vec::new(), stats: CallStats::default() },
        };
        let child = self.child(position, chosen);
        let limits = chain::limits(&chosen.component);
        let report = plugin.call_tool(Recorder::new(child), ids, asked.name, asked.arguments, &limits).await;
        let (child, calls) = report.caps.into_parts();
        // Whatever became of it: the next call makes other ids, and what was asked outside was asked.
        self.ids = child.ids;
        self.randoms = child.randoms;
        self.occurrences = child.occurrences;
        if report.result.is_ok() && effect == Effect::Destructive {
            self.overlay.merge(child.overlay);
        }
        ToolCall { result: report.result, calls, stats: report.stats }
    }

    fn child(&self, position: usize, chosen: &Chosen) -> Self {
        Self {
            overlay: self.overlay.child(),
            ids: self.ids,
            randoms: self.randoms,
            occurrences: self.occurrences.clone(),
            ..Self::new(self.ground.clone(), position, chosen)
        }
    }
}

/// What the tool does to the world, if there is such a tool and it can be called like that.
fn permitted(manifest: &Manifest, asked: &Asked<'_>) -> Result<Effect, Failure> {
    let tool = manifest.tool(asked.name).ok_or(Failure::NotFound)?;
    let arguments = serde_json::from_str(asked.arguments).map_err(|error| Failure::Invalid(format!("arguments are a JSON object: {error}")))?;
    match schema::validate(&tool.parameters, &arguments).first() {
        Some(problem) => Err(Failure::Invalid(format!("the arguments do not fit: {} at {:?}", problem.keyword, problem.path))),
        None => Ok(tool.effect),
    }
}

/// Calls tools for a conversation as one turn of it would, in their order, and keeps nothing of what they write. What they ask outside is
/// asked.
///
/// # Errors
/// Where there is no such conversation, or no such plugin in its chain.
pub async fn try_out(business: &Arc<Business>, conversation: &ConversationId, tools: &[Asked<'_>]) -> anyhow::Result<Vec<ToolCall>> {
    let context = business.cell.turn_context(conversation).await?.context("there is no such conversation")?;
    let layout = business.layout_at(context.config_version).await?;
    let known = &context.conversation;
    let (point, line) = (layout.points.get(&known.service_point_id).cloned(), layout.channels.get(&known.channel_id).cloned());
    let (point, line) = point.zip(line).context("the conversation belongs to no service point or channel")?;
    let turn: TurnId = business.app.clock.id();
    let ids = Ids {
        turn: turn.to_string(),
        business: business.cell.tenant().to_string(),
        service_point: known.service_point_id.to_string(),
        channel: known.channel_id.to_string(),
        conversation: known.id.to_string(),
        customer: known.customer_id.to_string(),
    };
    let ground = Ground {
        cell: business.cell.clone(),
        context: Arc::new(context),
        layout,
        point: Arc::clone(&point),
        line,
        turn,
        now: business.app.clock.now(),
        first_seen: false,
        egress: business.app.egress.clone(),
    };
    let mut host: Option<FlowHost> = None;
    let mut ended = Vec::new();
    for asked in tools {
        let position = point.chain.iter().position(|link| link.install.plugin_id == asked.plugin).context("there is no such plugin here")?;
        let chosen = point.chain[position].for_conversation(conversation);
        let plugin = chosen.component.plugin(&business.app.media).await?;
        let host = host.get_or_insert_with(|| FlowHost::new(ground.clone(), position, &chosen));
        ended.push(host.call_tool(position, &chosen, &plugin, asked, &ids).await);
    }
    Ok(ended)
}
