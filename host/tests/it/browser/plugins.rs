//! A plugin's whole life in a real browser: uploaded, read, set, attached, talked to, replaced by a version that was compared, and taken back.

use std::path::{Path, PathBuf};

use relevo_sandbox::{Manifest, inspect};
use serde_json::json;
use tempfile::TempDir;

use super::{
    THEMES,
    demo::Demo,
    phone::Phone,
    plugin_files::{ID, greedier, manifest, repeating},
    window::{Window, field},
};

const TOAST: &str = "//*[@data-testid='toast']";
const QUESTION: &str = "¿Cuál es tu número de envío?";

async fn owner(demo: &Demo, name: &'static str) -> Window {
    let owner = demo.owner("Olga Paz").await;
    let window = Window::open(demo, name).await;
    window.logs_in(owner).await;
    window
}

/// The example in JavaScript, as xtask built it.
fn example() -> PathBuf {
    Path::new(env!("RELEVO_PLUGINS")).with_file_name("examples").join("tracking-js.wasm")
}

/// The same plugin in a version that repeats what it is told.
fn next_version(folder: &TempDir) -> PathBuf {
    let before = inspect(&std::fs::read(example()).expect("xtask builds the examples")).expect("it is sound").manifest;
    let next = Manifest { version: "1.1.0".parse().expect("it is a version"), ..before };
    kept(folder, &repeating(&next))
}

fn kept(folder: &TempDir, file: &[u8]) -> PathBuf {
    let path = folder.path().join("plugin.wasm");
    std::fs::write(&path, file).expect("it is written");
    path
}

fn button(testid: &str) -> String {
    format!("//main//*[@data-testid='{testid}']")
}

fn version(version: &str, testid: &str) -> String {
    format!("//tr[@data-version='{version}']//*[@data-testid='{testid}']")
}

