//! A small grocery to talk to.

use relevo_plugin::memory::{Chat, World};
use relevo_plugin::{Content, Media};
use serde_json::json;
use storefront::Storefront;

pub fn grocery() -> World {
    World::new()
        .known()
        .with("products", json!({"id": "yerba", "sku": "Y1", "title": "Yerba", "description": "Con palo, 500 g.", "price_minor": 150_000, "currency": "ARS", "stock": 5, "active": true, "popularity": 9}))
        .with("products", json!({"id": "cafe", "sku": "C1", "title": "Café", "description": null, "price_minor": 420_050, "currency": "ARS", "stock": null, "active": true, "popularity": 5}))
        .with("products", json!({"id": "mate", "sku": "M1", "title": "Mate", "description": "", "price_minor": 900_000, "currency": "ARS", "stock": 0, "active": true, "popularity": 7}))
        .with("products", json!({"id": "bombilla", "sku": "B1", "title": "Bombilla", "price_minor": 1, "currency": "ARS", "stock": 3, "active": false, "popularity": 99}))
}

pub fn chat(world: World) -> Chat<Storefront> {
    Chat::new(world)
}

/// As far as the summary of two packets of yerba.
pub fn at_the_summary(world: World) -> Chat<Storefront> {
    let mut chat = chat(world);
    chat.says("hacer un pedido");
    chat.chooses("Yerba");
    chat.says("2");
    chat.says("San Martín 450, Rosario");
    chat
}

pub const MENU: &str = "¿En qué te ayudo?\n[Ver catálogo]\n[Hacer un pedido]\n[Estado de pedido]\n[Hablar con un asesor]";
pub const SUMMARY: &str =
    "Tu pedido:\n2 × Yerba: $ 3.000,00\n\nEnvío a: San Martín 450, Rosario\nTotal: $ 3.000,00\n\n¿Lo confirmás?\n[Confirmar]\n[Cambiar]\n[Cancelar]";

pub fn text(text: &str) -> Content {
    Content::Text(text.into())
}

pub fn voice_note() -> Content {
    Content::Media(Media { id: "m1".into(), mime: "audio/ogg".into(), size: 900, name: None, caption: None })
}

pub fn at_the_summary_of_the_first(world: World) -> Chat<Storefront> {
    let mut chat = chat(world);
    chat.says("pedido");
    chat.chooses("Producto 01");
    chat.says("1");
    chat.says("San Martín 450");
    chat
}

pub fn stock(world: &mut World, left: i64) {
    let mut yerba = json!(world.records.fields("products", "yerba"));
    yerba["id"] = json!("yerba");
    yerba["stock"] = json!(left);
    world.records.put("products", yerba);
}

pub fn many(products: usize) -> World {
    (1..=products).fold(World::new().known(), |world, n| {
        world.with("products", json!({"id": format!("p{n:02}"), "title": format!("Producto {n:02}"), "price_minor": n * 100, "currency": "ARS", "stock": null, "active": true, "popularity": 100 - n}))
    })
}
