//! What a business sells, where and how it answers, as people set it up in a real browser.

use relevo_model::ChannelKind;
use relevo_store::Channel;
use serde_json::json;

use super::{
    THEMES,
    demo::Demo,
    phone::Phone,
    window::{ENTER, Window, field},
};

const PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/static/samples/photo.png");
const TOAST: &str = "//*[@data-testid='toast']";

async fn owner(demo: &Demo, name: &'static str) -> Window {
    let owner = demo.owner("Olga Paz").await;
    let window = Window::open(demo, name).await;
    window.logs_in(owner).await;
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_added_with_its_photo_found_again_and_taken_out() {
    let demo = Demo::start().await;
    let window = owner(&demo, "product").await;
    window.clicks("//nav[@class='topbar-nav']/a[normalize-space()='Productos']").await;
    window.clicks("//a[@data-testid='new-product']").await;

    window.writes(&field("title"), "Zapatilla <de lona>").await;
    window.writes(&field("price"), "12.500,50").await;
    window.writes(&field("stock"), "3").await;
    let photo = std::fs::canonicalize(PHOTO).expect("the sample is in the repository");
    window.writes(&field("photo"), &photo.display().to_string()).await;
    let previewed = || async { (window.run("return document.getElementById('photo').tagName", Vec::new()).await == json!("IMG")).then_some(()) };
    window.until("the photo is seen before it is sent", previewed).await;
    window.clicks("//button[@data-testid='save']").await;
    window.arrives_at("/products").await;
    window.reads(TOAST, "Agregado: Zapatilla <de lona>.").await;

    window.writes(&field("q"), "lona").await;
    window.clicks("//button[normalize-space()='Buscar']").await;
    window.reads("//tr[@data-testid='product']", "$ 12.500,50").await;
    assert_eq!(window.texts("//tr[@data-testid='product']/td[@data-label='Stock']").await, ["3"], "the one that was looked for");
    let seen = "const photo = document.querySelector('[data-testid=product] img'); return photo !== null && photo.complete && photo.naturalWidth > 0";
    window.until("its photo is there", || async { (window.run(seen, Vec::new()).await == json!(true)).then_some(()) }).await;

    window.clicks("//tr[@data-testid='product']//a").await;
    window.clicks("//a[@data-testid='remove']").await;
    window.reads("//dialog", "Los pedidos que lo nombran quedan como están.").await;
    window.clicks("//dialog//button").await;
    window.reads(TOAST, "Zapatilla <de lona> salió del catálogo.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_makes_a_service_point_that_answers() {
    let demo = Demo::start().await;
    let window = owner(&demo, "point").await;
    window.goes("/points/new").await;

    // The first field has the focus from the start.
    window.presses("Sucursal Quilmes").await;
    window.tabs_to("the button", "document.activeElement.dataset.testid === 'save'").await;
    window.presses(ENTER).await;
    window.reads(TOAST, "Creado: Sucursal Quilmes.").await;
    window.reads("//h1", "Sucursal Quilmes").await;

    window.tabs_to("the simulator", "document.activeElement.dataset.testid === 'simulator'").await;
    window.presses(ENTER).await;
    let julia = Phone::first(&window);
    julia.says("hola").await;
    julia.hears("¿En qué te ayudo?").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_changes_the_order_in_which_flows_are_asked() {
    let demo = Demo::start().await;
    let window = owner(&demo, "flow").await;
    let centro = demo.point("Centro").await.replace("/simulator/", "/points/");
    window.goes(&format!("{centro}/flow")).await;
    window.tabs_to("adding", "document.activeElement.dataset.testid === 'add'").await;
    window.presses(ENTER).await;
    window.reads(TOAST, "Agregado: Eco.").await;

    window.tabs_to("moving it up", "document.activeElement.id === 'up-echo'").await;
    window.presses(ENTER).await;
    window.reads(TOAST, "Eco va en el lugar 1.").await;

    let order = window.run("return [...document.querySelectorAll('[data-testid=link]')].map((link) => link.dataset.plugin)", Vec::new()).await;
    assert_eq!(order, json!(["echo", "storefront"]));
    assert_eq!(window.run("return document.activeElement.id", Vec::new()).await, json!("down-echo"), "the focus went on with it");
    window.presses(ENTER).await;
    window.reads(TOAST, "Eco va en el lugar 2.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_the_shop_is_accessible_in_both_themes() {
    let demo = Demo::start().await;
    let window = owner(&demo, "shop").await;
    let centro = demo.point("Centro").await.replace("/simulator/", "/points/");
    let product = demo.cell().await.read().await.unwrap().products().list(&relevo_store::ProductFilter::default(), None, 1).await.unwrap().remove(0).id;
    window.goes("/settings/prompt").await;
    window.writes(&field("text"), "Contestá corto.").await;
    window.clicks("//button[@data-testid='save']").await;
    window.reads(TOAST, "En uso: la versión 1.").await;
    window.goes("/settings/policies/new?kind=refund").await;
    window.writes(&field("text"), "Treinta días, con la factura.").await;
    window.clicks("//button[@data-testid='save']").await;
    window.reads(TOAST, "Guardado: Cambios y devoluciones.").await;
    let policy = demo.cell().await.read().await.unwrap().policies().list(None, 1).await.unwrap().remove(0).id;
    let channels = demo.cell().await.read().await.unwrap().channels().await.unwrap();
    let here = |channel: &&Channel| channel.kind == ChannelKind::CloudApi && centro.ends_with(channel.service_point_id.as_str());
    let number = format!("{centro}/whatsapp/{}", channels.iter().find(here).expect("the demo has one").id);
    let pages = [
        "/products",
        "/products?q=nothing-like-this",
        "/products/new",
        &format!("/products/{product}"),
        &format!("/products/{product}/remove"),
        "/points",
        "/points/new",
        &centro,
        &format!("{centro}/remove"),
        &format!("{centro}/whatsapp"),
        &format!("{centro}/whatsapp/connect"),
        &number,
        &format!("{number}/remove"),
        &format!("{centro}/flow"),
        &format!("{centro}/flow/storefront"),
        &format!("{centro}/flow/storefront/remove"),
        "/settings",
        "/settings/assistant",
        "/settings/prompt",
        "/settings/policies",
        "/settings/policies/new?kind=shipping",
        &format!("/settings/policies/{policy}"),
    ];

    for theme in THEMES {
        for path in pages {
            let with = if path.contains('?') { '&' } else { '?' };
            window.goes(&format!("{path}{with}theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
        window.goes("/settings/prompt").await;
        window.clicks("//li[@data-testid='version']//a").await;
        window.reads("//h1", "Versión 1").await;
        assert_eq!(window.violations().await, [""; 0], "a version, {theme}");
    }
}
