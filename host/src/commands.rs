//! The commands of the program.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use relevo_store::Store;

use crate::{
    author, doctor,
    http::api::openapi,
    serve,
    settings::{self, ServeArgs, Settings},
    telemetry,
    tenants::{self, NewTenant},
    users::{self, NewUser, Whom},
};

/// Businesses on WhatsApp, each with its own flows, in one process.
#[derive(Parser)]
#[command(name = "relevo", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves webhooks and pages until it is told to end
    Serve(ServeArgs),
    /// The same as `serve --demo`: two businesses with demo data, without a network
    Demo(ServeArgs),
    /// Looks at everything that a start needs and says how to mend what is wrong
    Doctor {
        #[command(flatten)]
        serve: ServeArgs,
        /// Lists every setting with its default instead
        #[arg(long)]
        settings: bool,
    },
    /// Brings the tables of all businesses up to this version
    Migrate(ServeArgs),
    /// Prints the description of the API, as OpenAPI 3.1
    Openapi,
    /// Businesses
    #[command(subcommand)]
    Tenant(Tenant),
    /// People
    #[command(subcommand)]
    User(User),
    /// Plugins: made, tried and uploaded by those who write them
    #[command(subcommand)]
    Plugin(author::Command),
    /// Compiles a plugin; the process calls itself with this, within limits
    #[command(hide = true)]
    Compile { input: PathBuf, output: PathBuf },
}

#[derive(Subcommand)]
enum Tenant {
    /// Makes a business with a service point that answers on a Cloud API number
    Create(Box<NewTenant>),
    /// Lists the businesses
    List(ServeArgs),
}

#[derive(Subcommand)]
enum User {
    /// Makes an account, and prints a link by which its person chooses a password
    Create(NewUser),
    /// Lists the people
    List(ServeArgs),
    /// Prints a link by which a person chooses another password
    ResetLink(Whom),
    /// Ends all sessions of a person, at once
    RevokeSessions(Whom),
}

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    // Before anything that could make a connection.
    drop(rustls::crypto::ring::default_provider().install_default());
    if let Command::Compile { input, output } = &cli.command {
        return match relevo_sandbox::compile_main(input, output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("the machine gives threads");
    runtime.block_on(asynchronous(cli.command))
}

async fn asynchronous(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(args) => with(&args, serve::serve).await,
        Command::Demo(args) => with(&ServeArgs { demo: true, ..args }, serve::serve).await,
        Command::Doctor { settings: true, .. } => {
            print!("{}", settings::table());
            Ok(())
        }
        Command::Doctor { serve: args, .. } => {
            let findings = match Settings::load(&args) {
                Ok(settings) => doctor::examine(&settings).await,
                Err(errors) => doctor::refused(&errors),
            };
            return doctor::print(&findings);
        }
        Command::Openapi => {
            print!("{}", openapi::text());
            Ok(())
        }
        Command::Migrate(args) => with(&args, migrate).await,
        Command::Tenant(Tenant::Create(new)) => with(&new.serve.clone(), |settings| tenants::create(settings, *new)).await,
        Command::Tenant(Tenant::List(args)) => with(&args, tenants::list).await,
        Command::User(User::Create(new)) => with(&new.serve.clone(), |settings| users::create(settings, new)).await,
        Command::User(User::List(args)) => with(&args, users::list).await,
        Command::User(User::ResetLink(whom)) => with(&whom.serve.clone(), |settings| users::reset_link(settings, whom)).await,
        Command::User(User::RevokeSessions(whom)) => with(&whom.serve.clone(), |settings| users::revoke_sessions(settings, whom)).await,
        Command::Plugin(command) => author::run(command).await,
        Command::Compile { .. } => unreachable!("run before the runtime"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relevo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn with<F: Future<Output = anyhow::Result<()>>>(args: &ServeArgs, run: impl FnOnce(Settings) -> F) -> anyhow::Result<()> {
    let settings = Settings::load(args)?;
    telemetry::init(settings.log.is_json());
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    run(settings).await
}

async fn migrate(settings: Settings) -> anyhow::Result<()> {
    let store = Store::open(&settings.store()).await?;
    let tenants = store.platform().tenants().await?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} businesses {msg}")?;
    let bar = ProgressBar::new(tenants.len() as u64).with_style(style);
    store
        .migrate_all(|tenant| {
            bar.set_message(tenant.slug.clone());
            bar.inc(1);
        })
        .await?;
    bar.finish_and_clear();
    println!("{} businesses are up to date", tenants.len());
    Ok(())
}
