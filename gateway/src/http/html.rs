//! Plain pages without scripts, written by the server: every text is escaped on its way in.

use std::fmt::Write;

/// A page that is being written.
pub(super) struct Html(String);

impl Html {
    /// The head, and the title as the first heading.
    pub(super) fn begin(title: &str) -> Self {
        let title = escape(title);
        Self(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title>\
             <link rel=\"stylesheet\" href=\"/help.css\"></head><body><main><h1>{title}</h1>"
        ))
    }

    /// An element with a text. `name` is one of ours.
    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.labelled(name, "", text);
    }

    /// An element with a text and an emphasised label before it.
    pub(super) fn labelled(&mut self, name: &str, label: &str, text: &str) {
        let label = match label {
            "" => String::new(),
            label => format!("<strong>{}</strong> ", escape(label)),
        };
        self.raw(&format!("<{name}>{label}{}</{name}>", escape(text)));
    }

    /// A link on a line of its own.
    pub(super) fn link(&mut self, href: &str, label: &str) {
        let (href, label) = (escape(href), escape(label));
        let _ = write!(
            self.0,
            "<br><a href=\"{href}\" rel=\"noreferrer\">{label}</a>"
        );
    }

    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// The whole page.
    pub(super) fn end(mut self) -> String {
        self.raw("</main></body></html>");
        self.0
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let mut page = Html::begin("<b>'\"&");
        page.labelled("p", "<i>", "<script>alert(1)</script>");
        page.link("\"><script>", "x");
        let html = page.end();
        assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("<i>"));
        assert!(html.contains("&lt;script&gt;alert(1)"));
    }
}
