//! What several areas show alike: moments, roles, service points.

use std::borrow::Cow;

use relevo_model::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

use crate::policy::Permission;

/// A moment, as RFC 3339 writes it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Time);

/// The service points where somebody works: `"all"`, those that are there and those to come, or a list of ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Points(pub Reach);

/// A permission by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope(pub Permission);

/// Ids as descriptions show them; what is read and shown is the model's own.
pub struct Id;

/// Roles as descriptions show them; what is read and shown is the model's own.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RoleName {
    Owner,
    Admin,
    Agent,
    Viewer,
}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".into()))).into()
    }
}

impl ToSchema for Id {
    fn name() -> Cow<'static, str> {
        "Id".into()
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_millisecond(self.0.millis()) {
            Ok(moment) => serializer.collect_str(&moment),
            Err(error) => Err(serde::ser::Error::custom(error)),
        }
    }
}

impl From<Time> for Moment {
    fn from(time: Time) -> Self {
        Self(time)
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Reach::All => serializer.serialize_str("all"),
            Reach::Only(points) => serializer.collect_seq(points),
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = Reach;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\" or a list of ids of service points")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Reach, E> {
                if text == "all" { Ok(Reach::All) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Reach, A::Error> {
                let mut points = Vec::new();
                while let Some(point) = list.next_element::<ServicePointId>()? {
                    points.push(point);
                }
                Ok(points.into_iter().collect())
            }
        }
        deserializer.deserialize_any(Reader).map(Self)
    }
}

impl PartialSchema for Points {
    fn schema() -> RefOr<Schema> {
        let all = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["all"]));
        let said = "`\"all\"`: those that are there and those to come; or the ids of some.";
        OneOfBuilder::new().item(all).item(ArrayBuilder::new().items(Id::schema())).description(Some(said)).into()
    }
}

impl ToSchema for Points {
    fn name() -> Cow<'static, str> {
        "Points".into()
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

impl PartialSchema for Scope {
    fn schema() -> RefOr<Schema> {
        let names = Permission::ALL.iter().map(|permission| permission.as_str());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).description(Some("A permission.")).into()
    }
}

impl ToSchema for Scope {
    fn name() -> Cow<'static, str> {
        "Permission".into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::ROLES;

    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(serde_json::to_value(Moment(Time(1_767_268_800_123))).unwrap(), json!("2026-01-01T12:00:00.123Z"));
    }

    #[test]
    fn service_points_are_all_or_named() {
        let id = "0198c0de-0000-7000-8000-000000000001";
        for (text, reach) in [(json!("all"), Reach::All), (json!([id]), [id.parse().unwrap()].into_iter().collect()), (json!([]), Reach::Only([].into()))] {
            let points: Points = serde_json::from_value(text.clone()).unwrap();
            assert_eq!((&points.0, serde_json::to_value(&points).unwrap()), (&reach, text));
        }
        for wrong in [json!(null), json!("*"), json!("ALL"), json!(["x"]), json!({}), json!([null])] {
            assert!(serde_json::from_value::<Points>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn roles_are_described_as_they_are() {
        let schema = serde_json::to_value(RoleName::schema()).unwrap();
        assert_eq!(schema["enum"], ROLES.iter().map(|role| role.as_str()).collect::<Value>());
    }
}
