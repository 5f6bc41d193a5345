//! Replay: recorded turns run again on another version of a plugin, offline, and what would have been different.

mod compare;
mod known;
mod play;
mod recorded;
