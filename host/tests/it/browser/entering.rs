//! Coming in, and letting others in, as people do it in a real browser.

use serde_json::json;

use super::{
    THEMES,
    demo::{AGENT, Demo, PASSWORD},
    guest::Guest,
    phone::Phone,
    window::{ENTER, Window, field},
};

const PHRASE: &str = "una frase larga";
const HEADING: &str = "//h1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_makes_an_account_and_a_business_that_answers_leaves_and_comes_back() {
    let demo = Demo::start().await;
    let window = Window::open(&demo, "register").await;
    window.goes("/").await;
    window.arrives_at("/login").await;

    window.clicks("//main//a[normalize-space()='Crear una cuenta']").await;
    window.writes(&field("name"), "Rosa Benítez").await;
    window.writes(&field("email"), "rosa@example.com").await;
    window.writes(&field("password"), PHRASE).await;
    window.clicks("//main//button").await;
    window.arrives_at("/welcome").await;
    window.reads(HEADING, "Hola, Rosa Benítez").await;
    window.writes(&field("name"), "Kiosco <Rosa>").await;
    window.clicks("//button[@data-testid='found']").await;
    window.arrives_at("/dashboard").await;
    window.reads("//*[@data-testid='toast']", "Creado: Kiosco <Rosa>.").await;
    window.goes("/simulator").await;
    let julia = Phone::first(&window);
    julia.says("hola").await;
    julia.hears("¿En qué te ayudo?").await;
    leaves(&window).await;

    window.writes(&field("email"), "rosa@example.com").await;
    window.writes(&field("password"), "otra cosa").await;
    window.clicks("//main//button").await;
    window.reads("//*[@data-testid='wrong']", "El correo o la contraseña no están bien.").await;
    window.writes(&field("password"), PHRASE).await;
    window.clicks("//main//button").await;
    window.arrives_at("/dashboard").await;
}

