//! One business at work on this node: what it keeps in memory, its lanes, its timers, and whether it is this node's to work.

use std::{
    sync::{
        Arc, RwLock, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use relevo_model::*;
use relevo_store::{
    Cell, Notice, PendingTurn, Waiting,
    hot::{Arrival, Received},
};
use tokio::sync::{Notify, broadcast};

use super::{
    lanes::Lanes,
    layout::{Layout, Line},
    runs::{self, Runs},
    sender, turn,
};
use crate::{app::App, plugins};

/// Rows that are loaded at a time when a business wakes.
const PAGE: i64 = 500;
/// How long a channel that was asked to slow down waits at most without being paused.
const SLOW: Duration = Duration::from_secs(30);
/// How long a turn's journal is kept, and how often old ones are looked for.
const JOURNAL_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// How long a status waits for its message to be marked; after a crash that takes until the next start.
const EARLY_STATUSES_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
const PRUNES: Duration = Duration::from_secs(3_600);

pub struct Business {
    pub app: App,
    pub cell: Cell,
    pub(super) turns: Lanes<PendingTurn>,
    pub(super) outbox: Lanes<Waiting>,
    /// How plugins ran since that was kept last.
    pub(super) runs: Runs,
    layout: RwLock<Arc<Layout>>,
    /// True while this node works the cell.
    owner: AtomicBool,
    /// Something about the timers changed.
    timers: Arc<Notify>,
    live: broadcast::Sender<ConversationId>,
    /// When somebody last had something to do with it.
    used: AtomicI64,
    /// When old journals were looked for last.
    pruned: AtomicI64,
}

impl Business {
    /// Opens a business on this node. It is not worked before `own`.
    pub async fn open(app: &App, cell: Cell) -> anyhow::Result<Arc<Self>> {
        cell.open().await?;
        let layout = Layout::load(app, &cell).await?;
        let business = Arc::new(Self {
            app: app.clone(),
            cell,
            turns: Lanes::default(),
            outbox: Lanes::default(),
            runs: Runs::default(),
            layout: RwLock::new(Arc::new(layout)),
            owner: AtomicBool::new(false),
            timers: Arc::default(),
            live: broadcast::channel(1_024).0,
            used: AtomicI64::new(app.clock.now().0),
            pruned: AtomicI64::new(0),
        });
        let told = Arc::downgrade(&business);
        business.cell.listen(move |notices| {
            if let Some(business) = told.upgrade() {
                business.follow(notices);
            }
        });
        tokio::spawn(watch_timers(Arc::downgrade(&business)));
        Ok(business)
    }

    /// Begins to work the cell: all that waits goes into the lanes.
    pub async fn own(self: &Arc<Self>, fence: Option<i64>) -> anyhow::Result<()> {
        self.cell.fence(fence);
        self.turns.gather();
        self.outbox.gather();
        self.owner.store(true, Ordering::SeqCst);
        if let Err(error) = self.load_waiting().await {
            // It is tried again, from the beginning.
            self.disown();
            return Err(error);
        }
        self.outbox.open().into_iter().for_each(|conversation| self.begin_sending(conversation));
        self.turns.open().into_iter().for_each(|conversation| self.begin_turns(conversation));
        self.timers.notify_one();
        if let Err(error) = plugins::resume(&self.app, &self.cell.tenant()).await {
            tracing::error!(tenant = %self.cell.tenant(), error = format!("{error:#}"), "compilations that were begun could not be read; they go on when somebody looks");
        }
        Ok(())
    }

    /// Another node works it now: nothing more is begun here.
    pub fn disown(&self) {
        self.owner.store(false, Ordering::SeqCst);
        self.turns.clear();
        self.outbox.clear();
    }

    pub fn is_owner(&self) -> bool {
        self.owner.load(Ordering::SeqCst)
    }

    /// Puts all that waits in the database into the lanes; what is there already stays once.
    pub async fn load_waiting(self: &Arc<Self>) -> anyhow::Result<()> {
        let mut after: Option<(ConversationId, i64)> = None;
        loop {
            let page = self.cell.read().await?.turns().pending(after.as_ref().map(|(id, seq)| (id, *seq)), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.conversation, last.seq));
            page.into_iter().for_each(|turn| self.push_turn(turn));
        }
        let mut after: Option<(ConversationId, i64)> = None;
        loop {
            let page = self.cell.read().await?.outbox().waiting(after.as_ref().map(|(id, seq)| (id, *seq)), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.conversation, last.seq));
            page.into_iter().for_each(|waiting| self.push_waiting(waiting));
        }
        Ok(())
    }

    pub fn layout(&self) -> Arc<Layout> {
        Arc::clone(&self.layout.read().expect("nothing panics while it holds the layout"))
    }

    /// The layout of this version of the configuration, read anew if another node changed it.
    pub async fn layout_at(&self, version: i64) -> anyhow::Result<Arc<Layout>> {
        let layout = self.layout();
        if layout.business.config_version == version {
            return Ok(layout);
        }
        self.reload().await
    }

    /// Reads the configuration again if another node changed it: whether the bot is on is asked before any turn could tell.
    pub async fn catch_up(&self) -> anyhow::Result<()> {
        let business = self.cell.read().await?.business().await?;
        if let Some(business) = business {
            self.layout_at(business.config_version).await?;
        }
        Ok(())
    }

    pub async fn reload(&self) -> anyhow::Result<Arc<Layout>> {
        let mut layout = Arc::new(Layout::load(&self.app, &self.cell).await?);
        {
            let mut held = self.layout.write().expect("nothing panics while it holds the layout");
            // Of two that read at the same time, the one who read later must not give way to the other.
            if held.business.config_version > layout.business.config_version {
                layout = Arc::clone(&held);
            } else {
                *held = Arc::clone(&layout);
            }
        }
        self.outbox.wake_all();
        Ok(layout)
    }

    /// Conversations in which something changed, from now on.
    pub fn watch(&self) -> broadcast::Receiver<ConversationId> {
        self.live.subscribe()
    }

    /// Takes in what a channel told. When this returns it is committed.
    pub async fn receive(&self, line: &Line, incoming: Vec<Incoming>) -> Result<Vec<Received>, relevo_store::Error> {
        self.used.store(self.app.clock.now().0, Ordering::Relaxed);
        let layout = self.layout();
        let point = line.row.service_point_id;
        let (clock, now) = (&self.app.clock, self.app.clock.now());
        let (bot_on, burst_ms) = (layout.bot_on(&point), layout.points.get(&point).map_or(0, |point| point.row.burst_ms));
        let arrivals = incoming.into_iter().map(|incoming| Arrival {
            channel: line.row.id,
            service_point: point,
            bot_on,
            burst_ms,
            now,
            event: clock.id(),
            message: clock.id(),
            turn: clock.id(),
            customer: clock.id(),
            conversation: clock.id(),
            incoming,
        });
        self.cell.receive(arrivals.collect()).await
    }

    /// True when nothing is under way here and nobody asked for anything lately.
    pub fn is_idle(&self, now: Time, unused: Duration) -> bool {
        self.turns.len() == 0 && self.outbox.len() == 0 && self.live.receiver_count() == 0 && now.since(Time(self.used.load(Ordering::Relaxed))) >= unused
    }

    /// How many conversations have something to do: turns, and messages to send.
    pub fn depth(&self) -> (usize, usize) {
        (self.turns.len(), self.outbox.len())
    }

    /// What follows a commit.
    fn follow(self: &Arc<Self>, notices: Vec<Notice>) {
        let owner = self.is_owner();
        let mut foreign = false;
        for notice in notices {
            match notice {
                Notice::Turn(turn) if owner => self.push_turn(*turn),
                Notice::Outbox(waiting) if owner => self.push_waiting(*waiting),
                Notice::Turn(_) | Notice::Outbox(_) => foreign = true,
                Notice::Settled(conversation, _) => self.outbox.wake(&conversation),
                Notice::Timer(_) => self.timers.notify_one(),
                // Nobody watching is no error.
                Notice::Conversation(conversation) => drop(self.live.send(conversation)),
                Notice::Config => {
                    let business = Arc::clone(self);
                    self.app.tasks.spawn(async move {
                        if let Err(error) = business.reload().await {
                            tracing::error!(tenant = %business.cell.tenant(), error = format!("{error:#}"), "a changed configuration could not be read");
                        }
                    });
                }
            }
        }
        if foreign || self.app.store.is_shared() {
            self.app.tell_others(self.cell.tenant());
        }
    }

    /// Brings the turns into a lane that other nodes received before those that are in it.
    async fn load_earlier(&self, conversation: &ConversationId) -> anyhow::Result<()> {
        let waiting = self.cell.read().await?.turns().pending(Some((conversation, -1)), PAGE).await?;
        for turn in waiting.into_iter().take_while(|turn| turn.conversation == *conversation) {
            self.turns.push(*conversation, turn, |turn| turn.seq);
        }
        self.turns.sort(conversation, |turn| turn.seq);
        Ok(())
    }

    fn push_turn(self: &Arc<Self>, turn: PendingTurn) {
        let conversation = turn.conversation;
        if self.turns.push(conversation, turn, |turn| turn.seq) {
            self.begin_turns(conversation);
        }
    }

    fn push_waiting(self: &Arc<Self>, waiting: Waiting) {
        let conversation = waiting.conversation;
        if self.outbox.push(conversation, waiting, |waiting| waiting.seq) {
            self.begin_sending(conversation);
        }
    }

    fn begin_turns(self: &Arc<Self>, conversation: ConversationId) {
        if !self.app.closing.is_cancelled() {
            self.app.tasks.spawn(work_turns(Arc::clone(self), conversation));
        }
    }

    fn begin_sending(self: &Arc<Self>, conversation: ConversationId) {
        if !self.app.closing.is_cancelled() {
            sender::begin(self, conversation);
        }
    }

    /// Asks the channel to show that an answer is being written; the answer does not wait for it.
    pub(super) fn show_typing(self: &Arc<Self>, line: &Arc<Line>, turn: &PendingTurn) {
        let TurnEvent::Messages { items, .. } = &turn.event else { return };
        let Some(message) = items.last().map(|item| item.id) else { return };
        let (business, line) = (Arc::clone(self), Arc::clone(line));
        self.app.tasks.spawn(async move {
            let found = async { business.cell.read().await?.messages().find(&message).await }.await;
            if let Ok(Some(message)) = found
                && let Some(provider_id) = message.provider_id
            {
                line.way.typing(&provider_id).await;
            }
        });
    }

    /// A message reached a phone of ours: the phone tells, as any provider would.
    pub(super) async fn arrived(&self, line: &Line, waiting: &Waiting) -> anyhow::Result<()> {
        self.receive(line, vec![sender::delivered(waiting, self.app.clock.now())]).await?;
        Ok(())
    }

    pub(super) fn slow_down(&self, line: &Line, until: Time) {
        line.slow_until.fetch_max(until.0.min(self.app.clock.now().after(SLOW).0), Ordering::Relaxed);
    }

    pub(super) async fn set_channel(&self, line: &Line, state: ChannelState, problem: &Problem, until: Option<Time>) -> anyhow::Result<()> {
        tracing::error!(channel = %line.row.id, %state, code = problem.code, "a channel does not send any more; see its page");
        let mut write = self.cell.write().await?;
        write.as_owner().await?;
        write.set_channel_state(&line.row.id, state, Some(&problem.title), until).await?;
        write.commit().await?;
        self.reload().await?;
        Ok(())
    }

    /// A channel that was paused sends again.
    pub(super) async fn revive(&self, line: &Line) -> anyhow::Result<()> {
        let mut write = self.cell.write().await?;
        write.as_owner().await?;
        write.set_channel_state(&line.row.id, ChannelState::Active, None, None).await?;
        write.commit().await?;
        self.reload().await?;
        Ok(())
    }

    /// Drops journals and early statuses that are older than they are kept; once an hour at most.
    pub async fn forget_old(&self) -> anyhow::Result<()> {
        let now = self.app.clock.now();
        if !self.is_owner() || now.since(Time(self.pruned.load(Ordering::Relaxed))) < PRUNES {
            return Ok(());
        }
        self.pruned.store(now.0, Ordering::Relaxed);
        let ago = |kept: Duration| Time(now.0.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX)));
        let mut write = self.cell.write().await?;
        write.as_owner().await?;
        let forgotten = write.forget_journal(ago(JOURNAL_KEPT)).await?
            + write.forget_replays(ago(JOURNAL_KEPT)).await?
            + write.forget_early_statuses(ago(EARLY_STATUSES_KEPT)).await?
            + write.forget_hours(ago(runs::HOURS_KEPT)).await?
            // What happened in them is to be looked up in the journal.
            + write.forget_failures(ago(JOURNAL_KEPT)).await?;
        write.commit().await?;
        tracing::debug!(tenant = %self.cell.tenant(), forgotten, "old journals and statuses were dropped");
        Ok(())
    }

    /// Keeps how plugins ran; called every few seconds, and at the end.
    pub async fn keep_runs(&self) -> Result<(), relevo_store::Error> {
        runs::keep(self).await
    }

    /// Waits a moment of real time, after an error of ours.
    pub(super) async fn pause(&self, moment: Duration) {
        tokio::select! {
            () = tokio::time::sleep(moment) => {}
            () = self.app.closing.cancelled() => {}
        }
    }
}

