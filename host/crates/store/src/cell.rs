//! One tenant's own database, and what its owner is told after each commit.

use std::sync::{Arc, Mutex};

use relevo_model::{ConversationId, MessageId, TenantId, Time};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, oneshot};

use crate::{
    Error, PendingTurn, Platform, Read, Result, TurnContext, Waiting, Write,
    base::Base,
    conversations,
    hot::{Answer, Arrival, Claim, Command, Finished, Mark, Received, TurnCommit, storable},
    keys::{Key, Place},
    writer::Job,
};

/// What follows a commit. It is told once, after the commit, by whoever committed.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A turn waits.
    Turn(Box<PendingTurn>),
    /// A message waits to be sent.
    Outbox(Box<Waiting>),
    /// A message whose fate was unknown is settled.
    Settled(ConversationId, MessageId),
    /// A timer is due then.
    Timer(Time),
    /// Something that people see of this conversation changed.
    Conversation(ConversationId),
    /// Service points, channels or plugins changed.
    Config,
}

/// A handle on one tenant's database. Cheap to clone; connections open on demand and close when unused.
#[derive(Clone)]
pub struct Cell(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    key: Key,
    platform: Platform,
    /// Whether the platform knows that this cell may have something to do.
    /// Held for reading by every write, so that resting cannot overlook one.
    awake: Arc<RwLock<bool>>,
    listener: Arc<Mutex<Option<Listener>>>,
}

pub(crate) type Listener = Arc<dyn Fn(Vec<Notice>) + Send + Sync>;

impl Cell {
    pub(crate) fn new(base: Arc<Base>, key: Key, platform: Platform, listener: Arc<Mutex<Option<Listener>>>) -> Self {
        Self(Arc::new(Inner { base, key, platform, awake: Arc::new(RwLock::new(false)), listener }))
    }

    pub fn tenant(&self) -> TenantId {
        self.0.base.tenant.expect("a cell is a tenant's")
    }

    /// Tells this listener what follows each commit of this process from now on.
    pub fn listen(&self, listener: impl Fn(Vec<Notice>) + Send + Sync + 'static) {
        *self.0.listener.lock().expect("nothing panics while it holds the listener") = Some(Arc::new(listener));
    }

    pub async fn read(&self) -> Result<Read> {
        self.0.base.read().await
    }

    /// What a turn needs to know before a flow is asked.
    pub async fn turn_context(&self, conversation: &ConversationId) -> Result<Option<TurnContext>> {
        match self.0.base.peek(|conn| conversations::peek_context(conn, conversation)).await? {
            Some(found) => Ok(found),
            None => self.read().await?.conversations().context(conversation).await,
        }
    }

    pub async fn write(&self) -> Result<Write> {
        let awake = self.wake().await?;
        let mut write = self.0.base.write().await?;
        write.keep_awake(awake);
        Ok(write)
    }

    /// Migrates, if need be, without doing anything else.
    pub async fn open(&self) -> Result<()> {
        self.0.base.ready().await
    }

    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        self.0.key.seal(&self.tenant(), place, plain)
    }

    pub fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        Ok(self.0.key.open(&self.tenant(), place, sealed)?)
    }

    /// Takes in what a channel told, in one commit; what came before is told as such.
    pub async fn receive(&self, mut arrivals: Vec<Arrival>) -> Result<Vec<Received>> {
        arrivals.iter_mut().for_each(storable::arrival);
        let _awake = self.wake().await?;
        match self.command(Command::Receive(arrivals)).await? {
            Answer::Received(received) => Ok(received),
            _ => unreachable!("a command is answered in kind"),
        }
    }

    /// Ends a turn: all of it, or nothing if the conversation changed hands.
    pub async fn finish(&self, mut commit: TurnCommit) -> Result<Finished> {
        storable::commit(&mut commit);
        match self.command(Command::Finish(Box::new(commit))).await? {
            Answer::Finished(finished) => Ok(finished),
            _ => unreachable!("a command is answered in kind"),
        }
    }

    /// Takes a message for sending; false when it is no longer to be sent.
    pub async fn claim(&self, claim: Claim) -> Result<bool> {
        self.command(Command::Claim(claim)).await?.claimed()
    }

    /// The same for whoever just heard of the message by a notice: the writer, which told, has it with what it writes next, and need not be woken for it.
    /// None where that has no room.
    pub fn claim_ahead(&self, claim: Claim) -> Option<Claiming> {
        let (reply, answer) = oneshot::channel();
        self.0.base.put_now(Job::Command(Command::Claim(claim), reply)).then_some(Claiming(answer))
    }

    /// Notes how a send ended.
    pub async fn mark(&self, mut mark: Mark) -> Result<()> {
        storable::mark(&mut mark);
        match self.command(Command::Mark(Box::new(mark))).await? {
            Answer::Marked => Ok(()),
            _ => unreachable!("a command is answered in kind"),
        }
    }

    async fn command(&self, command: Command) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        self.0.base.put(Job::Command(command, reply)).await?;
        answered(answer).await
    }

    /// Marks the cell awake on the platform before its first write: the platform may over-state, never under-state. On Postgres, where other
    /// nodes write too, that is part of the write itself.
    async fn wake(&self) -> Result<OwnedRwLockReadGuard<bool>> {
        let awake = Arc::clone(&self.0.awake).read_owned().await;
        if *awake || self.0.base.is_postgres() {
            return Ok(awake);
        }
        drop(awake);
        let mut awake = Arc::clone(&self.0.awake).write_owned().await;
        if !*awake {
            self.0.platform.mark_awake(&self.tenant()).await?;
            *awake = true;
        }
        Ok(OwnedRwLockWriteGuard::downgrade(awake))
    }

    /// Tells the platform when this cell next has something to do; the next write wakes it.
    pub async fn rest(&self) -> Result<Option<Time>> {
        let mut awake = self.0.awake.write().await;
        if self.0.base.is_postgres() {
            return self.rest_shared().await;
        }
        let next = self.read().await?.next_due().await?;
        self.0.platform.mark_resting(&self.tenant(), next).await?;
        *awake = false;
        Ok(next)
    }

    /// The same where other nodes write: whoever is writing is waited for, and whoever comes later finds the cell at rest and wakes it.
    async fn rest_shared(&self) -> Result<Option<Time>> {
        const HOLD: &str = "SELECT awake FROM relevo_platform.tenants WHERE id = $1 FOR UPDATE";
        const REST: &str = "UPDATE relevo_platform.tenants SET awake = FALSE, next_due_at = $1 WHERE id = $2";
        let tenant = self.tenant();
        let mut conn = self.0.base.begin_shared().await?;
        one!(&mut conn, (bool,), HOLD, tenant.as_str())?;
        let next = conn.next_due().await?;
        run!(&mut conn, REST, next.map(Time::millis), tenant.as_str())?;
        conn.commit().await?;
        Ok(next)
    }

    /// What every later write as the owner must find in the lease.
    pub fn fence(&self, epoch: Option<i64>) {
        *self.0.base.fence.lock().expect("nothing panics while it holds the fence") = epoch;
    }

    pub(crate) fn base(&self) -> &Arc<Base> {
        &self.0.base
    }
}

/// A claim under way: whoever asked for it has to send the message, should it be his.
pub struct Claiming(oneshot::Receiver<Result<Answer>>);

impl Claiming {
    pub async fn taken(self) -> Result<bool> {
        answered(self.0).await?.claimed()
    }
}

async fn answered(answer: oneshot::Receiver<Result<Answer>>) -> Result<Answer> {
    answer.await.map_err(|_| Error::Unavailable("the writer stopped".into()))?
}
