//! One process of a host: its app behind the real router on a port of its own.

use std::{net::SocketAddr, num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use relevo::{
    app::{App, Parts, WebhookSettings},
    channels::cloud_api::client::Graph,
    egress::{Egress, EgressSettings},
    http::{
        self,
        api::{Rates, Share},
    },
    identity::{Door, DoorSettings},
    mail::Post,
    media::Media,
    plugins::Plugins,
    settings::{ServeArgs, Settings, Smtp},
    telemetry,
};
use relevo_sandbox::{Engine, EngineSettings};
use relevo_store::Store;
use tokio::{net::TcpListener, sync::OnceCell, task::JoinHandle};

use super::{Inner, TestApp};

pub struct Node {
    pub app: App,
    pub address: SocketAddr,
    server: JoinHandle<()>,
}

/// What runs in the sandbox: compiled once for all tests. The twin is the probe under another name.
pub async fn plugins() -> Plugins {
    static PLUGINS: OnceCell<Plugins> = OnceCell::const_new();
    PLUGINS
        .get_or_init(|| async {
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("relevo-cache");
            let engine = Engine::new(EngineSettings::new(cache, env!("CARGO_BIN_EXE_relevo"))).expect("the engine starts");
            let probe = Path::new(env!("RELEVO_PLUGINS")).with_file_name("test-plugins").join("probe.wasm");
            let probe = std::fs::read(&probe).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", probe.display()));
            let mut twin = relevo_sandbox::inspect(&probe).expect("it was packed").manifest;
            twin.id = "twin".into();
            let twin = relevo_sandbox::pack(&probe, &twin).expect("it is packed again");
            Plugins::load(&engine, &[probe, twin]).await.expect("the plugins load")
        })
        .await
        .clone()
}

/// The tracking flow in one of its languages, packed: "rust", "js" or "python".
pub fn example(language: &str) -> Vec<u8> {
    let file = Path::new(env!("RELEVO_PLUGINS")).with_file_name("examples").join(format!("tracking-{language}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask plugins`", file.display()))
}

/// The origin of other pages that may call the API.
pub const PANEL: &str = "https://panel.example.com";

impl Node {
    /// On a port that is free, or on the one that it had before.
    pub async fn start(app: &TestApp, store: Option<Store>, at: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind(at.unwrap_or_else(|| ([127, 0, 0, 1], 0).into())).await.expect("the port is free");
        Self::serve(app, store, listener).await
    }

    pub async fn serve(test: &Inner, store: Option<Store>, listener: TcpListener) -> Self {
        let store = match store {
            Some(store) => store,
            None => Store::open(test.place.settings()).await.expect("the store opens"),
        };
        let settings = &test.settings;
        let egress = EgressSettings { allow_private: vec![test.outside.address().into()], roots: Some(rustls::RootCertStore::empty()), ..Default::default() };
        let origins = DoorSettings { panel_origins: vec![PANEL.into()], ..DoorSettings::default() };
        let door = Door::new(store.clone(), test.clock.clone(), &origins);
        let media_key = store.derive("media");
        let looked_over = ServeArgs { data: Some(test.place.settings().data.clone()), ..ServeArgs::default() };
        let parts = Parts {
            store,
            clock: test.clock.clone(),
            door,
            media: Media::on_disk(&test.place.settings().data.join("media"), media_key).expect("the folder is made"),
            plugins: plugins().await,
            graph: Some(Graph::new(&test.graph.url()).expect("the address is one")),
            egress: Egress::new(egress),
            meters: telemetry::metrics().expect("meters are made"),
            jobs: true,
            webhooks: WebhookSettings {
                verify_token: settings.verify_token.clone(),
                app_secret: settings.platform_secret.clone(),
                signature_optional: settings.signature_optional,
            },
            rates: if settings.limited { Rates::new(&test.clock, Share::of(NonZeroU32::new(600).expect("it is not zero"))) } else { Rates::unlimited() },
            settings: Arc::new(Settings::load_from(&looked_over, |_| None, "").expect("defaults are sound")),
            mail: settings.smtp.as_ref().map(|url| Post::start(&Smtp { url: url.as_str().into(), from: "no-reply@relevo.example".into() }).expect("it is one")),
            demo: false,
        };
        let address = listener.local_addr().expect("it is bound");
        let app = App::start(parts).await.expect("the app starts");
        let closing = app.closing.clone();
        let service = http::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move { closing.cancelled().await });
        let server = tokio::spawn(async move { serving.await.expect("it listens until it is told to end") });
        Self { app, address, server }
    }

    /// Ends as SIGTERM does: nothing new is taken, what is under way is finished.
    pub async fn close(mut self, patience: Duration) -> SocketAddr {
        self.app.closing.cancel();
        if tokio::time::timeout(patience.min(Duration::from_secs(5)), &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.app.close(patience).await;
        self.address
    }
}
