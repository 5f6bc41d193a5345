//! Links that the door made: by mail where there is a mail server, else shown to whoever may see them.

use secrecy::ExposeSecret;

use crate::{app::App, identity::OutgoingMail};

/// For a link that nobody but its addressee may see. Without a mail server it goes nowhere: an administrator can make another.
pub fn send_only(_: &App, mail: OutgoingMail) {
    tracing::warn!(kind = ?mail.kind, "a mail was not sent: no mail server is set up");
}

/// For a link that whoever made it may hand over: it is shown where it was not mailed.
pub fn send_or_show(_: &App, mail: OutgoingMail) -> Option<String> {
    Some(mail.link.expose_secret().to_owned())
}
