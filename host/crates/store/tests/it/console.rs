//! What the people of a business change about it.

use relevo_model::*;
use relevo_store::*;
use serde_json::json;

use crate::support::*;

on_both!(
    a_change_of_a_version_that_is_gone_is_not_made,
    a_row_that_was_read_earlier_takes_back_nothing_that_others_changed,
    a_channel_that_was_removed_gets_no_secrets,
    every_version_of_a_policy_stays,
    one_prompt_counts_and_none_is_lost,
    a_product_that_was_removed_stays_for_its_orders_alone,
    a_channel_goes_and_its_conversations_stay,
    a_service_point_goes_with_all_that_is_its_own,
    a_flow_is_replaced_whole,
    a_conversation_that_is_given_to_somebody_is_no_longer_the_bots,
    an_order_goes_on_once_per_version,
    a_models_key_is_kept_sealed,
    a_way_in_goes_only_with_its_own_channel,
    who_writes_while_the_bot_is_off_waits_for_a_person,
    a_line_of_the_audit_log_can_be_told_by_name,
);

const CANARY: &str = "sk-canary-5d1f";

fn point(w: &World, name: &str) -> ServicePoint {
    ServicePoint {
        id: w.clock.id(),
        name: name.into(),
        phone_number: None,
        whatsapp_status: WhatsappStatus::Connected,
        last_qr_at: None,
        time_zone: "UTC".into(),
        opening_hours: Json(json!({})),
        locale: None,
        bot_enabled: true,
        burst_ms: 0,
        uncertain_policy: UncertainPolicy::Ask,
        version: 1,
        created_at: w.now(),
    }
}

fn channel(w: &World, id: ChannelId, point: ServicePointId, number: &str) -> Channel {
    Channel {
        id,
        service_point_id: point,
        kind: ChannelKind::CloudApi,
        state: ChannelState::Active,
        cause: None,
        paused_until: None,
        phone_number_id: Some(number.into()),
        waba_id: Some("77".into()),
        access_token: Some(Channel::seal(&w.cell, &id, "access_token", CANARY)),
        app_secret: None,
        last_inbound_at: None,
        last_outbound_at: None,
        removed_at: None,
        created_at: w.now(),
    }
}

/// The world's own point and channel, as rows.
async fn with_point(w: &World) -> ServicePoint {
    let here = ServicePoint { id: w.point, ..point(w, "Centro") };
    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&here).await.unwrap();
    write.add_channel(&channel(w, w.channel, w.point, "1000")).await.unwrap();
    write.commit().await.unwrap();
    here
}

async fn a_change_of_a_version_that_is_gone_is_not_made(w: World) {
    let here = with_point(&w).await;
    let product = w.product_named("VIN", "Vino", 1_500, Some(3));
    let mut write = w.cell.write().await.unwrap();
    write.add_product(&product).await.unwrap();
    let business = write.business().await.unwrap().unwrap();

    let model = ModelSettings { base_url: None, model: "m".into(), sealed_key: None };
    let first = [
        write.save_business(&business, Some(business.version)).await.unwrap(),
        write.save_service_point(&here, Some(1)).await.unwrap(),
        write.save_product(&product, Some(1)).await.unwrap(),
    ];
    let second = [
        write.save_business(&business, Some(business.version)).await.unwrap(),
        write.save_model(&model, Some(business.version)).await.unwrap(),
        write.save_service_point(&here, Some(1)).await.unwrap(),
        write.touch_service_point(&here.id, Some(1)).await.unwrap(),
        write.save_product(&product, Some(1)).await.unwrap(),
    ];
    let any = [
        write.save_business(&business, None).await.unwrap(),
        write.save_model(&model, None).await.unwrap(),
        write.save_service_point(&here, None).await.unwrap(),
        write.save_product(&product, None).await.unwrap(),
    ];
    write.commit().await.unwrap();

    assert_eq!((first, second, any), ([true; 3], [false; 5], [true; 4]));
    let mut read = w.cell.read().await.unwrap();
    assert_eq!(read.service_points().find(&here.id).await.unwrap().unwrap().version, 3);
    assert_eq!(read.business().await.unwrap().unwrap().version, business.version + 3);
}

