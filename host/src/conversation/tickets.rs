//! Tickets as a flow sees them: those of its customer, with what this turn opened.

use async_trait::async_trait;
use relevo_model::*;
use relevo_sandbox::{
    Fault, Tickets,
    api::{
        tickets::{NewTicket, Ticket},
        types::Failure,
    },
};
use relevo_store::hot;

use super::{
    capabilities::{FlowHost, broken},
    records::code_of,
};

/// Characters at most.
const TITLE: usize = 120;
const BODY: usize = 4_000;

#[async_trait]
impl Tickets for FlowHost {
    async fn open(&mut self, ticket: NewTicket) -> Result<Ticket, Fault> {
        self.may_see_tickets()?;
        let title = words(&ticket.title, TITLE, "a ticket's title")?;
        let body = words(&ticket.body, BODY, "a ticket's body")?;
        let priority = match ticket.priority.as_deref() {
            None => TicketPriority::Normal,
            Some(text) => text.parse().map_err(|_| Failure::Invalid(format!("there is no priority {text:?}: use low, normal or high")))?,
        };
        let id: TicketId = self.own_id();
        let plugin = self.plugin_id().to_owned();
        let new = hot::NewTicket { id, code: code_of(id.as_str()), plugin, title, body, priority, is_test: self.line.simulated };
        let shown = opened(&new, self.now);
        self.overlay.effects.tickets.push(new);
        Ok(shown)
    }

    async fn recent(&mut self, limit: u32) -> Result<Vec<Ticket>, Fault> {
        self.may_see_tickets()?;
        let customer = self.context.conversation.customer_id;
        let stored = self.cell.read().await.map_err(broken)?.tickets().list_of(&customer, i64::from(limit)).await.map_err(broken)?;
        let now = self.now;
        let own = self.overlay.effects.tickets.iter().rev().map(|ticket| opened(ticket, now));
        Ok(own.chain(stored.into_iter().map(shown)).take(limit as usize).collect())
    }

    async fn comment(&mut self, id: String, text: String) -> Result<(), Fault> {
        self.may_see_tickets()?;
        let text = words(&text, BODY, "a comment")?;
        let ticket = match self.overlay.ticket(&id) {
            Some(ticket) => ticket.id,
            None => {
                let customer = self.context.conversation.customer_id;
                let found = self.cell.read().await.map_err(broken)?.tickets().find_of(&customer, &id).await.map_err(broken)?;
                found.ok_or(Failure::NotFound)?.id
            }
        };
        let plugin = self.plugin_id().to_owned();
        self.overlay.effects.ticket_comments.push(hot::TicketComment { ticket, plugin, text });
        Ok(())
    }
}

impl FlowHost {
    fn may_see_tickets(&self) -> Result<(), Failure> {
        if self.grants.allows_tickets() { Ok(()) } else { Err(Failure::Denied("the business did not grant tickets".into())) }
    }
}

fn words(text: &str, most: usize, what: &str) -> Result<String, Failure> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) { Ok(text.to_owned()) } else { Err(Failure::Invalid(format!("{what} has 1 to {most} characters"))) }
}

fn opened(ticket: &hot::NewTicket, now: Time) -> Ticket {
    Ticket {
        id: ticket.id.to_string(),
        code: ticket.code.clone(),
        title: ticket.title.clone(),
        status: TicketStatus::New.to_string(),
        created_at_ms: u64::try_from(now.0).unwrap_or(0),
    }
}

fn shown(ticket: relevo_store::Ticket) -> Ticket {
    Ticket {
        id: ticket.id.to_string(),
        code: ticket.code,
        title: ticket.title,
        status: ticket.status.to_string(),
        created_at_ms: u64::try_from(ticket.created_at.0).unwrap_or(0),
    }
}
