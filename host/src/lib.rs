//! Relevo: businesses on WhatsApp, each with its own flows, in one process.

// The optimiser lays out a turn as one future, from the lane down to the statements of the store.
#![recursion_limit = "256"]

pub mod app;
pub mod author;
pub mod channels;
mod cluster;
pub mod commands;
pub mod console;
pub mod conversation;
pub mod demo;
pub mod doctor;
pub mod egress;
mod hours;
pub mod http;
pub mod identity;
pub mod mail;
pub mod media;
pub mod plugins;
pub mod policy;
pub mod replay;
pub mod scripts;
pub mod serve;
pub mod settings;
pub mod telemetry;
pub mod tenants;
pub mod texts;
pub mod users;
pub mod web;
