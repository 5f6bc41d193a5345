//! When a commit fails: nobody is acknowledged, nothing is stored, and it goes on when it can.

use std::{collections::BTreeSet, process::Command};

use relevo_model::*;
use relevo_store::{hot::*, *};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::support::*;

on_both!(
    a_write_that_is_dropped_leaves_nothing,
    a_group_whose_commit_fails_acknowledges_nobody,
    a_write_whose_commit_fails_says_so_and_tells_nobody,
    a_write_in_which_a_statement_failed_is_kept_whole_or_not_at_all,
    a_cell_that_cannot_be_opened_is_tried_again,
);
on!(Sqlite: a_file_that_another_process_holds_acknowledges_nobody_and_goes_on_once_it_is_free, a_disk_that_fills_up_keeps_all_that_was_acknowledged);

async fn a_write_that_is_dropped_leaves_nothing(w: World) {
    let (chat, _) = w.answered(ANA, &["¡Hola!"]).await;
    w.heard().await;
    let before = w.dump().await;

    let mut write = w.cell.write().await.unwrap();
    write.take_over(&chat.id, "ana@acme", "asked", w.clock.id(), w.now()).await.unwrap();
    write.add_product(&w.product_named("vino", "Vino", 1, None)).await.unwrap();
    drop(write);

    // The next write waits for the rollback.
    drop(w.cell.write().await.unwrap());
    assert_eq!(w.dump().await, before);
    assert!(w.heard().await.is_empty());
}

/// Makes every commit of this cell fail that stores a message or a product, as a full disk does.
async fn break_commits(w: &World) {
    let sql = match w.engine {
        // Checked at the commit.
        Engine::Sqlite => {
            "CREATE TABLE IF NOT EXISTS absent (id TEXT PRIMARY KEY);
            CREATE TABLE IF NOT EXISTS broken (id TEXT REFERENCES absent (id) DEFERRABLE INITIALLY DEFERRED);
            CREATE TRIGGER full_messages AFTER INSERT ON messages BEGIN INSERT INTO broken VALUES (new.id); END;
            CREATE TRIGGER full_products AFTER INSERT ON products BEGIN INSERT INTO broken VALUES (new.id); END;"
        }
        Engine::Postgres => {
            "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
            CREATE CONSTRAINT TRIGGER full_messages AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk();
            CREATE CONSTRAINT TRIGGER full_products AFTER INSERT ON products DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk();"
        }
    };
    let mut write = w.cell.write().await.unwrap();
    run(&mut write, sql).await.unwrap();
    write.commit().await.unwrap();
}

async fn mend_commits(w: &World) {
    let sql = match w.engine {
        Engine::Sqlite => "DROP TRIGGER full_messages; DROP TRIGGER full_products;",
        Engine::Postgres => "DROP TRIGGER full_messages ON messages; DROP TRIGGER full_products ON products;",
    };
    let mut write = w.cell.write().await.unwrap();
    run(&mut write, sql).await.unwrap();
    write.commit().await.unwrap();
}

async fn a_group_whose_commit_fails_acknowledges_nobody(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    let next = w.says(ANA, "¿hay alguien?").await;
    w.heard().await;
    break_commits(&w).await;
    let before = w.dump().await;

    let (received, finished, told) = tokio::join!(
        futures::future::join_all((0..10).map(|_| w.cell.receive(vec![w.text(BRUNO, "hola")]))),
        w.cell.finish(w.answer(&next, &["sí"])),
        w.cell.mark(Mark { message: said[0], conversation: chat.id, turn: None, end: SendEnd::Later { at: NOON } }),
    );

    assert!(received.iter().all(Result::is_err) && finished.is_err(), "{received:?} {finished:?}");
    if w.engine == Engine::Postgres {
        assert!(received.iter().all(|received| matches!(received, Err(Error::Unavailable(_)))), "{received:?}");
    }
    // A mark stores no message: it is done if it did not share the commit.
    drop(told);
    assert_eq!(w.dump().await, before);
    mend_commits(&w).await;
    w.heard().await;
    assert_eq!(w.cell.finish(w.answer(&next, &["sí"])).await.unwrap(), Finished::Applied);
    assert_eq!(w.cell.receive(vec![w.text(BRUNO, "hola")]).await.unwrap(), [Received::New]);
}

async fn a_write_whose_commit_fails_says_so_and_tells_nobody(w: World) {
    break_commits(&w).await;
    w.heard().await;
    let before = w.dump().await;
    let mut write = w.cell.write().await.unwrap();
    write.add_product(&w.product_named("vino", "Vino", 1, None)).await.unwrap();
    write.after_commit(Notice::Config);

    let committed = write.commit().await;

    assert!(committed.is_err());
    drop(w.cell.write().await.unwrap());
    assert_eq!(w.dump().await, before);
    assert!(w.heard().await.is_empty());
}

async fn a_write_in_which_a_statement_failed_is_kept_whole_or_not_at_all(w: World) {
    let product = w.product_named("vino", "Vino", 1, None);
    let mut write = w.cell.write().await.unwrap();
    write.add_product(&product).await.unwrap();
    assert!(write.add_product(&product).await.is_err());
    write.after_commit(Notice::Config);

    let committed = write.commit().await;

    // Whoever is told that it is committed finds it there.
    assert_eq!(w.count("SELECT COUNT(*) FROM products").await, i64::from(committed.is_ok()));
    let told = w.heard().await.iter().any(|notice| matches!(notice, Notice::Config));
    assert_eq!(told, committed.is_ok());
}

