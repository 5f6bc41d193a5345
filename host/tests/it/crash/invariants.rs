//! What must hold after a run, read from the database and from what the provider accepted.
//!
//! I1 every acknowledged message reached exactly one end. I2, I3 a reply leaves once; again only where nobody could know and the business
//! said so. I4 orders and stock equal what was confirmed. I5 each conversation in its order, everything once. I6 nothing crosses businesses.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use relevo_model::*;
use relevo_store::{Conversation, ListedConversation, Message, OrderFilter, Product, ProductFilter, Read, Store};
use relevo_testbed::graph::Accepted;

use super::{
    Tally,
    dialogue::{ORDERED, RESENDS, Said},
};

/// Nanoseconds in which the provider surely reads what a process had written before it ended.
const READ_LATE: u64 = 1_000_000_000;

/// What there was before anybody talked.
pub struct Before {
    products: HashMap<TenantId, Vec<Product>>,
    ordered: Product,
}

impl Before {
    /// Lets one service point send again what may not have arrived, and looks at the shelves.
    pub async fn prepare(store: &Store) -> Result<Self> {
        let (mut products, mut ordered) = (HashMap::new(), None);
        for tenant in store.platform().tenants().await? {
            let cell = store.cell(&tenant.id).await?;
            let channels = cell.read().await?.channels().await?;
            for mut point in cell.read().await?.service_points().list().await? {
                if channels.iter().any(|channel| channel.service_point_id == point.id && channel.phone_number_id.as_deref() == Some(RESENDS)) {
                    point.uncertain_policy = UncertainPolicy::Resend;
                    let mut write = cell.write().await?;
                    write.save_service_point(&point, None).await?;
                    write.commit().await?;
                }
            }
            let all = cell.read().await?.products().list(&ProductFilter::default(), None, 100).await?;
            if tenant.slug == "demo" {
                ordered = all.iter().find(|product| product.sku == ORDERED).cloned();
            }
            products.insert(tenant.id, all);
        }
        Ok(Self { products, ordered: ordered.context("the demo sells no product that is ordered here")? })
    }

    /// The id of what is ordered.
    pub fn product(&self) -> &str {
        self.ordered.id.as_str()
    }
}

pub struct Run<'a> {
    pub before: Before,
    pub said: &'a [Said],
    pub log: Vec<Accepted>,
    /// Whether the provider told how far each message came.
    pub told: bool,
    /// Whether everything was waited for.
    pub patient: bool,
    /// When processes were gone, by the machine's monotonic clock.
    pub deaths: &'a [u64],
}

/// One conversation with all that belongs to it.
struct Talked<'a> {
    said: &'a Said,
    conversation: Conversation,
    messages: Vec<Message>,
    resends: bool,
}

/// How a reply stands.
struct Row {
    state: OutboxState,
    /// When the provider accepted it.
    times: Vec<u64>,
    /// The timeline asks a person what became of it.
    asked: bool,
    /// Its service point sends again what may not have arrived.
    resends: bool,
}

impl Row {
    fn was_in_doubt(&self) -> bool {
        self.times.len() > 1 || matches!(self.state, OutboxState::Failed | OutboxState::Uncertain)
    }
}

