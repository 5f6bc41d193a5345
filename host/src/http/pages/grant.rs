//! A role and where it counts, in forms and in words: the same for people, invitations and keys.

use relevo_model::*;

use crate::{
    app::App,
    identity::Member,
    policy::ROLES,
    web::{
        self, Page, Words,
        forms::{Choice, Wrong},
    },
};

/// All of the business.
const ALL: &str = "all";
/// The service points that are named.
const SOME: &str = "some";

/// The service points of a business that whoever asks may know of, in the order in which they were made.
pub struct Points(Vec<(ServicePointId, String)>);

impl Points {
    pub async fn of(app: &App, member: &Member) -> web::Result<Self> {
        let points = app.store.cell(&member.tenant).await?.read().await?.service_points().list().await?;
        Ok(Self(points.into_iter().filter(|point| member.reach().covers(&point.id)).map(|point| (point.id, point.name)).collect()))
    }

    pub fn choices(&self) -> Vec<Choice> {
        self.0.iter().map(|(id, name)| Choice::new(id, name)).collect()
    }

    /// What a form said of where something counts: all, or some of these points.
    pub fn reach(&self, extent: &str, points: &[String]) -> Result<Reach, Wrong> {
        let none = || Wrong::at("points", "problem-points");
        match extent {
            ALL => Ok(Reach::All),
            SOME if points.is_empty() => Err(none()),
            SOME => points.iter().map(|point| self.0.iter().map(|(id, _)| *id).find(|id| id.as_str() == point).ok_or_else(none)).collect(),
            _ => Err(Wrong::at("extent", "problem-extent")),
        }
    }

    /// Where somebody works, in words.
    pub fn words(&self, page: &Page, reach: &Reach) -> String {
        match reach {
            Reach::All => page.say("reach-all"),
            Reach::Only(ids) => {
                let names: Vec<&str> = self.0.iter().filter(|(id, _)| ids.contains(id)).map(|(_, name)| &**name).collect();
                let hidden = ids.len() - names.len();
                match (names.is_empty(), hidden) {
                    (true, 0) => page.say("reach-none"),
                    (false, 0) => names.join(", "),
                    (_, hidden) => Words::from("reach-and-others").with("names", names.join(", ")).with("count", hidden).to_text(page.visitor.lang),
                }
            }
        }
    }
}

/// The roles that this one may give.
pub fn roles(page: &Page, by: &Member) -> Vec<Choice> {
    let grantable = |role: &Role| by.rights.may_grant(*role, by.reach());
    let choice = |role: Role| Choice { hint: Some(page.say(&format!("role-{role}-hint"))), ..Choice::new(role, page.say(&format!("role-{role}"))) };
    ROLES.into_iter().filter(grantable).map(choice).collect()
}

/// How far something may reach: everywhere only from whoever reaches everywhere.
pub fn extents(page: &Page, by: &Member) -> Vec<Choice> {
    let all = (*by.reach() == Reach::All).then(|| Choice::new(ALL, page.say("reach-all")));
    all.into_iter().chain([Choice::new(SOME, page.say("reach-some"))]).collect()
}

/// As a form says it.
pub fn extent_of(reach: &Reach) -> (String, Vec<String>) {
    match reach {
        Reach::All => (ALL.into(), Vec::new()),
        Reach::Only(points) => (SOME.into(), points.iter().map(ToString::to_string).collect()),
    }
}

pub fn role(text: &str) -> Result<Role, Wrong> {
    text.parse().map_err(|_| Wrong::at("role", "problem-role"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "0198c0de-0000-7000-8000-000000000001";

    #[test]
    fn what_a_form_says_of_a_reach_reads_back() {
        let only: Reach = [HERE.parse().unwrap()].into_iter().collect();
        let here = here();
        for wanted in [Reach::All, only] {
            let (extent, points) = extent_of(&wanted);
            assert_eq!(here.reach(&extent, &points).unwrap(), wanted);
        }
    }

    #[test]
    fn nothing_chosen_is_not_everything_and_what_is_not_here_is_nothing() {
        const THERE: &str = "0198c0de-0000-7000-8000-000000000002";
        let here = here();
        for (extent, points, field) in [("some", &[][..], "points"), ("some", &[HERE, THERE], "points"), ("", &[], "extent"), ("*", &[], "extent")] {
            let points: Vec<String> = points.iter().map(|point| (*point).to_owned()).collect();
            assert_eq!(here.reach(extent, &points).unwrap_err().fields[0].0, field, "{extent}");
        }
    }

    fn here() -> Points {
        Points(vec![(HERE.parse().unwrap(), "Centro".into())])
    }
}
