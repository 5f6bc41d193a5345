//! What Relevo speaks of: ids, time, the words of a conversation and the rules that need no I/O.

pub mod channel;
pub mod clock;
pub mod content;
pub mod fault;
pub mod ids;
pub mod money;
pub mod options;
pub mod reach;
pub mod spans;
pub mod states;
pub mod turn;

pub use channel::*;
pub use clock::{Clock, Time};
pub use content::*;
pub use ids::*;
pub use reach::Reach;
pub use spans::Spans;
pub use states::*;
pub use turn::*;
