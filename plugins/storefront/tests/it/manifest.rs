//! The manifest's form is made from the texts themselves.

use relevo_plugin::Configured;
use serde_json::{Map, Value, json};
use storefront::{Storefront, Text};

/// A field for each text: what its help says first is the title, the placeholders after it are the description.
fn schema() -> Value {
    let mut properties = Map::new();
    properties.insert(
        "reminder_minutes".into(),
        json!({"type": "integer", "minimum": 0, "maximum": 660, "default": 0, "title": "Recordar un pedido a medias (minutos)", "description": "A los cuántos minutos se le recuerda al cliente, una sola vez. 0: nunca."}),
    );
    properties.insert(
        "catalogue_sort".into(),
        json!({"type": "string", "enum": ["popularity", "title"], "default": "popularity", "title": "Orden del catálogo", "description": "popularity: lo más pedido primero; title: por nombre."}),
    );
    for text in Text::ALL {
        let (title, placeholders) = text.help().split_once(". ").unwrap_or((text.help().trim_end_matches('.'), ""));
        let mut field = json!({"type": "string", "maxLength": 900, "default": text.default_text(), "title": title});
        if !placeholders.is_empty() {
            field["description"] = placeholders.into();
        }
        properties.insert(text.key().into(), field);
    }
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// To write it anew after changing the texts: `UPDATE_MANIFEST=1 cargo test -p storefront --test it form`.
#[test]
fn the_form_documents_every_setting_with_its_default() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/manifest.json");
    let mut manifest: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();

    if std::env::var_os("UPDATE_MANIFEST").is_some() {
        manifest["config"] = schema();
        std::fs::write(path, serde_json::to_string_pretty(&manifest).unwrap() + "\n").unwrap();
    }

    assert_eq!(manifest["config"], schema());
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn no_two_fields_of_the_form_look_the_same() {
    let mut titles: Vec<_> = Text::ALL.iter().map(|text| text.help()).collect();

    titles.sort_unstable();
    let all = titles.len();
    titles.dedup();

    assert_eq!(titles.len(), all);
}

#[test]
fn the_texts_keep_the_house_voice() {
    for text in Text::ALL {
        let words = text.default_text();
        assert!(!words.contains(['!', '¡']), "{words}");
        assert!(words.chars().all(|letter| (letter as u32) < 0x2190), "no emoji: {words}");
    }
}

#[test]
fn what_buttons_and_rows_say_fits_whatsapp() {
    use Text::*;

    for button in
        [MenuButton, CatalogueButton, AddressButton, TakeButton, CatalogueBack, MenuBack, Confirm, Change, Cancel, Resume, MenuAdviser, MenuStatus, MenuOrder]
    {
        assert!(button.default_text().chars().count() <= 20, "{button:?}");
    }
    for row in [MenuCatalogue, More, BackToMenu, OtherAddress, ChangeAddress, AddProduct, BackToSummary] {
        assert!(row.default_text().chars().count() <= 24, "{row:?}");
    }
}

#[test]
fn what_nothing_replaces_is_wrong_at_its_field_and_told_with_what_there_is() {
    let config = json!({
        "greeting": "Hola {nombre}, esto es {place}.",
        "menu": "¿En qué te ayudo, {name}?",
        "sold_out": "{title} { se agotó } {",
        "bad_quantity": "Del 1 al {max}, {max} como mucho.",
        "confirm": 5,
    });

    let problems: Vec<(String, String)> = Storefront::check(&config).into_iter().map(|problem| (problem.field, problem.message)).collect();

    let expected = [
        ("/greeting", "No existe {nombre}. Acá podés usar {name} y {place}."),
        ("/menu", "Acá no va nada entre llaves: {name} se leería así, tal cual."),
        ("/sold_out", "No existe { se agotó }. Acá podés usar {title}."),
    ];
    assert_eq!(problems, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
}

#[test]
fn every_text_of_ours_can_be_taken_as_it_is() {
    let config: Map<String, Value> = Text::ALL.iter().map(|text| (text.key().to_owned(), text.default_text().into())).collect();

    assert!(Storefront::check(&Value::Object(config)).is_empty());
}
