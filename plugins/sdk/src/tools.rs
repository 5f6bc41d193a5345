//! What a language model may call, and the check of a configuration.

use serde_json::Value;

use crate::bindings::tools::exports::relevo::flow::tools::ToolResult;
use crate::{Action, Configured, Failure, Ids, Problem, Turn, malformed};

/// The functions that the manifest lists under "tools". Each call starts from a fresh instance.
pub trait Tools {
    /// Answers one call. Who is asked about comes from the turn, never from the arguments.
    ///
    /// # Errors
    /// The model is told of a failure, and what this call wrote is dropped.
    fn call(turn: &Turn, name: &str, arguments: &Value) -> Result<Answer, Failure>;
}

/// What a tool tells the model, and what it does beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub output: Value,
    pub actions: Vec<Action>,
}

impl From<Value> for Answer {
    fn from(output: Value) -> Self {
        Self { output, actions: Vec::new() }
    }
}

/// What [`tools!`](crate::tools) exports.
///
/// # Errors
/// What the tool fails with; `invalid` when the arguments are no JSON.
pub fn call_tool<T: Tools>(ids: Ids, name: &str, arguments: &str) -> Result<ToolResult, Failure> {
    let arguments = serde_json::from_str(arguments).map_err(|error| malformed("arguments", &error))?;
    let answer = T::call(&Turn::new(ids), name, &arguments)?;
    Ok(ToolResult { output: answer.output.to_string(), actions: answer.actions })
}

/// What [`configured!`](crate::configured) exports.
///
/// # Errors
/// `invalid` when the configuration is no JSON.
pub fn check_config<F: Configured>(config: &str) -> Result<Vec<Problem>, Failure> {
    let config = serde_json::from_str(config).map_err(|error| malformed("configuration", &error))?;
    Ok(F::check(&config))
}
