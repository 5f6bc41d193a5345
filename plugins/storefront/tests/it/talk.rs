//! Finding the way: menu, catalogue, a person, and whatever is not understood.

use crate::common::{MENU, SUMMARY, at_the_summary, at_the_summary_of_the_first, chat, grocery, many, text, voice_note};
use relevo_plugin::memory::World;
use relevo_plugin::{Action, Choice, Content, Event, events};
use serde_json::json;

#[test]
fn a_new_customer_is_greeted_before_the_menu_and_a_known_one_gets_the_menu() {
    let mut chat = chat(World::new());

    let first = chat.says("hola");
    chat.waits(13 * 60);
    let second = chat.says("buenas");

    assert!(first.starts_with("Hola, gracias por escribirnos."), "{first}");
    assert!(first.ends_with(MENU), "{first}");
    assert_eq!(second, MENU);
}

#[test]
fn the_catalogue_has_pages_and_comes_back_to_the_page_it_was_on() {
    let mut chat = chat(many(20));

    let first = chat.says("catálogo");
    let second = chat.chooses("Ver más");
    let product = chat.chooses("Producto 09");
    let again = chat.chooses("Catálogo");
    let third = chat.chooses("Ver más");

    assert!(first.contains("[Producto 01] $ 1,00") && first.contains("[Producto 08]") && !first.contains("09"), "{first}");
    assert!(first.ends_with("[Ver más]\n[Volver al menú]"), "{first}");
    assert!(product.starts_with("*Producto 09*\n\n$ 9,00\nHay stock\n[Pedir]\n[Catálogo]\n[Menú]"), "{product}");
    assert_eq!(second, again);
    assert!(third.contains("[Producto 20]") && !third.contains("Ver más"), "{third}");
    assert!(chat.says("volver al menu").ends_with(MENU));
}

#[test]
fn a_list_never_has_more_than_ten_rows() {
    let mut chat = at_the_summary_of_the_first(many(30));
    for _ in 0..8 {
        chat.chooses("Cambiar");
        assert!(chat.offered().len() <= 10, "{:?}", chat.offered());
        if !chat.offered().iter().any(|choice| choice.id == "add") {
            return;
        }
        chat.chooses("Agregar otro producto");
        assert!(chat.offered().len() <= 10, "{:?}", chat.offered());
        let fresh =
            chat.offered().into_iter().find(|choice| choice.id.starts_with("product:") && !chat.world.state.as_ref().unwrap().contains(&choice.id[8..]));
        chat.chooses(&fresh.expect("a product that is not in the order").id);
        chat.says("1");
    }
    panic!("an order takes any number of products");
}

#[test]
fn a_product_shows_its_price_and_what_is_left_and_only_offers_what_there_is() {
    let mut chat = chat(grocery());
    chat.says("ver catalogo");

    assert_eq!(chat.chooses("Yerba"), "*Yerba*\nCon palo, 500 g.\n\n$ 1.500,00\nQuedan 5\n[Pedir]\n[Catálogo]\n[Menú]");
    chat.chooses("Catálogo");
    assert_eq!(chat.chooses("Mate"), "*Mate*\n\n$ 9.000,00\nSin stock\n[Catálogo]\n[Menú]");
    assert!(!chat.presses("back").contains("Bombilla"));
    assert!(chat.presses("product:bombilla").starts_with("Ese producto ya no está a la venta."));
    assert!(chat.presses("product:nada").starts_with("Ese producto ya no está a la venta."));
}

#[test]
fn products_are_found_by_their_words() {
    let mut chat = chat(grocery());
    chat.says("catalogo");

    assert_eq!(chat.says("palo"), "Esto encontré con «palo»:\n[Yerba] $ 1.500,00\n[Ver catálogo]\n[Volver al menú]");
    assert!(chat.says("tractor").starts_with("No encontré «tractor».\n\nEsto encontré con «palo»:"));
    assert!(chat.chooses("Yerba").starts_with("*Yerba*"));
}

#[test]
fn a_title_that_a_list_would_cut_is_said_in_full_beside_its_price() {
    let product = json!({"id": "a", "title": "Yerba mate orgánica con palo, 500 g", "price_minor": 100, "currency": "ARS", "active": true});
    let mut lists = chat(World::new().known().with("products", product.clone()));
    let mut plain = chat(World::new().known().with("products", product));
    plain.world.abilities = vec!["text".into()];

    assert!(lists.says("catalogo").contains("$ 1,00 · Yerba mate orgánica con palo, 500 g"));
    assert!(plain.says("catalogo").contains("[Yerba mate orgánica con palo, 500 g] $ 1,00\n"));
}

