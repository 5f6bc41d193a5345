//! The live side of a page: what changed, rendered anew from the same partial.

use std::{collections::HashSet, convert::Infallible, time::Duration};

use axum::{
    Extension,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::Stream;
use relevo_model::ConversationId;
use tokio::sync::{
    broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    mpsc,
};
use tokio_stream::wrappers::ReceiverStream;

use super::{Error, desk::Desk, inspector, pages, phones, spot::Spot, view::Update};
use crate::{
    policy::Permission,
    web::{templates, visitor::Visitor},
};

/// How often the clock is shown anew.
const TICK: Duration = Duration::from_secs(20);
/// Updates that wait for a slow reader before rendering waits too.
const AHEAD: usize = 4;

/// Follows a service point until the page is closed or the process ends.
pub async fn follow(visitor: Visitor, spot: Spot, Extension(desk): Extension<Desk>) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let (updates, stream) = mpsc::channel(AHEAD);
    // Watching begins before the first rendering, so that nothing falls between.
    let page = Page { conversations: spot.business.watch(), changed: desk.watch(), visitor, spot, desk, updates };
    tokio::spawn(page.run());
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Page {
    visitor: Visitor,
    spot: Spot,
    desk: Desk,
    conversations: Receiver<ConversationId>,
    changed: Receiver<()>,
    updates: mpsc::Sender<Result<Event, Infallible>>,
}

/// What is to be rendered.
enum News {
    All,
    Of(HashSet<ConversationId>),
    Clock,
    End,
}

impl Page {
    async fn run(mut self) {
        let mut news = News::All;
        loop {
            // Who logged out, or was taken out, sees nothing more on a page that stayed open.
            if !self.may_still_look().await {
                return;
            }
            let update = match &news {
                News::All => self.all().await,
                News::Of(changed) => self.of(changed).await,
                News::Clock => Ok(Update { clock: Some(pages::clock(&self.spot)), phones: Vec::new(), inspector: None }),
                News::End => return,
            };
            if let Err(error) = self.send(update).await {
                tracing::error!(error = format!("{error:#}"), "a live page could not be rendered; it is rendered anew when something changes");
            }
            news = self.next().await;
        }
    }

    async fn may_still_look(&self) -> bool {
        match self.spot.app.door.still(&self.spot.member).await {
            Ok(member) => member.is_some_and(|member| member.may(Permission::UseSimulator, Some(self.spot.point.row.id))),
            Err(error) => {
                tracing::error!(%error, "nobody can tell who looks at a live page; it ends, and its browser asks anew");
                false
            }
        }
    }

    async fn next(&mut self) -> News {
        tokio::select! {
            () = self.spot.app.closing.cancelled() => News::End,
            () = self.updates.closed() => News::End,
            first = self.conversations.recv() => match first {
                Ok(first) => self.gather(first),
                Err(RecvError::Lagged(_)) => News::All,
                Err(RecvError::Closed) => News::End,
            },
            _ = self.changed.recv() => News::All,
            () = tokio::time::sleep(TICK) => News::Clock,
        }
    }

    /// One rendering for all that changed meanwhile.
    fn gather(&mut self, first: ConversationId) -> News {
        let mut changed = HashSet::from([first]);
        loop {
            match self.conversations.try_recv() {
                Ok(next) => drop(changed.insert(next)),
                Err(TryRecvError::Empty) => return News::Of(changed),
                Err(TryRecvError::Lagged(_)) => return News::All,
                Err(TryRecvError::Closed) => return News::End,
            }
        }
    }

    async fn all(&self) -> Result<Update, Error> {
        let phones = phones::all(&self.spot, &self.desk, self.visitor).await?;
        Ok(Update { clock: Some(pages::clock(&self.spot)), phones, inspector: inspector::last_turn(&self.spot, &self.desk).await? })
    }

    async fn of(&self, changed: &HashSet<ConversationId>) -> Result<Update, Error> {
        let mut update = Update { clock: None, phones: Vec::new(), inspector: None };
        for id in changed {
            update.phones.extend(phones::one(&self.spot, &self.desk, self.visitor, id).await?);
        }
        if !update.phones.is_empty() {
            update.inspector = inspector::last_turn(&self.spot, &self.desk).await?;
        }
        Ok(update)
    }

    async fn send(&self, update: Result<Update, Error>) -> anyhow::Result<()> {
        let update = update?;
        if update.clock.is_none() && update.phones.is_empty() {
            return Ok(());
        }
        // An event's lines end in a newline alone.
        let html = templates::render(self.visitor, &update)?.replace('\r', "");
        // The page being gone is found by the next round.
        drop(self.updates.send(Ok(Event::default().event("update").data(html))).await);
        Ok(())
    }
}
