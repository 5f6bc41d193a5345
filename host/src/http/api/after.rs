//! What cursors of lists stand for that are in the order of something and, within it, of ids.

use std::{fmt, str::FromStr};

use relevo_model::{ProductId, Time};

/// The time and the id of the last row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<I>(pub Time, pub I);

/// The title and the id of the last product of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Titled(pub String, pub ProductId);

/// The text stands for no place in a list.
#[derive(Debug)]
pub struct NoPlace;

impl<I: fmt::Display> fmt::Display for At<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.millis(), self.1)
    }
}

impl<I: FromStr> FromStr for At<I> {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (time, id) = text.split_once(' ').ok_or(NoPlace)?;
        Ok(Self(Time(time.parse().map_err(|_| NoPlace)?), id.parse().map_err(|_| NoPlace)?))
    }
}

impl fmt::Display for Titled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.1, self.0)
    }
}

impl FromStr for Titled {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (id, title) = text.split_once(' ').ok_or(NoPlace)?;
        Ok(Self(title.to_owned(), id.parse().map_err(|_| NoPlace)?))
    }
}

#[cfg(test)]
mod tests {
    use relevo_model::OrderId;

    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-000000000001";

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        let at: At<OrderId> = At(Time(1_767_268_800_000), ID.parse().unwrap());
        assert_eq!(at.to_string().parse::<At<OrderId>>().unwrap(), at);
        let titled = Titled("Yerba mate 1 kg".into(), ID.parse().unwrap());
        assert_eq!(titled.to_string().parse::<Titled>().unwrap(), titled);
        for none in ["", " ", "7", "x y", ID, "7 7"] {
            assert!(none.parse::<At<OrderId>>().is_err() && none.parse::<Titled>().is_err(), "{none}");
        }
    }
}