#[test]
fn an_adviser_gets_the_conversation_with_what_was_begun() {
    let mut chat = at_the_summary(grocery());

    let heard = chat.says("quiero hablar con una persona");

    assert_eq!(heard, "Te paso con una persona. Te responde por este mismo chat.");
    let hand_over = chat.handed_over.as_ref().unwrap();
    assert_eq!(hand_over.reason, "Pidió hablar con un asesor");
    assert_eq!(hand_over.summary.as_deref(), Some("Estaba pidiendo: 2 × Yerba."));
    assert_eq!(chat.world.state, None);
    assert!(matches!(chat.last.as_slice(), [Action::Say(_), Action::HandOver(_)]));
}

#[test]
fn outside_of_the_opening_hours_the_adviser_is_promised_for_later() {
    let mut chat = chat(grocery());
    chat.world.service_point.open_now = false;

    assert!(chat.says("asesor").starts_with("Ahora está cerrado."));
}

#[test]
fn three_misses_in_a_row_offer_an_adviser() {
    let mut chat = chat(grocery());
    chat.says("hola");

    assert_eq!(chat.says("qwerty"), format!("No entendí lo que escribiste.\n\n{MENU}"));
    chat.says("asdfgh");
    assert_eq!(chat.says("zxcvbn"), "No nos estamos entendiendo. ¿Querés que te atienda una persona?\n[Hablar con un asesor]\n[Seguir]");
    assert_eq!(chat.says("poiuyt"), "No nos estamos entendiendo. ¿Querés que te atienda una persona?\n[Hablar con un asesor]\n[Seguir]");
    assert_eq!(chat.says("no"), MENU);
    chat.says("qwerty");
    chat.says("asdfgh");
    chat.says("zxcvbn");
    chat.says("sí");

    assert_eq!(chat.handed_over.unwrap().reason, "El bot no entendió tres mensajes seguidos");
}

#[test]
fn something_understood_in_between_starts_the_count_anew() {
    let mut chat = chat(grocery());
    chat.says("hola");
    chat.says("qwerty");
    chat.says("asdfgh");
    chat.says("catalogo");

    assert!(chat.says("zxcvbn").starts_with("No encontré «zxcvbn»."));
}

#[test]
fn what_cannot_be_read_is_said_and_the_question_asked_again() {
    let mut chat = at_the_summary(grocery());

    let heard = chat.sends_all(vec![voice_note(), voice_note()]);

    assert_eq!(heard, format!("Todavía no puedo leer fotos, audios ni archivos: escribilo con texto.\n\n{SUMMARY}"));
    assert!(chat.chooses("Confirmar").starts_with("Listo."));
}

#[test]
fn a_reaction_needs_no_answer() {
    let mut chat = at_the_summary(grocery());
    let before = chat.world.state.clone();

    assert_eq!(chat.sends(Content::Reaction("👍".into())), "");
    assert_eq!(chat.world.state, before);
}

#[test]
fn a_burst_is_understood_in_order_and_answered_once() {
    let mut chat = chat(grocery());
    let take = Choice { id: "take:yerba".into(), title: "Pedir".into() };

    let heard = chat.sends_all(vec![text("hola"), Content::Choice(take), text("2"), voice_note()]);

    assert_eq!(
        heard,
        "Todavía no puedo leer fotos, audios ni archivos: escribilo con texto.\n\n¿A dónde lo enviamos? Escribí calle, número y localidad, o mandá tu ubicación."
    );
}

#[test]
fn words_work_wherever_choices_do() {
    for (words, wanted) in [
        ("CATALOGO", "Estos son nuestros productos."),
        ("catálogo", "Estos son nuestros productos."),
        ("quiero ver los precios", "Estos son nuestros productos."),
        ("me llevo uno", "¿Qué querés pedir?"),
        ("¿Dónde está mi pedido?", "Todavía no tenés pedidos."),
        ("Necesito un ASESOR", "Te paso con una persona."),
        ("Menú", "¿En qué te ayudo?"),
    ] {
        let heard = chat(grocery()).says(words);
        assert!(heard.starts_with(wanted), "{words}: {heard}");
    }
}

#[test]
fn an_old_or_unknown_state_starts_at_the_menu() {
    for state in ["", "null", "7", "[]", "{\"v\":0}", r#"{"v":9,"at_ms":1,"step":"menu"}"#, r#"{"v":1,"at_ms":1772452800000,"step":{"nunca":{}}}"#] {
        let mut chat = chat(grocery());
        chat.world.state = Some(state.into());
        assert_eq!(chat.says("2 unidades"), MENU, "{state}");
    }

    let mut chat = at_the_summary(grocery());
    chat.waits(12 * 60 + 1);
    assert_eq!(chat.says("si"), MENU);
}

#[test]
fn after_a_person_gave_the_conversation_back_it_starts_over() {
    let mut chat = at_the_summary(grocery());
    chat.happens(Event::ReturnedToBot(events::HandOver { agent: None, reason: String::new() })).unwrap();

    assert_eq!(chat.says("si"), MENU);
}

#[test]
fn an_empty_shop_says_so() {
    assert_eq!(chat(World::new().known()).says("pedido"), format!("Todavía no hay productos para mostrar.\n\n{MENU}"));
}
