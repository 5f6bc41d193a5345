//! What a business sets, and who is told of it.

use relevo_model::*;
use relevo_store::*;
use serde_json::json;

use crate::support::*;

on_both!(every_change_raises_the_version_and_is_told, a_service_point_and_its_flows_come_back_as_they_were_set, a_business_is_made_once);

fn point(w: &World, name: &str) -> ServicePoint {
    ServicePoint {
        id: w.clock.id(),
        name: name.into(),
        phone_number: None,
        whatsapp_status: WhatsappStatus::Disconnected,
        last_qr_at: None,
        time_zone: "America/Argentina/Buenos_Aires".into(),
        opening_hours: Json(json!({ "mon": [["09:00", "18:00"]] })),
        locale: Some("es".into()),
        bot_enabled: true,
        burst_ms: 300,
        uncertain_policy: UncertainPolicy::Resend,
        version: 1,
        created_at: w.now(),
    }
}

fn install(w: &World, point: &ServicePoint, plugin: &str, position: i64) -> Install {
    Install {
        id: w.clock.id(),
        service_point_id: point.id,
        plugin_id: plugin.into(),
        version: "1.0.0".into(),
        position,
        config: Json(json!({ "greeting": "¡Hola!" })),
        enabled: true,
        created_at: w.now(),
    }
}

async fn every_change_raises_the_version_and_is_told(w: World) {
    let version = async || w.cell.read().await.unwrap().business().await.unwrap().unwrap().config_version;
    let before = version().await;
    w.heard().await;
    let mut centro = point(&w, "Centro");

    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&centro).await.unwrap();
    write.add_install(&install(&w, &centro, "storefront", 1)).await.unwrap();
    write.commit().await.unwrap();
    centro.bot_enabled = false;
    let mut write = w.cell.write().await.unwrap();
    assert!(write.save_service_point(&centro, None).await.unwrap());
    write.commit().await.unwrap();

    assert_eq!(version().await, before + 3);
    assert_eq!(w.heard().await.iter().filter(|notice| matches!(notice, Notice::Config)).count(), 3);
}

async fn a_service_point_and_its_flows_come_back_as_they_were_set(w: World) {
    let centro = point(&w, "Centro");
    let mut write = w.cell.write().await.unwrap();
    write.add_service_point(&centro).await.unwrap();
    for (plugin, position) in [("second", 2), ("first", 1)] {
        write.add_install(&install(&w, &centro, plugin, position)).await.unwrap();
    }
    write.commit().await.unwrap();
    let mut read = w.cell.read().await.unwrap();

    let found = read.service_points().find(&centro.id).await.unwrap().unwrap();
    let installs = read.installs().await.unwrap();

    assert_eq!((found.opening_hours.0, found.burst_ms, found.uncertain_policy), (centro.opening_hours.0.clone(), 300, UncertainPolicy::Resend));
    assert_eq!(installs.iter().map(|install| install.plugin_id.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(installs[0].config.0, json!({ "greeting": "¡Hola!" }));
    let mut write = w.cell.write().await.unwrap();
    assert!(matches!(write.add_install(&install(&w, &centro, "first", 3)).await, Err(Error::Conflict(_))));
}

async fn a_business_is_made_once(w: World) {
    let mut write = w.cell.write().await.unwrap();
    write.add_business("Otra", "USD", "en").await.unwrap();
    write.commit().await.unwrap();

    let business = w.cell.read().await.unwrap().business().await.unwrap().unwrap();

    assert_eq!((business.name.as_str(), business.currency.as_str()), ("Acme", "ARS"));
}
