//! Customers and agents, as a test speaks for them.

use relevo_model::*;
use relevo_store::{Cell, Conversation, Message, Store, hot::Arrival};
use relevo_testbed::{
    graph::Accepted,
    webhook::{Customer, Payload, WebhookBuilder},
};

use super::{TestApp, TestTenant};

/// A customer and the conversation with one business.
#[derive(Clone)]
pub struct Chat {
    app: TestApp,
    pub tenant: TestTenant,
    customer: Customer,
    /// The number in digits: how the provider names the customer.
    pub to: String,
    node: usize,
}

impl Chat {
    pub(super) fn new(app: TestApp, tenant: TestTenant, phone: &str) -> Self {
        let to: String = phone.chars().filter(char::is_ascii_digit).collect();
        Self { app, tenant, customer: Customer::with_number(&to), to, node: 0 }
    }

    /// Webhooks about this customer reach another process.
    pub fn through(&self, node: usize) -> Self {
        Self { node, ..self.clone() }
    }

    /// A payload about this customer that is not posted yet.
    pub fn payload(&self, add: impl FnOnce(WebhookBuilder) -> WebhookBuilder) -> Payload {
        add(WebhookBuilder::new(self.app.ids(), &self.tenant.number).from(&self.customer)).build()
    }

    pub fn text(&self, text: &str) -> Payload {
        self.payload(|builder| builder.text(text))
    }

    /// Posts a payload; it must be taken.
    pub async fn post(&self, payload: &Payload) {
        let answer = self.app.post_to(self.node, &self.tenant.secret, payload).await;
        assert_eq!(answer.status, 200, "the webhook was not taken");
    }

    pub async fn says(&self, text: &str) -> Self {
        self.post(&self.text(text)).await;
        self.clone()
    }

    /// Taps the row or button with this id.
    pub async fn chooses(&self, id: &str) -> Self {
        self.post(&self.payload(|builder| builder.list_reply(id, id))).await;
        self.clone()
    }

    /// The row or button of the last reply whose title begins so.
    pub fn offered(&self, title: &str) -> String {
        let sent = self.app.graph.sent_to(&self.to);
        let last = sent.last().expect("something was said");
        let choices = last.choices();
        let found = choices.iter().find(|(_, offered)| offered.starts_with(title));
        found.unwrap_or_else(|| panic!("{title:?} is not among {choices:?}")).0.clone()
    }

    /// Waits for the bot; the payload of tapping what it offered under this title.
    pub async fn tap(&self, title: &str) -> Payload {
        self.app.settled().await;
        let id = self.offered(title);
        self.payload(|builder| builder.list_reply(&id, title))
    }

    /// Waits for the bot, then taps what it offered under this title.
    pub async fn taps(&self, title: &str) -> Self {
        self.app.settled().await;
        self.chooses(&self.offered(title)).await
    }

    /// Everything that was said to this customer, in order, when nothing is under way any more.
    pub async fn bot_replies(&self) -> Vec<String> {
        self.app.settled().await;
        self.app.graph.texts_to(&self.to)
    }

    /// The last of it.
    pub async fn answer(&self) -> String {
        self.bot_replies().await.pop().unwrap_or_default()
    }

    pub fn sent(&self) -> Vec<Accepted> {
        self.app.graph.sent_to(&self.to)
    }

    /// The business's cell as another process has it open, of which nobody here is told.
    pub async fn cell_elsewhere(&self) -> Cell {
        let store = Store::open(self.app.place.settings()).await.expect("the store opens");
        store.cell(&self.tenant.id).await.expect("the cell opens")
    }

    /// Another process commits a text of this customer, and has told nobody.
    pub async fn is_stored_elsewhere(&self, text: &str) {
        let clock = &self.app.clock;
        let message = InMessage {
            provider_id: format!("wamid.{text}"),
            sender: Party { aliases: vec![Alias { kind: AliasKind::WaId, scope: String::new(), value: self.to.clone() }], name: None },
            content: Content::text(text),
            quotes: None,
            referral: None,
        };
        let arrival = Arrival {
            channel: self.tenant.channel,
            service_point: self.tenant.point,
            bot_on: true,
            burst_ms: 0,
            now: clock.now(),
            event: clock.id(),
            message: clock.id(),
            turn: clock.id(),
            customer: clock.id(),
            conversation: clock.id(),
            incoming: Incoming { dedupe_key: format!("m:{text}"), raw: "{}".into(), at: clock.now(), what: What::Message(message) },
        };
        self.cell_elsewhere().await.receive(vec![arrival]).await.expect("it is stored");
    }