async fn a_row_that_was_read_earlier_takes_back_nothing_that_others_changed(w: World) {
    let here = with_point(&w).await;
    let product = w.product_named("VIN", "Vino", 1_500, Some(3));
    let mut write = w.cell.write().await.unwrap();
    write.add_product(&product).await.unwrap();
    let business = write.business().await.unwrap().unwrap();
    write.switch_bot_everywhere(false).await.unwrap();
    write.connect_service_point(&here.id, Some("+54 9 11 5555-0001")).await.unwrap();
    write.set_product_image(&product.id, Some("t/products/k.png")).await.unwrap();

    assert!(write.save_business(&Business { name: "Sur".into(), ..business }, None).await.unwrap());
    assert!(write.save_product(&Product { title: "Vino tinto".into(), ..product.clone() }, None).await.unwrap());
    assert!(
        write.save_service_point(&ServicePoint { name: "Norte".into(), whatsapp_status: WhatsappStatus::Disconnected, ..here.clone() }, None).await.unwrap()
    );
    assert!(write.switch_bot_at(&here.id, false).await.unwrap() && write.connect_service_point(&here.id, None).await.unwrap());
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let business = read.business().await.unwrap().unwrap();
    assert_eq!((&*business.name, business.bot_enabled), ("Sur", false));
    let product = read.products().find(product.id.as_str()).await.unwrap().unwrap();
    assert_eq!((&*product.title, product.image.as_deref()), ("Vino tinto", Some("t/products/k.png")));
    let point = read.service_points().find(&here.id).await.unwrap().unwrap();
    assert_eq!((&*point.name, point.phone_number.as_deref(), point.bot_enabled), ("Norte", Some("+54 9 11 5555-0001"), false));
    assert_eq!((point.whatsapp_status, point.version), (WhatsappStatus::Connected, 5));
    let nowhere = w.clock.id();
    let mut write = w.cell.write().await.unwrap();
    assert!(!write.switch_bot_at(&nowhere, true).await.unwrap() && !write.connect_service_point(&nowhere, None).await.unwrap());
    write.disconnect_service_point(&here.id).await.unwrap();
    let point = write.service_points().find(&here.id).await.unwrap().unwrap();
    assert_eq!((point.phone_number, point.whatsapp_status, &*point.name), (None, WhatsappStatus::Disconnected, "Norte"));
}

async fn a_channel_that_was_removed_gets_no_secrets(w: World) {
    with_point(&w).await;
    w.says(ANA, "hola").await;
    let mut write = w.cell.write().await.unwrap();
    write.set_channel_state(&w.channel, ChannelState::Stopped, Some("token"), None).await.unwrap();
    assert!(write.renew_app_secret(&w.channel, b"secret").await.unwrap());
    let row = write.channel(&w.channel).await.unwrap().unwrap();
    assert_eq!((row.state, row.app_secret.as_deref()), (ChannelState::Stopped, Some(&b"secret"[..])));
    assert!(write.renew_token(&w.channel, b"token").await.unwrap());
    let row = write.channel(&w.channel).await.unwrap().unwrap();
    assert_eq!((row.state, row.cause, row.app_secret.as_deref()), (ChannelState::Active, None, Some(&b"secret"[..])));
    write.remove_channel(&w.channel, w.now()).await.unwrap();

    assert!(!write.renew_token(&w.channel, b"token").await.unwrap() && !write.renew_app_secret(&w.channel, b"secret").await.unwrap());
    write.commit().await.unwrap();

    let left = &w.cell.read().await.unwrap().channels().await.unwrap()[0];
    assert!(left.access_token.is_none() && left.app_secret.is_none() && left.state == ChannelState::Stopped);
}

async fn every_version_of_a_policy_stays(w: World) {
    let policy = Policy {
        id: w.clock.id(),
        kind: "shipping".into(),
        title: "Envíos".into(),
        text: "Gratis desde 10.000".into(),
        active: true,
        version: 1,
        created_at: w.now(),
        updated_at: w.now(),
    };
    let mut write = w.cell.write().await.unwrap();
    write.add_policy(&policy, "ana").await.unwrap();
    let changed = Policy { text: "Gratis desde 20.000".into(), ..policy.clone() };
    assert!(write.save_policy(&changed, Some(1), "bruno").await.unwrap());
    assert!(!write.save_policy(&changed, Some(1), "carla").await.unwrap(), "somebody was there first");
    write.commit().await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    let versions = read.policies().versions(&policy.id, None, 10).await.unwrap();
    let told: Vec<_> = versions.iter().map(|version| (version.version, version.text.as_str(), version.changed_by.as_str())).collect();
    assert_eq!(told, [(2, "Gratis desde 20.000", "bruno"), (1, "Gratis desde 10.000", "ana")]);
    assert_eq!(read.policies().versions(&policy.id, Some(2), 10).await.unwrap().len(), 1);
    assert_eq!(read.policies().list(None, 10).await.unwrap()[0].version, 2);
    assert!(read.policies().list(Some(&policy.id), 10).await.unwrap().is_empty());
}

