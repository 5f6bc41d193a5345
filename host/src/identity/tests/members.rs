//! Who asks whom into a business, and who changes what others are.

use super::*;

fn plan(name: &str, role: Role, reach: Reach) -> InvitationPlan {
    InvitationPlan { email: email(name), role, reach }
}

fn token(mail: &OutgoingMail) -> String {
    mail.link.expose_secret().rsplit('/').next().unwrap().to_owned()
}

fn newcomer() -> Acceptor<'static> {
    Acceptor::Newcomer { name: "Eva".into(), password: PASSWORD.into() }
}

#[tokio::test]
async fn an_invitation_lets_in_once_as_what_it_says() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let point: ServicePointId = house.clock.id();
    let mail = house.door.invite(&by, &plan("eva", Role::Agent, [point].into_iter().collect())).await.unwrap();
    let mut browser = Browser::new();

    let entry = house.door.accept(&token(&mail), newcomer(), &browser.device()).await.unwrap().unwrap();
    browser.keeps(&entry);

    let eva = house.as_member(&browser).await;
    assert_eq!((eva.rights.role, eva.reach()), (Role::Agent, &[point].into_iter().collect()));
    assert!(eva.demand_at(Permission::Send, point).is_ok());
    assert_eq!(eva.demand_at(Permission::Send, house.clock.id()), Err(Refusal::NotFound));
    assert!(matches!(house.door.accept(&token(&mail), newcomer(), &browser.device()).await, Err(Error::Gone)));
    let audit = house.door.audit(&house.acme, None, 9).await.unwrap();
    assert_eq!(audit.iter().map(|line| &*line.action).collect::<Vec<_>>(), ["member.joined", "member.invited"]);
}

#[tokio::test]
async fn an_invitation_is_for_its_address_alone() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    house.user("eva").await;
    house.user("mallory").await;
    let mail = house.door.invite(&by, &plan("eva", Role::Admin, Reach::All)).await.unwrap();
    let (mut eva, mut mallory) = (Browser::new(), Browser::new());
    eva.enters(&house, "eva", PASSWORD).await.unwrap();
    mallory.enters(&house, "mallory", PASSWORD).await.unwrap();
    let (person, other) = (house.person(&eva).await, house.person(&mallory).await);

    assert!(matches!(house.door.accept(&token(&mail), Acceptor::Person(&other), &mallory.device()).await, Err(Error::OtherPerson)));
    assert!(matches!(house.door.accept(&token(&mail), newcomer(), &mallory.device()).await, Err(Error::Taken)));
    let entry = house.door.accept(&token(&mail), Acceptor::Person(&person), &eva.device()).await.unwrap().unwrap();
    eva.keeps(&entry);

    assert_eq!(house.get(&eva, "/api/manage-people").await, StatusCode::OK);
    assert!(matches!(house.door.invite(&by, &plan("eva", Role::Agent, Reach::All)).await, Err(Error::Taken)));
}

#[tokio::test]
async fn an_invitation_that_was_replaced_withdrawn_or_too_old_lets_nobody_in() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let device = Browser::new().device();

    let replaced = house.door.invite(&by, &plan("eva", Role::Admin, Reach::All)).await.unwrap();
    let withdrawn = house.door.invite(&by, &plan("eva", Role::Agent, Reach::All)).await.unwrap();
    let open = house.door.invitations(&by, "", 9).await.unwrap();
    house.door.withdraw(&by, &open[0].id).await.unwrap();
    let old = house.door.invite(&by, &plan("eva", Role::Agent, Reach::All)).await.unwrap();
    house.clock.advance(std::time::Duration::from_secs(7 * 24 * 3_600));

    assert_eq!(open.len(), 1);
    for mail in [replaced, withdrawn, old] {
        assert!(matches!(house.door.accept(&token(&mail), newcomer(), &device).await, Err(Error::Gone)));
    }
}

