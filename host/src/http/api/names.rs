//! States and kinds as descriptions show them; what is read and shown is the model's own.

use utoipa::ToSchema;

/// Who answers a conversation.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "it only describes")]
pub enum AnsweringName {
    Bot,
    Human,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub enum ProgressName {
    Open,
    Snoozed,
    Resolved,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub enum ChannelKindName {
    CloudApi,
    Linked,
    Builderbot,
    Simulator,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub enum ChannelStateName {
    Active,
    Pending,
    Paused,
    Stopped,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "it only describes")]
pub enum WhatsappStatusName {
    Connected,
    Connecting,
    Disconnected,
}

/// What happens to a message of which nobody can tell whether it was sent.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub enum UncertainName {
    Ask,
    Resend,
}

#[derive(ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(dead_code, reason = "it only describes")]
pub enum TicketStatusName {
    New,
    InProgress,
    Resolved,
    Closed,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub enum TicketPriorityName {
    Low,
    Normal,
    High,
}

#[cfg(test)]
mod tests {
    use relevo_model::*;
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;

    fn described<T: PartialSchema>() -> Value {
        serde_json::to_value(T::schema()).unwrap()["enum"].clone()
    }

    #[test]
    fn names_are_described_as_they_are() {
        let names = |names: &[&str]| names.iter().copied().collect::<Value>();
        assert_eq!(described::<AnsweringName>(), names(&[Answering::Bot.as_str(), Answering::Human.as_str()]));
        assert_eq!(described::<ProgressName>(), names(&[Progress::Open.as_str(), Progress::Snoozed.as_str(), Progress::Resolved.as_str()]));
        let kinds = [ChannelKind::CloudApi, ChannelKind::Linked, ChannelKind::Builderbot, ChannelKind::Simulator];
        assert_eq!(described::<ChannelKindName>(), names(&kinds.map(ChannelKind::as_str)));
        let states = [ChannelState::Active, ChannelState::Pending, ChannelState::Paused, ChannelState::Stopped];
        assert_eq!(described::<ChannelStateName>(), names(&states.map(ChannelState::as_str)));
        let states = [WhatsappStatus::Connected, WhatsappStatus::Connecting, WhatsappStatus::Disconnected];
        assert_eq!(described::<WhatsappStatusName>(), names(&states.map(WhatsappStatus::as_str)));
        let states = [TicketStatus::New, TicketStatus::InProgress, TicketStatus::Resolved, TicketStatus::Closed];
        assert_eq!(described::<TicketStatusName>(), names(&states.map(TicketStatus::as_str)));
        let priorities = [TicketPriority::Low, TicketPriority::Normal, TicketPriority::High];
        assert_eq!(described::<TicketPriorityName>(), names(&priorities.map(TicketPriority::as_str)));
        assert_eq!(described::<UncertainName>(), names(&[UncertainPolicy::Ask.as_str(), UncertainPolicy::Resend.as_str()]));
    }
}
