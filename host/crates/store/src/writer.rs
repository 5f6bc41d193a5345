//! The one writer of a cell: takes all that waits, runs each kind as one statement over many rows, commits once, answers everybody.

mod parked;
mod turns;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, Weak},
    thread,
    time::{Duration, Instant},
};

use futures::FutureExt;
use relevo_model::{TenantId, fault};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, warn};

use crate::{
    Error, Notice, Result,
    base::Base,
    hot::{self, Answer, Command},
    sql::{Engine, Hot, On},
};

/// Commands that share a commit at most; more would make the first wait for the last.
const GROUP: usize = 64;
/// How often a message is taken in anew when another node's write stands in its way.
const TRIES: u32 = 5;
/// How long what nobody waits for is kept back for company at most.
const LINGERS: Duration = Duration::from_millis(3);

pub(crate) enum Job {
    Command(Command, oneshot::Sender<Result<Answer>>),
    /// Somebody wants a connection for a transaction of his own, and nothing to be written meanwhile.
    Lend(oneshot::Sender<Result<Lent>>),
    /// Nobody came for a while: what is open is closed.
    Rest,
}

/// A connection to the file in a begun transaction; to be given back with whether it was committed.
pub(crate) struct Lent {
    pub conn: SqliteConnection,
    pub back: oneshot::Sender<(SqliteConnection, bool)>,
}

type Waiting = (Command, oneshot::Sender<Result<Answer>>);

/// The connections that the writer has open.
#[derive(Default)]
struct Held {
    hot: Option<Hot>,
    /// To a file, for whoever wants a transaction of his own.
    lent: Option<SqliteConnection>,
}

/// Waits for something to do, and sees that it is done: on a file by a thread, which may wait for the disk and hands on nothing. It ends when nothing came for
/// a while.
pub(crate) async fn run(base: Weak<Base>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        if matches!(job, Job::Rest) {
            continue;
        }
        let Some(on_file) = base.upgrade().map(|base| !base.is_postgres()) else { return };
        let worked = if on_file { work_apart(base.clone(), jobs, job).await } else { work(base.clone(), jobs, job).await };
        let Some(back) = worked else { return };
        jobs = back;
    }
}

type Task = (mpsc::Receiver<Job>, Job, oneshot::Sender<Option<mpsc::Receiver<Job>>>);

async fn work_apart(base: Weak<Base>, jobs: mpsc::Receiver<Job>, first: Job) -> Option<mpsc::Receiver<Job>> {
    let (done, ended) = oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    // Where there can be no further thread, whoever waits is told, and the next job tries again.
    let task: Arc<Mutex<Option<Task>>> = Arc::new(Mutex::new(Some((jobs, first, done))));
    let take = |task: &Mutex<Option<Task>>| task.lock().expect("nothing panics while it holds the task").take();
    let theirs = Arc::clone(&task);
    let started = thread::Builder::new().name("cell-writer".into()).spawn(move || {
        let _runtime = runtime.enter();
        if let Some((jobs, first, done)) = take(&theirs) {
            drop(done.send(futures::executor::block_on(work(base, jobs, first))));
        }
    });
    if let Err(error) = started {
        let (jobs, first, _) = take(&task)?;
        first.fail(&Error::Unavailable(format!("no thread to write with: {error}")));
        return Some(jobs);
    }
    ended.await.ok()?
}

/// Serves until it is told to rest; gives back what it is told by, unless the cell is gone.
async fn work(base: Weak<Base>, mut jobs: mpsc::Receiver<Job>, first: Job) -> Option<mpsc::Receiver<Job>> {
    let mut held = Held::default();
    let mut first = Some(first);
    loop {
        let job = match first.take() {
            Some(job) => job,
            None => jobs.recv().await?,
        };
        let base = base.upgrade()?;
        let after = if matches!(job, Job::Command(..)) {
            let mut group = Vec::new();
            let mut after = gather(&mut jobs, Some(job), &mut group);
            if after.is_none() && group.iter().all(|(command, _)| command.may_linger()) {
                after = linger(&base, &mut jobs, &mut group).await;
            }
            let hot = connected(&base, held.hot.take()).await;
            let _turn = if matches!(hot, Ok(Hot::Direct(_))) { turns::wait() } else { None };
            if after.is_none() {
                after = gather(&mut jobs, None, &mut group);
            }
            held.hot = match hot {
                Ok(hot) => serve_guarded(&base, hot, group).await,
                Err(error) => {
                    warn!(%error, "cannot open a cell for writing");
                    group.into_iter().for_each(|(command, reply)| Job::Command(command, reply).fail(&error));
                    None
                }
            };
            after
        } else {
            Some(job)
        };
        match after {
            Some(Job::Lend(ask)) => held.lent = lend_out(&base, held.lent.take(), ask).await,
            Some(Job::Rest) => {
                held.rest(&base).await;
                return Some(jobs);
            }
            Some(Job::Command(..)) | None => {}
        }
        if matches!(held.hot, Some(Hot::Postgres(_))) && jobs.is_empty() {
            held.rest(&base).await;
        }
    }
}

