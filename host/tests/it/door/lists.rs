//! Lists, page by page.

use relevo_model::*;
use reqwest::StatusCode;
use serde_json::json;

use super::{Caller, House};
use crate::harness::{Setup, both_engines};

/// All ids of a list, by following its links.
async fn all(caller: &Caller, first: &str) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(address) = next {
        let answer = caller.get(&address).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let link = answer.header("link").strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).map(str::to_owned);
        let page = answer.json();
        let rows = page["data"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.len() <= 2);
        assert_eq!(link.is_some(), page["next_cursor"].is_string());
        ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        next = link;
    }
    ids
}

both_engines! {
    async fn every_row_is_on_one_page_of_its_list(setup: Setup) {
        let house = House::new(setup).await;
        let (ana, owner) = house.member("ana", Role::Owner).await;
        house.enrol(&ana, &house.other, Role::Owner, Reach::All).await;
        for name in ["bea", "carl", "dora", "eva"] {
            let user = house.figure(name).await;
            house.enrol(&user, &house.acme, Role::Agent, Reach::All).await;
            owner.post("/api/invitations", json!({ "email": format!("{name}@new.com"), "role": "agent", "service_points": "all" })).await.done(201);
            owner.post("/api/keys", json!({ "name": name, "scopes": ["send"], "service_points": "all" })).await.done(201);
            // What is another business's is on no page.
            let key = json!({ "name": name, "scopes": ["send"], "service_points": "all" });
            owner.post(&format!("/api/keys?business_id={}", house.other), key).await.done(201);
        }

        for (list, rows) in [("people", 5), ("invitations", 4), ("keys", 4), ("audit", 8)] {
            let found = all(&owner, &format!("/api/{list}?limit=2&business_id={}", house.acme)).await;
            let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
            assert_eq!((found.len(), distinct.len()), (rows, rows), "{list}");
        }
        let newest = all(&owner, "/api/keys?limit=2").await;
        assert!(newest.is_sorted_by(|one, next| one > next));
    }

    async fn a_cursor_of_something_else_is_refused(setup: Setup) {
        let house = House::new(setup).await;
        let (_, owner) = house.member("ana", Role::Owner).await;

        for list in ["people", "invitations", "keys", "audit"] {
            for cursor in ["x", "%00", "AA", "YQBi", "", "%F0%9F%92%A9"] {
                let answer = owner.get(&format!("/api/{list}?cursor={cursor}")).await;
                answer.refused(400, "bad-cursor");
            }
            for limit in ["0", "101", "-1", "ten", ""] {
                owner.get(&format!("/api/{list}?limit={limit}")).await.refused(400, "bad-query");
            }
        }
        for list in ["keys", "audit"] {
            owner.get(&format!("/api/{list}?cursor=YW5hQGFjbWUuY29t")).await.refused(400, "bad-cursor");
        }
    }
}
