//! Whoever goes away in the middle, as a handler does when its client hangs up, leaves nothing half done and nothing in others' way.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use relevo_model::*;
use relevo_store::{Notice, hot};

use crate::support::*;

on_both!(
    who_goes_away_while_he_writes_leaves_all_or_nothing_and_tells_it,
    who_goes_away_while_he_reads_leaves_the_connection_usable,
    who_goes_away_while_a_cell_is_migrated_leaves_it_to_the_next,
    what_was_asked_for_is_done_though_nobody_waits,
    a_panic_while_a_commit_is_told_leaves_the_cell_its_writer,
);
on!(Postgres: who_goes_away_while_he_begins_leaves_no_transaction_open);

/// Runs a future until it has had to wait so many times, and drops it then; its answer if it was faster.
async fn leave_after<T>(waits: usize, future: impl Future<Output = T>) -> Option<T> {
    struct Leaving<F>(F, usize);
    impl<F: Future + Unpin> Future for Leaving<F> {
        type Output = Option<F::Output>;
        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            match Pin::new(&mut self.0).poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending if self.1 == 0 => Poll::Ready(None),
                Poll::Pending => {
                    self.1 -= 1;
                    Poll::Pending
                }
            }
        }
    }
    Leaving(pin!(future), waits).await
}

async fn who_goes_away_while_he_writes_leaves_all_or_nothing_and_tells_it(w: World) {
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    w.cell.listen(move |notices| notices.into_iter().for_each(|notice| drop(told.send(notice))));
    let mut finished = 0;
    for waits in 0..40 {
        let chat = w.says(&format!("54911{waits:08}"), "hola").await;
        let done = leave_after(waits, async {
            let mut write = w.cell.write().await?;
            write.take_over(&chat.id, "ana@acme", "asked", w.clock.id(), w.now()).await?;
            write.switch_bot(&chat.id, false, "ana@acme", w.clock.id(), w.now()).await?;
            write.commit().await
        })
        .await;

        // Whatever is still under way is in front of this one.
        let mut next = w.cell.write().await.unwrap();
        run(&mut next, &format!("UPDATE conversations SET unread = unread WHERE id = '{}'", chat.id)).await.unwrap();
        next.commit().await.unwrap();
        let conversation = w.conversation(&chat.id).await;
        let taken = conversation.status == Answering::Human;
        assert_eq!((conversation.epoch, conversation.bot_enabled, w.timeline(&chat.id).await.len()), if taken { (2, false, 2) } else { (0, true, 0) });
        assert!(taken || done.is_none(), "{waits}: whoever heard that it is done finds it done");
        // The chat's first notice is of its message; what follows the commit follows it though nobody waited.
        let mut hear = async || while !matches!(telling.recv().await, Some(Notice::Conversation(id)) if id == chat.id) {};
        for _ in 0..if taken { 2 } else { 0 } {
            tokio::time::timeout(PATIENCE, hear()).await.expect("whoever commits tells it");
        }
        finished += usize::from(done.is_some());
    }
    assert!((1..40).contains(&finished), "some went away and some did not: {finished}");
}

async fn who_goes_away_while_he_reads_leaves_the_connection_usable(w: World) {
    let chat = w.says(ANA, "hola").await;
    for waits in 0..12 {
        let left = leave_after(waits % 6, async { w.cell.read().await?.messages().list_of(&chat.id, None, 10).await }).await;
        drop(left);

        assert_eq!(w.words(&chat.id).await, ["hola"]);
    }
}

async fn who_goes_away_while_a_cell_is_migrated_leaves_it_to_the_next(w: World) {
    let mut faster = 0;
    for waits in [0, 1, 2, 3, 5, 8, 13, 21] {
        let id = w.bare_tenant(&format!("t{waits}")).await;

        let opened = leave_after(waits, async { w.store.cell(&id).await.unwrap().open().await }).await;

        faster += usize::from(opened.is_some());
        let cell = w.store.cell(&id).await.unwrap();
        let received = tokio::time::timeout(PATIENCE, cell.receive(vec![w.text(ANA, "hola")])).await.expect("nothing is in its way");
        assert_eq!(received.unwrap(), [hot::Received::New]);
    }
    assert!(faster < 8);
}

async fn what_was_asked_for_is_done_though_nobody_waits(w: World) {
    let arrival = w.text(ANA, "hola");

    assert!(leave_after(0, w.cell.receive(vec![arrival.clone()])).await.is_none());

    let heard = async { while w.heard().await.is_empty() {} };
    tokio::time::timeout(PATIENCE, heard).await.expect("it is done");
    assert_eq!(w.words(&w.chat(ANA, &arrival).await.id).await, ["hola"]);
}

async fn who_goes_away_while_he_begins_leaves_no_transaction_open(w: World) {
    let mut cells = vec![w.cell.clone()];
    for n in 0..4 {
        cells.push(w.neighbour(&format!("n{n}")).await);
        let mut write = cells[n + 1].write().await.unwrap();
        write.add_business(&format!("n{n}"), "ARS", "es").await.unwrap();
        write.commit().await.unwrap();
    }
    for waits in 0..40 {
        drop(leave_after(waits % 8, cells[waits % 5].write()).await);
        let cell = &cells[(waits + 1) % 5];
        let name = cell.read().await.unwrap().business().await.unwrap().unwrap().name;
        assert_eq!(name, if (waits + 1) % 5 == 0 { "Acme".to_owned() } else { format!("n{}", waits % 5) }, "{waits}");
    }

    let mut stranger = w.home.stranger().await;
    let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let closing = async { while sqlx::query_scalar::<_, i64>(open).fetch_one(&mut stranger).await.unwrap() > 0 {} };
    tokio::time::timeout(PATIENCE, closing).await.expect("all are rolled back");
}

/// What hangs on a commit is the host's; whatever it does, the next message is taken in.
async fn a_panic_while_a_commit_is_told_leaves_the_cell_its_writer(w: World) {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("seeded") {
            quiet(info);
        }
    }));
    w.cell.listen(|_| panic!("seeded"));

    w.says(ANA, "hola").await;
    w.says(ANA, "¿hay alguien?").await;

    assert_eq!(w.count("SELECT COUNT(*) FROM messages").await, 2);
}