    pub async fn conversation(&self) -> Conversation {
        let alias = Alias { kind: AliasKind::WaId, scope: String::new(), value: self.to.clone() };
        let cell = self.app.cell(&self.tenant).await;
        let mut read = cell.read().await.expect("the cell is read");
        read.conversations().by_alias(&self.tenant.channel, &alias).await.expect("conversations are read").expect("the customer has one")
    }

    /// All messages, oldest first.
    pub async fn messages(&self) -> Vec<Message> {
        let id = self.conversation().await.id;
        let cell = self.app.cell(&self.tenant).await;
        let mut messages = cell.read().await.expect("the cell is read").messages().list_of(&id, None, 500).await.expect("messages are read");
        messages.reverse();
        messages
    }

    /// What the bot and agents said, with how far it came.
    pub async fn outgoing(&self) -> Vec<(String, Delivery)> {
        let messages = self.messages().await;
        messages
            .into_iter()
            .filter(|message| message.direction == Direction::Out)
            .map(|message| (message.content.0.words().to_owned(), message.state))
            .collect()
    }

    /// What else happened, by kind.
    pub async fn timeline(&self) -> Vec<String> {
        let id = self.conversation().await.id;
        let cell = self.app.cell(&self.tenant).await;
        let events = cell.read().await.expect("the cell is read").conversations().timeline(&id).await.expect("the timeline is read");
        events.into_iter().map(|event| event.kind).collect()
    }

    /// State and tries of each turn, in order.
    pub async fn turns(&self) -> Vec<(String, i64)> {
        let id = self.conversation().await.id;
        let states = format!("SELECT state || ' ' || attempts FROM turns WHERE conversation_id = '{id}' ORDER BY seq");
        let rows = self.app.place.texts(Some(&self.tenant.id), &states).await;
        rows.iter().filter_map(|row| row.split_once(' ')).map(|(state, tries)| (state.to_owned(), tries.parse().expect("a number"))).collect()
    }
}

/// Somebody who works for the business.
pub struct Agent {
    pub(super) app: TestApp,
    pub(super) name: String,
}

impl Agent {
    pub async fn takes(&self, chat: &Chat) {
        let id = chat.conversation().await.id;
        let mut write = self.app.cell(&chat.tenant).await.write().await.expect("the cell is written");
        write.take_over(&id, &self.name, "took", self.app.clock.id(), self.app.clock.now()).await.expect("it is taken");
        write.commit().await.expect("it is committed");
    }

    pub async fn returns(&self, chat: &Chat) {
        let id = chat.conversation().await.id;
        let mut write = self.app.cell(&chat.tenant).await.write().await.expect("the cell is written");
        write.return_to_bot(&id, &self.name, self.app.clock.id(), self.app.clock.now()).await.expect("it is returned");
        write.commit().await.expect("it is committed");
    }

    pub async fn says(&self, chat: &Chat, text: &str) -> MessageId {
        let conversation = chat.conversation().await.id;
        let id = self.app.clock.id();
        let message =
            relevo_store::AgentMessage { id, conversation, author: self.name.clone(), content: Content::text(text), quotes: None, now: self.app.clock.now() };
        let mut write = self.app.cell(&chat.tenant).await.write().await.expect("the cell is written");
        assert!(write.say_as_agent(message, self.app.clock.id()).await.expect("it is said"));
        write.commit().await.expect("it is committed");
        id
    }

    /// Sends a message again that failed.
    pub async fn resends(&self, chat: &Chat, message: &MessageId) -> bool {
        let mut write = self.app.cell(&chat.tenant).await.write().await.expect("the cell is written");
        let again = write.resend(message, self.app.clock.now()).await.expect("it is tried");
        write.commit().await.expect("it is committed");
        again
    }
}
