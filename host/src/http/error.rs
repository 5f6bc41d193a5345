//! What a page or a fragment answers when it cannot do what was asked.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is nothing at this address")]
    NotFound,
    /// What is wrong and how to mend it, for the person.
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Broken(#[from] anyhow::Error),
}

impl From<relevo_store::Error> for Error {
    fn from(error: relevo_store::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, self.to_string()).into_response(),
            Self::Invalid(why) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
            Self::Broken(error) => {
                tracing::error!(error = format!("{error:#}"), "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here; it is in the log").into_response()
            }
        }
    }
}