async fn a_cell_that_cannot_be_opened_is_tried_again(w: World) {
    let (cell, away) = (w.neighbour("two").await, w.home.folder.path().join("away"));
    // A store that has not opened this cell yet.
    let store = w.another_store().await;
    let fresh = store.cell(&cell.tenant()).await.unwrap();
    let tenants = w.home.settings().data.join("tenants");
    let mut stranger = None;
    match w.engine {
        Engine::Sqlite => std::fs::rename(&tenants, &away).unwrap(),
        Engine::Postgres => {
            let mut conn = w.home.stranger().await;
            rename_schema(&mut conn, &cell.tenant(), "", "_away").await;
            stranger = Some(conn);
        }
    }

    let refused = fresh.receive(vec![w.text(ANA, "hola")]).await;

    assert!(refused.is_err(), "{refused:?}");
    match stranger {
        None => std::fs::rename(&away, &tenants).unwrap(),
        Some(mut conn) => rename_schema(&mut conn, &cell.tenant(), "_away", "").await,
    }
    assert_eq!(fresh.receive(vec![w.text(ANA, "hola")]).await.unwrap(), [Received::New]);
}

async fn rename_schema(conn: &mut sqlx::PgConnection, tenant: &TenantId, from: &str, to: &str) {
    let name = format!("t_{}", tenant.as_str().replace('-', ""));
    let sql = format!("ALTER SCHEMA {name}{from} RENAME TO {name}{to}");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

async fn a_file_that_another_process_holds_acknowledges_nobody_and_goes_on_once_it_is_free(w: World) {
    let kept = w.says(ANA, "hola").await;
    let before = w.dump().await;
    let file = w.home.settings().data.join("tenants").join(format!("{}.db", w.tenant.id));
    let mut other = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();

    let received = futures::future::join_all((0..10).map(|_| w.cell.receive(vec![w.text(BRUNO, "hola")]))).await;

    assert!(received.iter().all(|received| matches!(received, Err(Error::Unavailable(_)))), "{received:?}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(w.dump().await, before);
    assert_eq!(w.cell.receive(vec![w.text(BRUNO, "hola")]).await.unwrap(), [Received::New]);
    assert_eq!(w.words(&kept.id).await, ["hola"]);
}

const FOLDER: &str = "RELEVO_TEST_FULL_DISK";

/// A process that may write no file past a megabyte stands for a disk that fills up: its commits fail while they are written.
async fn a_disk_that_fills_up_keeps_all_that_was_acknowledged(w: World) {
    let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
    let mut child = Command::new("sh");
    child.args(["-c", limited]).arg(std::env::current_exe().unwrap());
    child.args(["--exact", "failures::on_a_disk_that_fills_up", "--ignored", "--nocapture"]).env(FOLDER, w.home.folder.path());

    let output = child.output().unwrap();

    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let told = |prefix| told.lines().filter_map(|line| line.strip_prefix(prefix).map(str::to_owned)).collect::<BTreeSet<_>>();
    let store = Store::open(&full(w.home.folder.path())).await.unwrap();
    let tenant = store.platform().tenant_by_slug("full").await.unwrap().unwrap();
    let mut read = store.cell(&tenant.id).await.unwrap().read().await.unwrap();
    let stored: BTreeSet<_> = texts(&mut read, "SELECT dedupe_key FROM event_log").await.into_iter().collect();
    assert_eq!(stored, told("kept "));
    assert!(!told("refused ").is_empty() && told("refused ").is_disjoint(&stored));
    assert_eq!(count(&mut read, "SELECT COUNT(*) FROM messages").await, i64::try_from(stored.len()).unwrap());
}

fn full(folder: &std::path::Path) -> Settings {
    Settings { data: folder.join("full"), database_url: None, master_key: Some(MASTER_KEY.into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of a_disk_that_fills_up_keeps_all_that_was_acknowledged"]
async fn on_a_disk_that_fills_up() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let clock = Clock::standing(NOON, 0);
    let store = Store::open(&full(std::path::Path::new(&folder))).await.unwrap();
    let (_, cell) = store.create_tenant(&clock, "full", "Full", false).await.unwrap();
    let (channel, point) = (clock.id(), clock.id());
    let mut refused = 0;
    for round in 0..200 {
        let told = (0..8).map(|n| {
            let key = format!("{round}-{n}");
            let what = message(&key, vec![number(&format!("54911{n:08}"))], &"x".repeat(2_000));
            let arrival = arrival(&clock, channel, point, &key, what);
            let cell = &cell;
            async move { (key, cell.receive(vec![arrival]).await) }
        });
        for (key, received) in futures::future::join_all(told).await {
            match received {
                Ok(_) => println!("kept {key}"),
                Err(Error::Unavailable(_)) => println!("refused {key}"),
                Err(other) => panic!("{key}: {other}"),
            }
            refused += usize::from(received.is_err());
        }
        // A few more after the first, for the writer must not take what it cannot keep.
        if refused > 40 {
            return;
        }
    }
    panic!("the disk never filled up");
}
