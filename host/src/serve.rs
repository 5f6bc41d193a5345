//! `relevo serve`: from settings to a process that answers, and back to nothing lost.

use std::{env, future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use relevo_model::Clock;
use relevo_sandbox::{Engine, EngineSettings};
use relevo_store::Store;
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, signal::unix::SignalKind};

use crate::{
    app::{App, Parts, WebhookSettings},
    channels::cloud_api::client::Graph,
    demo,
    egress::{Egress, EgressSettings},
    http::{
        self,
        api::{Rates, Share},
    },
    identity::Door,
    mail::Post,
    media::Media,
    plugins::Plugins,
    settings::{Settings, SignatureMode},
    telemetry,
};

/// How long what is under way has to be finished when the process is told to end.
const DRAIN: Duration = Duration::from_secs(25);

/// Serves until the process is told to end.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let clock = Clock::system();
    let store = Store::open(&settings.store()).await?;
    let parts = parts(&settings, store, clock).await?;
    let demo = if settings.demo { Some(demo::fill(&parts, &settings).await?) } else { None };
    let app = App::start(parts).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}: is another process there? Set RELEVO_LISTEN to another address", settings.listen))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, node = %app.node, "ready");
    if let Some(demo) = demo {
        demo.print(address);
    }
    let stop = app.clone();
    let server = axum::serve(listener, http::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>()).with_graceful_shutdown(async move {
        told_to_end().await;
        tracing::info!("ending: what is under way is finished first");
        stop.closing.cancel();
    });
    let serving = server.into_future();
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => served?,
        () = app.closing.cancelled() => {
            // Pages that stay open for live updates must not hold the process up.
            drop(tokio::time::timeout(Duration::from_secs(5), &mut serving).await);
        }
    }
    app.close(DRAIN).await;
    Ok(())
}

/// Everything that an app needs, but for its own running.
pub async fn parts(settings: &Settings, store: Store, clock: Clock) -> anyhow::Result<Parts> {
    let compiler = env::current_exe().context("cannot find the path of this program")?;
    let engine = Engine::new(EngineSettings::new(settings.cache(), compiler))?;
    let plugins = Plugins::load(&engine, &[]).await?;
    let graph = settings.meta_graph_url.as_deref().map(Graph::new).transpose()?;
    // The demo's clock can be advanced; sessions and an authenticator's codes go by the real one all the same.
    let door = Door::new(store.clone(), Clock::system(), &settings.door());
    let key = store.derive("media");
    let media = match &settings.s3 {
        Some(s3) => Media::in_bucket(s3, key)?,
        None => Media::on_disk(&settings.data.join("media"), key)?,
    };
    let rates = settings.api_rate.map_or_else(Rates::unlimited, |per_minute| Rates::new(&clock, Share::of(per_minute)));
    Ok(Parts {
        store,
        clock,
        door,
        plugins,
        media,
        graph,
        egress: Egress::new(EgressSettings::default()),
        meters: telemetry::metrics()?,
        jobs: settings.jobs,
        webhooks: WebhookSettings {
            verify_token: settings.meta_verify_token.as_ref().map(|token| token.expose_secret().to_owned()),
            app_secret: settings.meta_app_secret.as_ref().map(|secret| secret.expose_secret().to_owned()),
            signature_optional: matches!(settings.webhook_signature, SignatureMode::Optional),
        },
        rates,
        settings: Arc::new(settings.clone()),
        mail: settings.smtp.as_ref().map(Post::start).transpose()?,
        demo: settings.demo,
    })
}

async fn told_to_end() {
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate()).expect("signals can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
