//! At which service points somebody works.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{InvalidId, ServicePointId};

/// The service points that somebody may see and act at. As text `*`, or ids with commas between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Those that are there and those to come.
    All,
    Only(BTreeSet<ServicePointId>),
}

impl Reach {
    pub fn covers(&self, point: &ServicePointId) -> bool {
        match self {
            Self::All => true,
            Self::Only(points) => points.contains(point),
        }
    }

    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Only(_)) => false,
            (Self::Only(some), Self::Only(others)) => some.is_subset(others),
        }
    }
}

impl FromIterator<ServicePointId> for Reach {
    fn from_iter<I: IntoIterator<Item = ServicePointId>>(points: I) -> Self {
        Self::Only(points.into_iter().collect())
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Only(points) => {
                for (at, point) in points.iter().enumerate() {
                    write!(f, "{}{point}", if at == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Reach {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "*" => Ok(Self::All),
            some => some.split(',').filter(|id| !id.is_empty()).map(str::parse).collect::<Result<_, _>>().map(Self::Only),
        }
    }
}

impl TryFrom<String> for Reach {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0198c0de-0000-7000-8000-000000000001";
    const TWO: &str = "0198c0de-0000-7000-8000-000000000002";

    #[test]
    fn a_reach_reads_back_as_it_was_written() {
        for text in ["*", "", ONE, &format!("{ONE},{TWO}")] {
            assert_eq!(text.parse::<Reach>().unwrap().to_string(), text);
        }
        assert!("all".parse::<Reach>().is_err());
    }

    #[test]
    fn nobody_reaches_what_is_not_named() {
        let (one, both): (Reach, Reach) = (ONE.parse().unwrap(), format!("{ONE},{TWO}").parse().unwrap());
        let (nowhere, two): (Reach, ServicePointId) = ("".parse().unwrap(), TWO.parse().unwrap());

        assert!(Reach::All.covers(&two) && both.covers(&two));
        assert!(!one.covers(&two) && !nowhere.covers(&two));
        assert!(one.is_within(&both) && both.is_within(&Reach::All) && nowhere.is_within(&one));
        assert!(!both.is_within(&one) && !Reach::All.is_within(&both));
    }
}
