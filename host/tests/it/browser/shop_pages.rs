//! The pages of a business's own things through the real router, without a browser.

use axum::http::{Method, StatusCode};

use super::{
    demo::{AGENT, Demo},
    guest::{Answer, Guest},
};

const REDIRECTED: StatusCode = StatusCode::SEE_OTHER;

/// A form with a file, as a browser sends it.
async fn upload(guest: &Guest, path: &str, fields: &[(&str, &str)], photo: &str) -> Answer {
    let field = |(name, value): &(&str, &str)| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = if photo.is_empty() { "" } else { "photo.gif" };
    let file =
        format!("--edge\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"{file}\"\r\nContent-Type: image/gif\r\n\r\n{photo}\r\n--edge--\r\n");
    let body = fields.iter().map(field).collect::<String>() + &file;
    guest.ask(Method::POST, path, &[("sec-fetch-site", "same-origin")], &body, &[("content-type", "multipart/form-data; boundary=edge")]).await
}

fn product<'a>(title: &'a str, price: &'a str, version: &'a str) -> [(&'a str, &'a str); 6] {
    [("title", title), ("description", ""), ("price", price), ("stock", ""), ("sku", ""), ("version", version)]
}

/// The address of the only product that a search finds.
async fn found(guest: &Guest, words: &str) -> String {
    let page = guest.get(&format!("/products?q={words}")).await.body;
    let mut links = page.split("href=\"/products/").skip(1).filter_map(|rest| rest.split_once('"')).map(|(id, _)| id).filter(|id| id.len() == 36);
    format!("/products/{}", links.next().unwrap_or_else(|| panic!("{page}")))
}