/// Works a conversation's turns until there are none or this node closes.
async fn work_turns(business: Arc<Business>, conversation: ConversationId) {
    let mut joins = true;
    let mut broken = 0_u32;
    while let Some((first, _)) = business.turns.first(&conversation) {
        if business.app.closing.is_cancelled() {
            return;
        }
        if first.not_before > business.app.clock.now() {
            tokio::select! {
                () = business.app.clock.sleep_until(first.not_before) => {}
                () = business.app.closing.cancelled() => return,
            }
        }
        let batch = burst(&business, &conversation, &first);
        let more = || joins && batch[0].not_before > batch[0].created_at && burst(&business, &conversation, &first).len() > batch.len();
        match turn::run(&business, &batch, more).await {
            Ok(turn::Ended::Finished) => {
                business.turns.remove(&conversation, |turn| batch.iter().any(|done| done.id == turn.id));
                (joins, broken) = (true, 0);
            }
            Ok(turn::Ended::Again { attempts, at }) => business.turns.change_first(&conversation, |turn| {
                turn.attempts = attempts;
                turn.not_before = at;
            }),
            Ok(turn::Ended::Waits) => {
                if let Err(error) = business.load_earlier(&conversation).await {
                    tracing::error!(turn = %first.id, error = format!("{error:#}"), "the turns before this one could not be read");
                    business.pause(Duration::from_millis(200)).await;
                }
            }
            Ok(turn::Ended::Joins) => joins = false,
            Err(error) => {
                tracing::error!(turn = %first.id, error = format!("{error:#}"), "a turn could not be run");
                if matches!(error.downcast_ref(), Some(relevo_store::Error::NotOwner(_))) {
                    business.disown();
                    continue;
                }
                broken += 1;
                // The database is not well, or a row of ours is not: a person is better than waiting for ever.
                if broken > 5
                    && let Err(error) = turn::give_up(&business, &batch, "this turn could not be run").await
                {
                    tracing::error!(turn = %first.id, error = format!("{error:#}"), "nor could it be handed over; it stays pending");
                }
                business.pause(Duration::from_millis(200 << broken.min(6))).await;
            }
        }
    }
}

