//! Mails that are to go out. Nothing here sends: whoever gets one gives it to the mail server, or shows its link to an administrator.

use relevo_model::*;
use secrecy::SecretString;

/// A mail that somebody is to get. Its `Debug` shows neither address nor link.
#[must_use = "nobody knows this link unless it is sent or shown"]
pub struct OutgoingMail {
    pub to: String,
    pub kind: MailKind,
    /// To a reset or an invitation it works once.
    pub link: SecretString,
    pub expires_at: Time,
    /// The language of whoever gets it, where it is known.
    pub locale: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// Into a business of this name.
    Invitation {
        business: String,
    },
    NewPassword,
    /// What became of a plugin of a business: it was set aside, or a canary of it was taken back. The link leads to its page.
    Plugin {
        business: String,
        plugin: String,
        set_aside: bool,
    },
}

impl std::fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutgoingMail({:?})", self.kind)
    }
}
