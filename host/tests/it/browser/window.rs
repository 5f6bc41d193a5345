//! A window of a real browser, looked at and worked as a person does: each look waits for what it expects, up to a deadline.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    error::CmdError,
    key::Key,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::demo::{Demo, PASSWORD};

/// How long a person looks for something.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(15);
/// Stops of the Tab key before something counts as out of reach.
const STOPS: usize = 80;
const AXE: &str = include_str!("../vendor/axe-4.14.1.min.js");

pub const ENTER: &str = "\u{E007}";

pub struct Window {
    client: Client,
    address: String,
    name: &'static str,
    // Dropped after the client: ends the browser whatever became of the test.
    _driver: Driver,
}

impl Window {
    /// Opens a browser of its own. `name` is the test's, for the picture of where it failed.
    pub async fn open(demo: &Demo, name: &'static str) -> Self {
        Self::open_as(demo, name, Map::new()).await
    }

    /// The same on a phone.
    pub async fn open_on_a_phone(demo: &Demo, name: &'static str) -> Self {
        let metrics = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 1, "mobile": true, "touch": false } });
        Self::open_as(demo, name, Map::from_iter([("mobileEmulation".to_owned(), metrics)])).await
    }

    async fn open_as(demo: &Demo, name: &'static str, mut chrome: Map<String, Value>) -> Self {
        let driver = Driver::start();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--force-prefers-reduced-motion",
            "--window-size=1440,900",
            "--accept-lang=es-AR",
            &format!("--user-data-dir={}", driver.folder.path().display()),
        ];
        chrome.insert("binary".to_owned(), program("RELEVO_TEST_CHROMIUM").into());
        chrome.insert("args".to_owned(), json!(arguments));
        let capabilities = Map::from_iter([("goog:chromeOptions".to_owned(), Value::Object(chrome))]);
        let address = format!("http://{}:{}", Ipv4Addr::LOCALHOST, driver.port);
        let client = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await.expect("the browser starts");
        Self { client, address: demo.url(""), name, _driver: driver }
    }

    /// Comes in by the front door.
    pub async fn logs_in(&self, email: &str) {
        self.goes("/login").await;
        self.writes(&field("email"), email).await;
        self.writes(&field("password"), PASSWORD).await;
        self.clicks("//button[@data-testid='log-in']").await;
        self.arrives_at("/dashboard").await;
    }

    /// Waits until the browser shows the page at this path.
    pub async fn arrives_at(&self, path: &str) {
        let there = || async { self.client.current_url().await.is_ok_and(|url| url.path() == path).then_some(()) };
        self.until(&format!("the page is {path}"), there).await;
    }

    /// Waits until something that this XPath names says this.
    pub async fn reads(&self, path: &str, text: &str) {
        let look = || async {
            let found = worked(async { self.client.find(Locator::XPath(path)).await?.text().await }.await);
            found.filter(|found| found.contains(text)).map(|_| ())
        };
        self.until(&format!("{path} says {text:?}"), look).await;
    }

    /// What everything says that this XPath names, as it is now.
    pub async fn texts(&self, path: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::XPath(path)).await.expect("the browser looks") {
            texts.push(element.text().await.expect("it has a text"));
        }
        texts
    }

    /// The value of a field, as soon as it is there.
    pub async fn value_of(&self, path: &str) -> String {
        let look = || async { worked(async { self.client.find(Locator::XPath(path)).await?.prop("value").await }.await).flatten() };
        self.until(&format!("{path} has a value"), look).await
    }

    pub async fn goes(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.address)).await.expect("the page loads");
    }

    /// Clicks what this XPath names, as soon as it can be clicked.
    pub async fn clicks(&self, path: &str) {
        // A page that lives may replace what was found before it is clicked: then it is looked for again.
        let click = || async { self.client.find(Locator::XPath(path)).await?.click().await };
        self.until(&format!("{path} can be clicked"), || async { worked(click().await) }).await;
    }

    /// Drags with the mouse what the first XPath names to the upper edge of what the second one names.
    pub async fn drags(&self, from: &str, to: &str) {
        let (from, to) = (self.found(from).await, self.found(to).await);
        let (_, _, _, height) = to.rectangle().await.expect("it has a place");
        let above = 1.0 - height / 2.0;
        let mouse = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveToElement { element: from, duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::MoveToElement { element: to, duration: None, x: 0.0, y: above })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.expect("the mouse moves");
    }

    async fn found(&self, path: &str) -> fantoccini::elements::Element {
        self.until(&format!("{path} is there"), || async { worked(self.client.find(Locator::XPath(path)).await) }).await
    }

    /// Types into an empty field.
    pub async fn writes(&self, path: &str, text: &str) {
        let write = || async {
            let field = self.client.find(Locator::XPath(path)).await?;
            match field.prop("value").await? {
                Some(before) if !before.is_empty() => Ok(None),
                _ => field.send_keys(text).await.map(Some),
            }
        };
        self.until(&format!("{path} can be written into"), || async { worked(write().await).flatten() }).await;
    }

    /// Types where the focus is.
    pub async fn presses(&self, keys: &str) {
        self.client.active_element().await.expect("something has the focus").send_keys(keys).await.expect("it takes keys");
    }

    /// Presses these keys together, wherever the focus is: a field for files takes typed keys for a file's name.
    async fn strikes(&self, keys: &str) {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let down = keys.chars().fold(keyboard, |keyboard, value| keyboard.then(KeyAction::Down { value }));
        let up = keys.chars().rev().fold(down, |keyboard, value| keyboard.then(KeyAction::Up { value }));
        self.client.perform_actions(up).await.expect("the keys are pressed");
    }

    pub async fn tabs_to(&self, what: &str, focused: &str) {
        self.walks_to(what, focused, &Key::Tab.to_string()).await;
    }

    pub async fn tabs_back_to(&self, what: &str, focused: &str) {
        self.walks_to(what, focused, &format!("{}{}", char::from(Key::Shift), char::from(Key::Tab))).await;
    }

    /// Presses a key until the focus is where this script says; it must be seen there.
    async fn walks_to(&self, what: &str, focused: &str, key: &str) {
        for _ in 0..STOPS {
            self.strikes(key).await;
            if self.run(&format!("return {focused}"), Vec::new()).await == json!(true) {
                let outline = self.run("return getComputedStyle(document.activeElement).outlineStyle", Vec::new()).await;
                assert_eq!(outline, json!("solid"), "the focus on {what} is seen");
                return;
            }
        }
        panic!("the keyboard does not reach {what}: see {}", self.picture().await);
    }

    /// What a script of ours returns on the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.expect("the script runs")
    }

    /// What axe-core finds wrong on the page, by rule and place.
    pub async fn violations(&self) -> Vec<String> {
        const RUN: &str = "const done = arguments[0];
            axe.run(document, { resultTypes: ['violations'] }).then(
                ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`))),
                (error) => done([`axe: ${error}`]));";
        self.run(AXE, Vec::new()).await;
        let found = self.client.execute_async(RUN, Vec::new()).await.expect("axe runs");
        serde_json::from_value(found).expect("axe gives a list")
    }

    /// Looks until it finds; panics after a while, and leaves a picture.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, look: impl Fn() -> F) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            if began.elapsed() > PATIENCE {
                panic!("waited in vain until {what}: see {}", self.picture().await);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Where the picture of the page as it is now is.
    pub async fn picture(&self) -> String {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}.png", self.name));
        match self.client.screenshot().await {
            Ok(picture) if std::fs::write(&path, &picture).is_ok() => path.display().to_string(),
            _ => "no picture".to_owned(),
        }
    }
}

/// The field of a form by its name.
pub fn field(name: &str) -> String {
    format!("//main//*[@name='{name}']")
}

/// What is not there yet, or not any more, is looked for again; everything else is a broken test.
fn worked<T>(tried: Result<T, CmdError>) -> Option<T> {
    match tried {
        Ok(done) => Some(done),
        Err(CmdError::Standard(_)) => None,
        Err(error) => panic!("the browser does not answer: {error}"),
    }
}

/// A chromedriver with the browsers that it started.
struct Driver {
    process: Child,
    port: u16,
    /// The browser's profile.
    folder: TempDir,
}

impl Driver {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut process = Command::new(program("RELEVO_TEST_CHROMEDRIVER"))
            .args(["--port=0", "--log-level=WARNING"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("RELEVO_TEST_CHROMEDRIVER is a program");
        let lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| line.strip_suffix('.')?.rsplit_once("started successfully on port ")?.1.parse().ok());
        let driver = Self { process, port: port.unwrap_or(0), folder };
        assert_ne!(driver.port, 0, "chromedriver says on which port it listens");
        driver
    }

    /// Asks chromedriver to end its browsers and itself.
    fn end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.end());
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn program(variable: &str) -> String {
    env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set and this test needs Chromium and its driver: run `cargo xtask test`, which brings them"))
}