async fn leaves(window: &Window) {
    window.clicks("//*[@data-testid='person']").await;
    window.clicks("//button[@data-testid='log-out']").await;
    window.arrives_at("/login").await;
    window.reads("//*[@data-testid='toast']", "Saliste.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_invited_to_one_branch_sees_that_branch_only() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let window = Window::open(&demo, "invite").await;
    window.logs_in(owner).await;

    window.goes("/people").await;
    window.clicks("//a[@data-testid='invite']").await;
    window.writes(&field("email"), "lucas@example.com").await;
    window.clicks("//input[@name='extent'][@value='some']").await;
    window.clicks("//label[normalize-space()='Norte']//input").await;
    window.clicks("//button[@data-testid='invite']").await;
    let link = window.value_of("//input[@data-testid='link']").await;
    leaves(&window).await;

    window.goes(&link[link.find("/invitation/").expect("it is a link of ours")..]).await;
    window.reads(HEADING, "Te invitan a Almacén Demo").await;
    window.writes(&field("name"), "Lucas Ferreyra").await;
    window.writes(&field("password"), PHRASE).await;
    window.clicks("//button[@data-testid='accept']").await;
    window.arrives_at("/dashboard").await;
    window.reads("//*[@data-testid='toast']", "Ya sos parte de Almacén Demo.").await;

    assert_eq!(window.texts("//tr[@data-testid='point']/th").await, ["Norte"]);
    assert_eq!(window.texts("//nav[@class='topbar-nav']/a").await, ["Panel", "Tickets", "Pedidos", "Productos", "Simulador", "Equipo", "Ajustes"]);
    window.clicks("//nav[@class='topbar-nav']/a[normalize-space()='Simulador']").await;
    window.arrives_at(&demo.point("Norte").await).await;
    window.goes(&demo.point("Centro").await).await;
    window.reads(HEADING, "Acá no hay nada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_logs_in_and_invites() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let window = Window::open(&demo, "keys").await;

    window.goes("/people/invite").await;
    // The first field has the focus from the start.
    window.presses(owner).await;
    window.tabs_to("the password", "document.activeElement.name === 'password'").await;
    window.presses(PASSWORD).await;
    window.presses(ENTER).await;
    window.arrives_at("/people/invite").await;

    window.presses("lucas@example.com").await;
    window.tabs_to("the roles", "document.activeElement.name === 'role' && document.activeElement.value === 'agent'").await;
    window.tabs_to("the extent", "document.activeElement.name === 'extent'").await;
    window.tabs_to("the button", "document.activeElement.dataset.testid === 'invite'").await;
    window.presses(ENTER).await;
    window.reads("//section//h2", "lucas@example.com").await;

    window.goes("/people").await;
    window.tabs_to("taking it back", "document.activeElement.textContent.trim() === 'Retirar'").await;
    window.presses(ENTER).await;
    window.reads("//dialog//h1", "¿Retirar la invitación?").await;
    window.tabs_to("the answer", "document.activeElement.dataset.testid === 'confirm'").await;
    window.presses(ENTER).await;
    window.reads("//*[@data-testid='toast']", "Invitación retirada.").await;
    assert_eq!(window.texts("//tr[@data-testid='invitation']").await, [""; 0]);
}

/// A question over the page, and back to what asked it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dialog_asks_and_gives_the_focus_back() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let window = Window::open(&demo, "dialog").await;
    window.logs_in(owner).await;
    window.goes("/people").await;

    window.clicks("//tr[.//*[contains(., 'agent@demo.com')]]//a[normalize-space()='Quitar']").await;
    window.reads("//dialog//h1", "¿Quitar a Agente Demo?").await;
    assert_eq!(window.violations().await, [""; 0], "the dialog");
    window.clicks("//dialog//a").await;
    let back = || async {
        (window.run("return !document.querySelector('dialog') && document.activeElement.textContent.trim()", Vec::new()).await == json!("Quitar")).then_some(())
    };
    window.until("the focus is back", back).await;

    window.clicks("//tr[.//*[contains(., 'agent@demo.com')]]//a[normalize-space()='Quitar']").await;
    window.clicks("//dialog//button").await;
    window.reads("//*[@data-testid='toast']", "Agente Demo ya no está en el equipo.").await;
    assert!(Guest::new(&demo).post("/login", &[("email", AGENT), ("password", PASSWORD), ("to", "/welcome")]).await.to() == "/welcome");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_in_both_themes() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let agent = agent(&demo, owner).await;
    let window = Window::open(&demo, "accessible").await;

    for theme in THEMES {
        for path in ["/login", "/login/code", "/register", "/reset", "/reset/gone", "/design"] {
            window.goes(&format!("{path}?theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
    }
    window.logs_in(owner).await;
    let pages = [
        "/dashboard",
        "/people",
        "/people/matrix",
        "/people/invite",
        &format!("/people/{agent}"),
        &format!("/people/{agent}/remove"),
        "/keys",
        "/keys/new",
        "/audit",
        "/system",
        "/welcome",
        "/account",
        "/account/devices",
        "/account/second-factor",
        "/nothing",
    ];
    for theme in THEMES {
        for path in pages {
            window.goes(&format!("{path}?theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
        window.goes("/account/second-factor").await;
        window.clicks("//button[@data-testid='offer']").await;
        window.reads("//h2", "Sumá Relevo a tu app").await;
        assert_eq!(window.violations().await, [""; 0], "a secret that is offered, {theme}");
        window.clicks("//*[@data-testid='person']").await;
        assert_eq!(window.violations().await, [""; 0], "an open menu, {theme}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_once_and_where_it_leads_is_accessible_in_both_themes() {
    let demo = Demo::start().await;
    let owner = demo.owner("Olga Paz").await;
    let agent = agent(&demo, owner).await;
    let window = Window::open(&demo, "shown-once").await;
    window.logs_in(owner).await;

    for theme in THEMES {
        window.goes(&format!("/people/invite?theme={theme}")).await;
        window.writes(&field("email"), &format!("{theme}@example.com")).await;
        window.clicks("//button[@data-testid='invite']").await;
        let invitation = link(&window, theme).await;
        window.goes("/people").await;
        window.clicks("//tr[@data-testid='invitation']//a").await;
        window.reads("//dialog//h1", "¿Retirar la invitación?").await;
        assert_eq!(window.violations().await, [""; 0], "taking an invitation back, {theme}");
        window.goes(&format!("/people/{agent}")).await;
        window.clicks(&format!("//form[starts-with(@action, '/people/{agent}/reset-link')]//button")).await;
        let reset = link(&window, theme).await;
        window.goes("/keys/new").await;
        window.writes(&field("name"), "Tienda").await;
        window.clicks("//input[@name='scopes'][@value='see-orders']").await;
        window.clicks("//main//form//button").await;
        window.value_of("//input[@data-testid='key']").await;
        assert_eq!(window.violations().await, [""; 0], "a key, {theme}");
        window.goes("/keys").await;
        window.clicks("//a[contains(@href, '/revoke')]").await;
        window.reads("//dialog//h1", "Tienda").await;
        assert_eq!(window.violations().await, [""; 0], "revoking a key, {theme}");
        window.goes(&invitation).await;
        window.reads(HEADING, "Te invitan a Almacén Demo").await;
        assert_eq!(window.violations().await, [""; 0], "an invitation of somebody else, {theme}");
        leaves(&window).await;
        for path in [&invitation, &reset] {
            window.goes(&format!("{path}?theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
        window.logs_in(owner).await;
    }
}

/// The path of the link that is shown, whose page is looked at too.
async fn link(window: &Window, theme: &str) -> String {
    let link = window.value_of("//input[@data-testid='link']").await;
    assert_eq!(window.violations().await, [""; 0], "a link, {theme}");
    let (_, rest) = link.split_once("://").expect("links are whole");
    rest[rest.find('/').expect("it has a path")..].to_owned()
}

/// The id of the demo's agent, as its colleagues' page knows it.
async fn agent(demo: &Demo, owner: &str) -> String {
    let people = Guest::logged_in(demo, owner).await.get("/people").await.body;
    people
        .split("href=\"/people/")
        .skip(1)
        .find_map(|rest| rest.split_once("\" aria-label=\"Cambiar a Agente Demo\""))
        .expect("the agent is there")
        .0
        .to_owned()
}