#[tokio::test]
async fn nobody_invites_or_makes_anybody_more_than_they_are() {
    let house = House::new().await;
    let (owner_id, owner) = house.member("ana", Role::Owner).await;
    let (admin_id, admin) = house.member("bea", Role::Admin).await;
    let (_, agent) = house.member("eva", Role::Agent).await;
    let (owner, admin, agent) = (house.as_member(&owner).await, house.as_member(&admin).await, house.as_member(&agent).await);
    let forbidden = |done: Result<()>| assert!(matches!(done, Err(Error::Refused(Refusal::Forbidden | Refusal::TooFew(_)))), "{done:?}");

    forbidden(house.door.invite(&admin, &plan("new", Role::Owner, Reach::All)).await.map(drop));
    forbidden(house.door.invite(&agent, &plan("new", Role::Viewer, Reach::All)).await.map(drop));
    forbidden(house.door.change_member(&admin, &admin_id, Role::Owner, Reach::All).await);
    forbidden(house.door.change_member(&admin, &owner_id, Role::Viewer, Reach::All).await);
    forbidden(house.door.remove_member(&admin, &owner_id).await);
    forbidden(house.door.remove_member(&agent, &admin_id).await);
    forbidden(house.door.reset_link(&admin, &owner_id).await.map(drop));
    assert!(matches!(house.door.remove_member(&owner, &owner_id).await, Err(Error::LastOwner)));
    assert!(matches!(house.door.change_member(&owner, &owner_id, Role::Admin, Reach::All).await, Err(Error::LastOwner)));
    house.door.change_member(&owner, &admin_id, Role::Owner, Reach::All).await.unwrap();
    house.door.change_member(&owner, &owner_id, Role::Admin, Reach::All).await.unwrap();
}

#[tokio::test]
async fn who_is_limited_to_a_branch_manages_only_its_people() {
    let house = House::new().await;
    let (here, there): (ServicePointId, ServicePointId) = (house.clock.id(), house.clock.id());
    let (_, browser) = house.member("bea", Role::Admin).await;
    let (far, near) = (house.user("far").await, house.user("near").await);
    let only = |point| Reach::Only([point].into());
    house.enrol(&far, &house.acme, Role::Agent, only(there)).await;
    house.enrol(&near, &house.acme, Role::Agent, only(here)).await;
    house.enrol(&house.person(&browser).await.id, &house.acme, Role::Admin, only(here)).await;
    let by = house.as_member(&browser).await;

    assert!(matches!(house.door.change_member(&by, &far, Role::Agent, only(here)).await, Err(Error::Refused(Refusal::Forbidden))));
    assert!(matches!(house.door.change_member(&by, &near, Role::Agent, Reach::All).await, Err(Error::Refused(Refusal::Forbidden))));
    assert!(matches!(house.door.invite(&by, &plan("new", Role::Agent, only(there))).await, Err(Error::Refused(Refusal::Forbidden))));
    house.door.change_member(&by, &near, Role::Viewer, only(here)).await.unwrap();
    house.door.remove_member(&by, &near).await.unwrap();
}

