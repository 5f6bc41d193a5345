//! Routes that know who may take them. A handler gets in here only together with its access, and is asked nothing before that is checked.

use std::{convert::Infallible, future::Future, pin::Pin};

use axum::{
    Router,
    extract::{FromRef, Request},
    handler::Handler,
    http::{Method, request::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, Route as AxumRoute, on},
};
use tower::{Layer, Service};

use crate::{
    http::api::idempotency,
    identity::{Door, Rejection},
    policy::Permission,
};

/// Who may take a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; what it needs to know it proves itself, as a webhook does by its signature.
    Public,
    /// Whoever is logged in, in whatever business or none.
    Person,
    /// Whoever has this in the business that the request is about, at some service point at least.
    /// At which one, the handler asks with `Member::demand_at`.
    Permission(Permission),
    /// Whoever operates the installation.
    Operator,
}

/// What the table of routes knows of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub access: Access,
    /// A request with an `Idempotency-Key` is done once.
    pub once: bool,
}

/// Handlers with their access, and the table of them.
pub struct Routes<S = crate::app::App> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S> Default for Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    fn default() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }
}

impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.on(Method::GET, path, access, handler)
    }

    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.on(Method::POST, path, access, handler)
    }

    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.on(Method::PUT, path, access, handler)
    }

    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.on(Method::DELETE, path, access, handler)
    }

    /// A POST that makes or sends something: with an `Idempotency-Key` it is done once, however often it comes.
    #[must_use]
    pub fn create<H: Handler<T, S>, T: 'static>(self, path: &str, access: Access, handler: H) -> Self {
        self.add(Route { method: Method::POST, path: path.to_owned(), access, once: true }, handler)
    }

    #[must_use]
    pub fn on<H: Handler<T, S>, T: 'static>(self, method: Method, path: &str, access: Access, handler: H) -> Self {
        self.add(Route { method, path: path.to_owned(), access, once: false }, handler)
    }

    fn add<H: Handler<T, S>, T: 'static>(mut self, route: Route, handler: H) -> Self {
        let filter = MethodFilter::try_from(route.method.clone()).expect("routes have methods that axum knows");
        let guarded: MethodRouter<S> = on(filter, Guarded { handler, access: route.access, once: route.once });
        self.router = self.router.route(&route.path, guarded);
        self.table.push(route);
        self
    }

    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    /// As axum's: around what is there already.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<AxumRoute> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Every route there is.
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

/// A handler behind its access.
#[derive(Clone)]
struct Guarded<H> {
    handler: H,
    access: Access,
    once: bool,
}

impl<H, T, S> Handler<T, S> for Guarded<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
    Door: FromRef<S>,
{
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, state: S) -> Self::Future {
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match check(self.access, &mut parts, &state).await {
                Ok(()) if self.once => {
                    let door = Door::from_ref(&state);
                    idempotency::once(door, Request::from_parts(parts, body), move |request| self.handler.call(request, state)).await
                }
                Ok(()) => self.handler.call(Request::from_parts(parts, body), state).await,
                Err(rejection) => rejection.into_response(),
            }
        })
    }
}

async fn check<S: Send + Sync>(access: Access, parts: &mut Parts, state: &S) -> Result<(), Rejection>
where
    Door: FromRef<S>,
{
    match access {
        Access::Public => Ok(()),
        Access::Person => Rejection::unless_person(parts, state).await.map(|_| ()),
        Access::Permission(permission) => Rejection::unless_member_may(permission, parts, &Door::from_ref(state)).await,
        Access::Operator => Rejection::unless_operator(parts, state).await,
    }
}
