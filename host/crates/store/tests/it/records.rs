//! Questions in a flow's own words, answered alike by both engines.

use relevo_store::{hot::*, *};
use serde_json::{Value, json};

use crate::support::*;

on_both!(
    every_operator_means_the_same_on_both_engines,
    words_are_found_without_case_and_wildcards_are_words,
    filters_hold_together,
    pages_of_any_order_show_each_row_once,
    a_value_is_never_part_of_the_question,
    a_name_that_is_not_offered_does_not_exist,
    orders_and_addresses_are_their_customers_alone,
    products_are_listed_by_title_in_pages,
);

fn field(fields: &[Field], name: &str) -> Field {
    *fields.iter().find(|field| field.name == name).unwrap()
}

fn product(name: &str) -> Field {
    field(PRODUCT_FIELDS, name)
}

fn ask(filters: Vec<(Field, Operator, Value)>) -> RecordQuery {
    RecordQuery { filters, sort: product("sku"), descending: false, after: None, limit: 100 }
}

async fn skus(w: &World, query: &RecordQuery) -> Vec<String> {
    w.cell.read().await.unwrap().find_products(query).await.unwrap().into_iter().map(|product| product.sku).collect()
}

/// Skus a to f, prices 100 to 600, the odd ones inactive, the last not counted.
async fn shelf(w: &World) {
    let mut write = w.cell.write().await.unwrap();
    let titles = ["Vino Tinto", "vino blanco", "100% Algodón", "a_b", r"c\d", "Ñandú"];
    for (n, (sku, title)) in (1..).zip(["a", "b", "c", "d", "e", "f"].iter().zip(titles)) {
        let stock = (n < 6).then_some(n);
        let product = Product { active: n % 2 == 0, popularity: n / 3, ..w.product_named(sku, title, n * 100, stock) };
        write.add_product(&product).await.unwrap();
    }
    write.commit().await.unwrap();
}

async fn every_operator_means_the_same_on_both_engines(w: World) {
    shelf(&w).await;
    for (name, operator, value, expected) in [
        ("price_minor", "eq", json!(300), "c"),
        ("price_minor", "ne", json!(300), "abdef"),
        ("price_minor", "lt", json!(300), "ab"),
        ("price_minor", "lte", json!(300), "abc"),
        ("price_minor", "gt", json!(300), "def"),
        ("price_minor", "gte", json!(300), "cdef"),
        ("price_minor", "lt", json!(i64::MIN), ""),
        ("sku", "gte", json!("e"), "ef"),
        ("sku", "eq", json!("A"), ""),
        ("active", "eq", json!(true), "bdf"),
        ("active", "ne", json!(true), "ace"),
        ("stock", "gt", json!(3), "de"),
        ("stock", "ne", json!(3), "abde"),
        ("title", "contains", json!("in"), "ab"),
    ] {
        let operator = Operator::named(operator).unwrap();
        let found = skus(&w, &ask(vec![(product(name), operator, value.clone())])).await.concat();
        assert_eq!(found, expected, "{name} {operator:?} {value}");
    }
}

