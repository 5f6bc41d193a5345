//! The lists that the people of a business read, page by page.

use relevo_model::*;
use relevo_store::*;

use crate::support::*;

on_both!(
    pages_lose_and_repeat_nothing_of_the_same_millisecond,
    what_was_said_last_comes_first_over_the_hours,
    lists_hold_what_is_within_reach_and_what_was_asked_for,
    a_product_is_found_by_a_part_of_its_title_or_sku,
);

async fn pages_lose_and_repeat_nothing_of_the_same_millisecond(w: World) {
    let product = w.product("vino", None).await;
    let (mut chats, mut orders) = (Vec::new(), Vec::new());
    for n in 0..5 {
        let (chat, order) = w.ordered(&format!("54911{n:08}"), &format!("A-{n}"), product).await;
        chats.push(chat.id);
        orders.push(order);
    }
    let mut read = w.cell.read().await.unwrap();

    let mut listed = Vec::new();
    let mut last: Option<(Time, ConversationId)> = None;
    loop {
        let before = last.as_ref().map(|(time, id)| (*time, id));
        let page = read.conversations().list(&ConversationFilter::ALL, before, 2).await.unwrap();
        let Some(row) = page.last() else { break };
        last = Some((Time(row.conversation.last_message_at.unwrap()), row.conversation.id));
        listed.extend(page.into_iter().map(|row| row.conversation.id));
    }
    let mut bought = Vec::new();
    let mut last: Option<(Time, OrderId)> = None;
    loop {
        let page = read.orders().list(&OrderFilter::ALL, last.as_ref().map(|(time, id)| (*time, id)), 2).await.unwrap();
        let Some(row) = page.last() else { break };
        last = Some((row.created_at, row.id));
        bought.extend(page.into_iter().map(|row| row.id));
    }

    chats.sort_by(|one, other| other.cmp(one));
    orders.sort_by(|one, other| other.cmp(one));
    assert_eq!((listed, bought), (chats, orders), "all are of the same millisecond");
}

async fn what_was_said_last_comes_first_over_the_hours(w: World) {
    const HALF_AN_HOUR: std::time::Duration = std::time::Duration::from_secs(1_800);
    let customers: Vec<String> = (0..4).map(|n| format!("54911{n:08}")).collect();
    let mut last = Vec::new();
    // The second round raises what an earlier hour has, by the customer's words, by an answer and by a person's.
    for (n, customer) in customers.iter().chain([&customers[2], &customers[0], &customers[1]]).enumerate() {
        w.clock.advance(HALF_AN_HOUR);
        let chat = w.says(customer, "hola").await;
        if n == 4 {
            w.clock.advance(HALF_AN_HOUR * 3);
            w.cell.finish(w.answer(&chat, &["¡Hola!"])).await.unwrap();
        }
        if n == 5 {
            w.clock.advance(HALF_AN_HOUR * 3);
            crate::sending::agent_says(&w, &chat, "Te ayudo").await;
        }
        last.retain(|id| *id != chat.id);
        last.insert(0, chat.id);
    }
    let mut read = w.cell.read().await.unwrap();

    let mut listed = Vec::new();
    let mut before: Option<(Time, ConversationId)> = None;
    while let Some(row) = read.conversations().list(&ConversationFilter::ALL, before.as_ref().map(|(time, id)| (*time, id)), 1).await.unwrap().pop() {
        before = Some((Time(row.conversation.last_message_at.unwrap()), row.conversation.id));
        listed.push(row.conversation.id);
    }

    assert_eq!(listed, last);
    assert_eq!(w.count("SELECT COUNT(*) FROM conversations WHERE last_hour <> last_message_at / 3600000").await, 0);
}

async fn lists_hold_what_is_within_reach_and_what_was_asked_for(w: World) {
    let product = w.product("vino", None).await;
    let (chat, order) = w.ordered(ANA, "A-1", product).await;
    w.take_over(&chat.id).await;
    w.says(BRUNO, "hola").await;
    let here: Reach = [w.point].into_iter().collect();
    let elsewhere: Reach = [w.clock.id(), w.clock.id()].into_iter().collect();
    let both: Reach = [w.clock.id(), w.point].into_iter().collect();
    let mut read = w.cell.read().await.unwrap();
    let all = ConversationFilter::ALL;

    for (reach, many) in [(&Reach::All, 2), (&here, 2), (&both, 2), (&elsewhere, 0), (&Reach::Only([].into()), 0)] {
        let filter = ConversationFilter { reach: reach.clone(), ..all.clone() };
        assert_eq!(read.conversations().list(&filter, None, 10).await.unwrap().len(), many, "{reach}");
        let filter = OrderFilter { reach: reach.clone(), ..OrderFilter::ALL };
        assert_eq!(read.orders().list(&filter, None, 10).await.unwrap().len(), many / 2, "{reach}");
        assert_eq!(read.conversations().by_number(ANA, reach).await.unwrap().is_some(), many > 0, "{reach}");
    }
    for (filter, many) in [
        (ConversationFilter { point: Some(w.point), ..all.clone() }, 2),
        (ConversationFilter { point: Some(w.clock.id()), ..all.clone() }, 0),
        (ConversationFilter { status: Some(Answering::Human), ..all.clone() }, 1),
        (ConversationFilter { state: Some(Progress::Resolved), ..all.clone() }, 0),
        (ConversationFilter { held_by: Some(Holder::Nobody), ..all.clone() }, 1),
        (ConversationFilter { held_by: Some(Holder::Somebody("ana@acme".into())), ..all.clone() }, 1),
        (ConversationFilter { held_by: Some(Holder::Somebody("nobody".into())), ..all.clone() }, 0),
    ] {
        assert_eq!(read.conversations().list(&filter, None, 10).await.unwrap().len(), many, "{filter:?}");
    }
    let of_status = |status: &str| OrderFilter { status: Some(status.into()), ..OrderFilter::ALL };
    assert_eq!(read.orders().list(&of_status("NEW"), None, 10).await.unwrap()[0].id, order);
    assert!(read.orders().list(&of_status("SHIPPED"), None, 10).await.unwrap().is_empty());
    assert!(read.orders().list(&of_status("N\0EW"), None, 10).await.unwrap().is_empty(), "and what cannot be stored is found nowhere");
}

async fn a_product_is_found_by_a_part_of_its_title_or_sku(w: World) {
    let mut write = w.cell.write().await.unwrap();
    for (sku, title) in [("YER-1K", "Yerba mate 1 kg"), ("AZU-1K", "Azúcar 100%"), ("CAF", "Café_molido")] {
        write.add_product(&w.product_named(sku, title, 1, None)).await.unwrap();
    }
    write.commit().await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    for (search, many) in [("yerba", 1), ("MATE", 1), ("-1k", 2), ("100%", 1), ("%", 1), ("_", 1), ("\\", 0), ("", 3), ("\0", 0), ("' OR 1=1 --", 0)] {
        let filter = ProductFilter { active: Some(true), search: Some(search.into()) };
        assert_eq!(read.products().list(&filter, None, 10).await.unwrap().len(), many, "{search:?}");
    }
    let inactive = ProductFilter { active: Some(false), search: None };
    assert!(read.products().list(&inactive, None, 10).await.unwrap().is_empty());
    assert_eq!(read.products().list(&ProductFilter::default(), Some(("\0", "x")), 10).await.unwrap().len(), 0, "after all titles");
}