/// Or whoever is taken out comes back by a second address, or stays by a key.
#[tokio::test]
async fn what_somebody_made_ends_where_they_could_not_make_it_any_more() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let key = |scope: Permission| KeyPlan { name: "Till".into(), test: false, scopes: [scope].into(), reach: Reach::All };
    let kept = house.door.make_key(&by, &key(Permission::Send)).await.unwrap();
    house.door.invite(&by, &plan("kept", Role::Agent, Reach::All)).await.map(drop).unwrap();

    for (name, becomes) in [("bea", None), ("carl", Some((Role::Viewer, Reach::All))), ("dora", Some((Role::Admin, Reach::Only([house.clock.id()].into()))))] {
        let (user, browser) = house.member(name, Role::Admin).await;
        let admin = house.as_member(&browser).await;
        let made = house.door.make_key(&admin, &key(Permission::Send)).await.unwrap();
        let mail = house.door.invite(&admin, &plan("second", Role::Admin, Reach::All)).await.unwrap();
        assert_eq!(house.get_with(&made.key, "/api/send").await, StatusCode::OK);

        match becomes {
            None => house.door.remove_member(&by, &user).await.unwrap(),
            Some((role, reach)) => house.door.change_member(&by, &user, role, reach).await.unwrap(),
        }

        assert_eq!(house.get_with(&made.key, "/api/send").await, StatusCode::UNAUTHORIZED, "{name}");
        assert!(matches!(house.door.accept(&token(&mail), newcomer(), &Browser::new().device()).await, Err(Error::Gone)), "{name}");
        let audit = house.door.audit(&house.acme, None, 3).await.unwrap();
        assert_eq!(audit.iter().rev().map(|line| &*line.action).skip(1).collect::<Vec<_>>(), ["invitation.withdrawn", "api-key.revoked"], "{name}");
        // A request that came in before.
        assert!(matches!(house.door.make_key(&admin, &key(Permission::Send)).await, Err(Error::Refused(Refusal::Forbidden))), "{name}");
        assert!(matches!(house.door.invite(&admin, &plan("late", Role::Admin, Reach::All)).await, Err(Error::Refused(Refusal::Forbidden))), "{name}");
    }

    assert_eq!(house.get_with(&kept.key, "/api/send").await, StatusCode::OK);
    assert!(house.door.invitation_of(&by, &email("kept")).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_worth_what_its_maker_is_when_it_is_accepted() {
    let house = House::new().await;
    let (admin, browser) = house.member("bea", Role::Admin).await;
    let mail = house.door.invite(&house.as_member(&browser).await, &plan("eva", Role::Admin, Reach::All)).await.unwrap();

    house.enrol(&admin, &house.acme, Role::Viewer, Reach::All).await;

    assert!(matches!(house.door.accept(&token(&mail), newcomer(), &Browser::new().device()).await, Err(Error::Gone)));
}

#[tokio::test]
async fn nobody_and_no_business_mails_strangers_without_end() {
    let house = House::new().await;
    let (owner_id, owner) = house.member("ana", Role::Owner).await;
    let (_, admin) = house.member("bea", Role::Admin).await;
    house.enrol(&owner_id, &house.other, Role::Owner, Reach::All).await;
    let (owner, admin) = (house.as_member(&owner).await, house.as_member(&admin).await);
    let elsewhere = Member { tenant: house.other, ..owner.clone() };
    let invite = async |by: &Member, number: usize| house.door.invite(by, &plan(&format!("stranger{number}"), Role::Agent, Reach::All)).await;

    let mut made = 0;
    while made < 50 && invite(&owner, made).await.is_ok() {
        made += 1;
    }

    assert_eq!(made, 21);
    assert!(matches!(invite(&owner, made).await, Err(Error::TooMany(_))));
    assert!(matches!(invite(&admin, made).await, Err(Error::TooMany(_))), "the same business");
    assert!(matches!(invite(&elsewhere, made).await, Err(Error::TooMany(_))), "the same person");
    house.clock.advance(std::time::Duration::from_secs(2 * 3_600));
    assert!(invite(&admin, made).await.is_ok());
}

#[tokio::test]
async fn nobody_voids_an_invitation_that_they_could_not_have_made() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (admin_id, admin) = house.member("bea", Role::Admin).await;
    let (limited_id, limited) = house.member("carl", Role::Admin).await;
    let here = Reach::Only([house.clock.id()].into());
    house.enrol(&limited_id, &house.acme, Role::Admin, here.clone()).await;
    let (owner, admin, limited) = (house.as_member(&owner).await, house.as_member(&admin).await, house.as_member(&limited).await);
    let second = house.door.invite(&owner, &plan("eva", Role::Owner, Reach::All)).await.unwrap();
    house.door.invite(&owner, &plan("far", Role::Agent, Reach::All)).await.map(drop).unwrap();

    for (by, name, reach) in [(&admin, "eva", Reach::All), (&limited, "eva", here.clone()), (&limited, "far", here)] {
        let refused = house.door.invite(by, &plan(name, Role::Viewer, reach)).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::Forbidden))), "{name}");
    }
    house.door.invite(&admin, &plan("far", Role::Viewer, Reach::All)).await.map(drop).unwrap();

    assert_eq!(house.door.invitation_of(&owner, &email("far")).await.unwrap().invited_by, admin_id);
    assert!(house.door.accept(&token(&second), newcomer(), &Browser::new().device()).await.is_ok());
}