async fn one_prompt_counts_and_none_is_lost(w: World) {
    let prompt = |version: i64| AgentPrompt {
        id: w.clock.id(),
        version,
        text: format!("Versión {version}"),
        active: true,
        created_by: "ana".into(),
        created_at: w.now(),
    };
    for version in [1, 2, 3] {
        let mut write = w.cell.write().await.unwrap();
        write.add_agent_prompt(&prompt(version)).await.unwrap();
        write.commit().await.unwrap();
    }
    let mut write = w.cell.write().await.unwrap();
    assert!(matches!(write.add_agent_prompt(&prompt(3)).await, Err(Error::Conflict(_))), "two of the same number");
    drop(write);
    let mut read = w.cell.read().await.unwrap();

    let all = read.agent_prompts().list(None, 10).await.unwrap();
    assert_eq!(all.iter().map(|prompt| (prompt.version, prompt.active)).collect::<Vec<_>>(), [(3, true), (2, false), (1, false)]);
    assert_eq!(read.agent_prompts().active().await.unwrap().unwrap().version, 3);
    assert_eq!(read.agent_prompts().list(Some(2), 10).await.unwrap()[0].version, 1);
}

async fn a_product_that_was_removed_stays_for_its_orders_alone(w: World) {
    let product = w.product("vino", Some(3)).await;
    let (_, order) = w.ordered(ANA, "A-1", product).await;

    let mut write = w.cell.write().await.unwrap();
    assert!(write.remove_product(&product, w.now()).await.unwrap());
    assert!(!write.remove_product(&product, w.now()).await.unwrap(), "it is gone already");
    write.commit().await.unwrap();
    w.product("vino", None).await;

    let mut read = w.cell.read().await.unwrap();
    assert!(read.products().find(product.as_str()).await.unwrap().is_none());
    assert_eq!(read.products().list(&ProductFilter::default(), None, 10).await.unwrap().len(), 1, "the other one, under the same SKU");
    let query = RecordQuery { filters: vec![], sort: PRODUCT_FIELDS[0], descending: false, after: None, limit: 10 };
    assert_eq!(read.find_products(&query).await.unwrap().len(), 1, "and flows see no other");
    assert_eq!(read.orders().lines(&order).await.unwrap()[0].product_id, product.as_str());
    let mut write = w.cell.write().await.unwrap();
    let gone = Product { id: product, ..w.product_named("x", "x", 1, None) };
    assert!(!write.save_product(&gone, None).await.unwrap() && !write.set_product_image(&product, Some("k")).await.unwrap());
}

async fn a_channel_goes_and_its_conversations_stay(w: World) {
    with_point(&w).await;
    let unused = channel(&w, w.clock.id(), w.point, "2000");
    let mut write = w.cell.write().await.unwrap();
    write.add_channel(&unused).await.unwrap();
    assert!(matches!(w.cell.read().await.unwrap().channel(&w.channel).await, Ok(Some(_))));
    write.commit().await.unwrap();
    let chat = w.says(ANA, "hola").await;

    let mut write = w.cell.write().await.unwrap();
    write.remove_channel(&w.channel, w.now()).await.unwrap();
    write.remove_channel(&unused.id, w.now()).await.unwrap();
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    assert!(read.channel(&w.channel).await.unwrap().is_none() && read.channel_page(&Reach::All, None, 10).await.unwrap().is_empty());
    let left = read.channels().await.unwrap();
    assert_eq!(left.len(), 1);
    let left = &left[0];
    assert_eq!((left.id, left.state, left.removed_at), (w.channel, ChannelState::Stopped, Some(NOON.0)));
    assert!(left.phone_number_id.is_none() && left.waba_id.is_none() && left.access_token.is_none());
    assert_eq!(w.conversation(&chat.id).await.channel_id, w.channel);
    let mut write = w.cell.write().await.unwrap();
    write.add_channel(&channel(&w, w.clock.id(), w.point, "1000")).await.unwrap();
}

