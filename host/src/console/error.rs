//! Why something was not done, and what programs are told of it.

use axum::response::{IntoResponse, Response};

use relevo_sandbox::Permission as Asked;

use super::plugins::{ConfigProblem, Misfit, Refused};
use crate::{
    channels::cloud_api::client::Fault,
    http::problem::{FieldProblem, Kind, Problem},
    identity::{self, Refusal},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not for this one to know of.
    #[error("there is nothing here")]
    NotFound,
    #[error(transparent)]
    Refused(Refusal),
    /// What was entered cannot be taken: all that is wrong, field by field.
    #[error("what was entered cannot be taken")]
    Invalid(Vec<identity::Problem>),
    /// Another one has this name, this SKU or this number.
    #[error("this name, SKU or number is taken already")]
    Taken,
    /// This person has as many businesses as one may found.
    #[error("one person may own ten businesses, and this one does")]
    Enough,
    /// Something that stays needs it.
    #[error("{}", .0.detail())]
    InUse(Use),
    /// Somebody changed it since it was seen.
    #[error("somebody changed it meanwhile: look at it again")]
    Stale,
    /// More than 24 hours since the customer wrote.
    #[error("more than 24 hours since the customer wrote: WhatsApp takes no text of ours until they write again")]
    WindowClosed,
    /// The conversation's channel was taken away.
    #[error("the channel of this conversation was taken away: nothing can be said through it")]
    NoChannel,
    /// The file cannot be a plugin, or not this one.
    #[error("{}", .0.detail)]
    Package(Refused),
    /// The version asks for more than what was consented to.
    #[error("this version asks for more than what was consented to: look at it and grant it, or a part of it")]
    Consent(Vec<Asked>),
    /// It is being compiled.
    #[error("this version is being compiled: try again when it is ready")]
    NotReady,
    /// The business wants a version's replay to be approved before it answers.
    #[error("what this version would have said otherwise was not approved: run a replay, and approve its differences")]
    ReplayNeeded,
    /// It cannot take what is stored of the configuration: what, and where.
    #[error("the configuration does not fit this version: set it for the version first")]
    Misfit(Vec<Misfit>),
    /// There is none to go to.
    #[error("there is no such version to go to")]
    NoVersion,
    /// The configuration cannot be taken: all that is wrong, field by field.
    #[error("the configuration cannot be taken")]
    Settings(Vec<ConfigProblem>),
    /// The Graph API did not confirm what it was asked, in its own words.
    #[error("{0}")]
    Outside(Fault),
    /// The database, or where media lie, cannot take it now.
    #[error("this cannot be stored now")]
    Unavailable,
    #[error(transparent)]
    Broken(anyhow::Error),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What stands in the way of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Conversations of a service point.
    Conversations,
    /// It is the version that answers, or that is being tried.
    Answers,
    /// Service points have the plugin in their chain.
    Chain,
}

impl Use {
    const fn detail(self) -> &'static str {
        match self {
            Self::Conversations => "conversations were held at this service point, and they stay: take its channels away or switch its bot off instead",
            Self::Answers => "this version answers, or is being tried: activate another one, or end the trial, and then remove it",
            Self::Chain => "service points ask this plugin: take it out of their chains, and then remove its last version",
        }
    }

    /// The key of what a person is told.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Conversations => "problem-in-use-conversations",
            Self::Answers => "problem-in-use-answers",
            Self::Chain => "problem-in-use-chain",
        }
    }
}

impl Error {
    /// One field that cannot be taken.
    pub fn field(field: &'static str, text: &'static str) -> Self {
        Self::Invalid(vec![identity::Problem { field, text }])
    }

    /// A conflict is somebody else's having it.
    pub fn taken(error: relevo_store::Error) -> Self {
        match error {
            relevo_store::Error::Conflict(_) => Self::Taken,
            other => other.into(),
        }
    }

    /// A conflict is somebody else's having done it in between.
    pub fn stale(error: relevo_store::Error) -> Self {
        match error {
            relevo_store::Error::Conflict(_) => Self::Stale,
            other => other.into(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            other => Self::Refused(other),
        }
    }
}

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        match error {
            relevo_store::Error::Unavailable(why) => {
                tracing::error!(why, "a change could not be stored");
                Self::Unavailable
            }
            other => Self::Broken(other.into()),
        }
    }
}

impl From<identity::Error> for Error {
    fn from(error: identity::Error) -> Self {
        match error {
            identity::Error::Refused(refusal) => refusal.into(),
            identity::Error::Invalid(problems) => Self::Invalid(problems),
            identity::Error::Taken => Self::Taken,
            other => Self::Broken(other.into()),
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let kind = match error {
            Error::NotFound => return Kind::NotFound.into(),
            Error::Refused(refusal) => return (*refusal).into(),
            Error::Invalid(_) => Kind::Invalid,
            Error::Taken => Kind::Taken,
            Error::Enough => Kind::Enough,
            Error::InUse(_) => Kind::InUse,
            Error::Stale => Kind::Stale,
            Error::WindowClosed => Kind::WindowClosed,
            Error::NoChannel => Kind::NoChannel,
            Error::Package(_) => Kind::Plugin,
            Error::Consent(_) => Kind::Consent,
            Error::NotReady => Kind::NotReady,
            Error::ReplayNeeded => Kind::ReplayNeeded,
            Error::Misfit(_) => Kind::Misfit,
            Error::NoVersion => Kind::NoVersion,
            Error::Settings(_) => Kind::Invalid,
            Error::Outside(Fault::Unreachable(_)) => Kind::Outside,
            Error::Outside(_) => Kind::NotConfirmed,
            Error::Unavailable => Kind::Busy,
            Error::Broken(error) => return Self::broken(error),
        };
        let problem = Self::new(kind).detail(error.to_string());
        match error {
            Error::Invalid(fields) => problem.errors(fields.iter().map(FieldProblem::from)),
            Error::Package(refused) => problem.errors([FieldProblem { problem: refused.kind.clone(), ..FieldProblem::with_words("file", refused.words()) }]),
            Error::Consent(more) => problem.errors(more.iter().map(|asked| FieldProblem::new(format!("permissions.{}", asked.kind()), "plugin-asks-more"))),
            Error::Settings(problems) => problem.errors(problems.iter().map(FieldProblem::from)),
            Error::Misfit(misfits) => problem.errors(misfits.iter().map(FieldProblem::from)),
            Error::Unavailable => problem.retry_after(1),
            _ => problem,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}
