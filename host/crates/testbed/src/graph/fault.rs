//! What goes wrong, and for which requests. Faults are spent only on requests that would have been accepted.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::error::GraphError;

/// What happens to one request instead of its plain answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Nothing: this request works. A place holder in the queue.
    None,
    /// Late, but well.
    Delay(Duration),
    /// Refused with a Graph error.
    Error(GraphError),
    /// Refused by something in between that speaks HTML.
    Html(u16),
    /// The connection is reset; nothing was accepted.
    Cut,
    /// Accepted, then the connection is reset without an answer: the ambiguous window.
    CutAfterAccept,
    /// Accepted; half of the answer comes, and after the pause the rest or, where `finishes` is false, a reset.
    HalfAnswer { pause: Duration, finishes: bool },
    /// Accepted; the connection stays open and no answer ever comes.
    Silence,
    /// Accepted and answered; then one status `failed` with this error in place of the planned ones.
    FailLater(GraphError),
}

/// The addresses that faults and hooks tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Messages,
    /// Mark as read, typing.
    MarkRead,
    MediaUpload,
    MediaInfo,
    MediaDownload,
    Number,
    Other,
}

/// A fault with the requests that it meets: by default all sends, always.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    route: Route,
    phone_number_id: Option<String>,
    to: Option<String>,
    kind: Option<String>,
    containing: Option<String>,
    ratio: f64,
    skip: usize,
    times: usize,
}

impl Rule {
    pub fn new(fault: Fault) -> Self {
        Self { fault, route: Route::Messages, phone_number_id: None, to: None, kind: None, containing: None, ratio: 1.0, skip: 0, times: usize::MAX }
    }

    pub fn on(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// Only for this phone_number_id.
    pub fn from(mut self, phone_number_id: &str) -> Self {
        self.phone_number_id = Some(phone_number_id.to_owned());
        self
    }

    /// Only to this customer.
    pub fn to(mut self, to: &str) -> Self {
        self.to = Some(to.to_owned());
        self
    }

    /// Only messages of this type.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = Some(kind.to_owned());
        self
    }

    /// Only where the JSON of the request contains this.
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// For this share of the matching requests, drawn from the seed of the fake.
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = ratio;
        self
    }

    /// Lets this many matching requests through first.
    pub fn skip(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// At most this often.
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    fn meets(&self, request: &Facts<'_>) -> bool {
        let same = |wanted: &Option<String>, got: &str| wanted.as_deref().is_none_or(|wanted| wanted == got);
        self.times > 0
            && self.route == request.route
            && same(&self.phone_number_id, request.phone_number_id)
            && same(&self.to, request.to)
            && same(&self.kind, request.body["type"].as_str().unwrap_or_default())
            && self.containing.as_ref().is_none_or(|text| request.body.to_string().contains(text))
    }
}

/// Reads `WHAT[@RATIO]`: a code of the Graph API, `500`, `503`, `html`, `cut`, `cut-after-accept`, `half`,
/// `half-cut`, `silence`, `delay:MS`, `fail-later:CODE`.
impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, ratio) = text.split_once('@').unwrap_or((text, "1"));
        let ratio = ratio.parse().map_err(|_| format!("the share in {text:?} is not a number"))?;
        let (name, argument) = what.split_once(':').unwrap_or((what, ""));
        let number = || argument.parse::<u32>().map_err(|_| format!("{what:?} needs a number after the colon"));
        let pause = Duration::from_millis(500);
        let fault = match name {
            "500" => Fault::Error(GraphError::unknown()),
            "503" => Fault::Error(GraphError::unavailable()),
            "html" => Fault::Html(502),
            "cut" => Fault::Cut,
            "cut-after-accept" => Fault::CutAfterAccept,
            "half" => Fault::HalfAnswer { pause, finishes: true },
            "half-cut" => Fault::HalfAnswer { pause, finishes: false },
            "silence" => Fault::Silence,
            "delay" => Fault::Delay(Duration::from_millis(number()?.into())),
            "fail-later" => Fault::FailLater(GraphError::of_code(number()?)),
            code => match code.parse() {
                Ok(code) => Fault::Error(GraphError::of_code(code)),
                Err(_) => return Err(format!("no fault is called {name:?}")),
            },
        };
        Ok(Self::new(fault).ratio(ratio))
    }
}

/// What a rule looks at.
pub(super) struct Facts<'a> {
    pub(super) route: Route,
    pub(super) phone_number_id: &'a str,
    pub(super) to: &'a str,
    pub(super) body: &'a Value,
}

/// All faults that still wait: the queue first, then the first rule that meets.
pub(super) struct Plan {
    queue: VecDeque<Fault>,
    rules: Vec<Rule>,
    random: u64,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self { queue: VecDeque::new(), rules: Vec::new(), random: seed }
    }

    pub(super) fn queue(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.queue.extend(faults);
    }

    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.rules.clear();
    }

    pub(super) fn pick(&mut self, request: &Facts<'_>) -> Fault {
        if request.route == Route::Messages
            && let Some(fault) = self.queue.pop_front()
        {
            return fault;
        }
        for at in 0..self.rules.len() {
            if !self.rules[at].meets(request) {
                continue;
            }
            if self.rules[at].skip > 0 {
                self.rules[at].skip -= 1;
                continue;
            }
            if self.draw() < self.rules[at].ratio {
                self.rules[at].times -= 1;
                return self.rules[at].fault.clone();
            }
        }
        Fault::None
    }

    /// splitmix64, as a share of one.
    fn draw(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
