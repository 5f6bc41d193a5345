//! Why something did not arrive or was not answered, in plain words, and whether it can be tried again.

use relevo_model::{Delivery, OutboxState, Problem};

use crate::{texts, web::visitor::Visitor};

/// Why a message did not arrive. What nobody put into words yet is told as the provider tells it.
pub fn not_delivered(visitor: Visitor, problem: &Problem) -> String {
    reason(problem.code).map_or_else(|| problem.title.clone(), |key| texts::say(visitor.lang, key))
}

/// The key of what an error of the Cloud API means to whoever reads the conversation.
const fn reason(code: i64) -> Option<&'static str> {
    Some(match code {
        131_026 => "reason-unreachable",
        470 | 131_047 => "reason-window",
        131_051 => "reason-kind",
        131_052 | 131_053 => "reason-file",
        130_472 | 131_049 => "reason-limited",
        4 | 80_007 | 130_429 | 131_048 | 131_056 => "reason-too-fast",
        368 | 131_031 => "reason-account",
        190 => "reason-access",
        132_000..133_000 => "reason-template",
        100 | 131_008 | 131_009 => "reason-refused",
        1 | 2 | 131_000 | 131_016 => "reason-whatsapp",
        _ => return None,
    })
}

/// The key of why nobody could answer, by the name that a turn's error has.
pub fn not_answered(error: &str) -> &'static str {
    match error {
        "unavailable" | "timed out" | "timeout" | "busy" => "dead-letter-late",
        "host" => "dead-letter-host",
        _ if error.starts_with("conflict") => "dead-letter-conflict",
        _ => "dead-letter-plugin",
    }
}

/// Whether a person may send a message again: it failed, or nobody waits any more to learn what became of it.
pub fn may_be_resent(state: Delivery, outbox: Option<OutboxState>) -> bool {
    match state {
        Delivery::Failed => true,
        Delivery::Uncertain => outbox == Some(OutboxState::Failed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_written_and_an_unknown_one_is_told_as_it_came() {
        let spanish = Visitor { lang: "es", theme: "" };
        let problem = |code| Problem { code, title: "Something (#9)".into(), details: None };
        for code in [1, 4, 100, 190, 368, 470, 130_472, 131_026, 131_051, 131_053, 132_001] {
            let said = not_delivered(spanish, &problem(code));
            assert!(!said.starts_with("reason-") && !said.contains('#'), "{code}: {said}");
        }
        assert_eq!(not_delivered(spanish, &problem(9)), "Something (#9)");
    }

    #[test]
    fn why_nobody_answered_is_written() {
        for error in ["timeout", "host", "conflict: three times", "trap"] {
            assert_ne!(texts::say("es", not_answered(error)), not_answered(error));
        }
    }

    #[test]
    fn what_may_still_arrive_is_not_sent_again() {
        assert!(may_be_resent(Delivery::Failed, Some(OutboxState::Sent)), "accepted first and refused later");
        assert!(may_be_resent(Delivery::Uncertain, Some(OutboxState::Failed)));
        assert!(!may_be_resent(Delivery::Uncertain, Some(OutboxState::Uncertain)));
        assert!(!may_be_resent(Delivery::Cancelled, Some(OutboxState::Cancelled)));
    }
}