impl Held {
    async fn rest(&mut self, base: &Base) {
        if let Some(hot) = self.hot.take() {
            base.rest_hot(hot);
        }
        if let Some(lent) = self.lent.take() {
            drop(lent.close().await);
        }
    }
}

impl Job {
    fn fail(self, error: &Error) {
        match self {
            Self::Command(_, reply) => drop(reply.send(Err(copy(error)))),
            Self::Lend(ask) => drop(ask.send(Err(copy(error)))),
            Self::Rest => {}
        }
    }
}

/// Takes what waits, up to what is no command.
fn gather(jobs: &mut mpsc::Receiver<Job>, first: Option<Job>, group: &mut Vec<Waiting>) -> Option<Job> {
    let mut next = first;
    while group.len() < GROUP {
        match next.take().or_else(|| jobs.try_recv().ok())? {
            Job::Command(command, reply) => group.push((command, reply)),
            other => return Some(other),
        }
    }
    None
}

/// Waits until something comes that has to be written at once, or for long enough.
async fn linger(base: &Base, jobs: &mut mpsc::Receiver<Job>, group: &mut Vec<Waiting>) -> Option<Job> {
    let deadline = Instant::now() + LINGERS;
    while group.len() < GROUP {
        let next = if base.is_postgres() { tokio::time::timeout_at(deadline.into(), jobs.recv()).await.ok() } else { parked::until(deadline, jobs.recv()) };
        match next.flatten()? {
            Job::Command(command, reply) => {
                let lingers = command.may_linger();
                group.push((command, reply));
                if !lingers {
                    return gather(jobs, None, group);
                }
            }
            other => return Some(other),
        }
    }
    None
}

async fn connected(base: &Arc<Base>, hot: Option<Hot>) -> Result<Hot> {
    match hot {
        Some(hot) => Ok(hot),
        None => {
            base.ready().await?;
            base.connect_hot().await
        }
    }
}

/// A panic costs its group its answer and the connection its trust, and not the cell its writer.
async fn serve_guarded(base: &Arc<Base>, hot: Hot, group: Vec<Waiting>) -> Option<Hot> {
    AssertUnwindSafe(serve(base, hot, group)).catch_unwind().await.unwrap_or_else(|_| {
        error!(tenant = ?base.tenant, "the writer of a cell panicked; whoever waited is not acknowledged");
        None
    })
}

/// Serves a group and gives the connection back, unless it can no longer be trusted.
async fn serve(base: &Arc<Base>, mut conn: Hot, group: Vec<Waiting>) -> Option<Hot> {
    let (commands, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    // What touches more than the usual rows has a commit of its own: its conflict must not undo its neighbours.
    let mut trusted = true;
    let (mut alone, together): (Vec<_>, Vec<_>) = commands.into_iter().zip(replies).partition(|(command, _)| command.stands_alone());
    if !together.is_empty() {
        let (commands, replies): (Vec<_>, Vec<_>) = together.into_iter().unzip();
        match transaction(base, &mut conn, &commands).await {
            Ok((answers, notices)) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever asked may have gone away; what it asked for is done all the same.
                    drop(reply.send(Ok(answer)));
                }
                (base.notify)(notices);
            }
            Err(error @ Error::Unavailable(_)) => {
                warn!(%error, members = commands.len(), "a commit failed; nobody in it is acknowledged");
                for reply in replies.into_iter().chain(alone.into_iter().map(|(_, reply)| reply)) {
                    drop(reply.send(Err(copy(&error))));
                }
                return None;
            }
            Err(error) => {
                debug!(%error, members = commands.len(), "a group failed; its members run singly");
                alone.splice(0..0, commands.into_iter().zip(replies));
            }
        }
    }
    for (command, reply) in alone {
        trusted &= singly(base, &mut conn, command, reply).await;
    }
    trusted.then_some(conn)
}

