//! Mails on their way out: one at a time, beside the requests that make them. What the mail server does not take is told to the log, never to
//! who asked; that too many wait already is told to those who made somebody a link.

use std::time::Duration;

use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use crate::{
    identity::{MailKind, OutgoingMail},
    settings::Smtp,
    texts::{self, Args},
};

/// Mails that wait; more are dropped.
const WAITING: usize = 200;
/// How long the mail server may take for one.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a mail waits before it is tried again.
const AGAIN: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60)];

/// The mail server, and the queue to it.
#[derive(Clone)]
pub struct Post {
    queue: mpsc::Sender<Letter>,
}

struct Letter {
    mail: OutgoingMail,
    lang: String,
}

impl Post {
    /// Begins to send what is handed to it, until it is dropped. The settings were checked: what they say is understood.
    pub fn start(settings: &Smtp) -> anyhow::Result<Self> {
        let from: Mailbox = settings.from.parse().context("SMTP_FROM is no address")?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose_secret()).context("SMTP_URL is no address of a mail server")?;
        let (queue, letters) = mpsc::channel(WAITING);
        tokio::spawn(deliver(transport.timeout(Some(PATIENCE)).build(), from, letters));
        Ok(Self { queue })
    }

    /// Puts a mail into the queue, in the language of whoever gets it where that is known, else in this one. False where too many wait already.
    #[must_use = "whoever asked is not to believe that a mail went out that was dropped"]
    pub fn send(&self, mail: OutgoingMail, lang: &str) -> bool {
        let lang = mail.locale.clone().unwrap_or_else(|| lang.to_owned());
        let queued = self.queue.try_send(Letter { mail, lang }).is_ok();
        if !queued {
            tracing::error!("a mail was not sent: too many wait already");
        }
        queued
    }
}

async fn deliver(transport: AsyncSmtpTransport<Tokio1Executor>, from: Mailbox, mut letters: mpsc::Receiver<Letter>) {
    while let Some(letter) = letters.recv().await {
        let kind = kind(&letter.mail);
        match written(&letter, &from) {
            Ok(message) => send(&transport, message, kind).await,
            Err(error) => tracing::error!(mail = kind, error = format!("{error:#}"), "a mail could not be written"),
        }
    }
}

async fn send(transport: &AsyncSmtpTransport<Tokio1Executor>, message: Message, kind: &str) {
    for wait in AGAIN.into_iter().map(Some).chain([None]) {
        match (tokio::time::timeout(PATIENCE, transport.send(message.clone())).await, wait) {
            (Ok(Ok(_)), _) => return,
            // What the server refuses for good it refuses again.
            (Ok(Err(error)), _) if error.is_permanent() => {
                tracing::error!(mail = kind, status = error.status().map(|code| code.to_string()), "the mail server refused a mail");
                return;
            }
            (_, Some(wait)) => tokio::time::sleep(wait).await,
            (_, None) => tracing::error!(mail = kind, "a mail could not be sent: the mail server does not answer; see SMTP_URL"),
        }
    }
}

fn written(Letter { mail, lang }: &Letter, from: &Mailbox) -> anyhow::Result<Message> {
    let (business, plugin) = match &mail.kind {
        MailKind::Invitation { business } => (business.as_str(), ""),
        MailKind::NewPassword => ("", ""),
        MailKind::Plugin { business, plugin, .. } => (business.as_str(), plugin.as_str()),
    };
    let kind = kind(mail);
    let args = Args::from([
        ("business".into(), business.to_owned().into()),
        ("plugin".into(), plugin.to_owned().into()),
        ("link".into(), mail.link.expose_secret().to_owned().into()),
    ]);
    let say = |part: &str| texts::find(lang, &format!("mail-{kind}-{part}"), &args).with_context(|| format!("nobody wrote mail-{kind}-{part}"));
    let to = Mailbox::new(None, mail.to.parse().context("it goes to no address")?);
    Ok(Message::builder().from(from.clone()).to(to).subject(say("subject")?).header(ContentType::TEXT_PLAIN).body(say("text")?)?)
}

/// As the log and the texts know it.
const fn kind(mail: &OutgoingMail) -> &'static str {
    match mail.kind {
        MailKind::Invitation { .. } => "invitation",
        MailKind::NewPassword => "reset",
        MailKind::Plugin { set_aside: true, .. } => "plugin-set-aside",
        MailKind::Plugin { set_aside: false, .. } => "plugin-taken-back",
    }
}