async fn a_service_point_goes_with_all_that_is_its_own(w: World) {
    with_point(&w).await;
    let other = point(&w, "Norte");
    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&other).await.unwrap();
    write.add_channel(&channel(&w, w.clock.id(), other.id, "2000")).await.unwrap();
    write.commit().await.unwrap();
    w.says(ANA, "hola").await;

    let mut write = w.cell.write().await.unwrap();
    assert!(write.service_points().is_in_use(&w.point).await.unwrap() && !write.service_points().is_in_use(&other.id).await.unwrap());
    write.remove_service_point(&other.id).await.unwrap();
    write.commit().await.unwrap();

    let mut read = w.cell.read().await.unwrap();
    let left: Vec<_> = read.service_points().page(&Reach::All, None, 10).await.unwrap().into_iter().map(|point| point.id).collect();
    assert_eq!((left, read.channels().await.unwrap().len()), (vec![w.point], 1));
    let elsewhere: Reach = [other.id].into_iter().collect();
    assert!(read.service_points().page(&elsewhere, None, 10).await.unwrap().is_empty());
    assert!(read.service_points().page(&Reach::All, Some(&w.point), 10).await.unwrap().is_empty());
}

async fn a_flow_is_replaced_whole(w: World) {
    let here = with_point(&w).await;
    let install = |plugin: &str, position: i64| Install {
        id: w.clock.id(),
        service_point_id: here.id,
        plugin_id: plugin.into(),
        version: "1.0.0".into(),
        position,
        config: Json(json!({})),
        enabled: true,
        created_at: w.now(),
    };
    for chain in [vec![install("a", 1), install("b", 2)], vec![install("b", 1), install("c", 2)]] {
        let mut write = w.cell.write().await.unwrap();
        write.replace_flow(&here.id, &chain).await.unwrap();
        write.commit().await.unwrap();
    }

    let flow = w.cell.read().await.unwrap().flow_of(&here.id).await.unwrap();
    assert_eq!(flow.iter().map(|install| install.plugin_id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
}

async fn a_conversation_that_is_given_to_somebody_is_no_longer_the_bots(w: World) {
    let (chat, said) = w.answered(ANA, &["¡Hola!"]).await;
    let assign = async |to: Option<&str>| {
        let mut write = w.cell.write().await.unwrap();
        let changed = write.assign(&chat.id, to, "ana", w.clock.id(), w.now()).await.unwrap();
        write.commit().await.unwrap();
        changed
    };

    assert!(assign(Some("bruno")).await);
    let given = w.conversation(&chat.id).await;
    assert!(!assign(Some("bruno")).await, "he has it already");
    assert!(assign(Some("carla")).await);
    let passed = w.conversation(&chat.id).await;
    assert!(assign(None).await && !assign(None).await);
    let left = w.conversation(&chat.id).await;

    assert_eq!((given.status, given.assignee_id.as_deref(), given.epoch), (Answering::Human, Some("bruno"), chat.epoch + 1));
    assert_eq!(w.outbox(&said[0]).await, OutboxState::Cancelled);
    assert_eq!((passed.assignee_id.as_deref(), passed.epoch), (Some("carla"), given.epoch));
    assert_eq!((left.status, left.assignee_id), (Answering::Human, None));
    assert_eq!(w.timeline(&chat.id).await, ["taken_over", "assigned", "unassigned"]);
}

async fn an_order_goes_on_once_per_version(w: World) {
    let product = w.product("vino", None).await;
    let (_, order) = w.ordered(ANA, "A-1", product).await;
    w.clock.advance(std::time::Duration::from_millis(1));
    let step = |status: &str, seen: i64| OrderStep { order, status: status.into(), seen, actor: "ana".into(), event: w.clock.id(), now: w.now() };
    let mut write = w.cell.write().await.unwrap();
    assert!(write.step_order(&step("CONFIRMED", 1)).await.unwrap());
    assert!(!write.step_order(&step("CANCELLED", 1)).await.unwrap(), "somebody was there first");
    assert!(write.step_order(&step("SHIPPED", 2)).await.unwrap());
    write.commit().await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    let found = read.orders().find(&order).await.unwrap().unwrap();
    assert_eq!((found.status.as_str(), found.version), ("SHIPPED", 3));
    let history: Vec<_> = read.orders().history(&order).await.unwrap().into_iter().map(|(status, actor, _)| (status, actor)).collect();
    let told = |status: &str, actor: &str| (status.to_owned(), actor.to_owned());
    assert_eq!(history, [told("NEW", "storefront"), told("CONFIRMED", "ana"), told("SHIPPED", "ana")]);
    let statuses = read.orders().statuses().await.unwrap();
    let code = |code: &str| statuses.iter().find(|status| status.code == code).unwrap();
    assert!(code("NEW").allows(code("SHIPPED")) && code("SHIPPED").allows(code("CANCELLED")));
    assert!(!code("SHIPPED").allows(code("NEW")) && !code("NEW").allows(code("NEW")) && !code("DELIVERED").allows(code("CANCELLED")));
}

async fn a_models_key_is_kept_sealed(w: World) {
    let sealed_key = Some(Business::seal_openai_key(&w.cell, CANARY));
    let mut write = w.cell.write().await.unwrap();
    let settings = ModelSettings { base_url: Some("https://llm.acme.com/v1".into()), model: "gpt-4o-mini".into(), sealed_key };
    assert!(write.save_model(&settings, None).await.unwrap());
    write.commit().await.unwrap();

    let business = w.cell.read().await.unwrap().business().await.unwrap().unwrap();
    assert_eq!(business.openai_key(&w.cell).unwrap().as_deref(), Some(CANARY));
    assert_eq!((business.openai_base_url.as_deref(), business.openai_model.as_str()), (Some("https://llm.acme.com/v1"), "gpt-4o-mini"));
    assert!(!format!("{business:?}").contains("sk-"));
    assert!(w.places_of(CANARY).await.is_empty(), "{:?}", w.places_of(CANARY).await);
    let other = w.neighbour("other").await;
    assert!(business.openai_key(&other).is_err(), "another business cannot open it");
}

async fn a_way_in_goes_only_with_its_own_channel(w: World) {
    let platform = w.store.platform();
    let way = Route { kind: "phone_number_id".into(), address: "1000".into(), tenant_id: w.tenant.id, channel_id: w.channel };
    platform.add_route(&way, w.now()).await.unwrap();

    assert!(!platform.remove_route(&Route { channel_id: w.clock.id(), ..way.clone() }).await.unwrap());
    assert!(!platform.remove_route(&Route { tenant_id: w.clock.id(), ..way.clone() }).await.unwrap());
    assert!(matches!(platform.add_route(&way, w.now()).await, Err(Error::Conflict(_))));
    assert!(platform.remove_route(&way).await.unwrap() && platform.route("phone_number_id", "1000").await.unwrap().is_none());
}

async fn who_writes_while_the_bot_is_off_waits_for_a_person(w: World) {
    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&ServicePoint { id: w.point, ..point(&w, "Centro") }).await.unwrap();
    write.add_channel(&channel(&w, w.channel, w.point, "1")).await.unwrap();
    write.commit().await.unwrap();
    let chat = w.says(ANA, "hola").await;
    let glance = async || {
        let mut read = w.cell.read().await.unwrap();
        let waiting: Vec<ConversationId> = read.overview().waiting(false, 10).await.unwrap().into_iter().map(|one| one.conversation_id).collect();
        let activity = read.overview().activity(&w.point, Time(0), false).await.unwrap();
        (waiting, activity.bot, activity.nobody)
    };
    assert_eq!(glance().await, (vec![], 1, 0));

    let mut write = w.cell.write().await.unwrap();
    write.switch_bot_everywhere(false).await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(glance().await, (vec![chat.id], 0, 1));
    let mut write = w.cell.write().await.unwrap();
    write.take_over(&chat.id, "ana@acme", "asked", w.clock.id(), w.now()).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(glance().await, (vec![], 0, 0), "somebody has it");
}

async fn a_line_of_the_audit_log_can_be_told_by_name(w: World) {
    let product = w.product("YM-500", None).await;
    let chat = w.says("111", "hola").await;
    let (point, number) = (point(&w, "Norte"), w.clock.id());
    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&point).await.unwrap();
    write.add_channel(&channel(&w, number, point.id, "7")).await.unwrap();
    write.commit().await.unwrap();
    let mut read = w.cell.read().await.unwrap();
    let title = read.products().find(product.as_str()).await.unwrap().unwrap().title;

    let mut log = read.audit_log();

    assert_eq!(log.name_of(product.as_str()).await.unwrap(), Some(title));
    assert_eq!(log.name_of(point.id.as_str()).await.unwrap().as_deref(), Some("Norte"));
    assert_eq!(log.name_of(number.as_str()).await.unwrap().as_deref(), Some("Norte"), "a channel is known by where it is");
    assert_eq!(log.name_of(chat.message.as_str()).await.unwrap(), None);
}
