//! What a plugin says about itself and asks for. Published as `wit/manifest.schema.json`, which a test keeps in step.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

pub use self::{
    error::ManifestError,
    permission::{Access, Permission},
    text::Text,
};
use crate::{API_VERSION, allowed, grants::Grants, limits::Limits, schema};

mod error;
pub(crate) mod permission;
mod text;

/// What no plugin is called: where the host has something of its own in the place of an id, as `/plugins/new` is where one uploads.
pub const RESERVED_IDS: [&str; 1] = ["new"];

/// The collections that every business has.
pub const BUILT_IN_COLLECTIONS: [&str; 3] = ["products", "orders", "addresses"];

const EVENTS: [&str; 5] = ["messages", "timer", "agent-took-over", "returned-to-bot", "other"];
/// Bytes of an icon, as it stands in the manifest: 32 KiB in base64.
const MAX_ICON: usize = 44 << 10;
const PNG: &str = "data:image/png;base64,iVBORw0KGgo";

/// The manifest that a component carries in its custom section `relevo:manifest`, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `storefront` or `com.example.storefront`: labels of `[a-z0-9-]`, 64 characters at most.
    pub id: String,
    #[serde(serialize_with = "write_version", deserialize_with = "read_version")]
    pub version: semver::Version,
    /// The version of the contract that it was built against.
    pub api: String,
    pub title: Text,
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub description: Text,
    /// The name of one of the host's icons, or a PNG of 32 KiB at most as `data:image/png;base64,…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// What it would like to use at most in a call; never above what the host gives.
    #[serde(default, skip_serializing_if = "RequestedLimits::is_none")]
    pub limits: RequestedLimits,
    /// JSON Schema of the installation's configuration, of the subset of [`schema`].
    #[serde(default = "any_object")]
    pub config: Value,
    /// What a language model may call.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// The events that it wants, by their names in the contract; empty means all.
    #[serde(default)]
    pub events: Vec<String>,
    /// Conversations that it must pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<ConversationTest>,
    /// Records of its own, beside those of the business.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<OwnCollection>,
}

/// A function that a language model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `[a-z0-9_-]`, 64 characters at most.
    pub name: String,
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default = "any_object")]
    pub parameters: Value,
    #[serde(default)]
    pub effect: Effect,
}

/// What calling a tool does to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    ReadOnly,
    /// It changes something; assumed of a tool that does not say.
    #[default]
    Destructive,
}

/// A conversation as a script, in the form of `relevo plugin test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationTest {
    pub name: String,
    pub script: String,
}

/// A collection of records that is the plugin's own; the admin gets a list and a form for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnCollection {
    /// `[a-z0-9_-]` beginning with a letter, 40 characters at most.
    pub name: String,
    pub title: Text,
    /// Of a document: an object, of the subset of [`schema`].
    pub schema: Value,
    /// The property of type string that a document is called by.
    pub title_field: String,
}

