//! One run: everybody talks, the process is killed, comes back, and in the end all must be as if nothing had happened.

use std::{
    collections::HashSet,
    os::unix::process::ExitStatusExt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use relevo_model::OutboxState;
use relevo_store::Store;
use relevo_testbed::{
    clock::monotonic_ns,
    graph::{FakeGraph, GraphOptions, Next},
};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    Plan, Point, Tally,
    dialogue::{self, Said},
    invariants,
    place::{Place, Template},
    process::{Process, free_address},
};

/// Runs that work at a time, and patient ones that wait at a time.
static WORKING: Semaphore = Semaphore::const_new(3);
static WAITING: Semaphore = Semaphore::const_new(8);

/// The signals that end a process here.
const ABORTED: i32 = 6;
const KILLED: i32 = 9;
/// About as many milliseconds as a process needs to listen.
const STARTS: u64 = 60;

/// Between two looks at something that will be so before long.
const LOOK: Duration = Duration::from_millis(10);

/// Fails with the plan, what was broken, and where the data are kept.
pub async fn run(plan: Plan, template: Arc<Template>) -> Result<Tally> {
    let _waiting = if plan.patient || plan.waits_for_lease { Some(WAITING.acquire().await?) } else { None };
    let working = WORKING.acquire().await?;
    let place = Place::copy_of(&template.0, plan.engine, &plan.to_string()).await.context("no place for a run")?;
    let mut scene = Scene { plan: &plan, place: &place, working: Some(working), store: None, deaths: Vec::new() };
    match scene.play().await {
        Ok(tally) => place.remove().await.map(|()| tally),
        Err(error) => Err(error.context(format!(
            "{plan} ({:?}, time {}, then {:?}) broke; its data are kept in {}{}; again: RELEVO_CRASH_SEED={}",
            plan.point,
            plan.nth,
            plan.again,
            place.folder.display(),
            place.database.as_ref().map_or(String::new(), |name| format!(" and in the database {name}")),
            plan.seed
        ))),
    }
}

struct Scene<'a> {
    plan: &'a Plan,
    place: &'a Place,
    working: Option<tokio::sync::SemaphorePermit<'static>>,
    /// The data, seen from here while the process runs.
    store: Option<Store>,
    /// When each process had ended, by the machine's monotonic clock.
    deaths: Vec<u64>,
}

