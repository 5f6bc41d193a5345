//! Routes of the fake Graph API: who may, what is right, what goes wrong.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::check::check_message;
use super::connection::Connection;
use super::error::GraphError;
use super::fault::{Facts, Fault, Plan, Route};
use super::log::{Accepted, Log};
use super::media::{self, Shelf};
use super::statuses::{Poster, StatusPlan};
use super::{Hook, Number, Orders, Outcome, Request, lock};
use crate::clock;
use crate::http::{self, Head, Wire};

pub(super) struct Shared {
    pub(super) address: SocketAddr,
    pub(super) log: Log,
    pub(super) poster: Arc<Poster>,
    pub(super) shelf: Shelf,
    pub(super) plan: Mutex<Plan>,
    pub(super) statuses: Mutex<StatusPlan>,
    pub(super) numbers: Mutex<Vec<Number>>,
    pub(super) hook: Mutex<Option<Hook>>,
    pub(super) requests: Mutex<Vec<Request>>,
    pub(super) delay: Duration,
}

/// An answer before a fault has touched it.
pub(super) struct Reply {
    pub(super) status: u16,
    content_type: String,
    body: Bytes,
    pub(super) accepted: Option<Accepted>,
}

impl Reply {
    fn json(body: Value) -> Self {
        Self { status: 200, content_type: "application/json; charset=UTF-8".to_owned(), body: body.to_string().into(), accepted: None }
    }

    fn error(error: &GraphError, trace: u64) -> Self {
        let body = error.body(&format!("Afake{trace:08}"));
        Self { status: error.http, ..Self::json(body) }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        http::answer(self.status, &self.content_type, &self.body)
    }
}

/// How a reply leaves.
pub(super) enum Ending {
    Whole,
    Half { pause: Duration, finishes: bool },
    Silence,
    Reset,
}

/// A request that was routed and found valid.
struct Routed<'a> {
    route: Route,
    /// The number, the media or whatever else stands in the path.
    id: &'a str,
    /// To whom a message goes.
    to: String,
    body: Value,
}