/// What a plugin would like to use at most in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u32>,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks what the types do not say.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.id.len() > 64 || !self.id.split('.').all(is_label) {
            return Err(ManifestError::Id(self.id.clone()));
        }
        if RESERVED_IDS.contains(&self.id.as_str()) {
            return Err(ManifestError::Reserved(self.id.clone()));
        }
        if self.api != API_VERSION {
            return Err(ManifestError::Api(self.api.clone()));
        }
        if self.title.is_incomplete() {
            return Err(ManifestError::Empty("title"));
        }
        if self.icon.as_deref().is_some_and(|icon| !is_icon(icon)) {
            return Err(ManifestError::Icon);
        }
        self.limits.check()?;
        self.permissions.iter().try_for_each(Permission::check)?;
        self.check_config()?;
        self.check_tools()?;
        self.check_collections()?;
        if let Some(test) = self.tests.iter().find(|test| test.name.trim().is_empty() || test.script.trim().is_empty()) {
            return Err(ManifestError::Test(test.name.clone()));
        }
        match self.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            Some(event) => Err(ManifestError::Event(event.clone())),
            None => Ok(()),
        }
    }

    /// Each secret is a field that the admin can fill and a permission that they gave.
    fn check_config(&self) -> Result<(), ManifestError> {
        check_object("config", &self.config)?;
        let fields = schema::secrets(&self.config);
        let asked: Vec<&str> = self.secrets().collect();
        if let Some(field) = fields.iter().find(|field| !asked.contains(field)) {
            return Err(ManifestError::SecretWithoutPermission((*field).to_owned()));
        }
        match asked.iter().find(|name| !fields.contains(name)) {
            Some(name) => Err(ManifestError::SecretWithoutField((*name).to_owned())),
            None => Ok(()),
        }
    }

    fn check_tools(&self) -> Result<(), ManifestError> {
        for (nth, tool) in self.tools.iter().enumerate() {
            if !is_tool_name(&tool.name) || self.tools[..nth].iter().any(|other| other.name == tool.name) {
                return Err(ManifestError::Tool(tool.name.clone()));
            }
            let of = format!("parameters of the tool {:?}", tool.name);
            check_object(&of, &tool.parameters)?;
            without_secrets(&of, &tool.parameters)?;
        }
        Ok(())
    }

    fn check_collections(&self) -> Result<(), ManifestError> {
        for (nth, own) in self.collections.iter().enumerate() {
            let taken = BUILT_IN_COLLECTIONS.contains(&own.name.as_str()) || self.collections[..nth].iter().any(|other| other.name == own.name);
            if taken || !is_collection_name(&own.name) {
                return Err(ManifestError::Collection(own.name.clone()));
            }
            if own.title.is_incomplete() {
                return Err(ManifestError::Empty("title of a collection"));
            }
            let of = format!("schema of the collection {:?}", own.name);
            check_object(&of, &own.schema)?;
            without_secrets(&of, &own.schema)?;
            if own.schema["properties"][&own.title_field]["type"] != "string" {
                return Err(ManifestError::TitleField(own.name.clone(), own.title_field.clone()));
            }
        }
        let known = |name: &str| BUILT_IN_COLLECTIONS.contains(&name) || self.collection(name).is_some();
        match self.permissions.iter().find_map(|permission| permission.collection().filter(|name| !known(name))) {
            Some(name) => Err(ManifestError::UnknownCollection(name.to_owned())),
            None => Ok(()),
        }
    }

    /// A collection of its own.
    pub fn collection(&self, name: &str) -> Option<&OwnCollection> {
        self.collections.iter().find(|own| own.name == name)
    }

    /// The names of the secrets that it asks for.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter().flat_map(Permission::secrets)
    }

    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// What it asks for that an earlier version did not: `before` is [`Grants::all`] of that one, so that what the admin took out of
    /// its grants is not asked for again.
    pub fn asks_more_than(&self, before: &Grants) -> Vec<Permission> {
        self.permissions.iter().filter_map(|permission| before.lacks(permission)).collect()
    }

    /// Whether it asked for this access to a collection.
    pub fn allows_records(&self, collection: &str, access: Access) -> bool {
        allowed::records(&self.permissions, collection, access)
    }

    /// Whether it asked for this method anywhere.
    pub fn allows_http_method(&self, method: &str) -> bool {
        allowed::http_method(&self.permissions, method)
    }

    /// Whether it asked for this method to this host; `port` is the effective one.
    pub fn allows_http(&self, method: &str, host: &str, port: u16) -> bool {
        allowed::http(&self.permissions, method, host, port)
    }

    /// Whether it asked to schedule timers.
    pub fn allows_timers(&self) -> bool {
        allowed::timers(&self.permissions)
    }

    /// Whether it asked to hand conversations over.
    pub fn allows_hand_over(&self) -> bool {
        allowed::hand_over(&self.permissions)
    }

    /// Whether it asked to open tickets.
    pub fn allows_tickets(&self) -> bool {
        allowed::tickets(&self.permissions)
    }

    /// Whether it wants to see an event of this name.
    pub fn wants(&self, event: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event)
    }
}

impl RequestedLimits {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The host's limits, lowered where the plugin asks for less.
    pub fn within(&self, most: &Limits) -> Limits {
        let time = |asked: Option<u32>, most| asked.map_or(most, |millis| std::time::Duration::from_millis(u64::from(millis)).min(most));
        let memory = self.memory_mib.map_or(most.memory, |mib| ((mib as usize) << 20).min(most.memory));
        Limits { memory, cpu: time(self.cpu_ms, most.cpu), wall: time(self.wall_ms, most.wall), ..most.clone() }
    }

    fn check(&self) -> Result<(), ManifestError> {
        let asked = [("memory_mib", self.memory_mib, 4_096), ("cpu_ms", self.cpu_ms, 60_000), ("wall_ms", self.wall_ms, 600_000)];
        match asked.iter().find(|(_, asked, most)| asked.is_some_and(|asked| asked == 0 || asked > *most)) {
            Some((name, _, most)) => Err(ManifestError::Limit(name, *most)),
            None => Ok(()),
        }
    }
}

fn check_object(of: &str, schema: &Value) -> Result<(), ManifestError> {
    if schema["type"] != "object" {
        return Err(ManifestError::Schema(of.to_owned()));
    }
    schema::check(schema).map_err(|error| ManifestError::Subset(of.to_owned(), error))
}

fn without_secrets(of: &str, schema: &Value) -> Result<(), ManifestError> {
    match schema::secrets(schema).first() {
        Some(name) => Err(ManifestError::SecretElsewhere(of.to_owned(), (*name).to_owned())),
        None => Ok(()),
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

fn is_collection_name(name: &str) -> bool {
    name.len() <= 40 && name.starts_with(|first: char| first.is_ascii_lowercase()) && is_tool_name(name)
}

fn is_icon(icon: &str) -> bool {
    let named = (1..=32).contains(&icon.len()) && icon.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let drawn = || icon.len() <= MAX_ICON && icon.starts_with(PNG) && icon[PNG.len()..].bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    named || drawn()
}

fn any_object() -> Value {
    serde_json::json!({ "type": "object" })
}

fn write_version<S: Serializer>(version: &semver::Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

fn read_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<semver::Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| D::Error::custom(format!("{text:?} is no version such as \"1.2.0\": {error}")))
}
