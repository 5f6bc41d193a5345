//! Orders, from the product to the code.

use crate::common::{MENU, SUMMARY, at_the_summary, chat, grocery, stock, text};
use relevo_plugin::{Choice, Content, Event, Failure, Location, OrderItem, events};
use serde_json::json;

#[test]
fn an_order_goes_from_the_menu_to_its_code_and_can_be_asked_for() {
    let mut chat = chat(grocery());

    chat.says("hola");
    assert_eq!(chat.says("2"), "¿Qué querés pedir?\n[Yerba] $ 1.500,00\n[Mate] $ 9.000,00 · sin stock\n[Café] $ 4.200,50\n[Volver al menú]");
    assert_eq!(chat.says("Yerba"), "¿Cuántas unidades de Yerba querés? Escribí un número del 1 al 5.");
    assert_eq!(chat.says("2"), "¿A dónde lo enviamos? Escribí calle, número y localidad, o mandá tu ubicación.");
    assert_eq!(chat.says("San Martín 450, Rosario"), SUMMARY);
    assert_eq!(chat.chooses("Confirmar"), "Listo. Tu pedido R-0001 quedó registrado. Total: $ 3.000,00.\n[Estado de pedido]\n[Menú]");
    assert_eq!(chat.chooses("Estado de pedido"), "Pedido R-0001: Recibido\n2 × Yerba: $ 3.000,00\nTotal: $ 3.000,00\n[Hacer un pedido]\n[Menú]");

    let order = chat.world.records.all("orders")[0];
    assert_eq!(order["lines"][0]["product_id"], "yerba");
    assert_eq!(order["lines"][0]["quantity"], 2);
    assert_eq!(order["address"], json!({"text": "San Martín 450, Rosario"}));
    assert_eq!(chat.world.records.fields("products", "yerba").unwrap()["stock"], 3);
    assert_eq!(chat.world.records.all("addresses"), [&json!({"text": "San Martín 450, Rosario"}).as_object().unwrap().clone()]);
}

#[test]
fn a_quantity_is_a_whole_number_that_the_stock_allows() {
    let mut chat = chat(grocery());
    chat.says("pedido");
    chat.chooses("Yerba");

    for wrong in ["muchas", "0"] {
        let heard = chat.says(wrong);
        assert!(heard.starts_with("No entendí la cantidad: tiene que ser un número entero del 1 al 5."), "{wrong}: {heard}");
        assert!(heard.ends_with("Escribí un número del 1 al 5."), "{wrong}: {heard}");
    }
    assert!(chat.says("8").starts_with("De Yerba quedan 5. Podés cambiar la cantidad."));
    for wrong in ["-1", "1,5"] {
        assert!(chat.says(wrong).starts_with("No entendí la cantidad"), "{wrong}");
    }
    assert!(chat.says("dos unidades").starts_with("¿A dónde lo enviamos?"));
}

#[test]
fn a_product_that_nobody_counts_is_ordered_up_to_99() {
    let mut chat = chat(grocery());
    chat.says("pedido");
    chat.chooses("Café");

    assert!(chat.says("100").starts_with("No entendí la cantidad: tiene que ser un número entero del 1 al 99."));
    assert!(chat.says("99").starts_with("¿A dónde lo enviamos?"));
}

#[test]
fn a_number_after_the_quantity_was_asked_is_never_taken_for_an_option() {
    let mut chat = chat(grocery());
    chat.says("pedido");

    chat.chooses("Yerba");

    assert_eq!(chat.offered(), []);
}

#[test]
fn known_addresses_are_offered_and_the_same_one_is_not_kept_twice() {
    let mut chat = at_the_summary(grocery().with("addresses", json!({"id": "casa", "text": "SAN MARTIN 450 Rosario"})));
    chat.chooses("Confirmar");
    assert_eq!(chat.world.records.all("addresses").len(), 1);

    chat.says("pedido");
    chat.chooses("Café");
    let asked = chat.says("1");
    let summary = chat.chooses("address:casa");

    assert!(asked.starts_with("¿A dónde lo enviamos? Elegí una dirección o escribí otra.\n[SAN MARTIN 450 Rosario]"), "{asked}");
    assert!(asked.ends_with("[Otra dirección]"), "{asked}");
    assert!(summary.contains("Envío a: SAN MARTIN 450 Rosario"), "{summary}");
}