/// What a mail server's address must be for `Post::start`; an error says why it is none, without the password in it.
pub fn check_url(url: &SecretString) -> Result<(), String> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret()).map(|_| ()).map_err(|_| "names no mail server".to_owned())
}

/// The same of a sender.
pub fn check_from(from: &str) -> Result<(), String> {
    from.parse::<Mailbox>().map(|_| ()).map_err(|_| "is no address to send from".to_owned())
}

#[cfg(test)]
mod tests {
    use relevo_model::Time;
    use relevo_testbed::mail::mailbox;
    use tokio::net::TcpListener;

    use super::*;

    fn invitation(to: &str, business: &str) -> OutgoingMail {
        let link = "http://localhost/invitation/secret-token".into();
        OutgoingMail { to: to.into(), kind: MailKind::Invitation { business: business.into() }, link, expires_at: Time(0), locale: None }
    }

    #[tokio::test]
    async fn a_mail_arrives_with_its_link_in_the_language_of_whoever_gets_it() {
        let (url, mut mails) = mailbox().await;
        let post = Post::start(&Smtp { url: url.into(), from: "Relevo <no-reply@relevo.example>".into() }).unwrap();

        assert!(post.send(invitation("ana@acme.com", "Casa Ombu"), "es"));
        assert!(post.send(OutgoingMail { kind: MailKind::NewPassword, locale: Some("en".into()), ..invitation("bo@acme.com", "") }, "es"));

        let (first, second) = (mails.recv().await.unwrap(), mails.recv().await.unwrap());
        assert!(first.contains("RCPT TO:<ana@acme.com>") && first.contains("From: Relevo <no-reply@relevo.example>"), "{first}");
        assert!(first.contains("http://localhost/invitation/secret-token") && first.contains("Casa Ombu"), "{first}");
        assert!(second.contains("RCPT TO:<bo@acme.com>") && second.contains("Subject: Choose another password"), "{second}");
    }

    #[test]
    fn what_became_of_a_plugin_is_told_in_every_language() {
        let from: Mailbox = "no-reply@relevo.example".parse().unwrap();
        for set_aside in [true, false] {
            for lang in crate::web::visitor::LANGUAGES {
                let kind = MailKind::Plugin { business: "Casa Ombu".into(), plugin: "com.example.shop".into(), set_aside };
                let letter = Letter { mail: OutgoingMail { kind, ..invitation("ana@acme.com", "") }, lang: lang.to_owned() };
                let mail = String::from_utf8(written(&letter, &from).unwrap().formatted()).unwrap();
                assert!(mail.contains("com.example.shop"), "{lang}: {mail}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_that_people_name_becomes_a_header() {
        let (url, mut mails) = mailbox().await;
        let post = Post::start(&Smtp { url: url.into(), from: "no-reply@relevo.example".into() }).unwrap();

        assert!(post.send(invitation("ana@acme.com", "Acme\r\nBcc: evil@evil.example"), "es"));

        let mail = mails.recv().await.unwrap();
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert_eq!(mail.matches("RCPT TO").count(), 1);
    }

    /// Whoever asks waits for nobody, and a server that is not there is no error of theirs.
    #[tokio::test]
    async fn a_server_that_does_not_answer_holds_nobody_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let post = Post::start(&Smtp { url: url.into(), from: "no-reply@relevo.example".into() }).unwrap();

        let queued: Vec<bool> = (0..2 * WAITING).map(|_| post.send(invitation("ana@acme.com", "Acme"), "es")).collect();

        assert_eq!(post.queue.capacity(), 0, "what is too much is dropped");
        assert_eq!((queued.first(), queued.last()), (Some(&true), Some(&false)), "and said to be");
    }

    #[test]
    fn settings_that_send_nothing_are_told_at_the_start() {
        assert!(check_url(&"smtps://user:p%40ss@mail.example:465".into()).is_ok());
        for wrong in ["mail.example", "http://mail.example", "smtp://"] {
            assert!(check_url(&wrong.into()).is_err(), "{wrong}");
        }
        assert!(check_from("Relevo <a@b.example>").is_ok() && check_from("Relevo").is_err());
    }
}
