//! Ending a turn: state, replies, effects and "done" together, if the conversation is still the bot's.

use std::collections::{HashMap, HashSet};

use relevo_model::*;
use serde_json::{Value, json};

use super::{
    effects::{self, Effects},
    sending,
};
use crate::{
    Error, Notice, Result, Waiting, conversations,
    sql::{self, Hot, Json, Rows},
};

/// All that a turn did. Nothing of it is applied when the conversation's epoch is no longer the one that it began with.
#[derive(Clone, Debug)]
pub struct TurnCommit {
    pub turn: TurnId,
    /// Turns of the same burst that this one answers with.
    pub joined: Vec<TurnId>,
    pub conversation: ConversationId,
    pub service_point: ServicePointId,
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub peer: Alias,
    pub epoch: i64,
    pub attempts: i64,
    pub now: Time,
    pub end: TurnEnd,
    /// Which plugin handled it, and its version.
    pub plugin: Option<(String, String)>,
    /// What the flows keep, when it changed.
    pub session: Option<Session>,
    pub said: Vec<Said>,
    /// Sealed; none when it was too long to keep.
    pub journal: Option<Vec<u8>>,
    pub effects: Effects,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    Done,
    /// It could not be answered: a person gets the conversation.
    Dead {
        error: String,
    },
    /// To be run again then; nothing else of the commit is applied.
    Again {
        error: String,
        at: Time,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// By plugin id.
    pub states: Value,
    pub offered: Vec<options::Offered>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub message: MessageId,
    /// As the channel shows it.
    pub content: Content,
    pub quotes: Option<String>,
    pub evidence: Option<Value>,
    /// Not sent before, to leave time for "typing".
    pub not_before: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    Applied,
    /// The conversation changed hands: nothing was applied, what would have been said is a proposal.
    Superseded,
}

pub(super) async fn apply(conn: &mut Hot, commits: &[&TurnCommit], notices: &mut Vec<Notice>) -> Result<Vec<Finished>> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    if let [commit] = commits
        && let TurnEnd::Again { error, at } = &commit.end
    {
        again(conn, commit, error, *at).await?;
        return Ok(vec![Finished::Applied]);
    }
    let seqs = raise(conn, commits).await?;
    let (applied, superseded): (Vec<&TurnCommit>, Vec<&TurnCommit>) = commits.iter().copied().partition(|commit| seqs.contains_key(&commit.conversation));
    close_turns(conn, commits, &seqs).await?;
    sessions(conn, &applied).await?;
    applied.iter().for_each(|_| fault::point("inside_finish"));
    let waiting = say(conn, &applied, &seqs).await?;
    sending::enqueue(conn, &waiting).await?;
    journal(conn, &applied).await?;
    for commit in &applied {
        effects::apply(conn, commit, notices).await?;
        if !commit.said.is_empty() || !commit.effects.is_empty() || commit.end != TurnEnd::Done {
            notices.push(Notice::Conversation(commit.conversation));
        }
    }
    for commit in &superseded {
        propose(conn, commit, notices).await?;
    }
    notices.extend(waiting.into_iter().map(|row| Notice::Outbox(Box::new(row))));
    Ok(commits.iter().map(|commit| if seqs.contains_key(&commit.conversation) { Finished::Applied } else { Finished::Superseded }).collect())
}

async fn again(conn: &mut Hot, commit: &TurnCommit, error: &str, at: Time) -> Result<()> {
    const AGAIN: &str = "UPDATE turns SET attempts = $1, not_before = $2, error = $3 WHERE id = $4 AND state = 'pending'";
    run!(conn, AGAIN, commit.attempts, at.0, error, commit.turn.as_str()).map(|_| ())
}

/// Takes the numbers for what is said, where the epoch still stands: the number before the first.
async fn raise(conn: &mut Hot, commits: &[&TurnCommit]) -> Result<HashMap<ConversationId, i64>> {
    const RAISE: Rows = Rows {
        head: "WITH v (id, epoch, n, now) AS (VALUES ",
        columns: 4,
        tail: ") UPDATE conversations SET seq = seq + v.n, last_message_at = CASE WHEN v.n > 0 THEN v.now ELSE last_message_at END FROM v \
               WHERE conversations.id = v.id AND conversations.epoch = v.epoch AND conversations.status = 'BOT' AND conversations.bot_enabled \
               RETURNING conversations.id, conversations.seq, conversations.last_hour",
    };
    let mut sorted = commits.to_vec();
    sorted.sort_by_key(|commit| commit.conversation);
    if sorted.windows(2).any(|pair| pair[0].conversation == pair[1].conversation) {
        return Err(Error::Conflict("two turns of one conversation in one commit".into()));
    }
    let rows = all_rows!(conn, (String, i64, i64), RAISE, sorted, |commit| [commit.conversation.as_str(), commit.epoch, said(commit), commit.now.0]);
    let mut before = HashMap::new();
    for (id, seq, last_hour) in rows {
        let id = sql::read(&id)?;
        let Some(commit) = commits.iter().find(|commit| commit.conversation == id) else { continue };
        if said(commit) > 0 && last_hour != conversations::hour(commit.now) {
            conversations::move_to_hour(conn, &id, commit.now).await?;
        }
        before.insert(id, seq - said(commit));
    }
    Ok(before)
}

fn said(commit: &TurnCommit) -> i64 {
    i64::try_from(commit.said.len()).expect("a turn says few things")
}