async fn uploads(window: &Window, file: &Path, testid: &str) {
    window.clicks(&format!("//a[@data-testid='{testid}']")).await;
    window.writes(&field("file"), &file.display().to_string()).await;
    window.reads("//*[@data-drop-name]", ".wasm ·").await;
    window.clicks(&button("save")).await;
    window.reads(TOAST, "Subida").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_example_is_uploaded_set_talked_to_replaced_and_taken_back() {
    let demo = Demo::start().await;
    let (window, folder) = (owner(&demo, "plugins").await, tempfile::tempdir().expect("a folder can be made"));
    window.clicks("//nav[@class='topbar-nav']/a[normalize-space()='Plugins']").await;

    uploads(&window, &example(), "upload").await;
    is_accepted_and_set(&window).await;
    answers_first_in(&demo, &window, "Norte").await;
    window.goes(&demo.point("Norte").await).await;
    let julia = Phone::first(&window);
    julia.says("hola").await;
    julia.hears(QUESTION).await;

    window.goes("/plugins/tracking-js").await;
    uploads(&window, &next_version(&folder), "upload-version").await;
    is_compared(&window).await;
    window.goes("/plugins/tracking-js").await;
    window.clicks(&version("1.1.0", "activate")).await;
    window.reads(TOAST, "Activa: 1.1.0.").await;
    window.goes(&demo.point("Norte").await).await;
    julia.says("buenas").await;
    julia.hears("buenas").await;

    window.goes("/plugins/tracking-js").await;
    window.clicks(&version("1.0.0", "roll-back")).await;
    window.reads(TOAST, "Volvió 1.0.0.").await;
    window.goes(&demo.point("Norte").await).await;
    julia.says("hola otra vez").await;
    julia.hears(QUESTION).await;
}

/// What it asks for is read and given but for one thing, and its key entered.
async fn is_accepted_and_set(window: &Window) {
    window.reads("//form[@data-testid='consent']", "La versión 1.0.0 pide permiso").await;
    window.reads("//li[@data-kind='http']", "Consulta el estado del envío en el sistema del transporte.").await;
    window.reads("//li[@data-kind='http']", "api.example.com").await;
    window.clicks("//li[@data-kind='timers']//input[@type='checkbox']").await;
    window.reads("//li[@data-kind='timers']", "No se da.").await;
    window.clicks(&button("accept")).await;
    window.reads(TOAST, "Permisos aceptados.").await;
    // Nothing is offered to be activated before it is compiled: the page looks on until then.
    window.clicks(&version("1.0.0", "activate")).await;
    window.reads(TOAST, "Activa: 1.0.0.").await;

    window.clicks("//nav[@class='tabs']/a[normalize-space()='Configuración']").await;
    window.writes(&field("API_KEY"), "a-key-for-the-carrier").await;
    window.clicks(&button("save")).await;
    window.reads(TOAST, "Ajustes guardados: Seguimiento de envíos (JavaScript).").await;
    window.reads("//*[@data-testid='secret']", "Guardada. No se vuelve a mostrar.").await;
}

/// Attached from its own page, then dragged before the one that answers there already.
async fn answers_first_in(demo: &Demo, window: &Window, point: &str) {
    window.goes("/plugins/tracking-js").await;
    let id = demo.point(point).await.replace("/simulator/", "");
    window.clicks(&format!("//select[@name='point']/option[@value='{id}']")).await;
    window.clicks(&button("attach")).await;
    window.reads(TOAST, &format!("contesta en {point}")).await;
    window.clicks(&format!("//tr[@data-testid='used-at']//a[normalize-space()='{point}']")).await;
    window.drags("//li[@data-plugin='tracking-js']//*[@data-grip]", "//li[@data-plugin='storefront']").await;
    window.reads(TOAST, "Orden guardado.").await;
    let order = window.run("return [...document.querySelectorAll('[data-testid=link]')].map((link) => link.dataset.plugin)", Vec::new()).await;
    assert_eq!(order, json!(["tracking-js", "storefront"]));
}

/// The business wants it compared: what the new version would have said is seen beside what was said, and approved before it may answer.
async fn is_compared(window: &Window) {
    window.clicks(&button("require-replay")).await;
    window.reads(TOAST, "antes de activar hay que aprobar la comparación").await;
    window.clicks(&version("1.1.0", "activate")).await;
    window.reads("//h1", "No se pudo").await;
    window.goes("/plugins/tracking-js/replay").await;
    window.clicks("//select[@name='version']/option[@value='1.1.0']").await;
    window.clicks(&button("start-replay")).await;
    window.reads("//li[@data-testid='difference'][@data-kind='said']//*[@data-testid='before']", QUESTION).await;
    window.reads("//li[@data-testid='difference'][@data-kind='said']//*[@data-testid='after']", "hola").await;
    window.clicks(&button("approve-all")).await;
    window.reads("//li[@data-testid='difference'][@data-kind='said']", "Aprobado").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_alone_uploads_accepts_and_activates() {
    let demo = Demo::start().await;
    let (window, folder) = (owner(&demo, "plugin-keyboard").await, tempfile::tempdir().expect("a folder can be made"));
    window.goes("/plugins/new").await;
    window.tabs_to("the file", "document.activeElement.name === 'file'").await;
    window.presses(&kept(&folder, &super::plugin_files::file(&manifest("1.0.0"))).display().to_string()).await;
    window.tabs_to("the button", "document.activeElement.dataset.testid === 'save'").await;
    window.presses(super::window::ENTER).await;

    window.reads(&version("1.0.0", "review"), "Revisar permisos").await;
    window.tabs_to("what it asks for", "document.activeElement.name === 'grant~0'").await;
    window.presses(" ").await;
    window.reads("//li[@data-kind='http']", "No se da").await;
    window.tabs_to("accepting", "document.activeElement.dataset.testid === 'accept'").await;
    window.presses(super::window::ENTER).await;
    window.reads(TOAST, "Permisos aceptados.").await;
    window.tabs_to("activating", "document.activeElement.dataset.testid === 'activate'").await;
    window.presses(super::window::ENTER).await;
    window.reads(TOAST, "Activa: 1.0.0.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_plugins_is_accessible_in_both_themes() {
    let demo = Demo::start().await;
    let (window, folder) = (owner(&demo, "plugin-pages").await, tempfile::tempdir().expect("a folder can be made"));
    window.goes("/plugins").await;
    uploads(&window, &kept(&folder, &super::plugin_files::file(&manifest("1.0.0"))), "upload").await;
    window.clicks(&button("accept")).await;
    window.clicks(&version("1.0.0", "activate")).await;
    window.reads(TOAST, "Activa: 1.0.0.").await;
    uploads(&window, &kept(&folder, &super::plugin_files::file(&greedier("1.1.0"))), "upload-version").await;
    window.reads(&version("1.1.0", "review"), "Revisar permisos").await;
    let norte = demo.point("Norte").await.replace("/simulator/", "");
    let attaches = async || {
        window.clicks(&format!("//select[@name='point']/option[@value='{norte}']")).await;
        window.clicks(&button("attach")).await;
    };
    attaches().await;
    window.reads(TOAST, "Primero completá su configuración").await;
    window.clicks("//select[@name='carrier']/option[@value='oca']").await;
    window.clicks(&button("save")).await;
    window.reads(TOAST, "Ajustes guardados").await;
    window.goes(&format!("/plugins/{ID}")).await;
    attaches().await;
    window.reads(TOAST, "contesta en Norte").await;
    demo.execute(&format!("UPDATE plugins SET state = 'set_aside', set_aside_at = 1, set_aside_reason = 'trap' WHERE id = '{ID}'")).await;
    let pages = [
        "/plugins".to_owned(),
        "/plugins/new".to_owned(),
        format!("/plugins/{ID}"),
        format!("/plugins/{ID}/versions/1.1.0/remove"),
        format!("/plugins/{ID}/config"),
        format!("/plugins/{ID}/config/1"),
        format!("/plugins/{ID}/runs"),
        "/plugins/storefront".to_owned(),
        "/plugins/storefront/config".to_owned(),
        format!("/points/{norte}/flow"),
        format!("/points/{norte}/flow/{ID}"),
    ];

    for theme in THEMES {
        for path in &pages {
            window.goes(&format!("{path}?theme={theme}")).await;
            assert_eq!(window.violations().await, [""; 0], "{path}, {theme}");
        }
        window.goes(&format!("/plugins/{ID}/config/1")).await;
        window.reads("//main", "De usted: no").await;
        window.goes("/audit").await;
        window.reads("//tr[contains(., 'Subió')]", ID).await;
        window.goes("/plugins/new").await;
        window.writes(&field("file"), &kept(&folder, b"no plugin").display().to_string()).await;
        window.clicks(&button("save")).await;
        window.reads(&button("refusal"), "No es un archivo .wasm").await;
        assert_eq!(window.violations().await, [""; 0], "a refusal, {theme}");
    }
}