#[test]
fn another_address_may_be_written_sent_as_a_place_or_in_several_messages() {
    let place = Location { latitude: -34.6037, longitude: -58.3816, name: Some("Obelisco".into()), address: None };
    let mut chat = at_the_summary(grocery().with("addresses", json!({"id": "casa", "text": "Otra calle 1"})));

    chat.chooses("Cambiar");
    chat.chooses("Dirección");
    assert!(chat.chooses("Otra dirección").starts_with("¿A dónde lo enviamos? Escribí calle"));
    assert!(chat.says("ahí").starts_with("Esa dirección no me sirve: tiene que tener entre 5 y 200 letras.\n\n¿A dónde"));
    assert!(chat.says(&"a".repeat(201)).starts_with("Esa dirección no me sirve"));
    assert!(chat.sends(Content::Location(place)).contains("Envío a: Obelisco https://maps.google.com/?q=-34.603700,-58.381600\n"));
    chat.chooses("Cambiar");
    chat.chooses("Dirección");
    assert!(chat.sends_all(vec![text("Mitre 123"), text("piso 2")]).contains("Envío a: Mitre 123, piso 2\n"));
}

#[test]
fn a_place_that_is_not_on_earth_is_no_address() {
    let nowhere = Location { latitude: f64::NAN, longitude: 500.0, name: None, address: None };
    let mut chat = chat(grocery());
    chat.says("pedido");
    chat.chooses("Yerba");
    chat.says("1");

    assert!(chat.sends(Content::Location(nowhere)).starts_with("No entendí"));
}

#[test]
fn an_order_can_be_changed_before_it_is_confirmed() {
    let mut chat = at_the_summary(grocery());

    assert_eq!(
        chat.chooses("Cambiar"),
        "¿Qué querés cambiar?\n[2 × Yerba] Cambiar la cantidad; 0 lo quita\n[Dirección]\n[Agregar otro producto]\n[Volver al resumen]\n[Cancelar]"
    );
    chat.chooses("2 × Yerba");
    assert!(chat.says("3").contains("3 × Yerba: $ 4.500,00"));
    chat.says("cambiar");
    chat.chooses("Agregar otro producto");
    chat.chooses("Café");
    assert!(chat.says("1").contains("3 × Yerba: $ 4.500,00\n1 × Café: $ 4.200,50\n"));
    chat.chooses("Cambiar");
    chat.chooses("3 × Yerba");
    assert!(chat.says("0").contains("Tu pedido:\n1 × Café: $ 4.200,50\n\n"));
}

#[test]
fn cancelling_in_the_middle_leaves_nothing_behind() {
    for word in ["cancelar", "CANCELAR.", "mejor cancelalo", "menú"] {
        let mut chat = at_the_summary(grocery());

        let heard = chat.says(word);

        assert_eq!(heard, format!("El pedido quedó cancelado, no se registró nada.\n\n{MENU}"), "{word}");
        assert!(chat.world.records.all("orders").is_empty());
        assert!(chat.presses("confirm").starts_with("Esa opción ya no está vigente."));
        assert!(chat.world.records.all("orders").is_empty());
    }
}

#[test]
fn going_back_leads_to_the_question_before() {
    let mut chat = chat(grocery());
    chat.says("pedido");
    chat.chooses("Yerba");
    chat.says("2");

    assert!(chat.says("volver").starts_with("¿Cuántas unidades de Yerba"));
    assert!(chat.says("atrás").starts_with("¿Qué querés pedir?"));
    assert!(chat.chooses("Volver al resumen").starts_with("¿A dónde lo enviamos?"));
    assert!(chat.says("Mitre 123").contains("2 × Yerba"));
    assert!(chat.says("volver").starts_with("¿Qué querés cambiar?"));
    assert!(chat.says("volver").starts_with("Tu pedido:"));
}

#[test]
fn wanting_the_product_that_is_shown_orders_it() {
    for words in ["lo llevo", "Pedir", "quiero comprar"] {
        let mut chat = chat(grocery());
        chat.says("catalogo");
        chat.chooses("Yerba");

        assert!(chat.says(words).starts_with("¿Cuántas unidades de Yerba"), "{words}");
    }

    let mut sold_out = chat(grocery());
    sold_out.says("catalogo");
    sold_out.chooses("Mate");
    assert!(sold_out.says("lo llevo").starts_with("Mate se quedó sin stock.\n\n¿Qué querés pedir?"));
}

#[test]
fn cancelling_without_an_order_says_what_can_be_done() {
    assert!(chat(grocery()).says("cancelar").starts_with("No hay un pedido en curso."));
}