async fn close_turns(conn: &mut Hot, commits: &[&TurnCommit], seqs: &HashMap<ConversationId, i64>) -> Result<()> {
    const CLOSE: Rows = Rows {
        head: "WITH v (id, state, attempts, plugin_id, plugin_version, error, now) AS (VALUES ",
        columns: 7,
        tail: ") UPDATE turns SET state = v.state, attempts = v.attempts, plugin_id = v.plugin_id, plugin_version = v.plugin_version, error = v.error, \
               finished_at = v.now FROM v WHERE turns.id = v.id AND turns.state || '' = 'pending' RETURNING turns.id",
    };
    let mut rows: Vec<(&TurnId, TurnState, &TurnCommit)> = Vec::new();
    for commit in commits {
        let own = match (&commit.end, seqs.contains_key(&commit.conversation)) {
            (_, false) => TurnState::Superseded,
            (TurnEnd::Dead { .. }, true) => TurnState::Dead,
            _ => TurnState::Done,
        };
        rows.push((&commit.turn, own, commit));
        rows.extend(commit.joined.iter().map(|turn| (turn, if own == TurnState::Done { TurnState::Joined } else { own }, *commit)));
    }
    let closed = all_rows!(conn, (String,), CLOSE, rows, |row| [
        row.0.as_str(),
        row.1.as_str(),
        row.2.attempts,
        row.2.plugin.as_ref().map(|plugin| plugin.0.as_str()),
        row.2.plugin.as_ref().map(|plugin| plugin.1.as_str()),
        match &row.2.end {
            TurnEnd::Dead { error } => Some(error.as_str()),
            _ => None,
        },
        row.2.now.0
    ]);
    let closed: HashSet<String> = closed.into_iter().map(|(id,)| id).collect();
    match rows.iter().find(|row| !closed.contains(row.0.as_str())) {
        Some(row) => Err(Error::Ended(*row.0)),
        None => Ok(()),
    }
}

async fn sessions(conn: &mut Hot, commits: &[&TurnCommit]) -> Result<()> {
    const SAVE: Rows = Rows {
        head: "INSERT INTO customer_sessions (conversation_id, states, offered, updated_at) VALUES ",
        columns: 4,
        tail: " ON CONFLICT (conversation_id) DO UPDATE SET states = excluded.states, offered = excluded.offered, updated_at = excluded.updated_at",
    };
    let changed: Vec<(&TurnCommit, &Session)> = commits.iter().filter_map(|commit| Some((*commit, commit.session.as_ref()?))).collect();
    if !changed.is_empty() {
        run_rows!(conn, SAVE, changed, |row| [row.0.conversation.as_str(), Json(&row.1.states), Json(&row.1.offered), row.0.now.0]);
    }
    Ok(())
}

async fn say(conn: &mut Hot, commits: &[&TurnCommit], seqs: &HashMap<ConversationId, i64>) -> Result<Vec<Waiting>> {
    const ADD: Rows = Rows {
        head: "INSERT INTO messages (id, conversation_id, seq, direction, sender, content, quotes, state, evidence, turn_id, created_at) VALUES ",
        columns: 11,
        tail: "",
    };
    let mut rows: Vec<(&TurnCommit, &Said, i64)> = Vec::new();
    for commit in commits {
        let before = seqs[&commit.conversation];
        rows.extend(commit.said.iter().zip(before + 1..).map(|(said, seq)| (*commit, said, seq)));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    run_rows!(conn, ADD, rows, |row| [
        row.1.message.as_str(),
        row.0.conversation.as_str(),
        row.2,
        Direction::Out.as_str(),
        Sender::Bot.as_str(),
        Json(&row.1.content),
        row.1.quotes.as_deref(),
        Delivery::Queued.as_str(),
        row.1.evidence.as_ref().map(Json),
        row.0.turn.as_str(),
        row.0.now.0
    ]);
    Ok(rows
        .into_iter()
        .map(|(commit, said, seq)| Waiting {
            message: said.message,
            conversation: commit.conversation,
            channel: commit.channel,
            turn: Some(commit.turn),
            seq,
            sender: Sender::Bot,
            // What is said before a hand-over of the same turn is still sent.
            epoch: commit.epoch + effects::epochs(commit),
            state: OutboxState::Pending,
            attempts: 0,
            not_before: said.not_before,
            first_tried_at: None,
            created_at: commit.now,
            peer: commit.peer.clone(),
            content: said.content.clone(),
            quotes: said.quotes.clone(),
        })
        .collect())
}

async fn journal(conn: &mut Hot, commits: &[&TurnCommit]) -> Result<()> {
    const ADD: Rows = Rows {
        head: "INSERT INTO turn_journal (turn_id, conversation_id, sealed, replayable, created_at) VALUES ",
        columns: 5,
        tail: " ON CONFLICT (turn_id) DO NOTHING",
    };
    run_rows!(conn, ADD, commits, |commit| [
        commit.turn.as_str(),
        commit.conversation.as_str(),
        commit.journal.as_deref(),
        commit.journal.is_some(),
        commit.now.0
    ]);
    Ok(())
}

/// What would have been said, shown to the person who has the conversation now.
async fn propose(conn: &mut Hot, commit: &TurnCommit, notices: &mut Vec<Notice>) -> Result<()> {
    if commit.said.is_empty() {
        return Ok(());
    }
    let said: Vec<&Content> = commit.said.iter().map(|said| &said.content).collect();
    let id = commit.turn.derive(u32::MAX);
    conversations::note(conn, id, &commit.conversation, "proposal", "bot", &json!({ "turn": commit.turn, "said": said }), commit.now).await?;
    notices.push(Notice::Conversation(commit.conversation));
    Ok(())
}
