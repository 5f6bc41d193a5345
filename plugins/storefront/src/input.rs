//! What a burst of messages means, before the conversation's step gives it more meaning.

use relevo_plugin::{Content, Inbound, Location, OrderItem};

/// One thing that the customer did.
pub(crate) enum Input<'a> {
    /// Texts that came one after another, a line each.
    Text(String),
    Choice(&'a str),
    Location(&'a Location),
    Basket(&'a [OrderItem]),
    /// A picture, a voice note, a sticker: nothing that this flow can read.
    Unreadable,
}

/// Where the customer wants to go, whatever was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Intent {
    Menu,
    Catalogue,
    Order,
    Status,
    Adviser,
    Cancel,
    Back,
}

/// Phrases that count when they are the whole message, even where an address is awaited.
const PHRASES: &[(Intent, &[&str])] = &[
    (Intent::Menu, &["menu", "inicio", "volver al menu", "menu principal", "empezar de nuevo", "salir"]),
    (Intent::Catalogue, &["catalogo", "ver catalogo", "el catalogo", "productos", "ver productos", "precios", "lista de precios"]),
    (Intent::Order, &["pedido", "pedir", "comprar", "hacer un pedido", "hacer pedido", "nuevo pedido", "quiero pedir", "quiero comprar"]),
    (Intent::Status, &["estado", "mi pedido", "estado de pedido", "estado del pedido", "estado de mi pedido", "donde esta mi pedido"]),
    (
        Intent::Adviser,
        &[
            "asesor",
            "asesora",
            "humano",
            "persona",
            "una persona",
            "agente",
            "operador",
            "hablar con un asesor",
            "quiero hablar con un asesor",
            "hablar con una persona",
        ],
    ),
    (Intent::Cancel, &["cancelar", "cancela", "cancelo", "cancelalo", "cancelar pedido", "cancelar el pedido"]),
    (Intent::Back, &["volver", "atras", "volver atras"]),
];

/// Words that count anywhere in a message; the first line that has one wins.
const WORDS: &[(Intent, &[&str])] = &[
    (Intent::Cancel, &["cancelar", "cancela", "cancelo", "cancelalo"]),
    (Intent::Adviser, &["asesor", "asesora", "humano", "persona", "operador", "operadora", "representante", "agente"]),
    (Intent::Menu, &["menu"]),
    (Intent::Status, &["estado", "seguimiento"]),
    (Intent::Catalogue, &["catalogo", "producto", "productos", "precio", "precios"]),
    (Intent::Order, &["pedido", "pedir", "comprar", "compro", "llevo", "encargar", "reservo", "cuotas", "paso"]),
];

const YES: &[&str] = &["si", "sip", "dale", "ok", "oka", "bueno", "listo", "correcto", "perfecto", "claro", "obvio", "bien", "acuerdo"];
const CONFIRMATIONS: &[&str] = &["confirmo", "confirmar", "confirma", "confirmado"];
const NO: &[&str] = &["no", "nop"];
/// They may stand beside a yes or a no, but are none.
const FILLERS: &[&str] = &["gracias", "muchas", "esta", "de", "mejor", "por", "favor"];
const CHANGES: &[&str] = &["cambiar", "cambia", "cambio", "modificar", "corregir"];
/// A message of nothing but these wants no answer of its own.
const COURTESIES: &[&str] = &[
    "hola", "holis", "hey", "buen", "buenas", "buenos", "dia", "dias", "tardes", "noches", "que", "tal", "como", "estas", "va", "todo", "bien", "gracias",
    "muchas", "mil", "ok", "oka", "dale", "listo", "perfecto", "genial", "joya", "barbaro", "chau", "hasta", "luego", "si", "no",
];
/// Beside "pedido", they speak of one that was made already.
const MADE: &[&str] = &["donde", "cuando", "mi", "llega", "llego", "demora", "tarda"];
const NUMBERS: &[&str] = &["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce"];

/// Joins texts that follow one another, leaves out reactions, and names what cannot be read once.
pub(crate) fn read(messages: &[Inbound]) -> Vec<Input<'_>> {
    let mut inputs: Vec<Input> = Vec::with_capacity(messages.len());
    for message in messages {
        match &message.content {
            Content::Text(text) => match inputs.last_mut() {
                Some(Input::Text(before)) => {
                    before.push('\n');
                    before.push_str(text);
                }
                _ => inputs.push(Input::Text(text.clone())),
            },
            Content::Choice(choice) => inputs.push(Input::Choice(&choice.id)),
            Content::Location(location) => inputs.push(Input::Location(location)),
            Content::Order(items) => inputs.push(Input::Basket(items)),
            Content::Reaction(_) => {}
            Content::Media(_) | Content::Contacts(_) | Content::Other(_) => {
                if !inputs.iter().any(|input| matches!(input, Input::Unreadable)) {
                    inputs.push(Input::Unreadable);
                }
            }
        }
    }
    inputs
}

/// The intent that a whole line states.
pub(crate) fn stated(text: &str) -> Option<Intent> {
    text.lines().find_map(|line| {
        let line = plain(line);
        PHRASES.iter().find(|(_, phrases)| phrases.contains(&line.as_str())).map(|(intent, _)| *intent)
    })
}

