//! What a customer wrote, as a choice where it means one of those that were offered last.

use relevo_model::{Content, options};

/// A number or the words of an offered choice become that choice; anything else stays what it is.
pub fn recognise(content: Content, offered: &[options::Offered]) -> Content {
    match &content {
        Content::Text { body } => match options::matched(body, offered) {
            Some(option) => Content::Choice { id: option.id.clone(), title: option.title.clone(), description: None },
            None => content,
        },
        _ => content,
    }
}
