//! Conversation tests: a script says what a customer does and what the bot is expected to say and do; it is run against a plugin in a world
//! in memory, on a virtual clock, without a process around it. The same for the page, the command line and a manifest's own tests.

mod file;
mod outside;
mod report;
mod run;
mod saved;
mod script;
mod shelf;
mod world;

pub use report::{Entry, Report, Who};
pub use run::run;
pub use saved::of_conversation;
pub use script::{Customer, Deed, Does, File, Line, Outage, Place, Script, ScriptError, Scripted, Step, Wanted};
