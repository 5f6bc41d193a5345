//! Every route × everybody who may come × their own branch, another branch, another business.
//!
//! What is expected is computed from the route's access and the policy. A route that nobody wrote a request for here fails the test.

use std::collections::BTreeSet;

use relevo::{
    http::routes::{Access, Route, Routes},
    policy::{self, Extent, Permission, Rights},
};
use relevo_model::*;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Caller, House, walk_requests::request};
use crate::harness::{Database, Setup};

/// Who comes.
#[derive(Clone, Debug)]
pub enum Who {
    Anonymous,
    /// With a role in the whole business.
    Role(Role),
    /// With a role at the first service point alone.
    Limited(Role),
    /// In no business.
    Stranger,
    Operator,
    /// A key that reaches the simulator only.
    TestKey,
    /// A key with all that an owner may give.
    LiveKey,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The business and the branch of whoever comes.
    Here,
    /// The business of whoever comes, at the other branch.
    There,
    /// Something of the other business, by its id.
    Elsewhere,
    /// The other business, by its name.
    Named,
}

pub const PLACES: [Place; 4] = [Place::Here, Place::There, Place::Elsewhere, Place::Named];

/// A request, made of what was set up for it.
pub struct Request {
    pub path: String,
    pub body: Option<Body>,
    /// What it is about is at one service point, or is whoever works there.
    pub at_point: AtPoint,
}

pub enum Body {
    Json(Value),
    Form(String),
    Raw(&'static str, Vec<u8>),
}

/// How a route is about service points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtPoint {
    /// Not at all, or it shows what is within reach.
    No,
    /// What is at another one is not there.
    Hidden,
    /// It can be seen, and not be touched.
    Refused,
}

struct Guest {
    who: Who,
    /// A user, whose session each request makes anew, since some end it; or a key.
    pass: Pass,
}

enum Pass {
    None,
    User(UserId),
    Key(String),
}

/// What must come of it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Login,
    Is(StatusCode),
    /// Anything but a refusal.
    Open,
    /// The same for what is everybody's, which may lead to the login.
    Public,
}

impl Guest {
    async fn caller(&self, house: &House) -> Caller {
        match &self.pass {
            Pass::None => house.nobody(),
            Pass::User(user) => house.session(user).await,
            Pass::Key(key) => house.nobody().bearer(key),
        }
    }
}

async fn guests(house: &House) -> Vec<Guest> {
    let mut guests = vec![Guest { who: Who::Anonymous, pass: Pass::None }];
    let here: Reach = [house.here].into_iter().collect();
    for role in policy::ROLES {
        let (user, _) = house.member(role.as_str(), role).await;
        guests.push(Guest { who: Who::Role(role), pass: Pass::User(user) });
        if role != Role::Owner {
            let (user, _) = house.member_at(&format!("limited-{role}"), role, here.clone()).await;
            guests.push(Guest { who: Who::Limited(role), pass: Pass::User(user) });
        }
    }
    guests.push(Guest { who: Who::Stranger, pass: Pass::User(house.figure("stranger").await) });
    let operator = house.figure("operator").await;
    let mut write = house.app().store.platform().write().await.unwrap();
    write.set_operator(&operator, true).await.unwrap();
    write.commit().await.unwrap();
    guests.push(Guest { who: Who::Operator, pass: Pass::User(operator) });
    let Pass::User(owner) = guests[1].pass else { unreachable!("the first role is the owner") };
    for (who, test, scopes) in [(Who::TestKey, true, scopes(true)), (Who::LiveKey, false, scopes(false))] {
        let plan = json!({ "name": "walk", "test": test, "scopes": scopes, "service_points": "all" });
        let made = house.session(&owner).await.post("/api/keys", plan).await.done(201);
        guests.push(Guest { who, pass: Pass::Key(made["key"].as_str().unwrap().to_owned()) });
    }
    guests
}

/// All that a key may be given.
fn scopes(test: bool) -> Vec<&'static str> {
    const NEVER: [Permission; 3] = [Permission::ManagePeople, Permission::ManageApiKeys, Permission::EraseBusiness];
    let all = if test { policy::OF_TEST_KEYS } else { Permission::ALL };
    all.iter().filter(|permission| !NEVER.contains(permission)).map(|permission| permission.as_str()).collect()
}