#[test]
fn confirming_twice_makes_one_order() {
    let mut chat = at_the_summary(grocery());

    chat.chooses("Confirmar");
    let again = chat.presses("confirm");

    assert!(again.starts_with("Esa opción ya no está vigente."), "{again}");
    assert_eq!(chat.world.records.all("orders").len(), 1);
}

#[test]
fn a_yes_in_words_confirms_and_a_no_asks_what_to_change() {
    for yes in ["¡SÍ!", "Sí, dale", "ok, confirmo el pedido"] {
        assert!(at_the_summary(grocery()).says(yes).starts_with("Listo."), "{yes}");
    }
    for no in ["no", "quiero cambiar algo"] {
        assert!(at_the_summary(grocery()).says(no).starts_with("¿Qué querés cambiar?"), "{no}");
    }
    for neither in ["no confirmo nada", "mañana te digo"] {
        assert!(at_the_summary(grocery()).says(neither).starts_with("No entendí"), "{neither}");
    }
}

#[test]
fn stock_that_went_meanwhile_is_said_and_the_quantity_can_be_changed() {
    let mut chat = at_the_summary(grocery());
    stock(&mut chat.world, 1);

    let heard = chat.chooses("Confirmar");

    assert_eq!(heard, "De Yerba quedan 1. Podés cambiar la cantidad.\n\n¿Cuántas unidades de Yerba querés? Escribí un número del 1 al 1.");
    assert!(chat.world.records.all("orders").is_empty());
    assert!(chat.says("1").contains("1 × Yerba: $ 1.500,00"));
    assert!(chat.chooses("Confirmar").starts_with("Listo."));
}

#[test]
fn what_sold_out_leaves_the_order_and_what_was_reserved_for_it_is_given_back() {
    let mut chat = chat(grocery().with("products", json!({"id": "az", "title": "Azúcar", "price_minor": 100, "currency": "ARS", "stock": 9, "active": true})));
    chat.says("pedido");
    chat.chooses("Azúcar");
    chat.says("4");
    chat.says("Mitre 123");
    chat.chooses("Cambiar");
    chat.chooses("Agregar otro producto");
    chat.chooses("Yerba");
    chat.says("2");
    stock(&mut chat.world, 0);

    let heard = chat.chooses("Confirmar");

    assert!(heard.starts_with("Yerba se quedó sin stock.\n\nTu pedido:\n4 × Azúcar: $ 4,00\n"), "{heard}");
    assert_eq!(chat.world.records.fields("products", "az").unwrap()["stock"], 9);
}

#[test]
fn a_price_that_changed_since_the_summary_is_shown_before_it_counts() {
    let mut chat = at_the_summary(grocery());
    let mut yerba = json!(chat.world.records.fields("products", "yerba").unwrap());
    yerba["id"] = json!("yerba");
    yerba["price_minor"] = json!(200_000);
    chat.world.records.put("products", yerba);

    let heard = chat.chooses("Confirmar");

    assert!(heard.starts_with("Algo cambió desde el resumen anterior."), "{heard}");
    assert!(heard.contains("Total: $ 4.000,00"), "{heard}");
    assert!(chat.world.records.all("orders").is_empty());
    assert!(chat.chooses("Confirmar").contains("Total: $ 4.000,00"));
}

#[test]
fn an_order_that_is_refused_keeps_the_basket_and_the_stock() {
    let mut chat = at_the_summary(grocery());
    chat.world.records.refuse("orders", Failure::OverQuota("orders".into()));

    let heard = chat.chooses("Confirmar");

    assert!(heard.starts_with("No pude registrar el pedido."), "{heard}");
    assert!(heard.ends_with(SUMMARY), "{heard}");
    assert_eq!(chat.world.records.fields("products", "yerba").unwrap()["stock"], 5);
}

#[test]
fn an_order_whose_stock_may_not_be_taken_is_not_made() {
    let mut chat = at_the_summary(grocery());
    chat.world.records.refuse("reserve", Failure::Denied("products".into()));

    assert!(chat.chooses("Confirmar").starts_with("No pude registrar el pedido."));
    assert!(chat.world.records.all("orders").is_empty());
}

#[test]
fn what_may_pass_is_left_to_the_host_to_try_again() {
    let mut chat = at_the_summary(grocery());
    chat.world.records.refuse("orders", Failure::Unavailable(None));
    let before = chat.world.state.clone();
    let confirm = events::Inbound {
        message: "m".into(),
        at_ms: 0,
        content: Content::Choice(Choice { id: "confirm".into(), title: String::new() }),
        quotes: None,
        referral: None,
    };

    let result = chat.happens(Event::Messages(vec![confirm]));

    assert_eq!(result, Err(Failure::Unavailable(None)));
    assert_eq!(chat.world.state, before);
    assert_eq!(chat.world.records.fields("products", "yerba").unwrap()["stock"], 5);
}

