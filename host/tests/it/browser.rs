//! The simulator, as a person uses it in a real browser.

mod demo;
mod door;
mod entering;
mod guest;
mod pages;
mod phone;
mod plugin_files;
mod plugin_pages;
mod plugins;
mod shop;
mod shop_pages;
mod window;
mod work;

use demo::{AGENT, Demo};
use guest::Guest;
use phone::{Phone, said};
use window::Window;

const CENTRO: &str = "//a[@data-testid='service-point'][normalize-space()='Centro']";
const THEMES: [&str; 2] = ["light", "dark"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_orders_and_goes_from_the_bot_to_a_person_and_back() {
    let demo = Demo::start().await;
    let window = Window::open(&demo, "orders").await;
    window.logs_in(AGENT).await;
    window.goes("/simulator").await;
    window.clicks(CENTRO).await;
    let julia = Phone::first(&window);

    julia.says("hola").await;
    julia.hears("¿En qué te ayudo?").await;
    assert!(julia.bubbles().await[1].text.contains("gracias por escribirnos"), "a new customer is greeted first");
    orders(&demo, &julia).await;
    is_answered_once(&demo, &julia).await;
    is_on_its_own(&window, &julia).await;
    is_handed_over(&demo, &julia).await;
}

/// From the menu to the order's code, by tapping what can be tapped.
async fn orders(demo: &Demo, julia: &Phone<'_>) {
    julia.picks("Hacer un pedido").await;
    julia.hears("¿Qué querés pedir?").await;
    julia.picks("Yerba mate").await;
    julia.hears("¿Cuántas unidades de Yerba mate").await;
    julia.says("2").await;
    julia.hears("¿A dónde lo enviamos?").await;
    julia.says("Av. Siempreviva 742, Lanús").await;
    julia.hears("¿Lo confirmás?").await;
    julia.taps("Confirmar").await;
    julia.hears("quedó registrado").await;

    let code = demo.the_order().await;
    julia.hears(&code).await;
    julia.sees("every line of the bot as read", |bubbles| bubbles.iter().filter(|bubble| bubble.sender == "bot").all(|bubble| bubble.state == "read")).await;
}

async fn is_answered_once(demo: &Demo, julia: &Phone<'_>) {
    let before = said(&julia.bubbles().await);

    julia.clicks("deliver-twice").await;

    julia.sees("the last message twice", |bubbles| bubbles.iter().any(|bubble| bubble.deliveries == "×2" && bubble.text == "Confirmar")).await;
    demo.settled().await;
    assert_eq!(said(&julia.bubbles().await), before, "what came twice is answered once");
}

/// A second customer beside the first one.
async fn is_on_its_own(window: &Window, julia: &Phone<'_>) {
    let before = said(&julia.bubbles().await);

    window.clicks("//*[@data-testid='add-customer']").await;
    let pedro = Phone::named(window, "cliente-2");
    pedro.says("buenas").await;

    pedro.hears("¿En qué te ayudo?").await;
    assert_eq!(pedro.bubbles().await.len(), 3, "what was said, the greeting, the menu");
    assert_eq!(said(&julia.bubbles().await), before, "the first customer hears nothing of it");
}

async fn is_handed_over(demo: &Demo, julia: &Phone<'_>) {
    julia.says("hola").await;
    julia.hears("¿En qué te ayudo?").await;
    julia.picks("Hablar con un asesor").await;
    julia.hears("una persona").await;
    julia.is_held_by("nobody").await;
    julia.shows("hand-over", "data-to", "nobody").await;

    julia.clicks("take").await;
    julia.is_held_by("person").await;
    julia.writes("reply", "Soy Marina, te ayudo.").await;
    julia.clicks("reply-send").await;
    julia.sees("what a person said", |bubbles| bubbles.last().is_some_and(|last| last.sender == "person" && last.text == "Soy Marina, te ayudo.")).await;

    julia.says("gracias").await;
    demo.settled().await;
    assert_eq!(said(&julia.bubbles().await).last(), Some(&("customer".to_owned(), "gracias".to_owned())), "the bot stays silent while a person answers");

    julia.clicks("give-back").await;
    julia.is_held_by("bot").await;
    demo.settled().await;
    julia.says("menú").await;
    julia.hears("¿En qué te ayudo?").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_is_enough_and_every_page_is_accessible() {
    let demo = Demo::start().await;
    let window = Window::open(&demo, "keyboard").await;

    starts_by_keyboard(&demo, &window).await;
    for theme in THEMES {
        is_accessible(&window, theme).await;
    }
}

/// To the list of products, without a mouse.
async fn starts_by_keyboard(demo: &Demo, window: &Window) {
    window.logs_in(AGENT).await;
    window.goes("/simulator").await;
    window.tabs_to("the service point", "document.activeElement.textContent.trim() === 'Centro'").await;
    window.presses(window::ENTER).await;
    let julia = Phone::first(window);

    window.tabs_to("the composer", "document.activeElement.dataset.testid === 'composer'").await;
    window.presses("hola").await;
    window.presses(window::ENTER).await;
    julia.hears("¿En qué te ayudo?").await;
    window.tabs_back_to("the list", "document.activeElement.dataset.testid === 'open-list'").await;
    window.presses(window::ENTER).await;
    window.tabs_to("the order", "document.activeElement.dataset.testid === 'choice' && document.activeElement.textContent.startsWith('Hacer un pedido')").await;

    // Something comes while the list is open: the reader must not lose the place.
    let (delivered, why) =
        pages::as_a_script(&Guest::logged_in(demo, AGENT).await, &format!("{}/phones/cliente-1/repeats", demo.point("Centro").await), &[]).await;
    assert!(delivered.is_success(), "{why}");
    julia.sees("the greeting twice", |bubbles| bubbles[0].deliveries == "×2").await;
    window.presses(window::ENTER).await;

    julia.hears("¿Qué querés pedir?").await;
    assert_eq!(julia.bubbles().await[3].text, "Hacer un pedido", "the focus stayed where it was");
}

/// Each page as axe-core sees it, the phone with an open list and with one that a person holds.
async fn is_accessible(window: &Window, theme: &str) {
    window.goes(&format!("/simulator?theme={theme}")).await;
    assert_eq!(window.violations().await, [""; 0], "choosing a service point, {theme}");
    window.clicks(CENTRO).await;
    let julia = Phone::first(window);
    julia.hears("¿").await;
    julia.opens_the_list().await;
    assert_eq!(window.violations().await, [""; 0], "the phones, {theme}");

    julia.clicks(if theme == THEMES[0] { "take" } else { "give-back" }).await;
    julia.is_held_by(if theme == THEMES[0] { "person" } else { "bot" }).await;
    assert_eq!(window.violations().await, [""; 0], "after a hand-over, {theme}");
    window.goes("/simulator/nothing-here").await;
    assert_eq!(window.violations().await, [""; 0], "nothing at this address, {theme}");
}
