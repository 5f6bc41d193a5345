//! An order on its way from a product to its code.

use relevo_plugin::{Document, Failure, OrderItem, Row};

use crate::input::one_line;
use crate::shop::{self, NewLine, NewOrder, Order, Product};
use crate::state::{BasketLine, Step};
use crate::talk::Talk;
use crate::texts::Text;

/// Different products in one order: each has a row where the order is changed.
const LINES: usize = 6;
const TITLE: usize = 60;

/// A line of the basket at today's price.
struct Priced {
    line: BasketLine,
    product: Product,
}

impl Priced {
    fn total(&self) -> i64 {
        self.product.price_minor.saturating_mul(i64::from(self.line.quantity))
    }
}

impl Talk<'_> {
    /// A product was chosen from a list.
    pub(crate) fn pick(&mut self, id: &str) -> Result<(), Failure> {
        let cursor = if let Step::Catalogue { cursor, .. } = &mut self.state.step { cursor.take() } else { None };
        if self.state.ordering && shop::product(self.turn, id)?.is_some_and(|product| !product.sold_out()) {
            return self.take(id);
        }
        self.state.step = Step::Product { id: id.to_owned(), cursor };
        Ok(())
    }

    /// A product goes into the order; how many of it is asked next.
    pub(crate) fn take(&mut self, id: &str) -> Result<(), Failure> {
        if self.state.basket.len() >= LINES && !self.state.has_line(id) {
            self.notice(Text::BasketFull, &[("max", &LINES.to_string())]);
            self.go_on();
            return Ok(());
        }
        if let Some(first) = self.state.basket.first()
            && let (Some(first), Some(product)) = (shop::product(self.turn, &first.product)?, shop::product(self.turn, id)?)
            && first.currency != product.currency
        {
            self.notice(Text::OtherCurrency, &[("title", &one_line(&product.title, TITLE))]);
            self.go_on();
            return Ok(());
        }
        self.state.ordering = true;
        self.state.step = Step::Quantity { product: id.to_owned() };
        Ok(())
    }

    pub(crate) fn take_quantity(&mut self, id: &str, quantity: u32) -> Result<(), Failure> {
        let Some(product) = shop::product(self.turn, id)? else { return Ok(()) };
        if quantity == 0 && self.state.has_line(id) {
            self.state.drop_line(id);
            self.go_on();
        } else if self.fits(id, &product, quantity) {
            self.state.put_line(id, quantity);
            self.go_on();
        }
        Ok(())
    }

    pub(crate) fn miss_quantity(&mut self) -> Result<(), Failure> {
        let Step::Quantity { product } = &self.state.step else { return Ok(()) };
        let most = shop::product(self.turn, product)?.map_or(1, |product| product.most());
        self.miss(Text::BadQuantity, &[("max", &most.to_string())]);
        Ok(())
    }

    /// A basket that was put together in WhatsApp's own catalogue.
    pub(crate) fn take_basket(&mut self, items: &[OrderItem]) -> Result<(), Failure> {
        self.state.drop_draft();
        self.state.ordering = true;
        let mut unknown = Vec::new();
        for item in items.iter().take(LINES) {
            match shop::product_by_sku(self.turn, &item.sku)? {
                Some(Document { id, value: product, .. }) => {
                    let quantity = item.quantity.min(product.most());
                    if quantity < item.quantity {
                        self.tell_left(&product);
                    }
                    if quantity > 0 {
                        self.state.put_line(&id, quantity);
                    }
                }
                None => unknown.push(one_line(&item.sku, TITLE)),
            }
        }
        if !unknown.is_empty() {
            self.notice(Text::SkusUnknown, &[("skus", &unknown.join(", "))]);
        }
        if items.len() > LINES {
            self.notice(Text::BasketFull, &[("max", &LINES.to_string())]);
        }
        self.go_on();
        Ok(())
    }

    pub(crate) fn ask_confirm(&mut self) -> Result<(), Failure> {
        let priced = self.price()?;
        let Some(destination) = self.state.address.clone().filter(|_| !priced.is_empty()) else {
            self.go_on();
            return self.ask();
        };
        let total = total(&priced);
        let lines: Vec<_> =
            priced.iter().map(|priced| self.line(&priced.product.title, priced.line.quantity, priced.total(), &priced.product.currency)).collect();
        let question = self
            .settings
            .fill(Text::Summary, &[("lines", &lines.join("\n")), ("address", &destination.text), ("total", &self.money(total, &priced[0].product.currency))]);
        self.state.step = Step::Confirm { total_minor: total };
        let body = self.with_notices(&question);
        let buttons = vec![self.button("confirm", Text::Confirm), self.button("change", Text::Change), self.button("cancel", Text::Cancel)];
        self.reply.buttons(body, buttons);
        for Priced { line, product } in &priced {
            self.reply.standing_on("product", &line.product, &one_line(&product.title, TITLE));
        }
        Ok(())
    }

    pub(crate) fn ask_change(&mut self) -> Result<(), Failure> {
        let mut rows = Vec::with_capacity(LINES + 4);
        for Priced { line, product } in self.price()? {
            let title = format!("{} × {}", line.quantity, one_line(&product.title, TITLE));
            rows.push(Row::new(format!("quantity:{}", line.product), title).described(self.text(Text::ChangeQuantity)));
        }
        rows.push(self.row("change-address", Text::ChangeAddress));
        if self.state.basket.len() < LINES {
            rows.push(self.row("add", Text::AddProduct));
        }
        rows.push(self.row("summary", Text::BackToSummary));
        rows.push(self.row("cancel", Text::Cancel));
        let question = self.text(Text::AskChange).to_owned();
        let body = self.with_notices(&question);
        let button = self.text(Text::MenuButton).to_owned();
        self.reply.list(body, button, rows);
        Ok(())
    }

    /// Makes the order that the last summary showed, or says why not.
    pub(crate) fn place(&mut self) -> Result<(), Failure> {
        let (Step::Confirm { total_minor }, Some(destination)) = (&self.state.step, self.state.address.clone()) else { return Ok(()) };
        let shown = *total_minor;
        let before = self.state.basket.len();
        let priced = self.price()?;
        if priced.len() < before || total(&priced) != shown {
            self.notice(Text::SummaryChanged, &[]);
            return Ok(());
        }
        if !self.reserve(&priced)? {
            return Ok(());
        }

        let lines = priced.iter().map(|Priced { line, .. }| NewLine { product_id: line.product.clone(), quantity: line.quantity }).collect();
        let order = NewOrder { lines, address: shop::Address { text: destination.text.clone() } };
        let id = match self.turn.collection("orders").add(&order) {
            Ok(id) => id,
            Err(failure) => {
                self.give_back(&priced);
                return self.not_placed(failure);
            }
        };
        let made = self.turn.collection::<Order>("orders").get(&id)?;
        let (code, total, currency) = match &made {
            Some(Document { value: order, .. }) => (order.code.as_str(), order.total_minor, order.currency.as_str()),
            None => (id.as_str(), shown, priced[0].product.currency.as_str()),
        };
        self.keep_address(&destination);

        let told = self.settings.fill(Text::Placed, &[("code", code), ("total", &self.money(total, currency))]);
        let body = self.with_notices(&told);
        let buttons = vec![self.button("status", Text::MenuStatus), self.button("menu", Text::MenuBack)];
        self.reply.buttons(body, buttons).standing_on("order", &id, code);
        self.settle();
        Ok(())
    }

    /// Tells how the last order is. In the middle of another one, its question follows.
    pub(crate) fn tell_status(&mut self) -> Result<(), Failure> {
        let last = shop::last_order(self.turn)?;
        let told = match &last {
            Some(Document { value: order, .. }) => {
                let lines = order.lines.iter().take(10).map(|line| {
                    let total = line.price_minor.saturating_mul(line.quantity);
                    self.line(&line.title, line.quantity, total, &order.currency)
                });
                let lines: Vec<_> = lines.collect();
                let status = order.status_title.as_deref().filter(|title| !title.is_empty()).unwrap_or(&order.status);
                let total = self.money(order.total_minor, &order.currency);
                self.settings.fill(Text::Status, &[("code", &order.code), ("status", status), ("lines", &lines.join("\n")), ("total", &total)])
            }
            None => self.text(Text::NoOrders).to_owned(),
        };
        let body = self.with_notices(&told);
        let drafting = self.state.has_draft();
        if drafting {
            self.reply.text(body);
        } else {
            let buttons = vec![self.button("order", Text::MenuOrder), self.button("menu", Text::MenuBack)];
            self.reply.buttons(body, buttons);
            self.settle();
        }
        if let Some(Document { id, value: order, .. }) = last {
            self.reply.standing_on("order", &id, &order.code);
        }
        Ok(())
    }

    /// Whether so many can be ordered; says why not.
    fn fits(&mut self, id: &str, product: &Product, quantity: u32) -> bool {
        if product.sold_out() {
            self.tell_left(product);
            self.state.drop_line(id);
            self.go_on();
        } else if quantity == 0 || (product.stock.is_none() && quantity > product.most()) || quantity > 99 {
            self.miss(Text::BadQuantity, &[("max", &product.most().to_string())]);
        } else if quantity > product.most() {
            self.tell_left(product);
        } else {
            return true;
        }
        false
    }

    pub(crate) fn tell_left(&mut self, product: &Product) {
        let title = one_line(&product.title, TITLE);
        match product.stock {
            Some(left @ 1..) => self.notice(Text::NotEnough, &[("title", &title), ("stock", &left.to_string())]),
            _ => self.notice(Text::SoldOut, &[("title", &title)]),
        }
    }

    /// The basket at today's prices. What is no longer for sale leaves it, and that is said.
    fn price(&mut self) -> Result<Vec<Priced>, Failure> {
        let mut priced = Vec::with_capacity(self.state.basket.len());
        for line in std::mem::take(&mut self.state.basket) {
            match shop::product(self.turn, &line.product)? {
                Some(product) => priced.push(Priced { line, product }),
                None => self.notice(Text::ProductGone, &[]),
            }
        }
        self.state.basket = priced.iter().map(|priced| priced.line.clone()).collect();
        Ok(priced)
    }

    /// Takes every line from the stock, or none. True when all were taken.
    fn reserve(&mut self, priced: &[Priced]) -> Result<bool, Failure> {
        for (index, Priced { line, product }) in priced.iter().enumerate() {
            if product.stock.is_none() {
                continue;
            }
            let Err(failure) = self.turn.reserve(&line.product, i64::from(line.quantity)) else { continue };
            self.give_back(&priced[..index]);
            match failure {
                Failure::Conflict => {
                    let now = shop::product(self.turn, &line.product)?;
                    let left = now.as_ref().map_or(0, Product::most);
                    self.tell_left(now.as_ref().unwrap_or(product));
                    if left > 0 {
                        self.state.step = Step::Quantity { product: line.product.clone() };
                    } else {
                        self.state.drop_line(&line.product);
                        self.go_on();
                    }
                }
                failure => self.not_placed(failure)?,
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// The turn commits even though no order came of it.
    fn give_back(&self, priced: &[Priced]) {
        for Priced { line, .. } in priced.iter().filter(|priced| priced.product.stock.is_some()) {
            // It was taken in this very turn; there is nothing better to do if it cannot be given back.
            let _ = self.turn.reserve(&line.product, -i64::from(line.quantity));
        }
    }

    /// Lets the host try again what may pass; tells the customer about the rest.
    fn not_placed(&mut self, failure: Failure) -> Result<(), Failure> {
        if shop::passes(&failure) {
            return Err(failure);
        }
        self.notice(Text::NotPlaced, &[]);
        Ok(())
    }

    fn line(&self, title: &str, quantity: impl ToString, total: i64, currency: &str) -> String {
        let title = one_line(title, TITLE);
        self.settings.fill(Text::Line, &[("quantity", &quantity.to_string()), ("title", &title), ("price", &self.money(total, currency))])
    }
}

fn total(priced: &[Priced]) -> i64 {
    priced.iter().map(Priced::total).fold(0, i64::saturating_add)
}