impl Run<'_> {
    /// All that is broken, a line each, and what happened otherwise.
    pub async fn broken(&self, store: &Store) -> Result<(Vec<String>, Tally)> {
        let mut tally = Tally { runs: 1, kills: self.deaths.len(), ..Tally::default() };
        let mut broken = Vec::new();
        let (mut ours, mut found) = (HashSet::new(), 0);
        for tenant in store.platform().tenants().await? {
            let mut read = store.cell(&tenant.id).await?.read().await?;
            let talked = self.talked(&mut read, &mut broken).await?;
            found += talked.len();
            for talked in &talked {
                ours.extend(talked.messages.iter().map(|message| message.id.to_string()));
                let mut faults = self.inbound(&mut read, talked).await?;
                faults.extend(self.outbound(&mut read, talked, &mut tally).await?);
                broken.extend(faults.into_iter().map(|fault| format!("{} at {}: {fault}", talked.said.talker.wa_id, talked.said.talker.number)));
            }
            broken.extend(self.event_log(&mut read, &talked).await?);
            broken.extend(self.orders(&mut read, &tenant.id, &talked).await?);
        }
        if found != self.said.len() {
            broken.push(format!("I1: {} of {} conversations are there", found, self.said.len()));
        }
        let foreign = self.log.iter().filter(|entry| entry.data.as_ref().is_none_or(|id| !ours.contains(id)));
        broken.extend(foreign.map(|entry| format!("I2: {} was sent under an id that no message has: {:?} ({})", entry.to, entry.data, entry.text())));
        Ok((broken, tally))
    }

    /// The conversations of a business, each with who should be in it.
    async fn talked(&self, read: &mut Read, broken: &mut Vec<String>) -> Result<Vec<Talked<'_>>> {
        let mut all = Vec::new();
        let channels = read.channels().await?;
        for point in read.service_points().list().await? {
            for ListedConversation { conversation, .. } in read.conversations().list_of(&point.id, None, 1_000).await? {
                let number = channels.iter().find(|channel| channel.id == conversation.channel_id).and_then(|channel| channel.phone_number_id.as_deref());
                let said = self.said.iter().find(|said| said.talker.wa_id == conversation.peer && Some(said.talker.number) == number);
                let Some(said) = said else {
                    broken.push(format!("I6: {} has a conversation with {} at {number:?}, where they never wrote", point.name, conversation.peer));
                    continue;
                };
                let mut messages = read.messages().list_of(&conversation.id, None, 1_000).await?;
                messages.reverse();
                all.push(Talked { said, conversation, messages, resends: number == Some(RESENDS) });
            }
        }
        Ok(all)
    }

    async fn inbound(&self, read: &mut Read, talked: &Talked<'_>) -> Result<Vec<String>> {
        let Talked { said, conversation, messages, .. } = talked;
        let mut broken = Vec::new();
        let numbers: Vec<i64> = messages.iter().map(|message| message.seq).collect();
        if numbers != (1..=numbers.len() as i64).collect::<Vec<_>>() {
            broken.push(format!("I5: its messages are numbered {numbers:?}"));
        }
        let stored: Vec<&str> =
            messages.iter().filter(|message| message.direction == Direction::In).filter_map(|message| message.provider_id.as_deref()).collect();
        if stored != said.ids() {
            broken.push(format!("I1, I5: acknowledged were {:?}, stored are {stored:?}", said.ids()));
        }
        for message in messages.iter().filter(|message| message.direction == Direction::In) {
            let turn = match message.turn_id.as_deref().map(str::parse).transpose()? {
                Some(turn) => read.turns().find(&turn).await?,
                None => None,
            };
            let answers = messages.iter().filter(|other| other.direction == Direction::Out && other.turn_id == message.turn_id).count();
            let person = conversation.status == Answering::Human;
            let ended = match turn.map(|turn| turn.state) {
                Some(TurnState::Done) => answers > 0,
                Some(TurnState::Superseded) => person && answers == 0,
                Some(TurnState::Dead) => person && answers > 0,
                None => person,
                Some(TurnState::Pending | TurnState::Joined) => false,
            };
            if !ended {
                broken.push(format!("I1: message {} ended neither answered nor with a person ({answers} answers)", message.seq));
            }
        }
        if (conversation.status == Answering::Human) != said.talker.handed_over {
            broken.push(format!("I1: it is answered by {}", conversation.status));
        }
        Ok(broken)
    }

    async fn outbound(&self, read: &mut Read, talked: &Talked<'_>, tally: &mut Tally) -> Result<Vec<String>> {
        let mut broken = Vec::new();
        let replies: Vec<&Message> = talked.messages.iter().filter(|message| message.direction == Direction::Out).collect();
        let (says, wanted): (Vec<&str>, _) = (replies.iter().map(|reply| words(&reply.content.0)).collect(), talked.said.talker.hears());
        if says.len() != wanted.len() || !says.iter().zip(&wanted).all(|(says, begins)| says.starts_with(begins)) {
            broken.push(format!("I2: it should say {wanted:?}, and says {says:?}"));
        }
        let (to, from) = (talked.said.talker.wa_id.as_str(), talked.said.talker.number);
        let heard: Vec<&Accepted> = self.log.iter().filter(|entry| entry.to == to && entry.phone_number_id == from).collect();
        let place = |entry: &&Accepted| replies.iter().position(|reply| entry.data.as_deref() == Some(reply.id.as_str()));
        if !heard.iter().map(place).is_sorted() {
            broken.push(format!("I5: they heard {:?}", heard.iter().map(|entry| entry.text()).collect::<Vec<_>>()));
        }
        let timeline = read.conversations().timeline(&talked.conversation.id).await?;
        let asked: HashSet<&str> = timeline.iter().filter(|event| event.kind == "uncertain").filter_map(|event| event.data.0["message"].as_str()).collect();
        let (mut in_doubt, mut held_up) = (0, false);
        for reply in replies {
            let row = Row {
                state: read.outbox().state(&reply.id).await?.context("a reply has no row in the outbox")?,
                times: heard.iter().filter(|entry| entry.data.as_deref() == Some(reply.id.as_str())).map(|entry| entry.at_ns).collect(),
                asked: asked.contains(reply.id.as_str()),
                resends: talked.resends,
            };
            in_doubt += usize::from(row.was_in_doubt());
            tally.twice += usize::from(row.times.len() > 1);
            tally.given_up += usize::from(row.state == OutboxState::Failed);
            let fault = self.fault(&row, reply.state, held_up);
            broken.extend(fault.map(|fault| format!("I2, I3: reply {} ({:.20}…) {fault}", reply.seq, words(&reply.content.0))));
            held_up |= row.state == OutboxState::Uncertain;
        }
        tally.in_doubt += in_doubt;
        // One message of a conversation is on its way at a time.
        if in_doubt > self.deaths.len() {
            broken.push(format!("I3: {in_doubt} replies were in doubt after {} kills", self.deaths.len()));
        }
        Ok(broken)
    }

    /// What is wrong with how a reply ended.
    fn fault(&self, row: &Row, state: Delivery, held_up: bool) -> Option<String> {
        let left = row.times.len();
        match row.state {
            OutboxState::Sent if left == 0 => Some("counts as sent and never left".to_owned()),
            OutboxState::Sent if self.told && state != Delivery::Read => Some(format!("was read and counts as {state}")),
            OutboxState::Sent if left > 1 => {
                let around_a_kill = self.deaths.iter().any(|death| row.times[0] < *death + READ_LATE && row.times[1] > *death);
                (self.told || !row.resends || left > 2 || !around_a_kill).then(|| format!("left {left} times"))
            }
            OutboxState::Sent => None,
            OutboxState::Failed => ((self.told && left > 0) || row.resends || left > 1 || !row.asked)
                .then(|| format!("was given up (it left {left} times; a person was asked: {})", row.asked)),
            // Whoever was not patient leaves these.
            OutboxState::Uncertain if !self.patient && !held_up => (left > 0).then(|| "is not settled, though it left and a status came".to_owned()),
            OutboxState::Pending if held_up => (left > 0).then(|| "left before its turn".to_owned()),
            other => Some(format!("ended {other}")),
        }
    }

    async fn event_log(&self, read: &mut Read, talked: &[Talked<'_>]) -> Result<Vec<String>> {
        let mut times: HashMap<(String, String), usize> = HashMap::new();
        let mut before = None;
        loop {
            let page = read.event_log(before.as_ref(), 500).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for event in page {
                *times.entry((event.channel_id, event.dedupe_key)).or_default() += 1;
            }
        }
        let mut broken: Vec<String> =
            times.iter().filter(|(_, times)| **times > 1).map(|(key, times)| format!("I5: {key:?} is {times} times in the event log")).collect();
        for talked in talked {
            let channel = talked.conversation.channel_id.to_string();
            let missing = talked.said.ids().into_iter().filter(|id| !times.contains_key(&(channel.clone(), format!("m:{id}"))));
            broken.extend(missing.map(|id| format!("I1: {id} is not in the event log")));
        }
        Ok(broken)
    }

    async fn orders(&self, read: &mut Read, tenant: &TenantId, talked: &[Talked<'_>]) -> Result<Vec<String>> {
        let mut broken = Vec::new();
        let mut taken = 0;
        for Talked { said, conversation, .. } in talked {
            let mut made = Vec::new();
            for order in read.orders().list_of(&conversation.customer_id, None, 100).await? {
                let lines = read.orders().lines(&order.id).await?.into_iter().map(|line| (line.product_id, line.quantity)).collect::<Vec<_>>();
                ensure!(!order.is_test, "an order of a real customer counts as a test");
                made.push((lines, order.total_minor, read.orders().history(&order.id).await?.len()));
            }
            let wanted = said.talker.orders.map(|quantity| (vec![(self.before.product().to_owned(), quantity)], quantity * self.before.ordered.price_minor, 1));
            if made != wanted.into_iter().collect::<Vec<_>>() {
                broken.push(format!("I4: {} ordered {:?}, and there are {made:?}", said.talker.wa_id, said.talker.orders));
            }
            taken += said.talker.orders.unwrap_or(0);
        }
        let all = read.orders().list(&OrderFilter::ALL, None, 100).await?.len();
        let orders = talked.iter().filter(|talked| talked.said.talker.orders.is_some()).count();
        if all != orders {
            broken.push(format!("I4: there are {all} orders of {orders}"));
        }
        let after: HashMap<ProductId, Option<i64>> =
            read.products().list(&ProductFilter::default(), None, 100).await?.into_iter().map(|product| (product.id, product.stock)).collect();
        for product in &self.before.products[tenant] {
            let left = product.stock.map(|stock| if product.id == self.before.ordered.id { stock - taken } else { stock });
            if after.get(&product.id) != Some(&left) {
                broken.push(format!("I4: of {} {left:?} should be left, and {:?} are", product.sku, after.get(&product.id)));
            }
        }
        Ok(broken)
    }
}

fn words(content: &Content) -> &str {
    match content {
        Content::Text { body } | Content::Buttons { body, .. } | Content::List { body, .. } => body,
        _ => "",
    }
}
