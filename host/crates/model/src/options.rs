//! Choices: fitted to what a channel shows, rendered as numbered text where it shows none, and matched back.

use serde::{Deserialize, Serialize};

use crate::{Abilities, Button, Content, Row, Section};

/// WhatsApp's limits, in characters; rows and buttons in pieces.
pub const BUTTONS: usize = 3;
pub const ROWS: usize = 10;
pub const BUTTON_TITLE: usize = 20;
pub const ROW_TITLE: usize = 24;
pub const ROW_DESCRIPTION: usize = 72;
pub const BODY: usize = 1024;
pub const LIST_BODY: usize = 4096;
pub const TEXT_BODY: usize = 4096;
pub const FOOTER: usize = 60;

/// One choice that was offered last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    pub id: String,
    pub title: String,
}

/// The choices in a message, in the order in which they would be numbered.
pub fn offered(content: &Content) -> Vec<Offered> {
    match content {
        Content::Buttons { buttons, .. } => buttons.iter().map(|button| Offered { id: button.id.clone(), title: button.title.clone() }).collect(),
        Content::List { sections, .. } => {
            sections.iter().flat_map(|section| &section.rows).map(|row| Offered { id: row.id.clone(), title: row.title.clone() }).collect()
        }
        _ => Vec::new(),
    }
}

/// The same message as the channel can show it: titles cut to their limits, choices as numbered text where there are too many or the channel
/// shows none.
pub fn fit(content: Content, abilities: Abilities) -> Content {
    match content {
        Content::Buttons { body, footer, buttons } if abilities.buttons && !buttons.is_empty() && buttons.len() <= BUTTONS && body.chars().count() <= BODY => {
            Content::Buttons {
                body,
                footer: footer.map(|text| cut(&text, FOOTER)),
                buttons: buttons.into_iter().map(|button| Button { title: cut(&button.title, BUTTON_TITLE), ..button }).collect(),
            }
        }
        Content::List { body, button, sections } if abilities.lists && fits_a_list(&sections) && body.chars().count() <= LIST_BODY => Content::List {
            body,
            button: cut(&button, BUTTON_TITLE),
            sections: sections
                .into_iter()
                .filter(|section| !section.rows.is_empty())
                .map(|section| Section { title: cut(&section.title, ROW_TITLE), rows: section.rows.into_iter().map(fit_row).collect() })
                .collect(),
        },
        Content::Buttons { body, footer, buttons } => {
            let rows = buttons.iter().map(|button| (button.title.as_str(), None));
            Content::text(numbered(&body, rows, footer.as_deref()))
        }
        Content::List { body, sections, .. } => {
            let rows = sections.iter().flat_map(|section| &section.rows).map(|row| (row.title.as_str(), row.description.as_deref()));
            Content::text(numbered(&body, rows, None))
        }
        Content::Text { body } => Content::Text { body: cut(&body, TEXT_BODY) },
        other => other,
    }
}

fn fits_a_list(sections: &[Section]) -> bool {
    let rows = sections.iter().map(|section| section.rows.len()).sum::<usize>();
    (1..=ROWS).contains(&rows)
}

fn fit_row(row: Row) -> Row {
    Row { id: row.id, title: cut(&row.title, ROW_TITLE), description: row.description.map(|text| cut(&text, ROW_DESCRIPTION)) }
}

fn numbered<'a>(body: &str, rows: impl Iterator<Item = (&'a str, Option<&'a str>)>, footer: Option<&str>) -> String {
    let mut text = body.to_owned();
    text.push('\n');
    for (index, (title, description)) in rows.enumerate() {
        text.push_str(&format!("\n{}. {title}", index + 1));
        if let Some(description) = description.filter(|text| !text.is_empty()) {
            text.push_str(&format!(": {description}"));
        }
    }
    if let Some(footer) = footer {
        text.push_str(&format!("\n\n{footer}"));
    }
    cut(&text, TEXT_BODY)
}

/// Cuts at `limit` characters, where a word ends when one ends in the last third.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    let end = kept.rfind(' ').filter(|at| kept[..*at].chars().count() * 3 >= limit * 2).unwrap_or(kept.len());
    format!("{}…", kept[..end].trim_end())
}

/// Which of the offered choices a written answer means: its number, its words, or nothing.
pub fn matched<'a>(answer: &str, offered: &'a [Offered]) -> Option<&'a Offered> {
    let answer = plain(answer);
    let digits = answer.trim_end_matches(['.', ')']);
    if let Ok(number) = digits.parse::<usize>() {
        return number.checked_sub(1).and_then(|index| offered.get(index));
    }
    offered.iter().find(|option| !answer.is_empty() && plain(&option.title) == answer)
}

/// Without case, accents and surrounding space: how a hurried answer is compared.
pub fn plain(text: &str) -> String {
    text.trim()
        .chars()
        .flat_map(char::to_lowercase)
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
    use super::*;

    fn menu(rows: usize) -> Content {
        let rows = (1..=rows).map(|n| Row { id: format!("r{n}"), title: format!("Opción {n}"), description: None }).collect();
        Content::List { body: "¿Qué necesitás?".into(), button: "Ver".into(), sections: vec![Section { title: String::new(), rows }] }
    }

    #[test]
    fn a_list_stays_a_list_where_the_channel_shows_lists_and_becomes_numbered_text_elsewhere() {
        assert!(matches!(fit(menu(10), Abilities::ALL), Content::List { .. }));
        assert_eq!(fit(menu(2), Abilities::TEXT_ONLY), Content::text("¿Qué necesitás?\n\n1. Opción 1\n2. Opción 2"));
        assert!(matches!(fit(menu(11), Abilities::ALL), Content::Text { .. }));
    }

    #[test]
    fn an_answer_is_matched_by_number_or_by_words_without_case_and_accents() {
        let options = offered(&menu(3));
        assert_eq!(matched(" 2. ", &options).unwrap().id, "r2");
        assert_eq!(matched("OPCION 3", &options).unwrap().id, "r3");
        for no in ["0", "4", "", "otra cosa", "18446744073709551616"] {
            assert_eq!(matched(no, &options), None, "{no}");
        }
    }

    #[test]
    fn long_titles_are_cut_where_a_word_ends() {
        assert_eq!(cut("Hablar con un asesor humano", 24), "Hablar con un asesor…");
        assert_eq!(cut("Supercalifragilisticoespialidoso", 10), "Supercali…");
        assert_eq!(cut("justo", 5), "justo");
    }
}