impl Scene<'_> {
    async fn play(&mut self) -> Result<Tally> {
        let before = invariants::Before::prepare(&self.place.open().await?).await?;
        let listen = free_address()?;
        let webhook = format!("http://{listen}/webhook");
        let graph = FakeGraph::start(GraphOptions {
            log: Some(self.place.folder.join("graph.ndjson")),
            webhook: Some(webhook.clone()),
            statuses: self.plan.statuses.clone().unwrap_or_default(),
            seed: self.plan.seed,
            ..GraphOptions::default()
        })?;
        let mut talk = Talk::Goes(tokio::spawn(dialogue::talk(webhook.clone(), dialogue::cast(before.product(), self.plan.seed), self.plan.seed)));
        let end = Instant::now() + self.plan.patience();
        let process = loop {
            let process = Process::start(self.place, listen, Some(&graph.url()), self.kill_at())?;
            self.arm(&graph, &process);
            if self.watch(&process, &graph, &mut talk, end).await? && self.repeats(&process, &graph, &talk, &webhook, end).await? {
                break process;
            }
            graph.clear_hook();
            self.store = None;
            self.deaths.push(monotonic_ns());
            if !self.plan.waits_for_lease {
                self.place.end_leases().await?;
            }
        };
        ensure!(!self.deaths.is_empty(), "the point was not passed so often: nothing was killed");
        drop(process);
        let Talk::Ended(said) = &talk else { bail!("settled before everything was said") };

        let (broken, tally) =
            invariants::Run { before, said, log: graph.log(), told: self.plan.statuses.is_some(), patient: self.plan.patient, deaths: &self.deaths }
                .broken(&self.place.open().await?)
                .await?;
        ensure!(broken.is_empty(), "{}", broken.join("\n"));
        Ok(tally)
    }

    fn kill_at(&self) -> Option<String> {
        let times = match self.deaths.len() {
            0 => self.plan.nth,
            1 => self.plan.again?,
            _ => return None,
        };
        match self.plan.point {
            Point::Passing(point, _) => Some(format!("{point}:{times}")),
            Point::Sending(_) | Point::AnyMoment => None,
        }
    }

    /// Lets the provider, or the clock, kill the first process.
    fn arm(&self, graph: &FakeGraph, process: &Process) {
        let (killer, nth) = (process.killer(), self.plan.nth);
        match self.plan.point {
            _ if !self.deaths.is_empty() => {}
            Point::Passing(..) => {}
            Point::Sending(stage) => {
                let seen = AtomicU32::new(0);
                graph.on_request(move |moment| {
                    if moment.stage != stage || !moment.is_message() || seen.fetch_add(1, Ordering::SeqCst) + 1 != nth {
                        return Next::Go;
                    }
                    killer.kill();
                    Next::Cut
                });
            }
            Point::AnyMoment => drop(tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(u64::from(nth) + STARTS)).await;
                killer.kill();
            })),
        }
    }

    /// Waits until the process was killed (false) or everything is settled (true).
    async fn watch(&mut self, process: &Process, graph: &FakeGraph, talk: &mut Talk, end: Instant) -> Result<bool> {
        loop {
            if was_killed(process)? {
                return Ok(false);
            }
            talk.look().await?;
            let may_end = self.plan.point != Point::AnyMoment || !self.deaths.is_empty();
            if may_end && matches!(talk, Talk::Ended(_)) && process.is_ready()? {
                if self.plan.patient || self.plan.waits_for_lease {
                    // Little is done from here on but waiting.
                    self.working = None;
                }
                if self.is_settled(graph).await? {
                    return Ok(true);
                }
            }
            ensure!(Instant::now() < end, "not settled after {:?}: {}", self.plan.patience(), self.unsettled(graph).await?);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Says everything again, and waits until that is settled too; false when the process was killed meanwhile. One that is to end after a commit ends when others
    /// see already what was committed: all may look settled then.
    async fn repeats(&mut self, process: &Process, graph: &FakeGraph, talk: &Talk, webhook: &str, end: Instant) -> Result<bool> {
        let Talk::Ended(said) = talk else { bail!("settled before everything was said") };
        let mut repeated = pin!(dialogue::repeat(webhook, said));
        let mut taken = false;
        while !taken || !self.is_settled(graph).await? {
            if was_killed(process)? {
                ensure!(self.kill_at().is_some(), "relevo ended after all was settled");
                return Ok(false);
            }
            if taken {
                ensure!(Instant::now() < end, "not settled after everything was sent again: {}", self.unsettled(graph).await?);
                tokio::time::sleep(LOOK).await;
            } else if let Ok(sent) = tokio::time::timeout(LOOK, &mut repeated).await {
                sent?;
                taken = true;
            }
        }
        Ok(true)
    }

    async fn is_settled(&mut self, graph: &FakeGraph) -> Result<bool> {
        Ok(self.unsettled(graph).await?.is_empty())
    }

    /// What still goes on, in words; nothing when all is settled. A message whose fate nobody knows holds up those behind it for 20 s:
    /// whoever is not patient takes that for settled, unless the provider has it, for then a status comes.
    async fn unsettled(&mut self, graph: &FakeGraph) -> Result<String> {
        let store = match &self.store {
            Some(store) => store,
            None => self.store.insert(self.place.open().await?),
        };
        let accepted: HashSet<String> = graph.log().into_iter().filter_map(|entry| entry.data).collect();
        for tenant in store.platform().tenants().await? {
            let mut read = store.cell(&tenant.id).await?.read().await?;
            if let Some(turn) = read.turns().pending(None, 1).await?.first() {
                return Ok(format!("turn {} of {} is pending, tried {} times", turn.id, tenant.slug, turn.attempts));
            }
            let mut held_up = HashSet::new();
            for row in read.outbox().waiting(None, 1_000).await? {
                let unknown = row.state == OutboxState::Uncertain && !accepted.contains(row.message.as_str());
                if unknown && !self.plan.patient && !self.deaths.is_empty() {
                    held_up.insert(row.conversation);
                }
                if !held_up.contains(&row.conversation) {
                    return Ok(format!("message {} of {} is {}, tried {} times", row.message, tenant.slug, row.state, row.attempts));
                }
            }
        }
        match tokio::time::timeout(LOOK, graph.statuses_settled()).await {
            Ok(0) => Ok(String::new()),
            Ok(lost) => Ok(format!("{lost} statuses were never taken")),
            Err(_) => Ok("statuses are on their way".to_owned()),
        }
    }
}

fn was_killed(process: &Process) -> Result<bool> {
    let ended = process.ended()?;
    ensure!(ended.is_none_or(|status| matches!(status.signal(), Some(ABORTED | KILLED))), "relevo ended by itself: {ended:?}");
    Ok(ended.is_some())
}

/// What everybody says, while they say it and after.
enum Talk {
    Goes(JoinHandle<Result<Vec<Said>>>),
    Ended(Vec<Said>),
}

impl Talk {
    async fn look(&mut self) -> Result<()> {
        if let Self::Goes(talk) = self
            && talk.is_finished()
        {
            *self = Self::Ended(talk.await??);
        }
        Ok(())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        if let Self::Goes(talk) = self {
            talk.abort();
        }
    }
}
