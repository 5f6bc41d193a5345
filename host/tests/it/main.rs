//! The host from outside: signed webhooks through the real router, real components, a fake Graph API, both databases.

#[cfg(test)]
mod harness;

#[cfg(test)]
mod author;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod burst;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod capabilities;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod console;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod door;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod kv;
#[cfg(test)]
mod media;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod order;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sequence;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod take_over;
#[cfg(test)]
mod timers;
#[cfg(test)]
mod uncertain;
#[cfg(test)]
mod webhooks;