/// The turns that are answered together: one, or all messages of a burst.
fn burst(business: &Business, conversation: &ConversationId, first: &PendingTurn) -> Vec<PendingTurn> {
    let waits = first.not_before > first.created_at;
    if !waits || !matches!(first.event, TurnEvent::Messages { .. }) {
        return vec![first.clone()];
    }
    business.turns.leading(conversation, |turn| turn.epoch == first.epoch && matches!(turn.event, TurnEvent::Messages { .. }))
}

/// Turns due timers into turns, for as long as the business is here.
async fn watch_timers(business: Weak<Business>) {
    loop {
        let Some(here) = business.upgrade() else { return };
        let (clock, closing, timers) = (here.app.clock.clone(), here.app.closing.clone(), Arc::clone(&here.timers));
        let next = match fire_due(&here).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(tenant = %here.cell.tenant(), error = format!("{error:#}"), "due timers could not be read");
                Some(clock.now().after(Duration::from_secs(5)))
            }
        };
        drop(here);
        let soon = async {
            match next {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = soon => {}
            () = changed(&timers) => {}
            () = closing.cancelled() => return,
        }
    }
}

/// Resolves when a timer was set, or after a while, so that a business that is no longer here is let go.
async fn changed(timers: &Notify) {
    drop(tokio::time::timeout(Duration::from_secs(30), timers.notified()).await);
}

async fn fire_due(business: &Arc<Business>) -> anyhow::Result<Option<Time>> {
    if !business.is_owner() || !business.app.jobs {
        return Ok(None);
    }
    loop {
        let now = business.app.clock.now();
        let due = business.cell.read().await?.timers().due(now, 100).await?;
        if due.is_empty() {
            break;
        }
        for timer in due {
            let mut write = business.cell.write().await?;
            write.as_owner().await?;
            write.fire(&timer, business.app.clock.id(), now).await?;
            write.commit().await?;
        }
    }
    Ok(business.cell.read().await?.timers().next().await?)
}