/// An owner who becomes an admin could make the same key again: the program that holds it goes on.
#[tokio::test]
async fn what_somebody_could_still_make_stays() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (second, browser) = house.member("bea", Role::Owner).await;
    let (by, bea) = (house.as_member(&owner).await, house.as_member(&browser).await);
    let key = KeyPlan { name: "Till".into(), test: false, scopes: [Permission::Send].into(), reach: Reach::All };
    let key = house.door.make_key(&bea, &key).await.unwrap().key;
    house.door.invite(&bea, &plan("agent", Role::Agent, Reach::All)).await.map(drop).unwrap();
    house.door.invite(&bea, &plan("owner", Role::Owner, Reach::All)).await.map(drop).unwrap();

    house.door.change_member(&by, &second, Role::Admin, Reach::All).await.unwrap();

    assert_eq!(house.get_with(&key, "/api/send").await, StatusCode::OK);
    let open = house.door.invitations(&by, "", 9).await.unwrap();
    assert_eq!(open.iter().map(|invitation| &*invitation.email).collect::<Vec<_>>(), ["agent@acme.com"]);
}

#[tokio::test]
async fn what_somebody_is_changes_with_their_next_request() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let (eva, browser) = house.member("eva", Role::Admin).await;
    let by = house.as_member(&owner).await;
    assert_eq!(house.get(&browser, "/api/manage-people").await, StatusCode::OK);

    house.door.change_member(&by, &eva, Role::Viewer, Reach::All).await.unwrap();
    assert_eq!(house.get(&browser, "/api/manage-people").await, StatusCode::FORBIDDEN);
    house.door.remove_member(&by, &eva).await.unwrap();
    assert_eq!(house.ask(&browser, Method::GET, "/api/see-business", &[]).await.problem(), "no-business");
    house.door.store.platform().set_tenant_state(&house.acme, TenantState::Suspended).await.unwrap();
    assert_eq!(house.ask(&owner, Method::GET, "/api/see-business", &[]).await.problem(), "no-business");
}

/// Whoever manages one business must not get into another by resetting the password of somebody who belongs to both.
#[tokio::test]
async fn a_link_for_a_colleague_opens_no_other_business() {
    let house = House::new().await;
    let (_, owner) = house.member("ana", Role::Owner).await;
    let by = house.as_member(&owner).await;
    let (own, shared, foreign, operator) = (house.user("own").await, house.user("shared").await, house.user("foreign").await, house.user("operator").await);
    for user in [&own, &shared, &operator] {
        house.enrol(user, &house.acme, Role::Agent, Reach::All).await;
    }
    for user in [&shared, &foreign] {
        house.enrol(user, &house.other, Role::Viewer, Reach::All).await;
    }
    let mut write = house.door.store.platform().write().await.unwrap();
    write.set_operator(&operator, true).await.unwrap();
    write.commit().await.unwrap();

    assert!(house.door.reset_link(&by, &own).await.is_ok());
    assert!(matches!(house.door.reset_link(&by, &shared).await, Err(Error::Refused(Refusal::Forbidden))));
    assert!(matches!(house.door.reset_link(&by, &operator).await, Err(Error::Refused(Refusal::Forbidden))));
    assert!(matches!(house.door.reset_link(&by, &foreign).await, Err(Error::Refused(Refusal::NotFound))));
}

#[tokio::test]
async fn whoever_registers_founds_a_business_that_nobody_else_takes() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let registration = |name: &str| Registration { name: name.into(), email: email(name), password: PASSWORD.into(), locale: None };
    let entry = house.door.register(&registration("ana"), &browser.device()).await.unwrap();
    browser.keeps(&entry);
    let before = house.door.passwords.work();
    assert!(matches!(house.door.register(&registration("ana"), &Device::default()).await, Err(Error::Taken)));
    assert_eq!(house.door.passwords.work(), before + 1);

    let person = house.person(&browser).await;
    house.door.own(&person, &house.acme).await.unwrap();

    assert_eq!(house.get(&browser, "/api/erase-business").await, StatusCode::OK);
    assert!(matches!(house.door.own(&person, &house.acme).await, Err(Error::Refused(Refusal::Forbidden))));
    let wrong = Registration { name: " ".into(), email: "x".into(), password: "x".into(), locale: None };
    let Err(Error::Invalid(problems)) = house.door.register(&wrong, &Device::default()).await else { panic!("it was taken") };
    assert_eq!(problems.iter().map(|problem| problem.field).collect::<Vec<_>>(), ["name", "email", "password"]);
}