async fn points(demo: &Demo) -> [String; 2] {
    [demo.point("Centro").await, demo.point("Norte").await].map(|address| address.replace("/simulator/", "/points/"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_that_cannot_be_taken_says_why_at_each_field_and_keeps_what_was_entered() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;

    let refused = upload(&owner, "/products/new", &product("", "12,500", "0"), "GIF89a").await;
    let no_photo = upload(&owner, "/products/new", &product("Pava", "100", "0"), "<script>").await;
    let large = upload(&owner, "/products/new", &product("Pava", "100", "0"), &format!("GIF89a{}", "x".repeat(5 << 20))).await;
    let huge = upload(&owner, "/products/new?lang=pt", &product("Pava", "100", "0"), &format!("GIF89a{}", "x".repeat(60 << 20))).await;
    let empty = owner.uploads_beside("/products/new?lang=es", &product("Pava", "100", "0"), "photo", b"").await;
    let english = upload(&owner, "/products/new?lang=en", &product("Pava <roja>", "12,500", "0"), "GIF89a").await;

    assert_eq!((refused.status, refused.field("price")), (StatusCode::UNPROCESSABLE_ENTITY, "12,500"));
    assert!(refused.body.contains("data-testid=\"problem-title\"") && refused.body.contains("Falta este dato"), "{}", refused.body);
    assert!(refused.body.contains("No se entiende. Escribilo así: 12.500,50") && refused.body.contains("Volvé a elegir la foto"), "{}", refused.body);
    assert!(no_photo.body.contains("Ese archivo no es una foto") && no_photo.field("title") == "Pava");
    assert!(large.body.contains("La foto pasa de 5 MB") && large.field("title") == "Pava", "{} {}", large.status, large.body);
    assert!(huge.body.contains("A foto passa de 5 MB") && huge.field("title") == "Pava", "{} {}", huge.status, huge.body);
    assert!(empty.body.contains("El archivo está vacío") && empty.field("title") == "Pava", "{} {}", empty.status, empty.body);
    assert_eq!(english.to(), "/products", "in English it is twelve thousand five hundred");
    let list = owner.get("/products?q=pava&lang=es").await.body;
    assert_eq!(list.matches("data-testid=\"product\"").count(), 1, "what was refused made nothing");
    assert!(list.contains("$ 12.500<") && list.contains("Pava &lt;roja&gt;") && list.contains("src=\"&#x2f;media&#x2f;"), "{list}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_overwrites_what_they_have_not_seen_without_being_told() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    assert_eq!(upload(&owner, "/products/new", &product("Termo", "100", "0"), "").await.to(), "/products");
    let address = found(&owner, "termo").await;
    let version = owner.get(&address).await.field("version").to_owned();
    assert_eq!(upload(&owner, &address, &product("Termo de un litro", "200", &version), "").await.status, REDIRECTED);

    let late = upload(&owner, &address, &product("Termo rojo", "300", &version), "").await;

    assert_eq!((late.status, late.field("title"), late.field("price")), (StatusCode::UNPROCESSABLE_ENTITY, "Termo rojo", "300"));
    assert!(late.body.contains("Alguien lo cambió mientras tanto"), "{}", late.body);
    for (field, stored) in [("title", "Termo de un litro"), ("price", "200")] {
        let (_, shown) = late.body.split_once(&format!("data-testid=\"now-{field}\"")).unwrap_or_else(|| panic!("{}", late.body));
        assert!(shown.split("</p>").next().unwrap().ends_with(&format!("<span>Ahora dice:</span> <b>{stored}</b>")), "{shown}");
    }
    assert!(!late.body.contains("now-description") && !late.body.contains("now-active"), "what is the same is not told: {}", late.body);
    let now = late.field("version").to_owned();
    assert_ne!(now, version);
    assert_eq!(owner.get(&address).await.field("price"), "200", "nothing was changed by it");
    assert_eq!(upload(&owner, &address, &product("Termo rojo", "300", &now), "").await.status, REDIRECTED, "whoever saves again means it");
    assert_eq!(owner.get(&address).await.field("price"), "300");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_stayed_open_acts_in_the_business_that_it_shows() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let form = owner.get("/products/new").await.body;
    let action = form.split("<form class=\"form\" method=\"post\" action=\"").nth(1).and_then(|rest| rest.split_once('"')).unwrap().0;
    assert_eq!(owner.post("/welcome", &[("name", "Kiosco Olga"), ("industry", "")]).await.to(), "/dashboard");

    let refused = upload(&owner, action, &product("", "100", "0"), "").await;
    let done = upload(&owner, action, &product("Termo", "100", "0"), "").await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("<span class=\"place-name\">Almacén Demo</span>") && refused.body.contains(action), "{}", refused.body);
    assert_eq!(done.to(), format!("/products?business_id={}", demo.cell().await.tenant()));
    let (there, here) = (owner.get(done.to()).await.body, owner.get("/products?q=termo").await.body);
    assert!(there.contains("Almacén Demo</span>") && there.contains(">Termo<"), "{there}");
    assert!(here.contains("Kiosco Olga</span>") && !here.contains(">Termo<"), "{here}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_works_at_one_branch_knows_of_no_other() {
    let demo = Demo::start().await;
    let [centro, norte] = points(&demo).await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    demo.limits_the_agent_to("Norte").await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    let list = agent.get("/points").await.body;
    assert!(list.contains("Norte") && !list.contains("Centro"), "{list}");
    assert_eq!(agent.post(&format!("{norte}/bot"), &[]).await.to(), "/points", "agents switch the bot where they work");
    assert_eq!(agent.post(&format!("{centro}/bot"), &[]).await.status, StatusCode::NOT_FOUND);
    for page in ["", "/whatsapp", "/flow", "/remove"] {
        assert_eq!(agent.get(&format!("{norte}{page}")).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    for page in ["/products/new", "/settings", "/settings/assistant", "/settings/prompt", "/settings/policies", "/points/new"] {
        assert_eq!(agent.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    let elsewhere = "/points/0198c0de-0000-7000-8000-000000000000";
    for page in ["", "/whatsapp", "/whatsapp/connect", "/flow", "/flow/storefront", "/remove"] {
        assert_eq!(owner.get(&format!("{elsewhere}{page}")).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    assert_eq!(agent.get("/products").await.status, StatusCode::OK);
    assert!(!agent.get("/products").await.body.contains("/products/new"), "what one may not do is not offered");
    assert!(owner.get("/points").await.body.contains("Bot apagado"), "and the others see that it is off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_are_taken_as_they_are_written_and_each_day_says_what_is_wrong_with_it() {
    let demo = Demo::start().await;
    let [centro, _] = points(&demo).await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let version = owner.get(&centro).await.field("version").to_owned();
    let form = |mon: &'static str, version: &str| {
        let days = [("mon", mon), ("tue", ""), ("wed", ""), ("thu", ""), ("fri", ""), ("sat", ""), ("sun", "")];
        let rest = [("name", "Centro"), ("time_zone", "montevideo"), ("open", "hours"), ("burst_ms", "2000"), ("uncertain_policy", "resend")];
        let mut form: Vec<(String, String)> = days.into_iter().chain(rest).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        form.push(("version".into(), version.into()));
        form
    };
    let send = async |mon, version: &str| {
        let form = form(mon, version);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        owner.post(&centro, &form).await
    };

    let refused = send("13 a 9", &version).await;
    let nothing = send("", &version).await;
    let night = send("20 a 2", &version).await;
    assert_eq!((night.to(), owner.get(&centro).await.field("mon")), (&*centro, "20:00–02:00"));
    let version = owner.get(&centro).await.field("version").to_owned();
    let taken = send("9 a 13, 16 a 20:30", &version).await;

    assert_eq!((refused.status, refused.field("mon")), (StatusCode::UNPROCESSABLE_ENTITY, "13 a 9"));
    assert!(refused.body.contains("data-testid=\"problem-mon\""), "{}", refused.body);
    assert!(nothing.body.contains("o elegí «Siempre abierto»"), "{}", nothing.body);
    assert_eq!(taken.to(), centro);
    let page = owner.get(&centro).await;
    assert_eq!(page.field("mon"), "09:00–13:00, 16:00–20:30");
    assert_eq!(page.field("time_zone"), "America&#x2f;Montevideo", "a city names its zone");
    assert!(page.body.contains("<option value=\"2000\" selected>"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_point_is_made_with_what_answers_and_removed_as_long_as_nobody_wrote() {
    let demo = Demo::start().await;
    let [centro, _] = points(&demo).await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let new = |name| [("name", name), ("time_zone", "America/Argentina/Buenos_Aires"), ("plugin", "echo")];

    let made = owner.post("/points/new", &new("Quilmes")).await.to().to_owned();
    let again = owner.post("/points/new", &new("Quilmes")).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.body.contains("Ya hay otro con ese nombre"), "{}", again.body);
    assert!(owner.get(&format!("{made}/flow")).await.body.contains("data-plugin=\"echo\""));
    assert_eq!(owner.post(&format!("{made}/remove"), &[]).await.to(), "/points");
    assert_eq!(owner.get(&made).await.status, StatusCode::NOT_FOUND);

    let phone = format!("{}/phones/cliente-1/messages", centro.replace("/points/", "/simulator/"));
    assert!(owner.get(&centro).await.body.contains("/remove?"), "as long as nobody wrote it is offered");
    assert!(owner.post(&phone, &[("text", "hola")]).await.status.is_redirection());
    demo.settled().await;
    let page = owner.get(&centro).await;
    assert!(page.marked("in-use").starts_with("No se puede borrar") && !page.body.contains("/remove?"), "{}", page.body);
    assert_eq!(owner.get(&format!("{centro}/remove")).await.status, StatusCode::CONFLICT, "nobody is asked what cannot be done");
    let refused = owner.post(&format!("{centro}/remove"), &[]).await;
    assert!(refused.status == StatusCode::CONFLICT && refused.body.contains("Aquí hubo conversaciones"), "{}", refused.body);
    assert_eq!(owner.get(&centro).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_secret_goes_in_and_never_comes_back() {
    const SECRET: &str = "canary-0123456789";
    let demo = Demo::start().await;
    let [centro, _] = points(&demo).await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let new = [("name", "Quilmes"), ("time_zone", "UTC"), ("plugin", "")];
    let point = owner.post("/points/new", &new).await.to().to_owned();
    let whatsapp = format!("{point}/whatsapp");
    let connection = |number| [("phone_number_id", number), ("waba_id", ""), ("access_token", SECRET), ("app_secret", SECRET)];

    let refused = owner.post(&format!("{whatsapp}/connect"), &connection("not a number")).await;
    assert_eq!((refused.status, refused.field("phone_number_id"), refused.field("access_token")), (StatusCode::UNPROCESSABLE_ENTITY, "not a number", ""));
    assert_eq!(owner.post(&format!("{whatsapp}/connect"), &connection("10654035224")).await.to(), whatsapp);
    let shown = owner.get(&whatsapp).await.body;
    let (_, rest) = shown.split_once(&format!("href=\"{whatsapp}/")).unwrap();
    let channel = format!("{whatsapp}/{}", rest.split('"').next().unwrap());
    let renewal = owner.get(&channel).await.body;
    let nothing = owner.post(&channel, &[("access_token", ""), ("app_secret", "")]).await;
    let version = owner.get("/settings/assistant").await.field("version").to_owned();
    let assistant = [("base_url", ""), ("model", "gpt-4o-mini"), ("api_key", SECRET), ("version", &version)];
    assert_eq!(owner.post("/settings/assistant", &assistant).await.to(), "/settings/assistant");
    let kept = owner.get("/settings/assistant").await.body;

    for page in [&refused.body, &shown, &renewal, &nothing.body, &kept] {
        assert!(!page.contains(SECRET), "{page}");
    }
    for page in [&shown, &renewal, &kept] {
        assert!(page.contains("Guardada. No se vuelve a mostrar."), "{page}");
    }
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY, "nothing was given");
    assert_eq!(owner.get(&channel.replace(&point, &centro)).await.status, StatusCode::NOT_FOUND, "it is not a number of that one");
    assert_eq!(owner.post(&format!("{channel}/remove"), &[]).await.to(), whatsapp);
    assert!(owner.get(&whatsapp).await.body.contains("Sin número de WhatsApp"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instructions_and_policies_keep_what_they_were() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let write = async |text, version: &str| owner.post("/settings/prompt", &[("text", text), ("version", version)]).await;

    assert_eq!(write("Primero <b>", "0").await.to(), "/settings/prompt");
    assert_eq!(write("Segundo", "1").await.to(), "/settings/prompt");
    assert_eq!(write(" Segundo\r\n", "2").await.to(), "/settings/prompt", "what says the same makes no version");
    let late = write("Tarde", "1").await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.body.contains("Tarde") && late.field("version") == "2", "{}", late.body);
    let page = owner.get("/settings/prompt").await.body;
    let ids: Vec<&str> = page.split("href=\"/settings/prompt/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let first = format!("/settings/prompt/{}", ids.last().unwrap());
    assert!(ids.len() == 2 && owner.get(&first).await.body.contains("Primero &lt;b&gt;"));
    assert_eq!(owner.post(&format!("{first}/restore"), &[("version", "2")]).await.to(), "/settings/prompt");
    assert!(owner.get("/settings/prompt").await.body.contains("Primero &lt;b&gt;"), "its text counts again");

    let policy = |text, version| [("kind", "refund"), ("title", "Cambios"), ("text", text), ("active", "on"), ("version", version)];
    assert_eq!(owner.post("/settings/policies/new", &policy("Treinta días", "0")).await.to(), "/settings/policies");
    let list = owner.get("/settings/policies").await.body;
    assert!(list.contains("kind=shipping") && !list.contains("kind=refund"), "only what is missing is offered: {list}");
    let id = list.split("href=\"/settings/policies/").skip(1).filter_map(|rest| rest.split('"').next()).find(|id| id.len() == 36).unwrap();
    let address = format!("/settings/policies/{id}");
    assert_eq!(owner.post(&address, &policy("Diez días", "1")).await.to(), "/settings/policies");
    let page = owner.get(&address).await.body;
    assert!(page.contains("Treinta días") && page.contains(">Diez días</textarea>"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_is_set_up_as_its_schema_describes_it() {
    let demo = Demo::start().await;
    let [centro, _] = points(&demo).await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let address = format!("{centro}/flow/storefront");

    let refused = owner.post(&address, &[("own~reminder_minutes", "on"), ("reminder_minutes", "661"), ("own~menu", "on"), ("menu", "¿Qué llevás?")]).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("de 0 a 660") && refused.body.contains("¿Qué llevás?"),
        "{}",
        refused.body
    );
    let unknown = owner.post(&address, &[("own~greeting", "on"), ("greeting", "Hola {nope}")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.body.contains("No existe {nope}. Acá podés usar {name} y {place}."), "{}", unknown.body);
    assert!(unknown.body.contains(">Hola {nope}</textarea>"), "{}", unknown.body);
    let own = [("own~menu", "on"), ("menu", "¿Qué llevás?"), ("reminder_minutes", "661"), ("catalogue_sort", "title")];
    assert_eq!(owner.post(&address, &own).await.to(), format!("{centro}/flow"), "what is the installation's is not looked at");
    let chain = owner.get(&format!("{centro}/flow")).await.body;
    assert!(chain.contains("Encabezado del menú") && chain.contains("¿Qué llevás?"), "{chain}");

    let simulator = centro.replace("/points/", "/simulator/");
    assert!(owner.post(&format!("{simulator}/phones/cliente-1/messages"), &[("text", "hola")]).await.status.is_redirection());
    demo.settled().await;
    assert!(owner.get(&simulator).await.body.contains("¿Qué llevás?"), "it answers with it at once");
    assert_eq!(owner.get(&format!("{centro}/flow/echo")).await.status, StatusCode::NOT_FOUND, "it is not in the chain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_of_the_whole_business_is_switched_in_one_place() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;

    assert_eq!(owner.post("/settings/bot", &[]).await.to(), "/settings");
    assert!(owner.get("/points").await.body.contains("Bot apagado en todo el negocio"));
    assert_eq!(owner.post("/settings/bot", &[("on", "on")]).await.to(), "/settings");
    assert!(!owner.get("/points").await.body.contains("Bot apagado en todo el negocio"));

    let version = owner.get("/settings").await.field("version").to_owned();
    let form = |name| [("name", name), ("industry", ""), ("description", ""), ("currency", "UYU"), ("locale", "pt"), ("version", &*version)];
    let refused = owner.post("/settings", &form(" ")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(owner.post("/settings", &form("Almacén <Sur>")).await.to(), "/settings");
    let page = owner.get("/settings").await.body;
    assert!(page.contains("Almacén &lt;Sur&gt;") && page.contains("<option value=\"UYU\" selected>"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_business_is_led_on_until_nothing_is_left() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga Paz").await).await;
    let steps = async || {
        let page = owner.get("/dashboard").await.body.replace("&#x2f;", "/");
        let step = |step: &str| step.split_once("href=\"").and_then(|(_, rest)| rest.split_once('"')).expect("it leads somewhere").0.to_owned();
        page.split("data-testid=\"first-step\"").skip(1).map(step).collect::<Vec<_>>()
    };
    assert_eq!(steps().await, [""; 0], "the demo has all of it");
    assert_eq!(owner.post("/welcome", &[("name", "Kiosco Olga"), ("industry", "")]).await.to(), "/dashboard");

    let left = steps().await;
    let simulator = left[0].clone();
    assert!(simulator.starts_with("/simulator/"), "{left:?}");
    assert_eq!(left[1..], ["/products/new", "/people/invite"]);
    assert!(owner.post(&format!("{simulator}/phones/cliente-1/messages"), &[("text", "hola")]).await.status.is_redirection());
    assert_eq!(steps().await, ["/products/new", "/people/invite"]);
    assert_eq!(upload(&owner, "/products/new", &product("Termo", "100", "0"), "").await.to(), "/products");
    assert_eq!(steps().await, ["/people/invite"]);
    assert_eq!(owner.post("/people/invite", &[("email", "ana@example.com"), ("role", "agent"), ("extent", "all")]).await.status, StatusCode::OK);
    assert_eq!(steps().await, [""; 0]);
}
