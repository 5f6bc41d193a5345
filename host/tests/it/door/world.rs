//! Two businesses, and whoever a test lets in.

use std::time::Duration;

use relevo::{
    app::App,
    identity::{Device, Registration},
    tenants,
};
use relevo_model::*;
use relevo_store::{Login, Membership};
use sha2::{Digest, Sha256};

use super::{Answer, Caller};
use crate::harness::{Setup, TestApp};

pub const PASSWORD: &str = "correct horse";

/// A server with two businesses, of which the first has two service points.
pub struct House {
    pub test: TestApp,
    pub acme: TenantId,
    pub other: TenantId,
    pub here: ServicePointId,
    pub there: ServicePointId,
}

impl House {
    pub async fn new(setup: Setup) -> Self {
        let test = setup.tenant("acme").tenant("other").await;
        let (acme, other) = (test.tenant("acme").clone(), test.tenant("other").clone());
        let point = tenants::service_point(&test.clock, "Norte", None, "America/Argentina/Buenos_Aires");
        let mut write = test.cell(&acme).await.write().await.unwrap();
        write.add_service_point(&point).await.unwrap();
        write.commit().await.unwrap();
        Self { acme: acme.id, other: other.id, here: acme.point, there: point.id, test }
    }

    pub fn app(&self) -> App {
        self.test.node(0)
    }

    pub fn nobody(&self) -> Caller {
        Caller::new(self.test.address(0))
    }

    /// Somebody with the usual password, who belongs nowhere.
    pub async fn user(&self, name: &str) -> UserId {
        let registration = Registration { name: name.into(), email: email(name), password: PASSWORD.into(), locale: None };
        self.app().door.register(&registration, &Device::default()).await.unwrap().user
    }

    /// Somebody without a password: quick to make, for whoever need not log in.
    pub async fn figure(&self, name: &str) -> UserId {
        let (clock, id) = (&self.test.clock, self.test.clock.id());
        let user = relevo_store::User {
            id,
            email: email(name),
            name: name.into(),
            password: None,
            locale: None,
            totp_secret: None,
            totp_since: None,
            totp_step: 0,
            operator: false,
            created_at: clock.now(),
        };
        let mut write = self.app().store.platform().write().await.unwrap();
        write.add_user(&user).await.unwrap();
        write.commit().await.unwrap();
        id
    }

    pub async fn enrol(&self, user: &UserId, tenant: &TenantId, role: Role, reach: Reach) {
        let membership = Membership { user_id: *user, tenant_id: *tenant, role, reach, created_at: self.test.clock.now() };
        let mut write = self.app().store.platform().write().await.unwrap();
        write.save_membership(&membership).await.unwrap();
        write.commit().await.unwrap();
    }

    /// A session of somebody, in a cookie, without the work of a login.
    pub async fn session(&self, user: &UserId) -> Caller {
        let now = self.test.clock.now();
        let id: SessionId = self.test.clock.id();
        let mut write = self.app().store.platform().write().await.unwrap();
        let tenant = write.people().workplaces(user).await.unwrap().first().map(|place| place.tenant_id.to_string());
        let session = Login {
            id,
            user_id: *user,
            tenant_id: tenant,
            kind: SessionKind::Cookie,
            awaits_code: false,
            user_agent: None,
            address: None,
            created_at: now,
            last_used_at: now,
            expires_at: now.after(Duration::from_secs(3_600)),
        };
        write.add_session(&session, &hex::encode(Sha256::digest(id.as_str()))).await.unwrap();
        write.commit().await.unwrap();
        self.nobody().cookie(id.as_str())
    }

    /// Somebody with a role in acme, in a browser.
    pub async fn member(&self, name: &str, role: Role) -> (UserId, Caller) {
        self.member_at(name, role, Reach::All).await
    }

    pub async fn member_at(&self, name: &str, role: Role, reach: Reach) -> (UserId, Caller) {
        let user = self.figure(name).await;
        self.enrol(&user, &self.acme, role, reach).await;
        let caller = self.session(&user).await;
        (user, caller)
    }

    pub async fn log_in(&self, name: &str, password: &str) -> Answer {
        self.nobody().post("/api/auth/login", serde_json::json!({ "email": email(name), "password": password })).await
    }

    /// A program with a token of somebody who has the usual password.
    pub async fn program(&self, name: &str) -> Caller {
        let token = self.log_in(name, PASSWORD).await.done(200)["token"].as_str().unwrap().to_owned();
        self.nobody().bearer(&token)
    }
}

pub fn email(name: &str) -> String {
    format!("{name}@acme.com")
}
