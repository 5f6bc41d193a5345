//! WhatsApp's own marks in a text: *bold*, _italic_, ~struck~, ```code```.

use minijinja::HtmlEscape;

const MARKS: [(&str, &str); 4] = [("```", "code"), ("*", "strong"), ("_", "em"), ("~", "s")];

/// The text as safe HTML. A mark without its partner, or around nothing, stays as it was typed.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut rest, mut before) = (text, ' ');
    while let Some(first) = rest.chars().next() {
        if !before.is_alphanumeric()
            && let Some((tag, inner, after)) = opened(rest)
        {
            let inner = if tag == "code" { HtmlEscape(inner).to_string() } else { html(inner) };
            out.push_str(&format!("<{tag}>{inner}</{tag}>"));
            (rest, before) = (after, ' ');
            continue;
        }
        out.push_str(&HtmlEscape(&rest[..first.len_utf8()]).to_string());
        (rest, before) = (&rest[first.len_utf8()..], first);
    }
    out
}

/// What stands between two marks on one line, and what follows.
fn opened(text: &str) -> Option<(&'static str, &str, &str)> {
    let (mark, tag) = MARKS.into_iter().find(|(mark, _)| text.starts_with(mark))?;
    let body = &text[mark.len()..];
    let end = body.find(mark)?;
    let inner = &body[..end];
    let closes = !body[end + mark.len()..].starts_with(char::is_alphanumeric);
    let fits = !inner.is_empty() && inner.trim() == inner && (tag == "code" || !inner.contains('\n'));
    (closes && fits).then_some((tag, inner, &body[end + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn marks_become_elements_and_everything_else_is_escaped() {
        assert_eq!(html("*Yerba* <b> _y *más*_"), "<strong>Yerba</strong> &lt;b&gt; <em>y <strong>más</strong></em>");
        assert_eq!(html("```a*b*c```"), "<code>a*b*c</code>");
    }

    #[test]
    fn a_mark_that_marks_nothing_stays() {
        for text in ["2 * 3 * 4", "snake_case_name", "*", "**", "*a", "a*b*c"] {
            assert_eq!(html(text), text);
        }
    }
}
