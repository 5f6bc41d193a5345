//! What people, phones and attackers type, in every step.

use crate::common::{at_the_summary, chat, grocery};
use relevo_plugin::Action;
use relevo_plugin::memory::Chat;
use serde_json::json;
use storefront::Storefront;

/// A few dozen lines of minimaxir/big-list-of-naughty-strings (MIT).
const STRINGS: &str = include_str!("naughty-strings.json");

fn steps() -> Vec<Chat<Storefront>> {
    let mut menu = chat(grocery());
    menu.says("hola");
    let mut catalogue = chat(grocery());
    catalogue.says("catalogo");
    let mut product = chat(grocery());
    product.presses("product:yerba");
    let mut quantity = chat(grocery());
    quantity.presses("take:yerba");
    let mut address = chat(grocery());
    address.presses("take:yerba");
    address.says("1");
    let mut change = at_the_summary(grocery());
    change.chooses("Cambiar");
    vec![chat(grocery()), menu, catalogue, product, quantity, address, at_the_summary(grocery()), change]
}

#[test]
fn whatever_is_typed_or_pressed_gets_an_answer_and_orders_nothing() {
    let strings: Vec<String> = serde_json::from_str(STRINGS).unwrap();
    assert!(strings.len() > 40);

    for string in &strings {
        for mut chat in steps() {
            assert!(!chat.says(string).is_empty(), "{string:?}");
            assert!(!chat.presses(string).is_empty(), "{string:?}");
            assert!(chat.world.records.all("orders").is_empty(), "{string:?}");
        }
    }
}

#[test]
fn whatever_a_product_or_a_customer_is_called_fits_the_channel() {
    let strings: Vec<String> = serde_json::from_str(STRINGS).unwrap();

    for string in &strings {
        let long = string.repeat(40);
        let product =
            json!({"id": "odd", "title": long, "description": long.repeat(20), "price_minor": i64::MAX, "currency": string, "stock": i64::MIN, "active": true});
        let mut chat = chat(grocery().with("products", product));
        chat.world.customer.first_seen = true;
        chat.world.customer.name = Some(long.clone());
        chat.world.config = json!({"greeting": "{name}", "not_found": long});

        for heard in [chat.says("catalogo"), chat.presses("product:odd"), chat.presses("take:odd"), chat.says("2")] {
            assert!(!heard.is_empty());
        }
        for action in &chat.last {
            if let Action::Say(said) = action {
                assert!(format!("{said:?}").len() < 20_000, "{string:?}");
            }
        }
    }
}
