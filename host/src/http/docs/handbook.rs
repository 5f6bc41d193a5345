//! The handbook of those who write plugins, as a page: from its Markdown, once.

use std::sync::LazyLock;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;

const PLUGINS: &str = include_str!("../../../../docs/plugins.md");

/// The head of a table of pairs says nothing: Markdown wants one, readers do not.
const NO_HEAD: &str = "<thead><tr><th></th><th></th></tr></thead>";

/// A chapter as it is shown.
#[derive(Clone, Serialize)]
pub struct Chapter {
    pub title: String,
    pub sections: Vec<Section>,
    /// Of our own text: nothing in it came from outside.
    pub body: String,
}

/// A heading of the second level: where the list of contents leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Section {
    pub id: String,
    pub title: String,
}

/// How plugins are written.
pub fn plugins() -> &'static Chapter {
    static CHAPTER: LazyLock<Chapter> = LazyLock::new(|| chapter(PLUGINS));
    &CHAPTER
}

fn chapter(markdown: &str) -> Chapter {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let (mut title, mut sections) = (String::new(), Vec::new());
    for at in 0..events.len() {
        let Event::Start(Tag::Heading { level, .. }) = &events[at] else { continue };
        let (level, words) = (*level, words_from(&events[at + 1..]));
        let name = slug(&words);
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
            *id = Some(name.clone().into());
        }
        match level {
            HeadingLevel::H1 => title = words,
            HeadingLevel::H2 => sections.push(Section { id: name, title: words }),
            _ => {}
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter().map(served));
    Chapter { title, sections, body: body.replace(NO_HEAD, "") }
}

/// What a heading says.
fn words_from(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    inside.filter_map(|event| if let Event::Text(text) | Event::Code(text) = event { Some(text.as_ref()) } else { None }).collect()
}

fn slug(words: &str) -> String {
    let letters = words.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' });
    let joined: String = letters.collect();
    joined.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Where a link leads among files it leads to a file, and here to its page. What is wider than the page scrolls by itself, by keyboard too.
fn served(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) if &*dest_url == "api.md" => {
            Event::Start(Tag::Link { link_type, dest_url: CowStr::Borrowed("/docs/api"), title, id })
        }
        Event::Start(Tag::Table(_)) => Event::Html(CowStr::Borrowed("<div class=\"table-scroll\" tabindex=\"0\"><table class=\"table\">")),
        Event::Start(Tag::CodeBlock(_)) => Event::Html(CowStr::Borrowed("<pre tabindex=\"0\"><code>")),
        Event::End(TagEnd::CodeBlock) => Event::Html(CowStr::Borrowed("</code></pre>\n")),
        Event::End(TagEnd::Table) => Event::Html(CowStr::Borrowed("</tbody></table></div>\n")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_places_that_can_be_named() {
        let chapter =
            chapter("# Plugins\n\n## What `http` may do\n\nText with <b> & `code`.\n\n[API](api.md)\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n    a < b\n");

        assert_eq!((chapter.title.as_str(), chapter.sections), ("Plugins", vec![Section { id: "what-http-may-do".into(), title: "What http may do".into() }]));
        assert!(chapter.body.contains("<h2 id=\"what-http-may-do\">"), "{}", chapter.body);
        assert!(chapter.body.contains("href=\"/docs/api\""), "{}", chapter.body);
        assert!(chapter.body.contains("<pre tabindex=\"0\"><code>a &lt; b\n</code></pre>"), "{}", chapter.body);
        assert_eq!(chapter.body.matches("<table").count(), chapter.body.matches("</table>").count());
        assert_eq!(chapter.body.matches("<tbody>").count(), chapter.body.matches("</tbody>").count());
    }

    #[test]
    fn the_chapter_on_plugins_is_whole() {
        let chapter = plugins();

        assert!(!chapter.title.is_empty() && chapter.sections.len() > 5);
        assert!(!chapter.body.contains("<th></th>"), "no table has an empty head");
        assert_eq!(chapter.body.matches("href=\"#").count(), 0, "the list of contents is the page's");
    }
}
