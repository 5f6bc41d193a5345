//! The question that each step asks, with its choices.

use relevo_plugin::{Button, Document, Failure, Query, Row};

use crate::input::one_line;
use crate::shop::{self, Product};
use crate::state::Step;
use crate::talk::Talk;
use crate::texts::Text;

const PAGE: usize = 8;
/// WhatsApp shows 24 characters of a row's title.
const ROW_TITLE: usize = 24;
const TITLE: usize = 80;
const DESCRIPTION: usize = 600;
/// From here on the detail of a product says how many are left.
const FEW: i64 = 5;

impl Talk<'_> {
    /// Asks what the step is about. A step that lost its ground, a product that is gone say, gives way to an earlier one.
    pub(crate) fn ask(&mut self) -> Result<(), Failure> {
        match self.state.step.clone() {
            Step::Start | Step::Menu => {
                self.ask_menu();
                Ok(())
            }
            Step::Catalogue { cursor, .. } => self.ask_catalogue(cursor),
            Step::Found { words } => self.ask_found(&words),
            Step::Product { id, .. } => self.ask_product(&id),
            Step::Quantity { product } => self.ask_quantity(&product),
            Step::Address => self.ask_address(),
            Step::NewAddress => {
                self.ask_new_address();
                Ok(())
            }
            Step::Confirm { .. } => self.ask_confirm(),
            Step::Change => self.ask_change(),
        }
    }

    pub(crate) fn offer_adviser(&mut self) {
        self.with_notices("");
        let body = self.text(Text::OfferAdviser).to_owned();
        let buttons = vec![self.button("adviser", Text::MenuAdviser), self.button("resume", Text::Resume)];
        self.reply.buttons(body, buttons);
    }

    pub(crate) fn search(&self, words: &str) -> Result<Vec<Document<Product>>, Failure> {
        match shop::products(self.turn).search(words, PAGE as u32) {
            Ok(mut found) => {
                found.retain(|document| document.value.active);
                Ok(found)
            }
            Err(failure) if shop::passes(&failure) => Err(failure),
            Err(_) => Ok(Vec::new()),
        }
    }

    pub(crate) fn turn_page(&mut self) {
        let next = if let Step::Catalogue { next, .. } = &mut self.state.step { next.take() } else { None };
        self.show_catalogue(self.state.ordering, next);
    }

    pub(crate) fn button(&self, id: &str, title: Text) -> Button {
        Button::new(id, self.text(title))
    }

    pub(crate) fn row(&self, id: &str, title: Text) -> Row {
        Row::new(id, self.text(title))
    }

    fn ask_menu(&mut self) {
        self.state.step = Step::Menu;
        self.state.ordering = false;
        let question = self.text(Text::Menu).to_owned();
        let body = self.with_notices(&question);
        let rows = vec![
            self.row("catalogue", Text::MenuCatalogue),
            self.row("order", Text::MenuOrder),
            self.row("status", Text::MenuStatus),
            self.row("adviser", Text::MenuAdviser),
        ];
        let button = self.text(Text::MenuButton).to_owned();
        self.reply.list(body, button, rows);
    }

    fn ask_catalogue(&mut self, cursor: Option<String>) -> Result<(), Failure> {
        let drafting = !self.state.basket.is_empty();
        let query = Query::first((PAGE - usize::from(drafting)) as u32).only("active", true).sort(self.settings.sort());
        let page = match shop::products(self.turn).find(query.clone().from(cursor.as_deref())) {
            // The cursor is of another day.
            Err(Failure::Invalid(_)) if cursor.is_some() => shop::products(self.turn).find(query)?,
            page => page?,
        };
        if page.items.is_empty() {
            if cursor.is_some() {
                return self.ask_catalogue(None);
            }
            self.notice(Text::CatalogueEmpty, &[]);
            self.ask_menu();
            return Ok(());
        }
        let question = self.text(if self.state.ordering { Text::PickProduct } else { Text::Catalogue }).to_owned();
        let mut rows = self.product_rows(&page.items);
        if page.next.is_some() {
            rows.push(self.row("more", Text::More));
        }
        self.state.step = Step::Catalogue { cursor, next: page.next };
        self.list_products(&question, rows);
        Ok(())
    }

    fn ask_found(&mut self, words: &str) -> Result<(), Failure> {
        let found = self.search(words)?;
        if found.is_empty() {
            return self.ask_catalogue(None);
        }
        let question = self.settings.fill(Text::Found, &[("words", words)]);
        let mut rows = self.product_rows(&found[..found.len().min(PAGE - 1)]);
        rows.push(self.row("back", Text::MenuCatalogue));
        self.list_products(&question, rows);
        Ok(())
    }

    fn list_products(&mut self, question: &str, mut rows: Vec<Row>) {
        if !self.state.basket.is_empty() {
            rows.push(self.row("summary", Text::BackToSummary));
        }
        rows.push(self.row("menu", Text::BackToMenu));
        let body = self.with_notices(question);
        let button = self.text(Text::CatalogueButton).to_owned();
        self.reply.list(body, button, rows);
    }

    /// A title that a list would cut is said in full beside the price.
    fn product_rows(&self, products: &[Document<Product>]) -> Vec<Row> {
        let long = |product: &Product| product.title.chars().count() > ROW_TITLE;
        let cuts = products.iter().any(|document| long(&document.value)) && self.turn.can_show("list");
        let rows = products.iter().map(|Document { id, value: product, .. }| {
            let title = one_line(&product.title, TITLE);
            let mut about = self.money(product.price_minor, &product.currency);
            if product.sold_out() {
                about = format!("{about} · {}", self.text(Text::SoldOutMark));
            }
            if cuts && long(product) {
                about = format!("{about} · {title}");
            }
            Row::new(format!("product:{id}"), title).described(about)
        });
        rows.collect()
    }

    fn ask_product(&mut self, id: &str) -> Result<(), Failure> {
        let Some(product) = shop::product(self.turn, id)? else {
            self.notice(Text::ProductGone, &[]);
            return self.ask_catalogue(None);
        };
        let stock = match product.stock {
            Some(..=0) => self.text(Text::NoStock).to_owned(),
            Some(left) if left <= FEW => self.settings.fill(Text::FewLeft, &[("stock", &left.to_string())]),
            _ => self.text(Text::InStock).to_owned(),
        };
        let title = one_line(&product.title, TITLE);
        let card = self.settings.fill(
            Text::Product,
            &[
                ("title", &title),
                ("description", &clip(product.description.as_deref().unwrap_or_default().trim(), DESCRIPTION)),
                ("price", &self.money(product.price_minor, &product.currency)),
                ("stock", &stock),
            ],
        );
        let body = self.with_notices(&without_gaps(&card));
        let mut buttons = vec![self.button("back", Text::CatalogueBack), self.button("menu", Text::MenuBack)];
        if !product.sold_out() {
            buttons.insert(0, Button::new(format!("take:{id}"), self.text(Text::TakeButton)));
        }
        self.reply.buttons(body, buttons).standing_on("product", id, &title);
        Ok(())
    }

    /// Plain text on purpose: where choices are numbers, a number would be taken for a choice.
    fn ask_quantity(&mut self, id: &str) -> Result<(), Failure> {
        let product = match shop::product(self.turn, id)? {
            Some(product) if !product.sold_out() => product,
            gone => {
                match gone {
                    Some(product) => self.tell_left(&product),
                    None => self.notice(Text::ProductGone, &[]),
                }
                self.state.drop_line(id);
                self.go_on();
                return self.ask();
            }
        };
        let title = one_line(&product.title, TITLE);
        let question = self.settings.fill(Text::AskQuantity, &[("title", &title), ("max", &product.most().to_string())]);
        let body = self.with_notices(&question);
        self.reply.text(body).standing_on("product", id, &title);
        Ok(())
    }
}

fn clip(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit - 1).collect();
    let end = kept.rfind(char::is_whitespace).filter(|end| end * 3 > kept.len() * 2).unwrap_or(kept.len());
    format!("{}…", kept[..end].trim_end())
}

/// Without the empty lines that an empty placeholder leaves.
fn without_gaps(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && (kept.is_empty() || kept.ends_with("\n\n")) {
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept.truncate(kept.trim_end().len());
    kept
}