/// What somebody holds in the first business.
fn rights(who: &Who, house: &House) -> Option<Rights> {
    let here: Reach = [house.here].into_iter().collect();
    let scoped = |test| Some(scopes(test).into_iter().map(|scope| scope.parse().unwrap()).collect::<BTreeSet<Permission>>());
    match who {
        Who::Role(role) => Some(Rights { role: *role, reach: Reach::All, scopes: None }),
        Who::Limited(role) => Some(Rights { role: *role, reach: here, scopes: None }),
        Who::TestKey => Some(Rights { role: Role::Owner, reach: Reach::All, scopes: scoped(true) }),
        Who::LiveKey => Some(Rights { role: Role::Owner, reach: Reach::All, scopes: scoped(false) }),
        Who::Anonymous | Who::Stranger | Who::Operator => None,
    }
}

fn expected(route: &Route, who: &Who, place: Place, request: &Request, house: &House) -> Outcome {
    use Outcome::{Is, Login, Open};
    let is_key = matches!(who, Who::TestKey | Who::LiveKey);
    match (route.access, who) {
        (Access::Public, _) => Outcome::Public,
        (_, Who::Anonymous) => Login,
        (Access::Person, _) if is_key => Is(StatusCode::FORBIDDEN),
        (Access::Person, _) => Open,
        (Access::Operator, Who::Operator) => Open,
        (Access::Operator, _) if is_key => Is(StatusCode::FORBIDDEN),
        (Access::Operator, _) => Is(StatusCode::NOT_FOUND),
        (Access::Permission(permission), _) => {
            let named = place == Place::Named || place == Place::Elsewhere && route.path.contains("{business_id}");
            match rights(who, house) {
                _ if named => Is(StatusCode::NOT_FOUND),
                // Whoever is nothing in it is not told that there is such a business.
                None if route.path.contains("{business_id}") => Is(StatusCode::NOT_FOUND),
                None => Is(StatusCode::FORBIDDEN),
                Some(rights) if !rights.may(permission, None) => Is(StatusCode::FORBIDDEN),
                Some(_) if place == Place::Elsewhere && route.path.contains('{') => Is(StatusCode::NOT_FOUND),
                Some(rights) if place == Place::There && permission.extent() == Extent::Point && !rights.reach.covers(&house.there) => match request.at_point {
                    AtPoint::No => Open,
                    AtPoint::Hidden => Is(StatusCode::NOT_FOUND),
                    AtPoint::Refused => Is(StatusCode::FORBIDDEN),
                },
                Some(_) => Open,
            }
        }
    }
}

fn came(answer: &Answer, outcome: &Outcome) -> bool {
    let to_login = answer.status == StatusCode::SEE_OTHER && answer.header("location").starts_with("/login");
    match outcome {
        Outcome::Login => answer.status == StatusCode::UNAUTHORIZED || to_login,
        // Whoever is in no business is led to where one chooses one.
        Outcome::Is(StatusCode::FORBIDDEN) if answer.status == StatusCode::SEE_OTHER => answer.header("location") == "/welcome",
        Outcome::Is(status) => answer.status == *status,
        Outcome::Open | Outcome::Public => {
            let refused = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) || *outcome == Outcome::Open && to_login;
            !refused && !answer.status.is_server_error()
        }
    }
}

async fn send(caller: &Caller, route: &Route, request: &Request) -> Answer {
    let body = request.body.as_ref().map(|body| match body {
        Body::Json(json) => ("application/json", json.to_string().into_bytes()),
        Body::Form(form) => ("application/x-www-form-urlencoded", form.clone().into_bytes()),
        Body::Raw(kind, bytes) => (*kind, bytes.clone()),
    });
    caller.send_raw(route.method.clone(), &request.path, body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_opens_to_whom_it_should_and_to_nobody_else() {
    let house = House::new(Setup::new(Database::Sqlite)).await;
    let guests = guests(&house).await;
    let routes: Routes = relevo::http::routes();
    let mut wrong = Vec::new();
    let mut unknown = Vec::new();
    let mut tried = 0;

    for route in routes.table() {
        for place in PLACES {
            if !matches!(route.access, Access::Permission(_)) && place != Place::Here {
                continue;
            }
            for guest in &guests {
                let Some(request) = request(&house, route, place).await else {
                    unknown.push(format!("{} {}", route.method, route.path));
                    continue;
                };
                let outcome = expected(route, &guest.who, place, &request, &house);
                let answer = send(&guest.caller(&house).await, route, &request).await;
                tried += 1;
                if !came(&answer, &outcome) {
                    wrong.push(format!("{} {} by {:?}, {place:?}: expected {outcome:?}, came {answer:?}", route.method, request.path, guest.who));
                }
            }
        }
    }

    unknown.dedup();
    assert!(unknown.is_empty(), "nobody wrote a request for these routes, in walk_requests.rs:\n{}", unknown.join("\n"));
    assert!(wrong.is_empty(), "{} of {tried} came out otherwise:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 500, "{tried}");
}
