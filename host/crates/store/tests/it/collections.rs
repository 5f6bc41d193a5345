//! Documents of plugins' own collections, and what plugins count.

use relevo_model::*;
use relevo_store::{hot::*, *};
use serde_json::{Value, json};

use crate::support::*;

on_both!(
    documents_are_found_by_their_fields_in_order_and_by_pages,
    a_document_stands_only_on_the_version_that_was_read,
    documents_of_other_plugins_and_collections_are_others,
    any_text_can_be_kept_and_found,
    counters_add_up_to_thirty_two_names_for_each_plugin,
    what_is_counted_is_counted_by_the_day_too,
    a_ticket_and_what_became_of_it_come_with_their_turn,
    a_ticket_that_somebody_changed_is_not_overwritten,
);

const NOTES: CollectionOf<'static> = CollectionOf { plugin: "probe", collection: "notes" };

fn record(id: &str, value: Option<Value>, expect: i64) -> RecordWrite {
    RecordWrite { plugin: "probe".into(), collection: "notes".into(), id: id.into(), value, expect }
}

async fn commit(w: &World, effects: Effects) -> Result<Finished> {
    let chat = w.says(ANA, "hola").await;
    let mut commit = w.answer(&chat, &[]);
    commit.effects = effects;
    w.cell.finish(commit).await
}

async fn keep(w: &World, records: Vec<RecordWrite>) -> Result<Finished> {
    commit(w, Effects { records, ..Effects::default() }).await
}

