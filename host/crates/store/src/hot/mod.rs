//! The commands of the hot path: plain, re-runnable, and written for many at once.
//!
//! Their rows are found by keys. Where a statement also asks for a state, `state || ''` hides that from Postgres, which else looks in the index of what
//! waits: that one has each row that ever waited since the last vacuum.

/// Where a stored state stands, to compare with a bound rank; the same order as `rank`.
macro_rules! stored_rank {
    () => {
        "CASE messages.state WHEN 'received' THEN 0 WHEN 'queued' THEN 0 WHEN 'sending' THEN 1 WHEN 'uncertain' THEN 2 WHEN 'cancelled' THEN 3 \
         WHEN 'sent' THEN 4 WHEN 'failed' THEN 5 WHEN 'delivered' THEN 6 ELSE 7 END"
    };
}

/// How far a state is on the way of a message; a state only gives way to a later one. WhatsApp accepts first and may tell minutes later
/// that it could not deliver: so failed comes after sent.
const fn rank(state: Delivery) -> i64 {
    match state {
        Delivery::Sent => 4,
        Delivery::Failed => 5,
        other => other.rank(),
    }
}

mod effects;
mod finish;
mod receive;
mod sending;
mod status;
pub(crate) mod storable;

use std::collections::HashMap;

use relevo_model::Delivery;

pub(crate) use self::sending::enqueue;
pub use self::{
    effects::{
        Count, CustomerChange, Effects, HandOver, KvWrite, NewAddress, NewOrder, NewTicket, NewTimer, OrderLine, RecordWrite, Reservation, TicketComment,
    },
    finish::{Finished, Said, Session, TurnCommit, TurnEnd},
    receive::{Arrival, Received},
    sending::{Claim, Mark, SendEnd},
};
use crate::{Notice, Result, sql::Hot};

pub(crate) enum Command {
    Receive(Vec<Arrival>),
    Finish(Box<TurnCommit>),
    Claim(Claim),
    Mark(Box<Mark>),
}

pub(crate) enum Answer {
    Received(Vec<Received>),
    Finished(Finished),
    Claimed(bool),
    Marked,
}

impl Answer {
    pub(crate) fn claimed(self) -> Result<bool> {
        match self {
            Self::Claimed(claimed) => Ok(claimed),
            _ => unreachable!("a command is answered in kind"),
        }
    }
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Receive(_) => "receive",
            Self::Finish(_) => "finish",
            Self::Claim(_) => "claim",
            Self::Mark(_) => "mark",
        }
    }

    /// True when it may conflict with what others write, or touches rows that the usual turn does not.
    pub(crate) fn stands_alone(&self) -> bool {
        match self {
            Self::Finish(commit) => !commit.effects.is_empty() || !matches!(commit.end, TurnEnd::Done),
            Self::Receive(_) | Self::Claim(_) | Self::Mark(_) => false,
        }
    }

    /// True for what nobody waits for: how a send ended. Written with the next that comes, it costs no commit of its own; a process that dies meanwhile knows no
    /// less than one that died while it sent.
    pub(crate) const fn may_linger(&self) -> bool {
        matches!(self, Self::Mark(_))
    }

    /// True for what only the owner of the cell may do.
    pub(crate) const fn is_owners(&self) -> bool {
        !matches!(self, Self::Receive(_))
    }
}

/// Applies all commands in one transaction; the answers are in their order.
pub(crate) async fn apply(conn: &mut Hot, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Notice>)> {
    let mut notices = Vec::new();
    let (mut arrivals, mut commits, mut claims, mut marks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for command in commands {
        match command {
            Command::Receive(batch) => arrivals.extend(batch),
            Command::Finish(commit) => commits.push(&**commit),
            Command::Claim(claim) => claims.push(claim),
            Command::Mark(mark) => marks.push(&**mark),
        }
    }
    let mut finished = finish::apply(conn, &commits, &mut notices).await?.into_iter();
    let mut claimed = sending::claim(conn, &claims).await?;
    sending::mark(conn, &marks, &mut notices).await?;
    let mut received = receive::apply(conn, &arrivals, &mut notices).await?.into_iter();
    let answers = commands
        .iter()
        .map(|command| match command {
            Command::Receive(batch) => Answer::Received(received.by_ref().take(batch.len()).collect()),
            Command::Finish(_) => Answer::Finished(finished.next().expect("one answer for each commit")),
            // Whoever of one group asked first has it.
            Command::Claim(claim) => Answer::Claimed(claimed.remove(&claim.message)),
            Command::Mark(_) => Answer::Marked,
        })
        .collect();
    notices_once(&mut notices);
    Ok((answers, notices))
}

/// A page needs to hear once that a conversation changed.
fn notices_once(notices: &mut Vec<Notice>) {
    let mut seen = HashMap::new();
    notices.retain(|notice| match notice {
        Notice::Conversation(id) => seen.insert(*id, ()).is_none(),
        _ => true,
    });
}
