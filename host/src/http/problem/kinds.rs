//! Every kind of problem that a program may get, in one table: what it means and how to mend it. The catalogue is made of this, and so is
//! what the API's document says of each operation.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($name:ident = $text:literal, $status:ident, $title:literal, $meaning:literal, $mend:literal;)+) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($name),+ }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name: the last part of its `type`, and of the address of its page.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// When it comes.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning),+ }
            }

            /// What to do about it.
            pub const fn mend(self) -> &'static str {
                match self { $(Self::$name => $mend),+ }
            }

            pub fn find(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
            }
        }
    };
}

kinds! {
    BadBody = "bad-body", BAD_REQUEST, "The body is not JSON",
        "The body could not be read as JSON. `detail` names line and column.",
        "Send one JSON value, in UTF-8.";
    BadQuery = "bad-query", BAD_REQUEST, "The query cannot be read",
        "A parameter in the address has a value that it cannot have. `detail` names it.",
        "Look the parameter up in the description of the operation.";
    BadCursor = "bad-cursor", BAD_REQUEST, "The cursor is not one of ours",
        "A list was asked to go on from a cursor that no list of this kind gave out.",
        "Take `next_cursor` of the page before as it is, for the same list, or leave the cursor out and begin anew.";
    BadKey = "bad-idempotency-key", BAD_REQUEST, "The Idempotency-Key cannot be taken",
        "The header came twice, is empty, longer than 255 characters, or holds more than printable ASCII.",
        "Use a random UUID, another one for each thing that is to be done once.";
    Unauthorized = "unauthorized", UNAUTHORIZED, "Nobody is logged in",
        "The operation wants somebody who is logged in, and the request brought no token, no key and no session.",
        "Log in at `POST /api/auth/login`, or make an API key, and send `Authorization: Bearer …`.";
    BadCredential = "bad-credential", UNAUTHORIZED, "The token or the key is worth nothing",
        "The token has ended (tokens last a quarter of an hour), its session was revoked, or the key was revoked or never was.",
        "Log in again, or use another key.";
    WrongLogin = "wrong-login", UNAUTHORIZED, "The address or the password is wrong",
        "There is no account with this address and this password. Which of the two is wrong, nobody is told.",
        "Check both, or ask for a link to set another password.";
    WrongCode = "wrong-code", UNAUTHORIZED, "The code is wrong",
        "The code of the second factor is wrong, has ended, or was used already: each works once.",
        "Wait for the app's next code, or use a recovery code.";
    CodeNeeded = "code-needed", UNAUTHORIZED, "A code of the second factor is needed",
        "The address and the password are right, and the account asks for a code too.",
        "Send the same request with `code`.";
    Permission = "permission", FORBIDDEN, "A permission is missing",
        "The role, or the scopes of the key, do not hold the permission that `detail` names, at any service point or at this one.",
        "Ask whoever manages people for another role, or make a key with that scope. `GET /api/permissions` shows which role may do what.";
    Forbidden = "forbidden", FORBIDDEN, "This may not be done",
        "No permission would change that: it is for people and not for keys, or it would give somebody more than the giver has.",
        "Do it as a person, or ask somebody who has more.";
    NoBusiness = "no-business", FORBIDDEN, "No business is chosen",
        "The person belongs to no business, or to several and the session works in none.",
        "Name the business: `?business_id=`. `GET /api/auth/me` lists those that there are.";
    ForeignOrigin = "foreign-origin", FORBIDDEN, "Sent from another site",
        "A browser says that a page of another site sent this, with the cookie of our session.",
        "Send a bearer token instead of the cookie, or name the page's origin in PANEL_ORIGINS.";
    OtherPerson = "other-person", FORBIDDEN, "This is for somebody else",
        "The invitation is for another address than the one of whoever is logged in.",
        "Log in with the address that was invited, or ask for another invitation.";
    NotFound = "not-found", NOT_FOUND, "There is nothing at this address",
        "There is no such thing, or none that the one who asks may know of.",
        "Check the id, and the business that the request is about.";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "Not with this method",
        "There is something at this address, and it does not take this method.",
        "Use one of those that the header `Allow` names.";
    Taken = "taken", CONFLICT, "It is taken already",
        "There is one with this name, address or number already.",
        "Choose another, or change the one that is there.";
    Enough = "enough-businesses", CONFLICT, "This person owns as many businesses as one may",
        "One person may own ten businesses; operators of the installation may own more.",
        "Let somebody else found it, or give one of the ten to another owner.";
    LastOwner = "last-owner", CONFLICT, "A business needs an owner",
        "The change would leave the business without an owner.",
        "Make somebody else an owner first.";
    Conflict = "conflict", CONFLICT, "Somebody else was there first",
        "Somebody changed the same thing at the same moment.",
        "Look at it again, and send the request again if it still makes sense.";
    InUse = "in-use", CONFLICT, "It is in use",
        "Something that stays needs it: a service point that customers wrote to keeps their conversations.",
        "Leave it, and switch its bot or its channel off instead.";
    Consent = "consent-needed", CONFLICT, "The version asks for more",
        "The version of the plugin asks for more than what the business consented to. `errors` names what.",
        "Look at what it asks for, and grant it or a part of it with `PUT /api/plugins/{id}/grants`.";
    NotReady = "not-ready", CONFLICT, "The version is not ready",
        "The version of the plugin is still being compiled.",
        "Ask for the version until its state is `ready`, and send the request again.";
    ReplayNeeded = "replay-needed", CONFLICT, "A replay was not approved",
        "The business wants to see what a version would have said otherwise before it answers, and nobody approved that of this one.",
        "Run a replay of the version, and approve its differences.";
    Misfit = "config-misfit", CONFLICT, "The configuration does not fit the version",
        "What is stored of the plugin's configuration, for the installation or at a service point, breaks the schema of the version. `errors` names field and place.",
        "Set it for the version with `PUT /api/plugins/{id}/config` and its `version`, or at the service point with its flow, and send the request again.";
    NoVersion = "no-version", CONFLICT, "There is no such version to go to",
        "Nothing answered before the present version, or no version is being tried.",
        "Look at the plugin: `GET /api/plugins/{id}` shows its versions.";
    WindowClosed = "window-closed", CONFLICT, "The 24-hour window is closed",
        "More than 24 hours have gone since the customer wrote last: WhatsApp takes nothing from us but templates.",
        "Wait until the customer writes again.";
    NoChannel = "no-channel", CONFLICT, "The conversation has no channel any more",
        "The channel that the customer wrote through was taken away: nothing can be said through it.",
        "Wait until the customer writes to another number of the business; that is another conversation.";
    KeyInFlight = "idempotency-in-flight", CONFLICT, "The same request is being done now",
        "A request with this Idempotency-Key has begun and has not ended.",
        "Send it again after a moment: the answer will be the first one's. A request that was lost frees its key after a minute.";
    Gone = "gone", GONE, "It has ended, or never was",
        "The link, the invitation, the session or the key was used, was replaced, has ended, or never was.",
        "Ask for another one.";
    Stale = "stale", PRECONDITION_FAILED, "It was changed meanwhile",
        "`If-Match` names another version than the one that is there now.",
        "Get it again, look at what changed, and send the change with the new ETag.";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "The body is larger than this operation takes.",
        "Send less at a time.";
    NotJson = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is of another type",
        "The operation does not take bodies of this `Content-Type`.",
        "Send `Content-Type: application/json`.";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "What was sent cannot be taken",
        "One or more fields are missing, unknown, or have values that they cannot have. `errors` names each: its `field`, the `problem` as a \
         key, and a `text` for people in the language of `Accept-Language`.",
        "Mend the fields that `errors` names.";
    Plugin = "not-a-plugin", UNPROCESSABLE_ENTITY, "The file cannot be a plugin",
        "The file is no component of our contract, its manifest is wrong, it cannot be compiled, or it may not be uploaded under this name or version. \
         `detail` says what to change, with the names that it is about; `errors` holds the same as a key, with a text for people.",
        "Change what `detail` says, and upload the file again.";
    NotConfirmed = "not-confirmed", UNPROCESSABLE_ENTITY, "The Graph API did not confirm it",
        "Meta's Graph API does not let this token read this number. `detail` says why, in its words.",
        "Check the number's id and the token: a permanent one of a system user that has the WhatsApp account.";
    KeyMismatch = "idempotency-mismatch", UNPROCESSABLE_ENTITY, "The key belongs to another request",
        "The Idempotency-Key was used within the last day for another operation or another body.",
        "Use a new key for each thing that is to be done.";
    TooManyAttempts = "too-many-attempts", TOO_MANY_REQUESTS, "Too many attempts",
        "Somebody tried too often to get in, asked for too many links, or invited too many people: each further try makes the next wait longer.",
        "Wait for as many seconds as `Retry-After` says.";
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests",
        "The caller, or the address, sends more than its share. `RateLimit` says what is left on every answer.",
        "Wait for as many seconds as `Retry-After` says.";
    Broken = "broken", INTERNAL_SERVER_ERROR, "Something is broken here",
        "Something failed that should not. It is in the log of the server.",
        "Try again later; if it stays, tell whoever operates this server when it happened.";
    Outside = "outside", BAD_GATEWAY, "The Graph API did not answer",
        "Meta's Graph API could not be asked. Nothing was changed.",
        "Try again after a moment.";
    Busy = "busy", SERVICE_UNAVAILABLE, "Too busy",
        "The server cannot take this just now: too many passwords are being checked, too many mails wait to be sent, or the database takes no \
         writes.",
        "Wait for as many seconds as `Retry-After` says, and try again.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_says_all_of_itself() {
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::find(kind.as_str()), Some(*kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{}", kind.as_str());
            assert!(kind.meaning().ends_with('.') && kind.mend().ends_with('.') && !kind.title().ends_with('.'), "{}", kind.as_str());
        }
        assert_eq!(Kind::find("unheard-of"), None);
    }
}