async fn found(w: &World, query: &OwnQuery) -> Vec<String> {
    let rows = w.cell.read().await.unwrap().collections().find(NOTES, query).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

fn by(sort: OwnField) -> OwnQuery {
    OwnQuery { filters: vec![], sort, descending: false, after: None, limit: 10 }
}

fn code() -> OwnField {
    OwnField::Text("code".into())
}

fn weight() -> OwnField {
    OwnField::Number("weight".into())
}

async fn documents_are_found_by_their_fields_in_order_and_by_pages(w: World) {
    let values = [
        json!({ "code": "Yerba mate", "weight": 2.5, "done": true }),
        json!({ "code": "Azúcar", "weight": 10, "done": false }),
        json!({ "code": "yerba suave", "weight": -1 }),
        json!({ "weight": 3, "tags": ["x"] }),
    ];
    let records = values.iter().enumerate().map(|(nth, value)| record(&format!("n{nth}"), Some(value.clone()), 0)).collect();
    keep(&w, records).await.unwrap();
    let only = |field, operator, value| OwnQuery { filters: vec![(field, operator, value)], ..by(OwnField::Id) };

    assert_eq!(found(&w, &by(code())).await, ["n3", "n1", "n0", "n2"], "what lacks the field comes first");
    assert_eq!(found(&w, &OwnQuery { descending: true, ..by(weight()) }).await, ["n1", "n3", "n0", "n2"]);
    assert_eq!(found(&w, &only(code(), Operator::Contains, OwnValue::Text("YERBA".into()))).await, ["n0", "n2"]);
    assert_eq!(found(&w, &only(code(), Operator::Eq, OwnValue::Text("Azúcar".into()))).await, ["n1"]);
    assert_eq!(found(&w, &only(weight(), Operator::Gte, OwnValue::Number(2.5))).await, ["n0", "n1", "n3"]);
    assert_eq!(found(&w, &only(OwnField::Truth("done".into()), Operator::Eq, OwnValue::Number(1.0))).await, ["n0"]);
    assert_eq!(found(&w, &only(OwnField::Id, Operator::Gt, OwnValue::Text("n2".into()))).await, ["n3"]);
    assert_eq!(found(&w, &only(OwnField::CreatedAt, Operator::Gte, OwnValue::Number(NOON.0 as f64))).await.len(), 4);
    let first = OwnQuery { limit: 2, ..by(code()) };
    assert_eq!(found(&w, &first).await, ["n3", "n1"]);
    let second = OwnQuery { after: Some((OwnValue::Text("Azúcar".into()), "n1".into())), ..first };
    assert_eq!(found(&w, &second).await, ["n0", "n2"]);
}

async fn a_document_stands_only_on_the_version_that_was_read(w: World) {
    keep(&w, vec![record("n", Some(json!({ "code": "a" })), 0)]).await.unwrap();

    keep(&w, vec![record("n", Some(json!({ "code": "b" })), 1)]).await.unwrap();
    let late = keep(&w, vec![record("n", Some(json!({ "code": "c" })), 1)]).await;
    let twice = keep(&w, vec![record("n", Some(json!({ "code": "d" })), 0)]).await;
    let removed_late = keep(&w, vec![record("n", None, 1)]).await;

    for refused in [late, twice, removed_late] {
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
    let kept = w.cell.read().await.unwrap().collections().get(NOTES, "n").await.unwrap().unwrap();
    assert_eq!((kept.value.0, kept.version), (json!({ "code": "b" }), 2));
    keep(&w, vec![record("n", None, 2)]).await.unwrap();
    assert_eq!(w.count("SELECT COUNT(*) FROM plugin_record_fields").await + w.count("SELECT COUNT(*) FROM plugin_records").await, 0);
}

async fn documents_of_other_plugins_and_collections_are_others(w: World) {
    let other =
        |plugin: &str, collection: &str| RecordWrite { plugin: plugin.into(), collection: collection.into(), ..record("n", Some(json!({ "code": "a" })), 0) };
    keep(&w, vec![other("probe", "notes"), other("twin", "notes"), other("probe", "more")]).await.unwrap();

    assert_eq!(found(&w, &by(code())).await, ["n"]);
    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.collections().bytes_of("twin").await.unwrap(), 12);
    assert!(read.collections().holds("twin").await.unwrap() && !read.collections().holds("third").await.unwrap());
}

async fn any_text_can_be_kept_and_found(w: World) {
    let long = "ñ".repeat(2_000);
    for (nth, text) in ["a\0b", "'; DROP TABLE plugin_records; --", "%_\\", &long].into_iter().enumerate() {
        let id = format!("n{nth}");
        keep(&w, vec![record(&id, Some(json!({ "code": text })), 0)]).await.unwrap();

        let equal = OwnQuery { filters: vec![(code(), Operator::Eq, OwnValue::Text(text.into()))], ..by(code()) };
        assert_eq!(found(&w, &equal).await, [id.as_str()], "{text:?}");
        let kept = w.cell.read().await.unwrap().collections().get(NOTES, &id).await.unwrap().unwrap();
        assert_eq!(kept.value.0["code"], text);
    }
}

async fn counters_add_up_to_thirty_two_names_for_each_plugin(w: World) {
    let count = |plugin: &str, metric: String, by| Count { plugin: plugin.into(), metric, by };
    let many = (0..40).map(|nth| count("probe", format!("m{nth:02}"), 1)).chain([count("twin", "m".into(), 7)]).collect();

    commit(&w, Effects { counts: many, ..Effects::default() }).await.unwrap();
    commit(&w, Effects { counts: vec![count("probe", "m00".into(), 4), count("probe", "new".into(), 1)], ..Effects::default() }).await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let counted = read.collections().counters("probe").await.unwrap();
    assert_eq!((counted.len(), counted[0].clone()), (32, ("m00".to_owned(), 5)));
    assert_eq!(read.collections().counters("twin").await.unwrap(), [("m".to_owned(), 7)]);
}

async fn what_is_counted_is_counted_by_the_day_too(w: World) {
    const DAY: i64 = 24 * 3_600_000;
    let count = |metric: &str, by| Count { plugin: "probe".into(), metric: metric.into(), by };
    let full = (0..30).map(|nth| count(&format!("a{nth:02}"), 1)).chain([count("sold", 2), count("asked", 1)]).collect();
    commit(&w, Effects { counts: full, ..Effects::default() }).await.unwrap();
    commit(&w, Effects { counts: vec![count("sold", 3), count("one-too-many", 9)], ..Effects::default() }).await.unwrap();
    w.clock.advance(std::time::Duration::from_secs(24 * 3_600));
    commit(&w, Effects { counts: vec![count("sold", 1)], ..Effects::default() }).await.unwrap();

    let today = w.now().0 - w.now().0.rem_euclid(DAY);
    let mut counted = w.cell.read().await.unwrap().collections().counted_by_day("probe", Time(0)).await.unwrap();
    counted.retain(|(metric, ..)| !metric.starts_with('a'));
    assert_eq!(counted, [("sold".to_owned(), today, 1), ("sold".to_owned(), today - DAY, 5)]);
    let mut write = w.cell.write().await.unwrap();
    write.forget_hours(Time(today)).await.unwrap();
    assert_eq!(write.collections().counted_by_day("probe", Time(0)).await.unwrap(), [("sold".to_owned(), today, 1)]);
    assert_eq!(write.collections().counters("probe").await.unwrap().len(), 32, "what it counted all in all stays");
}

fn ticket(w: &World, title: &str) -> NewTicket {
    let id: TicketId = w.clock.id();
    NewTicket { id, code: id.to_string(), plugin: "probe".into(), title: title.into(), body: "…".into(), priority: TicketPriority::High, is_test: false }
}

async fn a_ticket_and_what_became_of_it_come_with_their_turn(w: World) {
    let new = ticket(&w, "roto");
    let comment = TicketComment { ticket: new.id, plugin: "probe".into(), text: "ya".into() };
    let effects = Effects { tickets: vec![new.clone()], ticket_comments: vec![comment.clone()], ..Effects::default() };
    commit(&w, effects).await.unwrap();
    let elsewhere = TicketComment { ticket: w.clock.id(), ..comment };

    let refused = commit(&w, Effects { tickets: vec![ticket(&w, "never")], ticket_comments: vec![elsewhere], ..Effects::default() }).await;

    assert!(matches!(refused, Err(Error::Conflict(_))));
    let mut read = w.cell.read().await.unwrap();
    let all = read.tickets().list(&TicketFilter::ALL, None, 10).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].status, all[0].priority, all[0].version), (TicketStatus::New, TicketPriority::High, 2));
    let mine = read.tickets().find_of(&all[0].customer_id, all[0].id.as_str()).await.unwrap();
    assert_eq!(mine.as_ref(), Some(&all[0]));
    assert!(read.tickets().find_of(&w.clock.id(), all[0].id.as_str()).await.unwrap().is_none(), "somebody else's");
    let kinds: Vec<String> = read.tickets().events(&all[0].id).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["opened", "comment"]);
    assert!(read.event_log(None, 10).await.unwrap().iter().any(|event| event.kind == "ticket.opened"));
}

