//! A business with one service point and one channel, and the words to tell what happens to it.

mod engines;
mod raw;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use relevo_model::*;
use relevo_store::{hot::*, *};
use serde_json::json;

pub use engines::{Engine, Home, MASTER_KEY};
pub(crate) use engines::{on, on_both};
pub use raw::{Dump, count, dump, run, texts};

pub const NOON: Time = Time(1_767_268_800_000);
/// How long a test waits for what must come; one that waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const ANA: &str = "5491155550001";
pub const BRUNO: &str = "5491155550002";

pub struct World {
    pub engine: Engine,
    pub clock: Clock,
    pub tenant: Tenant,
    pub cell: Cell,
    pub point: ServicePointId,
    pub channel: ChannelId,
    heard: Arc<Mutex<Vec<Notice>>>,
    pub store: Store,
    pub home: Home,
}

/// A conversation with one customer, as it was when its last message came.
#[derive(Clone, Debug)]
pub struct Chat {
    pub alias: Alias,
    pub id: ConversationId,
    pub customer: CustomerId,
    pub epoch: i64,
    pub turn: TurnId,
    pub message: MessageId,
}

impl World {
    pub async fn new(engine: Engine) -> Self {
        let home = Home::new(engine).await;
        let clock = Clock::standing(NOON, 0);
        let store = Store::open(&home.settings()).await.unwrap();
        let (tenant, cell) = store.create_tenant(&clock, "acme", "Acme", false).await.unwrap();
        store.platform().set_tenant_state(&tenant.id, TenantState::Active).await.unwrap();
        let mut write = cell.write().await.unwrap();
        write.add_business("Acme", "ARS", "es").await.unwrap();
        write.commit().await.unwrap();
        let heard = listen(&cell);
        let (point, channel) = (clock.id(), clock.id());
        Self { engine, clock, tenant, cell, point, channel, heard, store, home }
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Another node on the same data, or on SQLite the next start.
    pub async fn another_store(&self) -> Store {
        Store::open(&self.home.settings()).await.unwrap()
    }

    /// What commits told since this was last asked.
    pub async fn heard(&self) -> Vec<Notice> {
        // The writer answers before it tells; when it answers the next, it has told all that came before.
        assert!(!self.claim(self.clock.id()).await);
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    pub fn arrival(&self, key: &str, what: What) -> Arrival {
        arrival(&self.clock, self.channel, self.point, key, what)
    }

    /// A text with a provider's id of its own.
    pub fn text(&self, from: &str, body: &str) -> Arrival {
        let id: EventId = self.clock.id();
        self.arrival(&format!("m:{id}"), message(&format!("wamid.{id}"), vec![number(from)], body))
    }

    /// Receives a text and looks up what became of it.
    pub async fn says(&self, from: &str, body: &str) -> Chat {
        let arrival = self.text(from, body);
        assert_eq!(self.cell.receive(vec![arrival.clone()]).await.unwrap(), [Received::New]);
        self.chat(from, &arrival).await
    }

    pub async fn chat(&self, from: &str, arrival: &Arrival) -> Chat {
        let found = self.cell.read().await.unwrap().conversations().by_alias(&arrival.channel, &number(from)).await.unwrap().unwrap();
        Chat { alias: number(from), id: found.id, customer: found.customer_id, epoch: found.epoch, turn: arrival.turn, message: arrival.message }
    }

    /// A commit that answers the chat's turn with these words.
    pub fn answer(&self, chat: &Chat, words: &[&str]) -> TurnCommit {
        TurnCommit {
            turn: chat.turn,
            joined: vec![],
            conversation: chat.id,
            service_point: self.point,
            channel: self.channel,
            customer: chat.customer,
            peer: chat.alias.clone(),
            epoch: chat.epoch,
            attempts: 0,
            now: self.now(),
            end: TurnEnd::Done,
            plugin: Some(("storefront".into(), "1.0.0".into())),
            session: None,
            said: words.iter().map(|words| self.said(words)).collect(),
            journal: None,
            effects: Effects::default(),
        }
    }

    pub fn said(&self, words: &str) -> Said {
        Said { message: self.clock.id(), content: Content::text(words), quotes: None, evidence: None, not_before: self.now() }
    }

    /// Receives a text and answers it: what the bot says waits in the outbox.
    pub async fn answered(&self, from: &str, words: &[&str]) -> (Chat, Vec<MessageId>) {
        let chat = self.says(from, "hola").await;
        let commit = self.answer(&chat, words);
        let said = commit.said.iter().map(|said| said.message).collect();
        assert_eq!(self.cell.finish(commit).await.unwrap(), Finished::Applied);
        (chat, said)
    }

    pub async fn claim(&self, message: MessageId) -> bool {
        self.cell.claim(Claim { message, now: self.now() }).await.unwrap()
    }

    pub async fn mark(&self, chat: &Chat, message: MessageId, end: SendEnd) {
        self.cell.mark(Mark { message, conversation: chat.id, turn: Some(chat.turn), end }).await.unwrap();
    }

    /// Answered, claimed, and marked as sent under this provider's id.
    pub async fn sent(&self, from: &str, provider_id: &str) -> (Chat, MessageId) {
        let (chat, said) = self.answered(from, &["sale"]).await;
        assert!(self.claim(said[0]).await);
        self.mark(&chat, said[0], SendEnd::Sent { provider_id: provider_id.into() }).await;
        (chat, said[0])
    }

    pub async fn status(&self, provider_id: &str, ours: Option<&str>, state: Delivery) {
        let key = format!("s:{}:{}", self.clock.id::<EventId>(), state.as_str());
        self.cell.receive(vec![self.arrival(&key, status(provider_id, ours, state))]).await.unwrap();
    }

    pub async fn conversation(&self, id: &ConversationId) -> Conversation {
        self.cell.read().await.unwrap().conversations().find(id).await.unwrap().unwrap()
    }

    pub async fn message(&self, id: &MessageId) -> Message {
        self.cell.read().await.unwrap().messages().find(id).await.unwrap().unwrap()
    }

    /// Oldest first.
    pub async fn messages(&self, id: &ConversationId) -> Vec<Message> {
        let mut found = self.cell.read().await.unwrap().messages().list_of(id, None, 10_000).await.unwrap();
        found.reverse();
        found
    }

    /// What is said in a conversation, oldest first.
    pub async fn words(&self, id: &ConversationId) -> Vec<String> {
        self.messages(id).await.iter().map(|message| message.content.0.words().to_owned()).collect()
    }

    pub async fn outbox(&self, id: &MessageId) -> OutboxState {
        self.cell.read().await.unwrap().outbox().state(id).await.unwrap().unwrap()
    }

    pub async fn turn(&self, id: &TurnId) -> Option<EndedTurn> {
        self.cell.read().await.unwrap().turns().find(id).await.unwrap()
    }

    pub async fn pending(&self) -> Vec<PendingTurn> {
        self.cell.read().await.unwrap().turns().pending(None, 1_000).await.unwrap()
    }

    /// The kinds of what happened in a conversation beside the messages.
    pub async fn timeline(&self, id: &ConversationId) -> Vec<String> {
        self.cell.read().await.unwrap().conversations().timeline(id).await.unwrap().into_iter().map(|event| event.kind).collect()
    }

    pub async fn take_over(&self, id: &ConversationId) {
        let mut write = self.cell.write().await.unwrap();
        write.take_over(id, "ana@acme", "asked", self.clock.id(), self.now()).await.unwrap();
        write.commit().await.unwrap();
    }

    pub async fn product(&self, sku: &str, stock: Option<i64>) -> ProductId {
        let product = self.product_named(sku, sku, 1_500, stock);
        let mut write = self.cell.write().await.unwrap();
        write.add_product(&product).await.unwrap();
        write.commit().await.unwrap();
        product.id
    }

    pub fn product_named(&self, sku: &str, title: &str, price_minor: i64, stock: Option<i64>) -> Product {
        Product {
            id: self.clock.id(),
            sku: sku.into(),
            title: title.into(),
            description: String::new(),
            price_minor,
            currency: "ARS".into(),
            image: None,
            active: true,
            stock,
            popularity: 0,
            version: 1,
            created_at: self.now(),
        }
    }

    /// A customer writes, and the turn makes an order of one bottle.
    pub async fn ordered(&self, from: &str, code: &str, product: ProductId) -> (Chat, OrderId) {
        let chat = self.says(from, "hola").await;
        let line = OrderLine { product, title: "Vino".into(), quantity: 1, price_minor: 1_500 };
        let order = NewOrder {
            id: self.clock.id(),
            code: code.into(),
            lines: vec![line],
            total_minor: 1_500,
            currency: "ARS".into(),
            address: json!({}),
            is_test: false,
            actor: "storefront".into(),
        };
        let id = order.id;
        let mut commit = self.answer(&chat, &[]);
        commit.effects.orders = vec![order];
        assert_eq!(self.cell.finish(commit).await.unwrap(), Finished::Applied);
        (chat, id)
    }

    pub async fn stock(&self, id: &ProductId) -> Option<i64> {
        self.cell.read().await.unwrap().products().find(id.as_str()).await.unwrap().unwrap().stock
    }

    pub async fn dump(&self) -> Dump {
        dump(&mut self.cell.read().await.unwrap()).await
    }

    pub async fn count(&self, sql: &str) -> i64 {
        count(&mut self.cell.read().await.unwrap(), sql).await
    }

    /// Where these bytes are kept in the clear: files on SQLite, tables with their schema on Postgres.
    pub async fn places_of(&self, secret: &str) -> Vec<String> {
        match self.engine {
            Engine::Sqlite => raw::files_with(&self.home.settings().data, secret.as_bytes()),
            Engine::Postgres => raw::tables_with(&mut self.home.stranger().await, secret.as_bytes()).await,
        }
    }

    /// Until a transaction on Postgres stands at a row that another one holds.
    pub async fn until_somebody_waits(&self) {
        let mut watcher = self.home.stranger().await;
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let watching = async { while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watcher).await.unwrap() == 0 {} };
        tokio::time::timeout(PATIENCE, watching).await.expect("somebody waits");
    }

    /// Has all of these wait for the writer of a SQLite cell, so that they share a group; elsewhere all but the first do.
    pub async fn together<T>(&self, commands: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let held = self.cell.write().await.unwrap();
        let (answers, ()) = tokio::join!(futures::future::join_all(commands), async { drop(held) });
        answers
    }

    /// A tenant that the platform knows and whose cell nobody has made yet.
    pub async fn bare_tenant(&self, slug: &str) -> TenantId {
        let id = self.clock.id();
        let place = keys::Place { table: "tenants", column: "sealed_key", row: "" };
        let sealed_key = keys::Key::from_hex(MASTER_KEY).unwrap().seal(&id, place, &[7; 32]);
        self.store.platform().add_tenant(&Tenant { id, slug: slug.into(), sealed_key, ..self.tenant.clone() }).await.unwrap();
        id
    }

    /// Another business of the same installation.
    pub async fn neighbour(&self, slug: &str) -> Cell {
        let (tenant, cell) = self.store.create_tenant(&self.clock, slug, slug, false).await.unwrap();
        self.store.platform().set_tenant_state(&tenant.id, TenantState::Active).await.unwrap();
        cell
    }
}

pub fn arrival(clock: &Clock, channel: ChannelId, service_point: ServicePointId, key: &str, what: What) -> Arrival {
    Arrival {
        channel,
        service_point,
        bot_on: true,
        burst_ms: 0,
        now: clock.now(),
        event: clock.id(),
        message: clock.id(),
        turn: clock.id(),
        customer: clock.id(),
        conversation: clock.id(),
        incoming: Incoming { dedupe_key: key.into(), raw: json!({ "key": key }).to_string(), at: clock.now(), what },
    }
}

/// Keeps all that commits of this cell tell.
pub fn listen(cell: &Cell) -> Arc<Mutex<Vec<Notice>>> {
    let heard: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let ears = Arc::clone(&heard);
    cell.listen(move |notices| ears.lock().unwrap().extend(notices));
    heard
}

pub fn number(value: &str) -> Alias {
    Alias { kind: AliasKind::WaId, scope: String::new(), value: value.into() }
}

pub fn user_id(value: &str) -> Alias {
    Alias { kind: AliasKind::UserId, scope: "waba-1".into(), value: value.into() }
}

pub fn message(provider_id: &str, aliases: Vec<Alias>, body: &str) -> What {
    What::Message(InMessage {
        provider_id: provider_id.into(),
        sender: Party { aliases, name: None },
        content: Content::text(body),
        quotes: None,
        referral: None,
    })
}

pub fn status(provider_id: &str, ours: Option<&str>, state: Delivery) -> What {
    let problem = (state == Delivery::Failed).then(|| problem(131_026));
    What::Status(Status { provider_id: provider_id.into(), ours: ours.map(Into::into), state, problem })
}

pub fn problem(code: i64) -> Problem {
    Problem { code, title: "no".into(), details: None }
}
