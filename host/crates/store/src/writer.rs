//! The one writer of a cell: takes all that waits, runs each kind as one statement over many rows, commits once, answers everybody.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};

use futures::FutureExt;
use relevo_model::{TenantId, fault};
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, warn};

use crate::{
    Error, Notice, Result,
    base::Base,
    hot::{self, Answer, Command},
    sql::Conn,
};

/// Commands that share a commit at most; more would make the first wait for the last.
const GROUP: usize = 64;
/// How often a message is taken in anew when another node's write stands in its way.
const TRIES: u32 = 5;
/// How long the connection of an idle SQLite cell stays open; a Postgres one goes back to rest at once.
const UNUSED: Duration = Duration::from_secs(30);

pub(crate) enum Job {
    Command(Command, oneshot::Sender<Result<Answer>>),
    /// Somebody wants the connection for a transaction of his own.
    Lend(oneshot::Sender<Result<Lent>>),
}

/// The writer's connection in a begun transaction; to be given back with whether it was committed.
pub(crate) struct Lent {
    pub conn: SqliteConnection,
    pub back: oneshot::Sender<(SqliteConnection, bool)>,
}

type Waiting = (Command, oneshot::Sender<Result<Answer>>);

pub(crate) async fn run(base: Weak<Base>, mut jobs: mpsc::Receiver<Job>) {
    let mut held: Option<Conn> = None;
    loop {
        let job = match &held {
            Some(_) => match tokio::time::timeout(UNUSED, jobs.recv()).await {
                Ok(job) => job,
                Err(_) => {
                    if let (Some(base), Some(conn)) = (base.upgrade(), held.take()) {
                        base.give_back(conn).await;
                    }
                    continue;
                }
            },
            None => jobs.recv().await,
        };
        let (Some(job), Some(base)) = (job, base.upgrade()) else { break };
        let mut group = Vec::new();
        let lend = gather(&mut jobs, job, &mut group);
        if held.is_none() {
            held = match connect(&base).await {
                Ok(conn) => Some(conn),
                Err(error) => {
                    fail(group, lend, &error);
                    continue;
                }
            };
        }
        if !group.is_empty() {
            // A panic costs its group its answer and the connection its trust, and not the cell its writer.
            let served = AssertUnwindSafe(serve(&base, held.take().expect("connected above"), group)).catch_unwind().await;
            held = served.unwrap_or_else(|_| {
                error!(tenant = ?base.tenant, "the writer of a cell panicked; whoever waited is not acknowledged");
                None
            });
        }
        if let Some(ask) = lend {
            held = match held.take() {
                Some(Conn::Sqlite(conn)) => lend_out(conn, ask).await,
                other => other,
            };
        }
        if matches!(held, Some(Conn::Postgres(_)))
            && jobs.is_empty()
            && let Some(conn) = held.take()
        {
            base.give_back(conn).await;
        }
    }
}

/// Takes what waits, up to somebody who wants the connection for himself.
fn gather(jobs: &mut mpsc::Receiver<Job>, first: Job, group: &mut Vec<Waiting>) -> Option<oneshot::Sender<Result<Lent>>> {
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Command(command, reply) => group.push((command, reply)),
            Job::Lend(ask) => return Some(ask),
        }
        next = if group.len() < GROUP { jobs.try_recv().ok() } else { None };
    }
    None
}

async fn connect(base: &Arc<Base>) -> Result<Conn> {
    base.ready().await?;
    base.connect().await
}

fn fail(group: Vec<Waiting>, lend: Option<oneshot::Sender<Result<Lent>>>, error: &Error) {
    warn!(%error, "cannot open a cell for writing");
    for (_, reply) in group {
        drop(reply.send(Err(copy(error))));
    }
    if let Some(ask) = lend {
        drop(ask.send(Err(copy(error))));
    }
}

/// Serves a group and gives the connection back, unless it can no longer be trusted.
async fn serve(base: &Arc<Base>, mut conn: Conn, group: Vec<Waiting>) -> Option<Conn> {
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
async fn singly(base: &Arc<Base>, conn: &mut Conn, command: Command, reply: oneshot::Sender<Result<Answer>>) -> bool {
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

async fn transaction(base: &Arc<Base>, conn: &mut Conn, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Notice>)> {
    if conn.is_postgres() { run!(conn, "BEGIN") } else { run!(conn, "BEGIN IMMEDIATE") }?;
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

async fn apply(base: &Arc<Base>, conn: &mut Conn, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Notice>)> {
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
pub(crate) async fn keep_awake(conn: &mut Conn, tenant: &TenantId) -> Result<()> {
    if !conn.is_postgres() {
        return Ok(());
    }
    // Only a row that is awake is held: two that held it asleep could not both wake it.
    const HOLD: &str = "SELECT awake FROM relevo_platform.tenants WHERE id = $1 AND awake FOR SHARE";
    if one!(conn, (bool,), HOLD, tenant.as_str())?.is_some() {
        return Ok(());
    }
    match run!(conn, "UPDATE relevo_platform.tenants SET awake = TRUE WHERE id = $1", tenant.as_str())? {
        0 => Err(Error::NoTenant(tenant.to_string())),
        _ => Ok(()),
    }
}

/// Fails unless the lease still has this epoch; no other node can take it until the transaction ends.
pub(crate) async fn hold_lease(conn: &mut Conn, tenant: &TenantId, epoch: i64) -> Result<()> {
    const HOLD: &str = "SELECT epoch FROM relevo_platform.leases WHERE tenant_id = $1 AND epoch = $2 FOR SHARE";
    match one!(conn, (i64,), HOLD, tenant.as_str(), epoch)? {
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

async fn lend_out(mut conn: SqliteConnection, ask: oneshot::Sender<Result<Lent>>) -> Option<Conn> {
    if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut conn).await {
        drop(ask.send(Err(error.into())));
        return None;
    }
    let (back, returned) = oneshot::channel();
    let Ok(()) = ask.send(Ok(Lent { conn, back })).map_err(|lent| {
        // Nobody waits any more; closing the connection rolls back.
        drop(lent);
    }) else {
        return None;
    };
    let (mut conn, committed) = returned.await.ok()?;
    if !committed && sqlx::query("ROLLBACK").execute(&mut conn).await.is_err() {
        return None;
    }
    Some(Conn::Sqlite(conn))
}