async fn a_ticket_that_somebody_changed_is_not_overwritten(w: World) {
    let new = ticket(&w, "roto");
    commit(&w, Effects { tickets: vec![new.clone()], ..Effects::default() }).await.unwrap();
    let step = |status, assignee: Option<&str>, seen| TicketStep {
        ticket: new.id,
        status,
        assignee: assignee.map(str::to_owned),
        seen,
        actor: "ana".into(),
        now: Time(NOON.0 + 1_000),
    };
    let take = async |step: TicketStep| {
        let mut write = w.cell.write().await.unwrap();
        let done = write.step_ticket(&step, || w.clock.id()).await.unwrap();
        write.commit().await.unwrap();
        done
    };

    assert!(take(step(TicketStatus::InProgress, Some("ana"), 1)).await);
    assert!(!take(step(TicketStatus::Closed, None, 1)).await);

    let mut read = w.cell.read().await.unwrap();
    let kept = read.tickets().find(&new.id).await.unwrap().unwrap();
    assert_eq!((kept.status, kept.assignee_id.as_deref(), kept.version), (TicketStatus::InProgress, Some("ana"), 2));
    let kinds: Vec<String> = read.tickets().events(&new.id).await.unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["opened", "status", "assigned"]);
    let filter = TicketFilter { status: Some(TicketStatus::New), ..TicketFilter::ALL };
    assert!(read.tickets().list(&filter, None, 10).await.unwrap().is_empty());
}
