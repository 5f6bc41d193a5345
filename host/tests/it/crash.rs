//! A relevo process that is killed at every point of a message's way, while several customers talk to it: what was acknowledged is not
//! lost, nothing is done or said twice.
//!
//! `RELEVO_CRASH_RUNS` is how often each point is tried on each engine; `RELEVO_CRASH_SEED` tries one run alone, again.

mod dialogue;
mod invariants;
mod place;
mod process;
mod run;

use std::{env, fmt, time::Duration};

use anyhow::Context;
use rand::{Rng, SeedableRng, rngs::StdRng};
use relevo_testbed::graph::{Stage, StatusPlan};

use place::Engine;

/// Runs of each point and engine, where nobody says otherwise.
const RUNS: u64 = 10;

/// Where the process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    /// It ends itself when it passes a point of `relevo_model::fault`; passed so many times in a run at least.
    Passing(&'static str, u32),
    /// The provider kills it when one of its requests has come so far.
    Sending(Stage),
    /// Somebody kills it when some time has passed.
    AnyMoment,
}

/// One run, determined by its point, its engine and its seed.
#[derive(Clone)]
struct Plan {
    name: &'static str,
    engine: Engine,
    point: Point,
    seed: u64,
    /// It is killed at this time of passing the point, or after so many milliseconds.
    nth: u32,
    /// The process that comes after it is killed there too.
    again: Option<u32>,
    /// What the provider tells of each message; none where nobody ever tells.
    statuses: Option<StatusPlan>,
    /// Waits until the last message is settled, also those whose fate nobody knows.
    patient: bool,
    /// The dead process's lease is not ended by the operator: it has to expire.
    waits_for_lease: bool,
}

impl Plan {
    fn new(name: &'static str, engine: Engine, point: Point, seed: u64) -> Self {
        let text = format!("{name} {engine} {seed}");
        let mut random = StdRng::seed_from_u64(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)));
        let ambiguous = matches!(point, Point::Sending(_) | Point::Passing("after_claim" | "after_send" | "before_mark", _));
        let patient = ambiguous && seed.is_multiple_of(10);
        let untold = patient && !matches!(point, Point::Sending(Stage::HalfBody) | Point::Passing("after_claim", _));
        let statuses = [
            StatusPlan::normal().together(),
            StatusPlan::normal().together().before_answer(),
            StatusPlan::reversed().together(),
            StatusPlan::duplicated(),
            StatusPlan::without_delivered().first_before_answer(1),
        ];
        let statuses = statuses[random.random_range(0..statuses.len())].clone();
        Self {
            name,
            engine,
            point,
            seed,
            nth: match point {
                Point::Passing(_, most) => random.random_range(1..=most),
                Point::Sending(_) => random.random_range(1..=24),
                Point::AnyMoment => random.random_range(1..=250),
            },
            again: (!patient && random.random_bool(0.3)).then(|| random.random_range(1..=3)),
            statuses: (!untold).then_some(statuses),
            patient,
            waits_for_lease: engine == Engine::Postgres && point == Point::AnyMoment && seed % 10 == 1,
        }
    }

    /// How long until all is settled, at most.
    fn patience(&self) -> Duration {
        Duration::from_secs(30 + if self.patient { 25 } else { 0 } + if self.waits_for_lease { 25 } else { 0 })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.engine, self.name, self.seed)
    }
}

/// What happened in runs that broke nothing.
#[derive(Default)]
struct Tally {
    runs: usize,
    kills: usize,
    /// Replies whose fate no status told.
    in_doubt: usize,
    /// Of those: sent again, though they had left.
    twice: usize,
    /// Of those: left to a person.
    given_up: usize,
}

impl Tally {
    fn add(&mut self, run: Self) {
        self.runs += run.runs;
        self.kills += run.kills;
        self.in_doubt += run.in_doubt;
        self.twice += run.twice;
        self.given_up += run.given_up;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, kills, in_doubt, twice, given_up } = self;
        write!(f, "{runs} runs with {kills} kills held; {in_doubt} replies were in doubt, {twice} of them left twice, {given_up} were left to a person")
    }
}

/// Tries a point so many times; fails with everything that was broken.
async fn survives(name: &'static str, engine: Engine, point: Point) {
    let seeds = match number("RELEVO_CRASH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RELEVO_CRASH_RUNS").unwrap_or(RUNS),
    };
    let template = place::template(engine).await.expect("a place for the runs");
    let mut tally = Tally::default();
    let runs: Vec<_> = seeds.map(|seed| tokio::spawn(run::run(Plan::new(name, engine, point, seed), template.clone()))).collect();
    let mut broken = Vec::new();
    for run in runs {
        match run.await.context("a run panicked").and_then(|ran| ran) {
            Ok(run) => tally.add(run),
            Err(error) => broken.push(format!("{error:#}")),
        }
    }
    println!("{engine}, {name}: {tally}");
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, not a number")))
}

macro_rules! points {
    ($($name:ident at $point:expr;)+) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                survives(stringify!($name), Engine::Sqlite, $point).await;
            })+
        }

        mod postgres {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                survives(stringify!($name), Engine::Postgres, $point).await;
            })+
        }
    };
}

// In the order of a message's way.
points! {
    killed_before_the_inbox_commits at Point::Passing("before_receive", 20);
    killed_before_it_acknowledges at Point::Passing("after_receive", 20);
    killed_after_the_plugin_answered at Point::Passing("after_plugin", 20);
    killed_inside_the_commit_of_the_effects at Point::Passing("inside_finish", 20);
    killed_between_the_stock_and_the_order at Point::Passing("inside_order", 2);
    killed_before_the_effects_commit at Point::Passing("before_finish", 20);
    killed_after_the_effects_committed at Point::Passing("after_finish", 20);
    killed_before_a_message_is_claimed at Point::Passing("before_claim", 24);
    killed_when_a_message_is_claimed_and_not_sent at Point::Passing("after_claim", 24);
    killed_when_a_request_is_half_written at Point::Sending(Stage::HalfBody);
    killed_when_the_provider_accepted_and_did_not_answer at Point::Sending(Stage::Accepted);
    killed_when_the_provider_answered at Point::Passing("after_send", 24);
    killed_before_it_marks_a_message_as_sent at Point::Passing("before_mark", 24);
    killed_after_it_marked_a_message_as_sent at Point::Passing("after_mark", 24);
    killed_at_any_moment at Point::AnyMoment;
}
