//! What is wrong with a manifest, and how to mend it.

use crate::{API_VERSION, schema::SchemaError};

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the manifest's id {0:?} must be labels of a-z, 0-9 and \"-\", joined by dots, 64 characters at most, such as \"com.example.storefront\"")]
    Id(String),
    #[error("the manifest's id {0:?} is a word of the host's own addresses: choose another, such as \"com.example.{0}\"")]
    Reserved(String),
    #[error("the manifest asks for contract {0:?}; this host offers {API_VERSION:?}: rebuild the plugin against that version")]
    Api(String),
    #[error("the manifest's {0} must not be empty, in any of its languages")]
    Empty(&'static str),
    #[error("the manifest's permission of kind {0:?} must say a reason, in each of its languages: the admin decides by it")]
    Reason(&'static str),
    #[error("the manifest's icon must be the name of one of the host's icons or \"data:image/png;base64,…\" of 32 KiB at most")]
    Icon,
    #[error("the manifest's limit {0} must be 1 to {1}")]
    Limit(&'static str, u32),
    #[error("the manifest's {0} must be a JSON Schema of type \"object\"")]
    Schema(String),
    #[error("the manifest's {0} goes beyond the subset of JSON Schema that this host reads: {1}")]
    Subset(String, #[source] SchemaError),
    #[error("{0:?} is no host: write it as \"api.example.com\", \"*.example.com\" or \"api.example.com:8443\", without scheme and path")]
    Host(String),
    #[error("{0:?} is no HTTP method: write it in capitals, such as \"GET\"")]
    Method(String),
    #[error("{0:?} is no name of a secret: 1 to 64 letters, digits and \"_\", such as \"API_KEY\"")]
    SecretName(String),
    #[error("the configuration's field {0:?} is a secret that no permission asks for: add {{\"kind\": \"secrets\", \"names\": [{0:?}], \"reason\": …}}")]
    SecretWithoutPermission(String),
    #[error(
        "the permission of kind \"secrets\" names {0:?}, which nobody can enter: add {{\"type\": \"string\", \"format\": \"secret\"}} under that name to the configuration's properties"
    )]
    SecretWithoutField(String),
    #[error("the manifest's {0} has the secret {1:?}; secrets are entered in the configuration only")]
    SecretElsewhere(String, String),
    #[error("the tool name {0:?} must be 1 to 64 characters of a-z, 0-9, \"_\" and \"-\", and used once")]
    Tool(String),
    #[error("{0:?} is no event of the contract: messages, timer, agent-took-over, returned-to-bot or other")]
    Event(String),
    #[error("the test {0:?} must have a name and a script")]
    Test(String),
    #[error(
        "the collection {0:?} must be called by 1 to 40 characters of a-z, 0-9, \"_\" and \"-\", a letter first, once, and not as one of the business's own"
    )]
    Collection(String),
    #[error("the collection {0:?} is called by its field {1:?}, which must be a property of type \"string\" on the first level of its schema")]
    TitleField(String, String),
    #[error("a permission names the collection {0:?}, which there is not: use products, orders, addresses or one of \"collections\"")]
    UnknownCollection(String),
}