/// The intent that some word of the text suggests.
pub(crate) fn suggested(text: &str) -> Option<Intent> {
    let text = plain(text);
    let intent = WORDS.iter().find(|(_, words)| has_any(&text, words)).map(|(intent, _)| *intent)?;
    let of_one_made = intent == Intent::Order && has_any(&text, &["pedido"]) && has_any(&text, MADE);
    Some(if of_one_made { Intent::Status } else { intent })
}

pub(crate) fn is_yes(text: &str) -> bool {
    let text = plain(text);
    answers(&text, YES) || (has_any(&text, CONFIRMATIONS) && !has_any(&text, &["no"]))
}

pub(crate) fn is_no(text: &str) -> bool {
    answers(&plain(text), NO)
}

pub(crate) fn wants_change(text: &str) -> bool {
    has_any(&plain(text), CHANGES)
}

pub(crate) fn is_courtesy(text: &str) -> bool {
    consists_of(&plain(text), COURTESIES)
}

/// Some word is among these, and the others only fill.
fn answers(plain: &str, words: &[&str]) -> bool {
    has_any(plain, words) && plain.split(' ').all(|own| words.contains(&own) || FILLERS.contains(&own))
}

fn consists_of(plain: &str, words: &[&str]) -> bool {
    !plain.is_empty() && plain.split(' ').all(|own| words.contains(&own))
}

fn has_any(plain: &str, words: &[&str]) -> bool {
    plain.split(' ').any(|own| words.contains(&own))
}

/// The one whole number in the last line that has one: "2", "dos", "x2", "2 unidades". A fraction, a sign or a second number is none.
pub(crate) fn quantity(text: &str) -> Option<u32> {
    text.lines().rev().find_map(|line| {
        let line = fold(line);
        let mut found = None;
        for word in line.split_whitespace() {
            let word = word.trim_end_matches(['.', ',', '!', '?', ')']).trim_start_matches(['¿', '¡', '(']);
            let digits = word.strip_prefix('x').or_else(|| word.strip_suffix('x')).or_else(|| word.strip_suffix('u')).unwrap_or(word);
            let number = match NUMBERS.iter().position(|name| *name == word) {
                Some(value) => value as u32,
                None if matches!(word, "un" | "una") => 1,
                None if word.starts_with(|first: char| first.is_ascii_digit() || "+-x.,".contains(first))
                    && word.contains(|any: char| any.is_ascii_digit()) =>
                {
                    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        digits.parse().unwrap_or(u32::MAX)
                    } else {
                        return None;
                    }
                }
                None => continue,
            };
            if found.replace(number).is_some() {
                return None;
            }
        }
        found
    })
}

/// Without case, accents and punctuation, one space between words.
pub(crate) fn plain(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(String::with_capacity(folded.len()), |mut all, word| {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(word);
        all
    })
}

/// On one line, without control and invisible characters, cut at `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let text: String = text.chars().filter(|letter| !is_invisible(*letter)).map(visible).collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn fold(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).filter(|letter| !matches!(letter, '\u{0300}'..='\u{036f}'));
    letters
        .map(|letter| match letter {
            'á' | 'à' | 'ã' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'õ' | 'ô' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Intent, is_no, is_yes, one_line, plain, quantity, stated, suggested};

    #[test]
    fn case_accents_and_punctuation_do_not_matter() {
        assert_eq!(plain("  ¿Catálogo, por FAVOR?  "), "catalogo por favor");
        assert_eq!(plain("MENU\u{0301}"), "menu");
        assert_eq!(stated("¡CATÁLOGO!"), Some(Intent::Catalogue));
        assert_eq!(stated("hola\nMenú"), Some(Intent::Menu));
        assert_eq!(suggested("¿Dónde está mi pedido?"), Some(Intent::Status));
        assert_eq!(suggested("quiero cancelar el pedido"), Some(Intent::Cancel));
        assert_eq!(stated("Asesor 123"), None);
    }

    #[test]
    fn a_thank_you_alone_is_no_yes() {
        for text in ["Sí, gracias", "ok", "De acuerdo.", "está bien", "dale, confirmo"] {
            assert!(is_yes(text), "{text}");
        }
        for text in ["gracias", "", "no confirmo", "de", "si no llueve"] {
            assert!(!is_yes(text), "{text}");
        }
        assert!(is_no("no, gracias") && is_no("mejor no") && !is_no("gracias"));
    }

    #[test]
    fn an_order_that_was_made_is_told_from_one_to_make() {
        assert_eq!(suggested("hola, cuándo llega el pedido"), Some(Intent::Status));
        assert_eq!(suggested("quiero hacer un pedido"), Some(Intent::Order));
        assert_eq!(suggested("¿dónde quedan?"), None);
    }

    #[test]
    fn only_one_whole_number_is_a_quantity() {
        for (text, wanted) in [
            ("2", 2),
            ("dos", 2),
            ("x3", 3),
            ("3x", 3),
            ("2 unidades.", 2),
            ("quiero una", 1),
            ("12 u", 12),
            ("hola\n4", 4),
            ("0", 0),
            ("99999999999", u32::MAX),
        ] {
            assert_eq!(quantity(text), Some(wanted), "{text}");
        }
        for text in ["", "-1", "+2", "1.5", "1,5", "2 o 3", "muchas", "1e3", "½", "٣", "1/2"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_cut_and_cleaned() {
        assert_eq!(one_line(" a\u{0}b\n\tc\u{202e}d ", 10), "a b cd");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }
}
