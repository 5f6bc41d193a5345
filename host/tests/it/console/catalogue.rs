//! Products and their photos.

use relevo_model::*;
use serde_json::{Value, json};

use super::{PHONE, audit, member, owner};
use crate::harness::{Setup, both_engines};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR-and-so-on";
const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";

fn product(title: &str, price: i64) -> Value {
    json!({ "title": title, "price_minor": price })
}

both_engines! {
    async fn products_are_added_found_changed_and_removed(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;

        let made = owner.post("/api/products", json!({ "sku": "YER-1K", "title": " Yerba ", "price_minor": 480_000, "stock": 3 })).await;
        let path = made.location.clone().unwrap();
        let etag = made.etag.clone().unwrap();
        assert_eq!((made.status, &made.body["title"], &made.body["currency"]), (201, &json!("Yerba"), &json!("ARS")));
        assert_eq!(owner.get(&path).await.etag.as_deref(), Some(&*etag));
        assert_eq!(owner.post("/api/products", json!({ "sku": "YER-1K", "title": "Otra", "price_minor": 1 })).await.problem(), "taken");
        let unnamed = owner.post("/api/products", product("Azúcar", 1)).await;
        assert!(unnamed.body["sku"].as_str().unwrap().starts_with("P-"), "{unnamed:?}");
        let changed = owner.put_seen(&path, &etag, json!({ "title": "Yerba suave", "price_minor": 500_000, "active": false, "stock": null })).await;
        assert_eq!((&changed.body["sku"], &changed.body["stock"], &changed.body["active"]), (&json!("YER-1K"), &json!(null), &json!(false)));
        assert_eq!(owner.put_seen(&path, &etag, product("Tarde", 1)).await.problem(), "stale");
        assert_eq!(owner.delete(&path).await.status, 204);

        assert_eq!((owner.get(&path).await.status, owner.put(&path, product("x", 1)).await.status, owner.delete(&path).await.status), (404, 404, 404));
        assert_eq!(owner.post("/api/products", json!({ "sku": "YER-1K", "title": "Nueva", "price_minor": 1 })).await.status, 201, "its SKU is free again");
        let noted = ["product.created", "product.created", "product.changed", "product.removed", "product.created"];
        assert_eq!(audit(&app, app.acme()).await, noted);
    }

    async fn products_are_listed_by_title_in_pages(setup: Setup) {
        let app = setup.tenant("acme").product("A", "Agua", 1, None).product("B", "Bizcochos", 2, None).product("C", "Café", 3, None).await;
        let owner = owner(&app).await;
        let business = app.acme().id;

        let mut titles = Vec::new();
        let mut next = format!("/api/products?business_id={business}&limit=2");
        loop {
            let page = owner.get(&next).await.ok();
            titles.extend(page["data"].as_array().unwrap().iter().map(|product| product["title"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("/api/products?business_id={business}&limit=2&cursor={cursor}");
        }

        assert_eq!(titles, ["Agua", "Bizcochos", "Café"]);
        let found = owner.get("/api/products?q=ZCO&active=true").await.ok();
        assert_eq!((found["data"].as_array().unwrap().len(), &found["data"][0]["sku"]), (1, &json!("B")));
        assert!(owner.get("/api/products?active=false").await.ok()["data"].as_array().unwrap().is_empty());
        assert!(owner.get("/api/products?q=%00").await.ok()["data"].as_array().unwrap().is_empty());
        assert_eq!(owner.get("/api/products?active=perhaps").await.problem(), "bad-query");
        assert_eq!(owner.get("/api/products?cursor=AAAA").await.problem(), "bad-cursor");
    }

    async fn all_that_is_wrong_with_a_product_is_told_at_once(setup: Setup) {
        let app = setup.tenant("acme").await;
        let owner = owner(&app).await;

        let refused = owner.post("/api/products", json!({ "sku": "a~b", "title": "", "description": "\u{0}", "price_minor": -1, "currency": "$", "stock": -1 })).await;

        let fields: Vec<&str> = refused.wrong().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["sku", "title", "description", "price_minor", "currency", "stock"]);
        assert_eq!(owner.post("/api/products", json!({ "title": "x", "price_minor": 1, "version": 7 })).await.wrong(), [("version", "problem-unknown-field")]);
    }

    async fn a_sale_makes_a_price_list_that_was_seen_before_it_stale(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").product("V", "Vino", 1_500, Some(5)).await;
        let owner = owner(&app).await;
        let listed = owner.get("/api/products").await.ok();
        let path = format!("/api/products/{}", listed["data"][0]["id"].as_str().unwrap());
        let etag = owner.get(&path).await.etag.unwrap();
        app.place.execute(Some(&app.acme().id), "UPDATE products SET stock = stock - 1, version = version + 1").await;

        let late = owner.put_seen(&path, &etag, json!({ "title": "Vino", "price_minor": 1_500, "stock": 5 })).await;

        assert_eq!(late.problem(), "stale");
        assert_eq!(owner.get(&path).await.body["stock"], 4);
    }

    async fn a_photo_is_uploaded_taken_over_and_seen(setup: Setup) {
        let app = setup.tenant("acme").product("V", "Vino", 1_500, None).await;
        let owner = owner(&app).await;
        let listed = owner.get("/api/products").await.ok();
        let path = format!("/api/products/{}", listed["data"][0]["id"].as_str().unwrap());
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();

        let ticket = owner.post(&format!("{path}/photo"), json!({})).await.ok();
        let url = app.url(0, ticket["url"].as_str().unwrap());
        assert_eq!(http.put(&url).body(SVG).send().await.unwrap().status(), 415, "no script gets in as a picture");
        assert_eq!(http.put(&url).body(vec![0; 5 * 1024 * 1024 + 1]).send().await.unwrap().status(), 413);
        assert_eq!(owner.put(&format!("{path}/photo"), json!({ "key": ticket["key"] })).await.wrong(), [("key", "field-upload")], "nothing is there yet");
        assert_eq!(http.put(&url).body(PNG).send().await.unwrap().status(), 204);
        let taken = owner.put(&format!("{path}/photo"), json!({ "key": ticket["key"] })).await;

        let photo = taken.body["photo_url"].as_str().unwrap().to_owned();
        assert!(photo.starts_with(&format!("{path}/photo?v=")), "{photo}");
        assert!(!taken.body.to_string().contains("incoming") && !taken.body.to_string().contains(ticket["key"].as_str().unwrap()));
        let led = http.get(app.url(0, &photo)).bearer_auth(owner.token()).send().await.unwrap();
        assert_eq!(led.status(), 307);
        let address = led.headers()["location"].to_str().unwrap().to_owned();
        let seen = http.get(app.url(0, &address)).send().await.unwrap();
        let header = |name: &str| seen.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("content-type"), header("x-content-type-options"), header("content-disposition")), ("image/png".into(), "nosniff".into(), "inline".into()));
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!(seen.bytes().await.unwrap(), PNG);

        assert_eq!(http.put(app.url(0, &address)).body(PNG).send().await.unwrap().status(), 404, "an address to look at takes nothing");
        app.clock.advance(std::time::Duration::from_secs(3_600));
        assert_eq!(http.get(app.url(0, &address)).send().await.unwrap().status(), 404, "and it ends");
        assert_eq!(http.put(&url).body(PNG).send().await.unwrap().status(), 404);
    }

    async fn an_upload_is_its_own_businesss_alone(setup: Setup) {
        let app = setup.tenant("acme").product("V", "Vino", 1, None).tenant("sector7").product("W", "Vodka", 1, None).await;
        let owner = owner(&app).await;
        let other = member(&app, app.tenant("sector7"), "otto", Role::Owner, Reach::All).await;
        let path = async |who: &super::Caller| format!("/api/products/{}/photo", who.get("/api/products").await.ok()["data"][0]["id"].as_str().unwrap());
        let (ours, theirs) = (path(&owner).await, path(&other).await);
        let ticket = owner.post(&ours, json!({})).await.ok();
        reqwest::Client::new().put(app.url(0, ticket["url"].as_str().unwrap())).body(PNG).send().await.unwrap();

        assert_eq!(other.put(&theirs, json!({ "key": ticket["key"] })).await.wrong(), [("key", "field-upload")]);
        assert_eq!((other.post(&ours, json!({})).await.status, other.get(&ours).await.status), (404, 404));
        for key in ["", "../x", "x/incoming/0", &format!("{}/products/0", app.acme().id), &format!("{}/incoming/../products/00000000000000000000000", app.acme().id)] {
            assert_eq!(owner.put(&ours, json!({ "key": key })).await.wrong(), [("key", "field-upload")], "{key}");
        }
        assert_eq!(owner.put(&ours, json!({ "key": ticket["key"] })).await.status, 200);
        assert_eq!(owner.put(&ours, json!({ "key": ticket["key"] })).await.wrong(), [("key", "field-upload")], "it is taken over once");
        assert_eq!(owner.delete(&ours).await.status, 204);
        assert_eq!(owner.get(&ours).await.status, 404);
    }

    async fn what_is_new_in_the_catalogue_is_offered_at_once(setup: Setup) {
        let app = setup.tenant("acme").flow("storefront").product("A", "Agua", 1_000, None).await;
        let owner = owner(&app).await;
        owner.post("/api/products", product("Bizcochos", 2_000)).await.ok();
        let listed = owner.get("/api/products?q=agua").await.ok();
        owner.delete(&format!("/api/products/{}", listed["data"][0]["id"].as_str().unwrap())).await;

        let chat = app.customer(PHONE).says("hola").await;
        chat.taps("Ver catálogo").await;
        let said = chat.bot_replies().await.join("\n");
        let shown = chat.sent().last().unwrap().choices();

        assert!(said.contains("Bizcochos") || shown.iter().any(|(_, title)| title.contains("Bizcochos")), "{said} {shown:?}");
        assert!(!said.contains("Agua") && !shown.iter().any(|(_, title)| title.contains("Agua")), "{said} {shown:?}");
    }
}