/// What comes of a request.
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) ending: Ending,
    /// The statuses that follow, where a message was accepted.
    pub(super) plan: StatusPlan,
}

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let requests = Arc::new(AtomicU64::new(0));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let connection = Connection { wire: Wire::new(stream), shared: Arc::clone(&shared) };
                connections.spawn(connection.serve(Arc::clone(&requests)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Shared {
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn has_hook(&self) -> bool {
        lock(&self.hook).is_some()
    }

    pub(super) fn note(&self, head: &Head, body: Value, outcome: Outcome) {
        lock(&self.requests).push(Request { at_ns: clock::monotonic_ns(), method: head.method.clone(), path: head.path.clone(), body, outcome });
    }

    pub(super) async fn answer(&self, number: u64, head: &Head, raw: &Bytes, early: Fault) -> io::Result<Answer> {
        let done = |reply, ending| Ok(Answer { reply, ending, plan: StatusPlan::none() });
        if let Some(reply) = self.control(head, raw) {
            return done(reply, Ending::Whole);
        }
        if !self.delay.is_zero() {
            sleep(self.delay).await;
        }
        let routed = match self.route(head, raw) {
            Ok(routed) => routed,
            Err(error) => return done(Reply::error(&error, number), Ending::Whole),
        };
        let fault = match routed.route {
            Route::MediaUpload => early,
            _ => lock(&self.plan).pick(&routed.facts()),
        };
        let mut plan = lock(&self.statuses).clone();
        let ending = match fault {
            Fault::None => Ending::Whole,
            Fault::Delay(pause) => {
                sleep(pause).await;
                Ending::Whole
            }
            Fault::Error(error) => return done(Reply::error(&error, number), Ending::Whole),
            Fault::Html(status) => return done(html(status), Ending::Whole),
            Fault::Cut => return done(html(502), Ending::Reset),
            Fault::CutAfterAccept => Ending::Reset,
            Fault::HalfAnswer { pause, finishes } => Ending::Half { pause, finishes },
            Fault::Silence => Ending::Silence,
            Fault::FailLater(error) => {
                plan = StatusPlan::failing(error);
                Ending::Whole
            }
        };
        let performed = self.perform(head, raw, routed).await?;
        let reply = performed.unwrap_or_else(|error| Reply::error(&error, number));
        Ok(Answer { reply, ending, plan })
    }

    /// `/{version}/{id}[/messages|/media]`, with a token that may.
    fn route<'a>(&self, head: &'a Head, raw: &Bytes) -> Result<Routed<'a>, GraphError> {
        let mut routed = Routed { route: Route::Other, id: "", to: String::new(), body: Value::Null };
        let token = head.bearer.as_deref().unwrap_or_default();
        if let Some(id) = head.path.strip_prefix("/_media/") {
            self.check_token(token, None)?;
            (routed.route, routed.id) = (Route::MediaDownload, id);
            return Ok(routed);
        }
        let mut parts = head.path.trim_start_matches('/').split('/');
        let version = parts.next().unwrap_or_default();
        let is_version = version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let (Some(id), edge, None, true) = (parts.next(), parts.next(), parts.next(), is_version) else {
            return Err(GraphError::no_path());
        };
        routed.id = id;
        let is_media = self.shelf.find(id).is_some();
        match (head.method.as_str(), edge) {
            ("POST", Some("messages")) => {
                self.check_token(token, Some(id))?;
                routed.body = serde_json::from_slice(raw).map_err(|_| GraphError::parameter("The body is not valid JSON"))?;
                routed.route = match routed.body["status"].is_string() {
                    true => check_read(&routed.body).map(|()| Route::MarkRead)?,
                    false => Route::Messages,
                };
                if routed.route == Route::Messages {
                    routed.to = check_message(&routed.body, |id| self.shelf.find(id).is_some())?;
                }
            }
            ("POST", Some("media")) => {
                self.check_token(token, Some(id))?;
                routed.route = Route::MediaUpload;
            }
            ("GET" | "DELETE", None) if is_media => {
                self.check_token(token, None)?;
                routed.route = Route::MediaInfo;
            }
            ("GET", None) => {
                self.check_token(token, Some(id))?;
                routed.route = Route::Number;
            }
            _ => return Err(GraphError::no_path()),
        }
        Ok(routed)
    }

    fn check_token(&self, token: &str, phone_number_id: Option<&str>) -> Result<(), GraphError> {
        let numbers = lock(&self.numbers);
        let known = |number: &Number| number.token == token;
        if token.is_empty() || !(numbers.is_empty() || numbers.iter().any(known)) {
            return Err(GraphError::new(401, 190, "Invalid OAuth access token - Cannot parse access token"));
        }
        match phone_number_id {
            Some(id) if !numbers.is_empty() => {
                let reads = |number: &Number| known(number) && number.phone_number_id == id;
                numbers.iter().any(reads).then_some(()).ok_or_else(|| GraphError::no_object(id))
            }
            Some(id) if !id.bytes().all(|byte| byte.is_ascii_digit()) => Err(GraphError::no_object(id)),
            _ => Ok(()),
        }
    }

    async fn perform(&self, head: &Head, raw: &Bytes, routed: Routed<'_>) -> io::Result<Result<Reply, GraphError>> {
        let id = routed.id;
        let missing = || Err(GraphError::no_object(id));
        Ok(match routed.route {
            Route::Messages => {
                let input = routed.body["to"].as_str().unwrap_or(&routed.to).to_owned();
                let key = if routed.body["to"].is_string() { "wa_id" } else { "user_id" };
                let entry = self.log.accept(id, &routed.to, routed.body)?;
                let reply = Reply::json(json!({
                    "messaging_product": "whatsapp",
                    "contacts": [{ "input": input, key: entry.to }],
                    "messages": [{ "id": entry.wamid }],
                }));
                Ok(Reply { accepted: Some(entry), ..reply })
            }
            Route::MarkRead => Ok(Reply::json(json!({ "success": true }))),
            Route::MediaUpload => {
                let kind = head.content_type.as_deref().unwrap_or_default();
                let stored = media::read_upload(kind, raw.clone()).await;
                stored.map(|(mime_type, bytes)| Reply::json(json!({ "id": self.shelf.add(&mime_type, bytes) })))
            }
            Route::MediaInfo if head.method == "DELETE" => Ok(Reply::json(json!({ "success": self.shelf.remove(id) }))),
            Route::MediaInfo => match self.shelf.find(id) {
                Some(file) => Ok(Reply::json(media::info(id, &file, &self.url()))),
                None => missing(),
            },
            Route::MediaDownload => match self.shelf.find(id) {
                Some(file) => Ok(Reply { status: 200, content_type: file.mime_type, body: file.bytes, accepted: None }),
                None => Ok(html(404)),
            },
            Route::Number => Ok(Reply::json(self.number(id, &head.query))),
            Route::Other => Err(GraphError::no_path()),
        })
    }

    fn number(&self, id: &str, query: &str) -> Value {
        let numbers = lock(&self.numbers);
        let number = numbers.iter().find(|number| number.phone_number_id == id).cloned();
        let number = number.unwrap_or_else(|| Number::new(id, ""));
        let known = [
            ("display_phone_number", json!(number.display_phone_number)),
            ("verified_name", json!(number.verified_name)),
            ("quality_rating", json!("GREEN")),
            ("code_verification_status", json!("VERIFIED")),
        ];
        let fields = query.split('&').find_map(|pair| pair.strip_prefix("fields="));
        let fields = fields.map(|fields| fields.replace("%2C", ",").replace("%2c", ","));
        let wanted = |name: &str| fields.as_ref().is_none_or(|fields| fields.split(',').any(|field| field == name));
        let mut answer = json!({ "id": id });
        for (name, value) in known {
            if wanted(name) {
                answer[name] = value;
            }
        }
        answer
    }

    /// What a harness in another process asks: the log, and other faults.
    fn control(&self, head: &Head, raw: &[u8]) -> Option<Reply> {
        match (head.method.as_str(), head.path.as_str()) {
            ("GET", "/_log") => Some(Reply::json(json!(self.log.all()))),
            ("POST", "/_orders") => Some(match self.obey(raw) {
                Ok(()) => Reply::json(json!({ "success": true })),
                Err(why) => Reply { status: 400, ..Reply::json(json!({ "error": why })) },
            }),
            _ => None,
        }
    }

    /// Replaces all faults, and the plan of statuses where one is given.
    fn obey(&self, raw: &[u8]) -> Result<(), String> {
        let orders: Orders = serde_json::from_slice(raw).map_err(|error| error.to_string())?;
        let rules = orders.faults.iter().map(|rule| rule.parse()).collect::<Result<Vec<_>, String>>()?;
        if let Some(statuses) = orders.statuses {
            *lock(&self.statuses) = statuses.parse()?;
        }
        let mut plan = lock(&self.plan);
        plan.clear();
        rules.into_iter().for_each(|rule| plan.add(rule));
        Ok(())
    }
}

impl Routed<'_> {
    fn facts(&self) -> Facts<'_> {
        Facts { route: self.route, phone_number_id: self.id, to: &self.to, body: &self.body }
    }
}

fn check_read(body: &Value) -> Result<(), GraphError> {
    if body["messaging_product"] != "whatsapp" {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    if body["status"] != "read" || !body["message_id"].is_string() {
        return Err(GraphError::parameter("status must be read, with a message_id"));
    }
    match &body["typing_indicator"] {
        Value::Null => Ok(()),
        typing if typing["type"] == "text" => Ok(()),
        _ => Err(GraphError::parameter("typing_indicator['type'] must be one of {TEXT}")),
    }
}

fn html(status: u16) -> Reply {
    let body = format!("<html><body><h1>{status}</h1></body></html>");
    Reply { status, content_type: "text/html".to_owned(), body: body.into(), accepted: None }
}
