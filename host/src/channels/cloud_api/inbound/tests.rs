use relevo_model::{AliasKind, BasketItem, MediaKind};

use super::{super::envelope::peek, *};

macro_rules! payload {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/fixtures/webhooks/", $name, ".json"))
    };
}

const PAYLOADS: [&str; 10] = [
    payload!("pywa_message__text"),
    payload!("pywa_message__order"),
    payload!("pywa_edited_message__image"),
    payload!("pywa_message_status__with_tracker"),
    payload!("pywa_message_status__group"),
    payload!("pywa_outgoing_message__text"),
    payload!("pywa_system__phone_number_change"),
    payload!("netflie_bsuid_only"),
    payload!("netflie_list_reply"),
    payload!("netflie_multiple_text"),
];
const NOW: Time = Time(1_800_000_000_000);

fn events(body: &str) -> Vec<Incoming> {
    peek(body.as_bytes()).unwrap().changes.iter().flat_map(|change| read(change, NOW)).collect()
}

fn value(value: &str) -> Vec<Incoming> {
    field("messages", value)
}

fn field(field: &str, value: &str) -> Vec<Incoming> {
    events(&format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"WABA","changes":[{{"field":"{field}","value":{value}}}]}}]}}"#))
}

fn message(rest: &str) -> Incoming {
    let mut told = value(&format!(r#"{{"messages":[{{"id":"wamid.1","from":"5491155550001","timestamp":"1700000000",{rest}}}]}}"#));
    assert_eq!(told.len(), 1);
    told.remove(0)
}

fn content(rest: &str) -> Content {
    let What::Message(message) = message(rest).what else { panic!("no message") };
    message.content
}

fn wa(number: &str) -> Alias {
    Alias { kind: AliasKind::WaId, scope: String::new(), value: number.to_owned() }
}

fn user(account: &str, id: &str) -> Alias {
    Alias { kind: AliasKind::UserId, scope: account.to_owned(), value: id.to_owned() }
}

#[test]
fn a_text_is_read_with_its_sender_in_order_of_trust() {
    let told = events(PAYLOADS[0]);

    let [event] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((event.dedupe_key.as_str(), event.at), ("m:wamid.xyzxyz", Time(1_697_043_223_000)));
    let raw: serde_json::Value = serde_json::from_str(&event.raw).unwrap();
    assert_eq!(raw["text"]["body"], "Body Text");
    let What::Message(message) = &event.what else { panic!("{event:?}") };
    assert_eq!(message.content, Content::text("Body Text"));
    assert_eq!(message.sender.aliases, [wa("972987654321"), user("1234567890987654321", "US.13491208655302741918")]);
    assert_eq!((message.sender.name.as_deref(), message.quotes.as_deref()), (Some("Test Name"), None));
}

#[test]
fn a_sender_without_a_number_is_known_by_the_user_id_in_the_scope_of_the_account() {
    let told = events(PAYLOADS[7]);

    let What::Message(message) = &told[0].what else { panic!("{told:?}") };
    assert_eq!(message.sender.aliases, [user("WHATSAPP_BUSINESS_ACCOUNT_ID", "BSUID_123")]);
    assert_eq!(message.sender.phone(), None);
}

#[test]
fn a_contact_is_never_given_to_a_sender_whom_it_may_not_belong_to() {
    let told = value(
        r#"{"contacts":[{"wa_id":"1","user_id":"US.1","profile":{"name":"Ana"}}],
            "messages":[{"id":"a","from":"1","type":"text","text":{"body":"x"}},{"id":"b","from":"2","type":"text","text":{"body":"y"}},
                        {"id":"c","type":"text","text":{"body":"z"}}]}"#,
    );

    let senders: Vec<_> = told.iter().map(|event| if let What::Message(message) = &event.what { message.sender.aliases.clone() } else { vec![] }).collect();
    assert_eq!(senders, [vec![wa("1"), user("WABA", "US.1")], vec![wa("2")], vec![]]);
    assert_eq!(told[2].what, What::Other { kind: "messages".to_owned() });
}

#[test]
fn a_basket_an_edit_and_a_choice_keep_what_they_say() {
    let told: Vec<_> = [1, 2, 8].into_iter().flat_map(|index| events(PAYLOADS[index])).map(|event| event.what).collect();

    let contents: Vec<_> = told.iter().map(|what| if let What::Message(message) = what { &message.content } else { panic!("{what:?}") }).collect();
    let Content::Order { items, note: None } = contents[0] else { panic!("{:?}", contents[0]) };
    assert_eq!(items[0], BasketItem { sku: "HAMBURGER".into(), quantity: 3, price_minor: 3000, currency: "ILS".into() });
    assert_eq!(items.len(), 3);
    let Content::Edit { message, content } = contents[1] else { panic!("{:?}", contents[1]) };
    assert!(message.starts_with("wamid.HBgLMTQx"));
    assert!(matches!(&**content, Content::Media(media) if media.kind == MediaKind::Image && media.caption.as_deref() == Some("Updated image caption")));
    let chosen = Content::Choice { id: "list_reply_id".into(), title: "list_reply_title".into(), description: Some("list_reply_description".into()) };
    assert_eq!(*contents[2], chosen);
}

#[test]
fn each_kind_of_content_is_read() {
    assert_eq!(content(r#""type":"reaction","reaction":{"message_id":"w"}"#), Content::Reaction { emoji: String::new(), message: "w".into() });
    assert_eq!(content(r#""type":"revoke","revoke":{"original_message_id":"w"}"#), Content::Revoke { message: "w".into() });
    assert_eq!(content(r#""type":"button","button":{"text":"Sí"}"#), Content::Choice { id: "Sí".into(), title: "Sí".into(), description: None });
    let form = r#""type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{\"a\":1}"}}"#;
    assert_eq!(content(form), Content::Form { name: "flow".into(), answer: serde_json::json!({"a": 1}) });
    assert!(matches!(content(r#""type":"audio","audio":{"id":"1","voice":true}"#), Content::Media(media) if media.kind == MediaKind::Voice));
    assert!(matches!(content(r#""type":"location","location":{"latitude":1,"longitude":"-2.5"}"#), Content::Location(place) if place.longitude == -2.5));
    assert!(matches!(content(r#""type":"unsupported","unsupported":{"type":"poll"}"#), Content::Unsupported { kind, .. } if kind == "poll"));
    assert!(matches!(content(r#""type":"hologram","hologram":{}"#), Content::Unsupported { kind, raw } if kind == "hologram" && raw["id"] == "wamid.1"));
    for broken in
        [r#""type":"text","text":"x""#, r#""type":"text","text":{"body":"\ud800"}"#, r#""type":"order","order":{"product_items":[{}]}"#, r#""x":1e999"#]
    {
        assert!(matches!(content(broken), Content::Unsupported { .. }), "{broken}");
    }
}

#[test]
fn a_nul_never_reaches_a_database() {
    let told = message(r#""type":"text","text":{"body":"a\u0000b"}"#);

    assert!(matches!(&told.what, What::Message(message) if message.content == Content::text("a\u{fffd}b")));
    assert!(!told.raw.contains("\\u0000"));
}

#[test]
fn statuses_carry_our_id_and_have_a_key_per_state() {
    let told = events(PAYLOADS[3]);
    assert_eq!(told[0].dedupe_key, "s:wamid.xyzxyz:sent");
    let expected = Status { provider_id: "wamid.xyzxyz".into(), ours: Some("some data".into()), state: Delivery::Sent, problem: None };
    assert_eq!(told[0].what, What::Status(expected));

    assert_eq!(events(PAYLOADS[4])[0].dedupe_key, "s:<WHATSAPP_MESSAGE_ID>:read:US.123456");

    let told = value(
        r#"{"statuses":[{"id":"w","status":"played"},{"id":"w","status":"warning"},
            {"id":"w","status":"failed","errors":[{"code":131047,"title":"Re-engagement","error_data":{"details":"24 h"}}]}]}"#,
    );
    assert!(matches!(&told[0].what, What::Status(status) if status.state == Delivery::Read));
    assert_eq!((&told[1].what, told[0].at), (&What::Other { kind: "status".into() }, NOW));
    let problem = Problem { code: 131_047, title: "Re-engagement".into(), details: Some("24 h".into()) };
    assert!(matches!(&told[2].what, What::Status(status) if status.problem.as_ref() == Some(&problem)));
}

#[test]
fn an_echo_names_its_recipient() {
    let told = events(PAYLOADS[5]);

    assert_eq!(told[0].dedupe_key, "e:<WHATSAPP_MESSAGE_ID>");
    let What::Echo(echo) = &told[0].what else { panic!("{told:?}") };
    assert_eq!(echo.content, Content::text("Test message"));
    assert_eq!(echo.to.name, None);

    let told = field("smb_message_echoes", r#"{"message_echoes":[{"id":"e","to":"54911","to_user_id":"AR.1","type":"text","text":{"body":"x"}},{"id":"f"}]}"#);
    assert!(matches!(&told[0].what, What::Echo(echo) if echo.to.aliases == [wa("54911"), user("WABA", "AR.1")]));
    assert_eq!(told[1].what, What::Other { kind: "smb_message_echoes".into() });
}

#[test]
fn a_changed_number_or_user_id_is_told_beside_the_message() {
    let told = events(PAYLOADS[6]);
    assert!(matches!(&told[0].what, What::Message(message) if matches!(&message.content, Content::System { kind, .. } if kind == "user_changed_number")));
    assert_eq!(told[1].what, What::AliasChanged { from: wa("972987654321"), to: wa("972912345678") });
    assert_ne!(told[0].dedupe_key, told[1].dedupe_key);

    let told = value(
        r#"{"contacts":[{"user_id":"AR.2"}],"messages":[{"id":"w","from_user_id":"AR.2","type":"system",
            "system":{"type":"user_changed_user_id","body":"","user_id":"AR.2","previous_user_id":"AR.1"}}]}"#,
    );
    assert!(matches!(&told[0].what, What::Message(message) if message.sender.aliases == [user("WABA", "AR.1")]));
    assert_eq!(told[1].what, What::AliasChanged { from: user("WABA", "AR.1"), to: user("WABA", "AR.2") });

    let told = field("user_id_update", r#"{"user_id_update":[{"user_id":{"previous":"AR.1","current":"AR.2"}},{}]}"#);
    assert_eq!(told[0].what, What::AliasChanged { from: user("WABA", "AR.1"), to: user("WABA", "AR.2") });
    assert_eq!(told[1].what, What::Other { kind: "user_id_update".into() });
}

#[test]
fn what_has_no_meaning_here_is_still_an_event() {
    let kinds = |told: Vec<Incoming>| {
        told.into_iter().map(|event| if let What::Other { kind } = event.what { kind } else { format!("{:?}", event.what) }).collect::<Vec<_>>()
    };

    assert_eq!(kinds(field("calls", r#"{"calls":[],"statuses":[{"id":"w","status":"read"}]}"#)), ["calls"]);
    assert_eq!(kinds(field("account_update", r#"{"event":"DISABLED_UPDATE"}"#)), ["account_update"]);
    assert_eq!(kinds(field("messages", "[1]")), ["messages"]);
    assert_eq!(kinds(field("messages", "{}")), ["messages"]);
    assert_eq!(kinds(value(r#"{"messages":[1,{},{"id":""},{"id":"x"}],"errors":[{"code":1}],"statuses":{},"new":[1]}"#)).len(), 7);
    assert_eq!(kinds(value(r#"{"messages":[{"id":"g","from":"1","group_id":"G","type":"text","text":{"body":"x"}}]}"#)), ["group_message"]);
}

#[test]
fn the_same_event_has_one_key_and_another_event_another() {
    assert_eq!(events(PAYLOADS[9]).len(), 2);
    let same = r#""type":"edit","edit":{"original_message_id":"wamid.1","message":{"type":"text","text":{"body":"x"}}}"#;
    assert_eq!(message(same).dedupe_key, "m:wamid.1:edit:1700000000000");
    let at = |time: u32| {
        let body = format!(r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","time":{time},"changes":[{{"field":"f","value":{{}}}}]}}]}}"#);
        events(&body).remove(0)
    };
    assert_eq!(at(1_743_451_903), at(1_743_451_903));
    assert_ne!(at(1_743_451_903).dedupe_key, at(1_743_451_904).dedupe_key);
}

/// Breaks payloads at random, always the same way, and sees that reading them never panics and never tells nothing.
#[test]
fn no_json_makes_it_panic() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % (below.max(1) as u64)).unwrap()
    };
    let scraps = ["null", "{}", "[]", "\"\"", "-1", "1e999", "true", "\"\\ud800\"", "\"\\u0000\"", "{\"id\":[]}", ",", "\"", "{", "]"];
    let mut read_through = 0;
    for round in 0..4_000 {
        let mut body = PAYLOADS[round % PAYLOADS.len()].as_bytes().to_vec();
        for _ in 0..=random(3) {
            let (from, scrap) = (random(body.len()), scraps[random(scraps.len())]);
            match random(4) {
                0 => body[from] = u8::try_from(random(256)).unwrap(),
                1 => drop(body.drain(from..(from + random(40)).min(body.len()))),
                // A whole value in the place of another one.
                _ => {
                    let starts: Vec<_> = (1..body.len()).filter(|at| body[at - 1] == b':').collect();
                    let Some(start) = starts.get(random(starts.len())).copied() else { continue };
                    let end = (start..body.len()).find(|at| matches!(body[*at], b',' | b'}')).unwrap_or(body.len());
                    body.splice(start..end, scrap.bytes());
                }
            }
        }
        if let Ok(peeked) = peek(&body) {
            for change in &peeked.changes {
                assert!(!read(change, NOW).is_empty());
                read_through += 1;
            }
        }
    }
    assert!(read_through > 500, "{read_through}");
}
