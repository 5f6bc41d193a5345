//! Links that the door made: by mail where there is a mail server, else shown to whoever may see them.

use secrecy::ExposeSecret;

use crate::{app::App, identity::OutgoingMail, web::visitor::Visitor};

/// For a link that whoever made it may hand over: it is shown where it was not mailed.
pub fn send_or_show(app: &App, visitor: Visitor, mail: OutgoingMail) -> Option<String> {
    match &app.mail {
        Some(post) => {
            post.send(mail, visitor.lang);
            None
        }
        None => Some(mail.link.expose_secret().to_owned()),
    }
}