#[test]
fn addresses_that_were_not_granted_do_not_stop_an_order() {
    let mut world = grocery();
    world.records.refuse("addresses", Failure::Denied("addresses".into()));

    assert!(at_the_summary(world).chooses("Confirmar").starts_with("Listo."));
}

#[test]
fn without_orders_the_state_says_so_and_offers_one() {
    let mut chat = chat(grocery());

    assert_eq!(chat.says("estado"), "Todavía no tenés pedidos.\n[Hacer un pedido]\n[Menú]");
    assert!(chat.chooses("Hacer un pedido").starts_with("¿Qué querés pedir?"));
}

#[test]
fn asking_for_the_state_in_the_middle_of_an_order_comes_back_to_its_question() {
    let mut chat = at_the_summary(grocery());

    assert_eq!(chat.says("estado"), format!("Todavía no tenés pedidos.\n{SUMMARY}"));
}

#[test]
fn a_basket_from_the_whatsapp_catalogue_becomes_an_order() {
    let price = relevo_plugin::types::Money { minor_units: 1, currency: "ARS".into() };
    let item = |sku: &str, quantity| OrderItem { sku: sku.into(), quantity, price: price.clone() };
    let mut chat = chat(grocery());

    let asked = chat.sends(Content::Order(vec![item("Y1", 8), item("C1", 1), item("B1", 1), item("nada", 1)]));
    let summary = chat.says("San Martín 450");

    assert!(asked.starts_with("De Yerba quedan 5. Podés cambiar la cantidad.\n\nDe tu carrito no encontré: B1, nada.\n\n¿A dónde"), "{asked}");
    assert!(summary.contains("5 × Yerba: $ 7.500,00\n1 × Café: $ 4.200,50\n"), "{summary}");
}

#[test]
fn two_currencies_do_not_share_an_order() {
    let mut chat =
        at_the_summary(grocery().with("products", json!({"id": "usd", "title": "Importado", "price_minor": 100, "currency": "USD", "active": true})));

    let heard = chat.presses("take:usd");

    assert!(heard.starts_with("Importado se cobra en otra moneda: pedilo aparte.\n\nTu pedido:\n2 × Yerba"), "{heard}");
}

#[test]
fn an_order_that_was_left_is_reminded_of_once() {
    let mut chat = at_the_summary(grocery().configured(json!({"reminder_minutes": 30})));

    assert_eq!(chat.waits(29), "");
    assert_eq!(chat.waits(2), format!("Dejaste un pedido sin terminar. Si querés, seguimos.\n\n{SUMMARY}"));
    assert_eq!(chat.waits(600), "");
    chat.says("qwerty");
    assert_eq!(chat.waits(60), "");
    chat.chooses("Confirmar");
    assert_eq!(chat.timers().count(), 0);
}

#[test]
fn no_reminder_comes_unless_asked_for_or_after_the_order_was_made() {
    let mut off = at_the_summary(grocery());
    let mut made = at_the_summary(grocery().configured(json!({"reminder_minutes": 30})));
    made.chooses("Confirmar");
    let mut handed = at_the_summary(grocery().configured(json!({"reminder_minutes": 30})));
    handed.says("asesor");

    assert_eq!(off.waits(600), "");
    assert_eq!(made.waits(600), "");
    assert_eq!(handed.waits(600), "");
}

#[test]
fn every_text_can_be_replaced() {
    let own = json!({"menu": "Hola {name}", "menu_order": "Quiero", "ask_quantity": "¿{max}? {title} {nada}", "catalogue_sort": "title"});
    let mut chat = chat(grocery().configured(own));

    assert!(chat.says("hola").starts_with("Hola {name}\n[Ver catálogo]\n[Quiero]"));
    assert!(chat.says("2").starts_with("¿Qué querés pedir?\n[Café]"));
    assert_eq!(chat.chooses("Yerba"), "¿5? Yerba {nada}");
}

#[test]
fn a_product_that_went_while_it_was_ordered_is_said() {
    let mut chat = chat(grocery());
    chat.says("pedido");
    chat.chooses("Yerba");
    chat.world.records.put("products", json!({"id": "yerba", "title": "Yerba", "price_minor": 1, "currency": "ARS", "active": false}));

    let heard = chat.says("2");

    assert!(heard.starts_with("Ese producto ya no está a la venta.\n\n¿Qué querés pedir?"), "{heard}");
}
