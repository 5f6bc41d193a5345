use relevo_testbed::webhook::{Customer, Ids, Sender, Status, WebhookBuilder, sign};
use serde_json::Value;

use crate::support::{Inbox, NUMBER, SECRET};

fn value(payload: &relevo_testbed::webhook::Payload) -> Value {
    serde_json::from_slice(&payload.body).expect("a payload is JSON")
}

#[test]
fn a_signature_is_the_one_of_rfc_4231() {
    let signature = sign("Jefe", b"what do ya want for nothing?");

    assert_eq!(signature, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn ids_repeat_with_their_seed_and_differ_within_it() {
    let build = |ids: &Ids| WebhookBuilder::new(ids, NUMBER).at(1_700_000_000).text("uno").text("dos").build();
    let ids = Ids::seeded(3);

    let first = build(&ids);
    let next = build(&ids);

    assert_eq!(first.body, build(&Ids::seeded(3)).body);
    assert_ne!(first.ids[0], first.ids[1]);
    assert!(next.ids.iter().all(|id| !first.ids.contains(id)));
}

#[test]
fn one_payload_carries_several_numbers_customers_and_kinds() {
    let ids = Ids::seeded(1);
    let ana = Customer::with_number("5491155550002").named("Ana").and_user_id("AR.1");
    let nobody = Customer::with_user_id("AR.2");

    let payload = WebhookBuilder::new(&ids, NUMBER)
        .from(&ana)
        .text("hola")
        .list_reply("pedido", "Hacer un pedido")
        .quoting("wamid.menu")
        .from(&nobody)
        .reaction("wamid.menu", "👍")
        .status("wamid.out", "5491155550002", &Status::Sent, Some("outbox-1"))
        .number("2")
        .button_reply("si", "Sí")
        .entry("waba-2")
        .echo("ya le atiendo")
        .build();

    let body = value(&payload);
    let first = &body["entry"][0]["changes"][0]["value"];
    assert_eq!(first["messages"].as_array().map(Vec::len), Some(3));
    assert_eq!(first["contacts"].as_array().map(Vec::len), Some(2));
    assert_eq!(first["messages"][1]["context"]["id"], "wamid.menu");
    assert_eq!(first["messages"][2]["from_user_id"], "AR.2");
    assert!(first["messages"][2].get("from").is_none());
    assert_eq!(first["statuses"][0]["biz_opaque_callback_data"], "outbox-1");
    assert_eq!(body["entry"][0]["changes"][1]["value"]["metadata"]["phone_number_id"], "2");
    let echo = &body["entry"][1]["changes"][0];
    assert_eq!(echo["field"], "smb_message_echoes");
    assert_eq!(echo["value"]["message_echoes"][0]["to_user_id"], "AR.2");
    assert_eq!(payload.ids.len(), 5);
}

#[test]
fn a_message_can_be_delivered_again_under_its_id() {
    let ids = Ids::seeded(1);
    let first = WebhookBuilder::new(&ids, NUMBER).text("hola").build();

    let again = WebhookBuilder::new(&ids, NUMBER).text("hola").with_id(&first.ids[0]).build();

    assert_eq!(again.ids, first.ids);
    assert_eq!(value(&again)["entry"][0]["changes"][0]["value"]["messages"][0]["id"], first.ids[0]);
}

#[tokio::test]
async fn the_sender_signs_and_a_forger_is_refused() {
    let inbox = Inbox::start().await;
    let payload = WebhookBuilder::new(&Ids::seeded(1), NUMBER).text("hola").build();
    let sender = Sender::new(&inbox.url(), SECRET).unwrap();

    let signed = sender.post(&payload).await.unwrap();
    let unsigned = sender.post_raw(&payload.body, None).await.unwrap();
    let forged = Sender::new(&inbox.url(), "guess").unwrap().post(&payload).await.unwrap();

    assert_eq!((signed.status, unsigned.status, forged.status), (200, 401, 401));
    assert_eq!(inbox.payloads().len(), 1);
}