async fn words_are_found_without_case_and_wildcards_are_words(w: World) {
    shelf(&w).await;
    for (words, expected) in
        [("VINO", "ab"), ("%", "c"), ("0%", "c"), ("_", "d"), (r"\", "e"), (r"c\d", "e"), ("", "abcdef"), ("algod", "c"), ("ñandú", ""), ("Ñ", "f")]
    {
        let found = skus(&w, &ask(vec![(product("title"), Operator::Contains, json!(words))])).await.concat();
        assert_eq!(found, expected, "{words}");
    }
}

async fn filters_hold_together(w: World) {
    shelf(&w).await;

    let filters = vec![
        (product("price_minor"), Operator::Gte, json!(200)),
        (product("price_minor"), Operator::Lt, json!(600)),
        (product("active"), Operator::Eq, json!(true)),
    ];

    assert_eq!(skus(&w, &ask(filters)).await, ["b", "d"]);
}

async fn pages_of_any_order_show_each_row_once(w: World) {
    shelf(&w).await;
    for (sort, descending, expected) in [
        ("sku", false, "abcdef"),
        ("sku", true, "fedcba"),
        ("popularity", false, "abcdef"),
        ("popularity", true, "fedcba"),
        ("created_at", true, "fedcba"),
        ("title", false, "cadebf"),
    ] {
        let mut query = RecordQuery { sort: product(sort), descending, limit: 2, ..ask(vec![]) };
        let mut seen = Vec::new();
        loop {
            let page = w.cell.read().await.unwrap().find_products(&query).await.unwrap();
            let Some(last) = page.last() else { break };
            let value = match sort {
                "sku" => json!(last.sku),
                "title" => json!(last.title),
                "popularity" => json!(last.popularity),
                _ => json!(last.created_at),
            };
            query.after = Some((value, last.id.to_string()));
            seen.extend(page.into_iter().map(|product| product.sku));
        }
        assert_eq!(seen.concat(), expected, "{sort} {descending}");
    }
}

const ATTACKS: [&str; 8] = [
    "' OR '1'='1",
    "'; DROP TABLE products; --",
    "a' UNION SELECT id, sealed_key, '', '', 0, '', '', TRUE, 0, 0, 0, 0 FROM tenants --",
    "$1",
    "?",
    "%' OR 1=1 --",
    "\\' OR 1=1 --",
    "a\u{0}b",
];

async fn a_value_is_never_part_of_the_question(w: World) {
    shelf(&w).await;
    let before = w.dump().await;
    for attack in ATTACKS {
        let mut filters = vec![(product("sku"), Operator::Eq, json!(attack)), (product("title"), Operator::Contains, json!(attack))];
        for name in ["price_minor", "active"] {
            filters.push((product(name), Operator::Eq, json!(attack)));
        }
        for filter in filters {
            let name = filter.0.name;
            // A word where a number is asked is the caller's mistake; it finds nothing that it did not name.
            let found = skus(&w, &ask(vec![filter, (product("sku"), Operator::Ne, json!("f"))])).await;
            assert!(found.is_empty() || name == "active", "{name} {attack}: {found:?}");
        }
        let after = Some((json!(attack), attack.to_owned()));
        skus(&w, &RecordQuery { after, ..ask(vec![]) }).await;
    }
    assert_eq!(w.dump().await, before);
}

async fn a_name_that_is_not_offered_does_not_exist(w: World) {
    for fields in [PRODUCT_FIELDS, ORDER_FIELDS, ADDRESS_FIELDS] {
        for field in fields {
            let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter == '.');
            assert!(plain(field.name) && plain(field.column), "{field:?}");
        }
    }
    for name in ["", "EQ", "=", "like", "eq; DROP TABLE products", "or 1=1"] {
        assert!(Operator::named(name).is_none(), "{name}");
    }
    // Every field that is offered is one that both engines know, in any position.
    shelf(&w).await;
    for field in PRODUCT_FIELDS {
        let value = match field.kind {
            FieldKind::Text => json!("a"),
            FieldKind::Number => json!(1),
            FieldKind::Truth => json!(true),
        };
        for operator in ["eq", "ne", "lt", "lte", "gt", "gte"] {
            skus(&w, &RecordQuery { sort: *field, ..ask(vec![(*field, Operator::named(operator).unwrap(), value.clone())]) }).await;
        }
    }
}

async fn orders_and_addresses_are_their_customers_alone(w: World) {
    let wine = w.product("vino", None).await;
    let mut customers = Vec::new();
    for from in [ANA, BRUNO] {
        let chat = w.says(from, "dos vinos").await;
        let mut commit = w.answer(&chat, &[]);
        let line = OrderLine { product: wine, title: "Vino".into(), quantity: 2, price_minor: 100 };
        let (id, code) = (w.clock.id(), format!("A-{from}"));
        let address = json!({ "text": "Mitre 1" });
        commit.effects.orders =
            vec![NewOrder { id, code, lines: vec![line], total_minor: 200, currency: "ARS".into(), address, is_test: false, actor: "p".into() }];
        commit.effects.addresses = vec![NewAddress { id: w.clock.id(), text: format!("casa de {from}"), latitude: Some(-34.6), longitude: Some(-58.4) }];
        w.cell.finish(commit).await.unwrap();
        customers.push(chat.customer);
    }
    let mut read = w.cell.read().await.unwrap();
    for (customer, from) in customers.iter().zip([ANA, BRUNO]) {
        // "Everything", asked in every way there is.
        let filters = vec![(field(ORDER_FIELDS, "total_minor"), Operator::Gte, json!(0)), (field(ORDER_FIELDS, "code"), Operator::Contains, json!("A-"))];
        let query = RecordQuery { filters, sort: field(ORDER_FIELDS, "created_at"), descending: true, after: None, limit: 100 };
        let orders = read.find_orders_of(customer, &query).await.unwrap();
        let query = RecordQuery { filters: vec![], sort: field(ADDRESS_FIELDS, "created_at"), descending: false, after: None, limit: 100 };
        let addresses = read.find_addresses_of(customer, &query).await.unwrap();

        assert_eq!(orders.iter().map(|order| order.code.as_str()).collect::<Vec<_>>(), [format!("A-{from}")]);
        assert_eq!(
            addresses.iter().map(|address| (address.text.as_str(), address.latitude)).collect::<Vec<_>>(),
            [(format!("casa de {from}").as_str(), Some(-34.6))]
        );
        assert_eq!(read.orders().list_of(customer, None, 10).await.unwrap().len(), 1);
        assert_eq!(read.customers().addresses(customer, 10).await.unwrap().len(), 1);
    }
    for name in ORDER_FIELDS {
        let query = RecordQuery { filters: vec![], sort: *name, descending: false, after: None, limit: 100 };
        assert_eq!(read.find_orders_of(&customers[0], &query).await.unwrap().len(), 1, "{name:?}");
    }
}

async fn products_are_listed_by_title_in_pages(w: World) {
    shelf(&w).await;
    let for_sale = ProductFilter { active: Some(true), search: None };
    let mut read = w.cell.read().await.unwrap();

    let first = read.products().list(&for_sale, None, 2).await.unwrap();
    let next = read.products().list(&for_sale, Some((&first[1].title, first[1].id.as_str())), 2).await.unwrap();
    let all = read.products().list(&ProductFilter::default(), None, 100).await.unwrap();

    let skus = |page: &[Product]| page.iter().map(|product| product.sku.clone()).collect::<String>();
    assert_eq!((skus(&first), skus(&next), skus(&all)), ("db".into(), "f".into(), "cadebf".into()));
}