fn copy(error: &Error) -> Error {
    match error {
        Error::Conflict(what) => Error::Conflict(what.clone()),
        Error::NotOwner(tenant) => Error::NotOwner(*tenant),
        Error::Ended(turn) => Error::Ended(*turn),
        Error::Unavailable(why) => Error::Unavailable(why.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}

/// Runs one command in a commit of its own; false when the connection can no longer be trusted.
async fn singly(base: &Arc<Base>, conn: &mut Hot, command: Command, reply: oneshot::Sender<Result<Answer>>) -> bool {
    let mut tries = 1;
    loop {
        match transaction(base, conn, std::slice::from_ref(&command)).await {
            Ok((mut answers, notices)) => {
                drop(reply.send(Ok(answers.remove(0))));
                (base.notify)(notices);
                return true;
            }
            // Another node made the same customer in between: to a fresh look he is known.
            Err(Error::Conflict(_)) if matches!(command, Command::Receive(_)) && tries < TRIES => tries += 1,
            Err(error) => {
                let trusted = !matches!(error, Error::Unavailable(_));
                drop(reply.send(Err(error)));
                return trusted;
            }
        }
    }
}

async fn transaction(base: &Arc<Base>, conn: &mut Hot, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Notice>)> {
    if matches!(conn, Hot::Postgres(_)) { run!(conn, "BEGIN") } else { run!(conn, "BEGIN IMMEDIATE") }?;
    let applied = apply(base, conn, commands).await;
    let done = match applied {
        Ok(done) => {
            points(commands, "before");
            run!(conn, "COMMIT").map(|_| done)
        }
        Err(error) => Err(error),
    };
    match &done {
        Ok(_) => points(commands, "after"),
        // After an error SQLite may have rolled back by itself; then this says so, and that is all the same.
        Err(_) => drop(run!(conn, "ROLLBACK")),
    }
    done
}

async fn apply(base: &Arc<Base>, conn: &mut Hot, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Notice>)> {
    let tenant = base.tenant.expect("only a cell is sent commands");
    let fence = *base.fence.lock().expect("nothing panics while it holds the fence");
    if let Some(epoch) = fence
        && commands.iter().any(Command::is_owners)
    {
        hold_lease(conn, &tenant, epoch).await?;
    }
    if commands.iter().any(|command| !command.is_owners()) {
        keep_awake(conn, &tenant).await?;
    }
    hot::apply(conn, commands).await
}

/// On Postgres any node may write: the platform knows that the cell is awake in the same transaction, and no owner can put it to rest before
/// this has ended.
pub(crate) async fn keep_awake(conn: &mut impl Engine, tenant: &TenantId) -> Result<()> {
    if !matches!(conn.on(), On::Postgres(_)) {
        return Ok(());
    }
    // Only a row that is awake is held: two that held it asleep could not both wake it.
    const HOLD: &str = "SELECT awake FROM relevo_platform.tenants WHERE id = $1 AND awake FOR SHARE";
    if tuple!(conn, (bool,), HOLD, tenant.as_str())?.is_some() {
        return Ok(());
    }
    match run!(conn, "UPDATE relevo_platform.tenants SET awake = TRUE WHERE id = $1", tenant.as_str())? {
        0 => Err(Error::NoTenant(tenant.to_string())),
        _ => Ok(()),
    }
}

/// Fails unless the lease still has this epoch; no other node can take it until the transaction ends.
pub(crate) async fn hold_lease(conn: &mut impl Engine, tenant: &TenantId, epoch: i64) -> Result<()> {
    const HOLD: &str = "SELECT epoch FROM relevo_platform.leases WHERE tenant_id = $1 AND epoch = $2 FOR SHARE";
    match tuple!(conn, (i64,), HOLD, tenant.as_str(), epoch)? {
        Some(_) => Ok(()),
        None => Err(Error::NotOwner(*tenant)),
    }
}

/// Where a crash test may end the process, around the commit of each kind.
fn points(commands: &[Command], side: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    for command in commands {
        fault::point(&format!("{side}_{}", command.name()));
    }
}

/// Gives a connection away until its transaction ended; none when it can no longer be trusted.
async fn lend_out(base: &Base, conn: Option<SqliteConnection>, ask: oneshot::Sender<Result<Lent>>) -> Option<SqliteConnection> {
    let mut conn = match begin(base, conn).await {
        Ok(conn) => conn,
        Err(error) => {
            drop(ask.send(Err(error)));
            return None;
        }
    };
    let (back, returned) = oneshot::channel();
    if ask.send(Ok(Lent { conn, back })).is_err() {
        // Nobody waits any more; closing the connection rolls back.
        return None;
    }
    let committed;
    (conn, committed) = returned.await.ok()?;
    if !committed && sqlx::query("ROLLBACK").execute(&mut conn).await.is_err() {
        return None;
    }
    Some(conn)
}

async fn begin(base: &Base, conn: Option<SqliteConnection>) -> Result<SqliteConnection> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => base.open_sqlite(false).await?,
    };
    sqlx::query("BEGIN IMMEDIATE").execute(&mut conn).await?;
    Ok(conn)
}
