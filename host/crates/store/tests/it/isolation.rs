//! A cell's handle cannot reach another tenant's rows.

use relevo_model::*;
use relevo_store::{hot::*, *};

use crate::support::*;

on_both!(
    two_businesses_with_the_same_customer_share_nothing,
    cells_in_a_crowd_only_ever_see_their_own,
    what_one_business_was_told_is_in_no_other_place,
    an_address_that_is_anothers_is_not_taken,
    a_cell_of_nobody_is_not_opened,
);
on!(Postgres: a_forgotten_path_fails_instead_of_finding_something, a_strangers_connection_finds_no_cell);

async fn two_businesses_with_the_same_customer_share_nothing(w: World) {
    let other = w.neighbour("two").await;
    let ours = w.arrival("m:1", message("wamid.1", vec![number(ANA)], "a Acme"));
    let mut theirs = ours.clone();
    theirs.incoming.what = message("wamid.1", vec![number(ANA)], "a la otra");

    // The same ids, the same key, the same channel: only the cell differs.
    let received = (w.cell.receive(vec![ours.clone()]).await.unwrap(), other.receive(vec![theirs]).await.unwrap());

    assert_eq!(received, (vec![Received::New], vec![Received::New]));
    assert_eq!(w.words(&ours.conversation).await, ["a Acme"]);
    let there = other.read().await.unwrap().messages().list_of(&ours.conversation, None, 10).await.unwrap();
    assert_eq!((there.len(), there[0].content.0.words()), (1, "a la otra"));
    w.take_over(&ours.conversation).await;
    let there = other.read().await.unwrap().conversations().find(&ours.conversation).await.unwrap().unwrap();
    assert_eq!(there.status, Answering::Bot);
}

async fn cells_in_a_crowd_only_ever_see_their_own(w: World) {
    let mut cells = Vec::new();
    for n in 0..6 {
        cells.push(w.neighbour(&format!("n{n}")).await);
    }
    // More at once than there are connections, so that these change hands.
    let all = (0..240).map(|n| {
        let (at, cell) = (n % 6, cells[n % 6].clone());
        let arrival = w.text(&format!("54911{n:08}"), &format!("para {at}"));
        tokio::spawn(async move {
            cell.receive(vec![arrival]).await.unwrap();
            let mut write = cell.write().await.unwrap();
            write.add_business(&format!("{at}"), "ARS", "es").await.unwrap();
            if n % 5 == 0 {
                drop(write)
            } else {
                write.commit().await.unwrap()
            }
            let mut read = cell.read().await.unwrap();
            let words = texts(&mut read, "SELECT DISTINCT content FROM messages").await;
            let name = read.business().await.unwrap().map(|business| business.name);
            (words == [format!("{{\"type\":\"text\",\"body\":\"para {at}\"}}")], name.is_none_or(|name| name == at.to_string()))
        })
    });

    let seen = futures::future::try_join_all(all).await.unwrap();

    assert!(seen.into_iter().all(|seen| seen == (true, true)));
    for cell in cells {
        assert_eq!(count(&mut cell.read().await.unwrap(), "SELECT COUNT(*) FROM conversations").await, 40);
    }
}

async fn what_one_business_was_told_is_in_no_other_place(w: World) {
    let other = w.neighbour("two").await;
    other.receive(vec![w.text(BRUNO, "buenas")]).await.unwrap();
    w.says(ANA, "el canario canta").await;

    let found = w.places_of("el canario canta").await;

    let own = match w.engine {
        Engine::Sqlite => format!("{}.db", w.tenant.id),
        Engine::Postgres => format!("t_{}", w.tenant.id.as_str().replace('-', "")),
    };
    assert!(!found.is_empty() && found.iter().all(|place| place.starts_with(&own)), "{found:?}");
}

async fn an_address_that_is_anothers_is_not_taken(w: World) {
    let other = w.neighbour("two").await.tenant();
    let route = |tenant_id| Route { kind: "phone_number_id".into(), address: "1000".into(), tenant_id, channel_id: w.channel };
    let platform = w.store.platform();
    platform.add_route(&route(w.tenant.id), NOON).await.unwrap();

    let taken = platform.add_route(&route(other), NOON).await;

    assert!(matches!(taken, Err(Error::Conflict(_))), "{taken:?}");
    assert_eq!(platform.route("phone_number_id", "1000").await.unwrap().unwrap().tenant_id, w.tenant.id);
    assert!(platform.route("account_key", "1000").await.unwrap().is_none());
}

async fn a_cell_of_nobody_is_not_opened(w: World) {
    let nobody: TenantId = w.clock.id();

    let opened = w.store.cell(&nobody).await;

    assert!(matches!(opened, Err(Error::NoTenant(id)) if id == nobody.to_string()));
    let file = w.home.settings().data.join("tenants").join(format!("{nobody}.db"));
    assert!(!file.exists());
}

/// A table of the same name in `public`, where a connection without a path would land.
async fn bait(w: &World) {
    let mut stranger = w.home.stranger().await;
    let sql = "CREATE TABLE public.business (id TEXT, name TEXT, industry TEXT, description TEXT, currency TEXT, locale TEXT, bot_enabled BOOLEAN, config_version BIGINT);
               INSERT INTO public.business VALUES ('business', 'nobody', NULL, NULL, 'ARS', 'es', TRUE, 1)";
    sqlx::raw_sql(sql).execute(&mut stranger).await.unwrap();
}

async fn a_forgotten_path_fails_instead_of_finding_something(w: World) {
    bait(&w).await;
    let mut read = w.cell.read().await.unwrap();

    run(&mut read, "RESET search_path").await.unwrap();
    let found = read.business().await;

    assert!(matches!(&found, Err(error) if error.to_string().contains("does not exist")), "{found:?}");
    // Whatever this one was left pointing to, the next to get it points it to his own.
    drop(read);
    let other = w.neighbour("two").await;
    assert!(other.read().await.unwrap().business().await.unwrap().is_none());
}

async fn a_strangers_connection_finds_no_cell(w: World) {
    w.says(ANA, "hola").await;
    let mut stranger = w.home.stranger().await;

    let found = sqlx::query("SELECT * FROM messages").fetch_all(&mut stranger).await;

    assert!(found.is_err());
}
