//! Links that the door made: by mail where there is a mail server, else shown to whoever may see them.

use secrecy::ExposeSecret;

use crate::{
    app::App,
    http::problem::{Kind, Problem},
    identity::OutgoingMail,
    web::visitor::Visitor,
};

/// For a link that whoever made it may hand over: it is shown where there is no mail server, and a problem where too many mails wait for it.
pub fn send_or_show(app: &App, visitor: Visitor, mail: OutgoingMail) -> Result<Option<String>, Problem> {
    match &app.mail {
        Some(post) => {
            let unsent = || Problem::new(Kind::Busy).detail("the mail was not sent: too many wait already").retry_after(60);
            post.send(mail, visitor.lang).then_some(None).ok_or_else(unsent)
        }
        None => Ok(Some(mail.link.expose_secret().to_owned())),
    }
}
