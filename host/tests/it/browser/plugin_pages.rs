//! The pages of plugins through the real router, without a browser: forms alone are enough.

use axum::http::StatusCode;
use relevo_model::*;

use super::{
    demo::{AGENT, Demo},
    guest::Guest,
    plugin_files::{ID, file, greedier, manifest},
};
use crate::harness::until;

const PAGE: &str = "/plugins/com.example.tracking";

async fn owner(demo: &Demo) -> Guest {
    Guest::logged_in(demo, demo.owner("Olga Paz").await).await
}

/// Uploads it and waits until it is compiled, as the page that looks on does.
async fn uploaded(guest: &Guest, manifest: &serde_json::Value) {
    assert_eq!(guest.uploads("/plugins/new", "file", &file(manifest)).await.to(), PAGE);
    until("the version is compiled", || async { !guest.get(PAGE).await.body.contains("data-testid=\"compiling\"") }).await;
}

/// The version of the plugin that its page shows.
async fn seen(guest: &Guest) -> String {
    let page = guest.get(PAGE).await.body;
    page.split_once(" name=\"version\" value=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("0").to_owned()
}

async fn accepts(guest: &Guest, version: &str, ticked: &[(&str, &str)]) {
    assert_eq!(guest.post(&format!("{PAGE}/versions/{version}/grants"), ticked).await.to(), PAGE);
}

async fn activates(guest: &Guest, version: &str) -> StatusCode {
    guest.post(&format!("{PAGE}/versions/{version}/activate"), &[("version", &seen(guest).await)]).await.status
}

const ALL: [(&str, &str); 10] = [
    ("grant~0", "on"),
    ("host~0", "api.example.com"),
    ("host~0", "status.example.com"),
    ("method~0", "GET"),
    ("grant~1", "on"),
    ("name~1", "API_KEY"),
    ("grant~2", "on"),
    ("access~2", "write"),
    ("grant~3", "on"),
    ("grant~4", "on"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_plugin_is_refused_with_what_to_change() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;

    let nothing = owner.uploads("/plugins/new", "file", b"").await;
    assert!(nothing.status == StatusCode::UNPROCESSABLE_ENTITY && nothing.body.contains("Elegí un archivo."), "{}", nothing.body);
    let garbage = owner.uploads("/plugins/new", "file", b"<b>no wasm</b>").await;
    assert!(garbage.status == StatusCode::UNPROCESSABLE_ENTITY && garbage.body.contains("No es un archivo .wasm"), "{}", garbage.body);
    assert!(garbage.body.contains("Subí el que escribió «relevo plugin pack»."), "{}", garbage.body);
    let mut ours = manifest("1.0.0");
    ours["id"] = "storefront".into();
    let ours = owner.uploads("/plugins/new", "file", &file(&ours)).await;
    assert!(ours.body.contains("Ese nombre es de un plugin de Relevo") && ours.body.contains("com.tunegocio.flujo"), "{}", ours.body);
    assert!(!owner.get("/plugins").await.body.contains(ID), "nothing of it stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_does_what_was_ticked_and_asks_again_for_more() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    uploaded(&owner, &manifest("1.0.0")).await;

    let page = owner.get(PAGE).await.body;
    for shown in ["La versión 1.0.0 pide permiso", "Para preguntarle al correo.", "status.example.com", "API_KEY", "Crear pedidos", "Espera tu decisión"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("data-testid=\"activate\""), "nothing of it runs before it is accepted");
    assert_eq!(activates(&owner, "1.0.0").await, StatusCode::CONFLICT);

    // No second host, orders to be read alone, no hand-over.
    let narrow = [
        ("grant~0", "on"),
        ("host~0", "api.example.com"),
        ("method~0", "GET"),
        ("grant~1", "on"),
        ("name~1", "API_KEY"),
        ("grant~2", "on"),
        ("access~2", "read"),
    ];
    accepts(&owner, "1.0.0", &narrow).await;
    assert_eq!(activates(&owner, "1.0.0").await, StatusCode::SEE_OTHER);

    let grants = demo.cell().await.read().await.unwrap().plugins().grants_of(ID).await.unwrap().unwrap().grants.0;
    let expected = serde_json::json!([
        { "kind": "http", "hosts": ["api.example.com"], "methods": ["GET"] },
        { "kind": "secrets", "names": ["API_KEY"] },
        { "kind": "records", "collection": "orders", "access": "read" },
    ]);
    assert_eq!(grants, expected);
    let page = owner.get(PAGE).await.body;
    assert!(page.contains("Aceptado por Olga Paz") && page.contains("data-state=\"active\""), "{page}");
    assert!(page.contains("value=\"status.example.com\"><span>"), "what was taken out of it stays out: {page}");

    uploaded(&owner, &manifest("1.1.0")).await;
    assert_eq!(activates(&owner, "1.1.0").await, StatusCode::SEE_OTHER, "one that asks for no more is activated with a click");
    uploaded(&owner, &greedier("1.2.0")).await;
    assert!(owner.get("/plugins").await.body.contains("1.2.0 pide permiso"));
    let page = owner.get(PAGE).await.body;
    assert!(page.contains("La versión 1.2.0 pide permiso") && page.matches("Nuevo en 1.2.0").count() == 1, "{page}");
    assert_eq!(activates(&owner, "1.2.0").await, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_tried_kept_taken_back_and_removed() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        uploaded(&owner, &manifest(version)).await;
    }
    accepts(&owner, "1.0.0", &ALL).await;
    assert_eq!(activates(&owner, "1.0.0").await, StatusCode::SEE_OTHER);

    let try_it = |version: &'static str, percent: &'static str| {
        let owner = &owner;
        async move { owner.post(&format!("{PAGE}/versions/{version}/canary"), &[("version", &seen(owner).await), ("percent", percent)]).await.status }
    };
    assert_eq!(try_it("1.1.0", "25").await, StatusCode::SEE_OTHER);
    let page = owner.get(PAGE).await.body;
    assert!(page.contains("1.1.0 · 25 %") && page.contains("data-version=\"1.1.0\" data-state=\"canary\""), "{page}");
    assert!(owner.get("/plugins").await.body.contains("1.1.0 en prueba, 25 %"));
    assert_eq!(owner.post(&format!("{PAGE}/canary/end"), &[("version", &seen(&owner).await)]).await.to(), PAGE);
    assert_eq!(try_it("1.2.0", "50").await, StatusCode::SEE_OTHER);
    assert_eq!(owner.post(&format!("{PAGE}/canary/end"), &[("version", &seen(&owner).await), ("keep", "on")]).await.to(), PAGE);
    assert!(owner.get(PAGE).await.body.contains("data-version=\"1.2.0\" data-state=\"active\""));

    assert_eq!(owner.post(&format!("{PAGE}/roll-back"), &[("version", "1")]).await.status, StatusCode::CONFLICT, "somebody else was faster");
    assert_eq!(owner.post(&format!("{PAGE}/roll-back"), &[("version", &seen(&owner).await)]).await.to(), PAGE);
    let page = owner.get(PAGE).await.body;
    assert!(page.contains("Volvió 1.0.0.") && page.contains("data-version=\"1.0.0\" data-state=\"active\""), "{page}");

    assert!(owner.get(&format!("{PAGE}/versions/1.1.0/remove")).await.body.contains("¿Borrar Seguimiento 1.1.0?"));
    assert_eq!(owner.post(&format!("{PAGE}/versions/1.1.0/remove"), &[]).await.to(), PAGE);
    assert_eq!(owner.post(&format!("{PAGE}/versions/1.0.0/remove"), &[]).await.status, StatusCode::CONFLICT, "it answers");
    assert!(!owner.get(PAGE).await.body.contains("data-version=\"1.1.0\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_installation_is_set_by_a_form_and_a_service_point_otherwise() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    uploaded(&owner, &manifest("1.0.0")).await;
    accepts(&owner, "1.0.0", &ALL).await;
    assert_eq!(activates(&owner, "1.0.0").await, StatusCode::SEE_OTHER);
    let config = format!("{PAGE}/config");

    let page = owner.get(&config).await;
    assert!(page.body.contains("Andreani") && page.body.contains("Yerba mate 1 kg") && page.body.contains("Sucursales"), "{}", page.body);
    let seen = page.field("version~").to_owned();
    let with = |more: &[(&'static str, &'static str)]| [&[("version~", &*seen)], more].concat();
    let wrong = [("days", "31"), ("from", "25:00"), ("carrier", ""), ("branches/0/code", ""), ("branches/0/open", "on"), ("API_KEY", "canary-key")];
    let refused = owner.post(&config, &with(&wrong)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.contains("Falta este dato.") && refused.body.contains("value=\"31\"") && !refused.body.contains("canary-key"), "{}", refused.body);
    let refused = owner.post(&config, &with(&[("days", "31"), ("from", "25:00"), ("carrier", "oca"), ("branches/0/open", "on")])).await;
    for shown in ["de 1 a 30", "Escribí la hora así: 09:30.", "Falta este dato."] {
        assert!(refused.body.contains(shown), "{shown}: {}", refused.body);
    }
    let longer = owner.post(&config, &with(&[("branches/0/code", "A"), ("more~", "branches")])).await;
    assert!(longer.status == StatusCode::OK && longer.body.contains("name=\"branches&#x2f;2&#x2f;code\""), "{}", longer.body);

    let sound = [("days", "7"), ("carrier", "oca"), ("API_KEY", "canary-key"), ("branches/0/code", "A"), ("words", "envío\npaquete")];
    assert_eq!(owner.post(&config, &with(&sound)).await.to(), config);
    let page = owner.get(&config).await.body;
    assert!(page.contains("Guardada. No se vuelve a mostrar.") && !page.contains("canary-key"), "{page}");
    assert!(page.contains("value=\"7\"") && page.contains("Versión 1"), "{page}");

    let norte = demo.point("Norte").await.replace("/simulator/", "");
    assert_eq!(owner.post(&format!("{PAGE}/attach"), &[("point", &norte)]).await.to(), PAGE);
    let otherwise = format!("/points/{norte}/flow/{ID}");
    let page = owner.get(&otherwise).await.body;
    assert!(page.contains("En la instalación: OCA") && !page.contains("Clave del correo"), "{page}");
    assert_eq!(owner.post(&otherwise, &[("own~days", "on"), ("days", "9")]).await.to(), format!("/points/{norte}/flow"));
    let chain = owner.get(&format!("/points/{norte}/flow")).await.body;
    assert!(chain.contains("Días de espera") && chain.contains(">9<"), "{chain}");
    assert!(owner.get(&config).await.body.contains("Distinto en un punto"));
    assert!(owner.get(&format!("{otherwise}/versions/1")).await.body.contains("Norte"));
    assert!(owner.get(&format!("{config}/1")).await.body.contains("envío, paquete"));
    assert_eq!(owner.get(&format!("{config}/2")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_the_settings_do_not_fit_leads_to_where_they_are_set_for_it() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    uploaded(&owner, &manifest("1.0.0")).await;
    accepts(&owner, "1.0.0", &ALL).await;
    assert_eq!(activates(&owner, "1.0.0").await, StatusCode::SEE_OTHER);
    let config = format!("{PAGE}/config");
    let first = owner.get(&config).await.field("version~").to_owned();
    assert_eq!(owner.post(&config, &[("version~", &first), ("carrier", "oca")]).await.to(), config);
    let mut next = manifest("2.0.0");
    next["config"]["properties"]["carrier"]["enum"] = serde_json::json!(["andreani", "correo"]);
    uploaded(&owner, &next).await;

    let activated = owner.post(&format!("{PAGE}/versions/2.0.0/activate"), &[("version", &seen(&owner).await)]).await;

    let there = format!("{config}?version=2.0.0");
    assert_eq!(activated.to(), there);
    let page = owner.get(&there).await;
    assert!(page.body.contains("La configuración no va con la versión 2.0.0. Toda la instalación, Correo:"), "{}", page.body);
    assert_eq!(page.field("for~"), "2.0.0");
    let version = page.field("version~").to_owned();
    assert_eq!(owner.post(&config, &[("version~", &version), ("for~", "2.0.0"), ("carrier", "correo")]).await.to(), PAGE);
    assert_eq!(activates(&owner, "2.0.0").await, StatusCode::SEE_OTHER);
    assert!(owner.get(PAGE).await.body.contains("data-version=\"2.0.0\" data-state=\"active\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_off_or_set_aside_is_seen_in_the_chain_and_answers_again_with_a_click() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    let centro = demo.point("Centro").await.replace("/simulator/", "/points/");

    assert_eq!(owner.post("/plugins/storefront/switch", &[]).await.to(), "/plugins/storefront");
    assert!(owner.get(&format!("{centro}/flow")).await.body.contains("Apagado: se saltea"));
    assert_eq!(owner.post("/plugins/storefront/switch", &[("on", "on")]).await.to(), "/plugins/storefront");
    let row = "UPDATE plugins SET state = 'set_aside', set_aside_at = 1, set_aside_reason = 'trap' WHERE id = 'storefront'";
    demo.execute(row).await;
    assert!(owner.get(&format!("{centro}/flow")).await.body.contains("Apartado: se saltea"));
    let page = owner.get("/plugins/storefront").await.body;
    assert!(page.contains("Se cortó por un error suyo") && page.contains("Volver a probar"), "{page}");
    assert_eq!(owner.post("/plugins/storefront/try-again", &[]).await.to(), "/plugins/storefront");
    assert!(!owner.get(&format!("{centro}/flow")).await.body.contains("se saltea"));
    let page = owner.get("/plugins/storefront").await.body;
    assert!(page.contains("Viene con Relevo") && page.contains("Activo en 2 puntos") && !page.contains("data-testid=\"accept\""), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_is_put_into_the_order_in_which_it_was_dragged() {
    let demo = Demo::start().await;
    let owner = owner(&demo).await;
    let centro = demo.point("Centro").await.replace("/simulator/", "/points/");
    let version = |body: &super::guest::Answer| body.field("version").to_owned();
    let flow = format!("{centro}/flow");
    let seen = version(&owner.get(&flow).await);
    assert_eq!(owner.post(&flow, &[("plugin", "echo"), ("version", &seen)]).await.to(), flow);

    let order = [("order", "echo"), ("order", "nothing-here"), ("order", "storefront")];
    let stale = owner.post(&format!("{centro}/order"), &[&order[..], &[("version", &seen)]].concat()).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let seen = version(&owner.get(&flow).await);
    assert_eq!(owner.post(&format!("{centro}/order"), &[&order[..], &[("version", &seen)]].concat()).await.to(), flow);

    let cell = demo.cell().await;
    let mut read = cell.read().await.unwrap();
    let point: ServicePointId = centro.rsplit('/').next().unwrap().parse().unwrap();
    let chain: Vec<String> = read.flow_of(&point).await.unwrap().into_iter().map(|install| install.plugin_id).collect();
    assert_eq!(chain, ["echo", "storefront"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_upload_plugins_sees_none_of_their_pages() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    for page in ["/plugins", "/plugins/new", "/plugins/storefront", "/plugins/storefront/config", "/plugins/storefront/runs"] {
        assert_eq!(agent.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert!(!agent.get("/dashboard").await.body.contains("href=\"/plugins\""));
}
