//! The pages of the door through the real router, without a browser.

use axum::http::{Method, StatusCode, header};
use relevo::{
    http::{self, routes::Access},
    identity::totp,
};

use super::{
    demo::{AGENT, Demo, PASSWORD},
    guest::{Answer, Guest},
};

const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_form_takes_what_another_site_sends() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;
    let before = agent.cookie("relevo");

    let forms: Vec<String> = http::routes().table().iter().filter(|route| is_form(&route.path, &route.method)).map(|route| filled(&route.path)).collect();
    assert!(forms.len() > 30, "{forms:?}");
    for path in forms {
        let foreign = agent.post_with(&path, &[("business_id", "x")], &[("sec-fetch-site", "cross-site")]).await;
        let other_origin = agent.post_with(&path, &[], &[("origin", "https://evil.example")]).await;
        assert_eq!((foreign.status, other_origin.status), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN), "{path}");
        assert!(foreign.body.contains("Ese pedido vino de otro sitio"), "{path}");
    }
    assert_eq!(agent.get("/dashboard").await.status, StatusCode::OK, "nobody was logged out by it");
    assert_eq!(agent.cookie("relevo"), before);
}

fn is_form(path: &str, method: &Method) -> bool {
    method == Method::POST && !["/api", "/webhook", "/mcp"].iter().any(|program| path.starts_with(program))
}

/// The path with something in the place of its parameters.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "0198c0de-0000-7000-8000-000000000001" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_wants_what_its_route_says_and_says_so_as_a_page() {
    let demo = Demo::start().await;
    let (nobody, agent) = (Guest::new(&demo), Guest::logged_in(&demo, AGENT).await);
    let routes = http::routes();
    let pages = routes.table().iter().filter(|route| route.method == Method::GET && !route.path.contains('{') && route.access != Access::Public);

    for route in pages.filter(|route| !route.path.starts_with("/api")) {
        let (anonymous, as_agent) = (nobody.get(&route.path).await, agent.get(&route.path).await);
        assert!(anonymous.to().starts_with("/login"), "{}", route.path);
        match route.access {
            Access::Permission(permission) if !relevo::policy::allows(relevo_model::Role::Agent, permission) => {
                assert_eq!(as_agent.status, StatusCode::FORBIDDEN, "{}", route.path);
                assert!(as_agent.marked("problem").starts_with("Hace falta el permiso «"), "{}", as_agent.body);
            }
            Access::Operator => assert_eq!(as_agent.status, StatusCode::NOT_FOUND, "{}", route.path),
            _ => assert!(as_agent.status.is_success() || as_agent.status.is_redirection(), "{} {}", route.path, as_agent.status),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_told_as_whoever_asks_wants_it() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    let page = agent.get("/nothing?lang=en").await;
    let part = agent.ask(Method::GET, "/nothing", &[("hx-request", "true")], "", &[]).await;
    let wrong_way = agent.get("/logout").await;
    let program = agent.get("/api/nothing").await;

    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("There is nothing here") && page.body.contains("data-testid=\"person\""), "in the language, inside of the frame");
    assert!(part.status == StatusCode::NOT_FOUND && !part.body.contains('<'), "{}", part.body);
    assert_eq!((wrong_way.status, wrong_way.body.contains("<h1>")), (StatusCode::METHOD_NOT_ALLOWED, true));
    assert_eq!((program.status, program.headers[header::CONTENT_TYPE].to_str().unwrap()), (StatusCode::NOT_FOUND, "application/problem+json"));
    for answer in [&page, &program] {
        let csp = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(csp.contains("default-src 'self'") && !csp.contains("unsafe"), "{csp}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_fails_keeps_the_address_and_says_what_is_wrong() {
    let demo = Demo::start().await;
    let guest = Guest::new(&demo);

    let wrong = guest.post("/login", &[("email", "agent@demo.com\"><script>"), ("password", "secret<1>"), ("to", "/people")]).await;
    let unknown = guest.post("/login", &[("email", "nobody@demo.com"), ("password", "wrong-password"), ("to", "/")]).await;
    let known = guest.post("/login", &[("email", AGENT), ("password", "wrong-password"), ("to", "/")]).await;

    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((wrong.field("email"), wrong.field("password"), wrong.field("to")), ("agent@demo.com&quot;&gt;&lt;script&gt;", "", "&#x2f;people"));
    assert!(!wrong.body.contains("secret&lt;1") && !wrong.body.contains("<script>"));
    assert_eq!(unknown.body.replace("nobody@demo.com", ""), known.body.replace(AGENT, ""), "nobody is told which addresses there are");
    assert!(known.body.contains("El correo o la contraseña no están bien"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_leads_to_where_one_wanted_to_go_and_to_no_other_site() {
    let demo = Demo::start().await;
    for (to, there) in [("/simulator?x=1", "/simulator?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"), ("", "/")] {
        let guest = Guest::new(&demo);
        let answer = guest.post("/login", &[("email", AGENT), ("password", PASSWORD), ("to", to)]).await;
        assert_eq!(answer.to(), there, "{to}");
        let shown = Guest::new(&demo).get(&format!("/login?to={to}")).await;
        assert_eq!(shown.field("to").replace("&#x2f;", "/"), there, "{to}");
        assert_eq!(guest.get(&format!("/login?to={to}")).await.to(), there, "who is in need not log in: {to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_is_said_once_and_nobody_else_can_say_it() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    assert_eq!(agent.post("/account", &[("name", "Ágata <b>"), ("locale", "es")]).await.to(), "/account");
    let flash = agent.cookie("flash").unwrap();
    let first = agent.get("/account").await;
    let second = agent.get("/account").await;
    agent.set_cookie("flash", &flash.chars().rev().collect::<String>());
    let forged = agent.get("/account").await;

    assert!(first.body.contains("data-testid=\"toast\"") && first.body.contains("<span>Guardado.</span>"));
    assert!(!second.body.contains("data-testid=\"toast\""));
    assert!(!forged.body.contains("data-testid=\"toast\"") && agent.cookie("flash").is_none(), "what was forged is taken away");
    assert_eq!(second.field("name"), "Ágata &lt;b&gt;");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_that_is_chosen_stays_and_that_of_the_account_comes_with_the_login() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    assert!(Guest::new(&demo).get("/login?lang=pt").await.body.contains("Esqueci a senha"));
    let guest = Guest::new(&demo);
    guest.get("/login?lang=en&theme=dark").await;
    let remembered = guest.get("/login").await.body;
    agent.post("/account", &[("name", "Agata"), ("locale", "en")]).await;
    let elsewhere = Guest::logged_in(&demo, AGENT).await;

    assert!(remembered.contains("lang=\"en\" data-theme=\"dark\"") && remembered.contains("I forgot the password"));
    assert!(elsewhere.get("/dashboard").await.body.contains("Nobody waits."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_stands_at_its_field_and_gets_the_focus() {
    let demo = Demo::start().await;
    let guest = Guest::new(&demo);

    let refused = guest.post("/register", &[("name", "Ana"), ("email", "ana"), ("password", "corta")]).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((refused.field("name"), refused.field("email"), refused.field("password")), ("Ana", "ana", ""));
    assert!(refused.marked("problem-email").contains("<svg"), "an icon");
    assert!(refused.body.contains("aria-describedby=\"below-email\" aria-invalid=\"true\""));
    assert_eq!(refused.body.matches(" autofocus").count(), 1);
    let email = refused.body.split("id=\"field-email\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(email.contains(" autofocus"), "{email}");
    assert!(!refused.body.contains("Una frase se recuerda mejor"), "the error replaces the hint");
    let unknown_field = guest.post("/register", &[("name", "Ana"), ("email", "a@b.c"), ("password", "long enough"), ("operator", "on")]).await;
    assert_eq!(unknown_field.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown_field.body.contains("El pedido llegó incompleto"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_mail_a_reset_is_an_administrators_to_make_and_its_link_works_once() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga").await).await;
    let guest = Guest::new(&demo);
    assert!(guest.get("/reset").await.body.contains("data-testid=\"ask-admin\""));

    let people = owner.get("/people").await;
    let agent = people.body.split("href=\"/people/").skip(1).find_map(|rest| rest.split_once("\" aria-label=\"Cambiar a Agente Demo\"")).unwrap().0;
    let made = owner.post(&format!("/people/{agent}/reset-link"), &[]).await;
    let link = path_of(made.field_of("link"));

    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(guest.post(&link, &[("password", "short")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(guest.post(&link, &[("password", "una frase nueva")]).await.to(), "/login");
    let again = guest.post(&link, &[("password", "otra frase nueva")]).await;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(again.marked("problem").starts_with("El enlace venció"));
    assert_eq!(guest.post("/login", &[("email", AGENT), ("password", "una frase nueva"), ("to", "/")]).await.to(), "/");
}

impl Answer {
    /// The value of what is shown once.
    fn field_of(&self, id: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("<input id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {}", self.body));
        let value = rest.split_once("value=\"").and_then(|(_, value)| value.split_once('"')).expect("it has a value").0;
        value.replace("&#x2f;", "/")
    }
}

fn path_of(link: String) -> String {
    let (_, rest) = link.split_once("://").expect("links are whole");
    rest[rest.find('/').expect("it has a path")..].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_for_one_person_and_names_nobody_as_markup() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("<script>alert(1)</script>\u{202e}").await).await;

    let nowhere = owner.post("/people/invite", &[("email", "a@b.c"), ("role", "agent"), ("extent", "some")]).await;
    let already = owner.post("/people/invite", &[("email", AGENT), ("role", "agent"), ("extent", "all")]).await;
    let made = owner.post("/people/invite", &[("email", "nueva@demo.com"), ("role", "viewer"), ("extent", "all")]).await;
    let link = path_of(made.field_of("link"));

    assert!(nowhere.marked("problem-points").contains("<svg") && nowhere.field("email") == "a@b.c");
    assert_eq!((already.status, already.body.contains("Ya está en el equipo.")), (StatusCode::UNPROCESSABLE_ENTITY, true));
    assert!(owner.get(&link).await.body.contains("data-testid=\"other-person\""));
    assert_eq!(owner.post(&link, &[]).await.status, StatusCode::FORBIDDEN);
    let people = owner.get("/people").await.body;
    assert!(people.contains("nueva@demo.com") && people.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;") && !people.contains("<script>"), "{people}");

    let newcomer = Guest::new(&demo);
    assert_eq!(newcomer.post(&link, &[("name", "Nueva"), ("password", "una frase larga")]).await.to(), "/");
    assert!(newcomer.get("/dashboard").await.body.contains("Ya sos parte de Almacén Demo."));
    assert_eq!(newcomer.get("/simulator").await.status, StatusCode::FORBIDDEN, "a viewer");
    assert_eq!(Guest::new(&demo).get(&link).await.status, StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_owner_is_not_offered_to_be_removed() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga").await).await;
    assert!(owner.get("/people").await.body.contains("Quitar a Agente Demo"));
    assert_eq!(owner.post("/welcome", &[("name", "Kiosco Olga"), ("industry", "")]).await.to(), "/dashboard");
    let people = owner.get("/people").await.body;
    let own = people.split("href=\"/people/").skip(1).find_map(|rest| rest.split_once("\" aria-label=\"Cambiar a Olga\"")).unwrap().0;

    assert!(!people.contains("Quitar a Olga"), "{people}");
    assert!(owner.get(&format!("/people/{own}")).await.marked("only-owner").starts_with("Un negocio necesita un dueño"));
    assert_eq!(owner.get(&format!("/people/{own}/remove")).await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_proved_asked_for_and_removed() {
    let demo = Demo::start().await;
    let agent = Guest::logged_in(&demo, AGENT).await;

    let offered = agent.post("/account/second-factor", &[]).await;
    let secret = offered.field("secret").to_owned();
    assert!(offered.body.contains("<path d=\"M4 4h7v1h-7z"), "a QR code");
    let wrong = agent.post("/account/second-factor/prove", &[("code", "000000"), ("secret", &secret)]).await;
    assert_eq!((wrong.status, wrong.field("secret")), (StatusCode::UNPROCESSABLE_ENTITY, &*secret), "the same code is shown again");
    let proved = agent.post("/account/second-factor/prove", &[("code", &code(&demo, &secret)), ("secret", &secret)]).await;
    let codes: Vec<String> =
        proved.body.split("data-testid=\"codes\"").nth(1).unwrap().split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    assert!(agent.get("/account/second-factor").await.body.contains("Te quedan 10."));

    let elsewhere = Guest::new(&demo);
    assert_eq!(elsewhere.post("/login", &[("email", AGENT), ("password", PASSWORD), ("to", "/account")]).await.to(), "/login/code?to=%2Faccount");
    assert!(elsewhere.get("/dashboard").await.to().starts_with("/login"), "it opens nothing yet");
    let refused = elsewhere.post("/login/code", &[("code", "nonsense"), ("to", "/account")]).await;
    assert_eq!((refused.status, refused.field("code")), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    assert_eq!(elsewhere.post("/login/code", &[("code", &codes[0]), ("to", "/account")]).await.to(), "/account");

    let removed = elsewhere.post("/account/second-factor/remove", &[("password", "wrong"), ("code", &codes[1])]).await;
    assert!(removed.body.contains("No es tu contraseña actual."));
    assert_eq!(elsewhere.post("/account/second-factor/remove", &[("password", PASSWORD), ("code", &codes[1])]).await.to(), "/account/second-factor");
    assert_eq!(Guest::new(&demo).post("/login", &[("email", AGENT), ("password", PASSWORD), ("to", "/")]).await.to(), "/");
}

/// The code that an app shows now.
fn code(demo: &Demo, secret: &str) -> String {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in secret.chars() {
        bits = bits << 5 | u32::try_from(BASE32.find(letter).expect("a letter of base 32")).expect("it is small");
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    totp::code(&bytes, totp::step_of(demo.app.clock.now()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_does_what_it_was_given_and_is_revoked() {
    let demo = Demo::start().await;
    let owner = Guest::logged_in(&demo, demo.owner("Olga").await).await;

    let empty = owner.post("/keys/new", &[("name", "Tienda"), ("kind", "live"), ("extent", "all")]).await;
    let made = owner.post("/keys/new", &[("name", "Tienda <b>"), ("kind", "live"), ("extent", "all"), ("scopes", "see-orders"), ("scopes", "send")]).await;
    let key = made.field_of("key");

    assert!(empty.marked("problem-scopes").contains("<svg"), "{}", empty.body);
    assert!(key.starts_with("rlv_live_") && key.len() > 50);
    let list = owner.get("/keys").await;
    assert!(!list.body.contains(&key) && list.body.contains(&key[..15]) && list.body.contains("Tienda &lt;b&gt;"));
    let authorization = format!("Bearer {key}");
    let bearer = |path| Guest::new(&demo).ask_as(path, authorization.clone());
    assert_eq!(bearer("/simulator").await.status, StatusCode::FORBIDDEN, "it was not given the simulator");
    let revoke = list.body.split("href=\"/keys/").skip(1).find_map(|rest| rest.split_once("/revoke?")).unwrap().0;
    assert!(owner.get(&format!("/keys/{revoke}/revoke")).await.body.contains("data-dialog-content"));
    assert_eq!(owner.post(&format!("/keys/{revoke}/revoke"), &[]).await.to(), "/keys");
    assert_eq!(bearer("/simulator").await.status, StatusCode::UNAUTHORIZED);
    assert!(owner.get("/audit").await.body.contains("Revocó una clave de API"));
}

impl Guest {
    async fn ask_as(self, path: &'static str, authorization: String) -> Answer {
        self.ask(Method::GET, path, &[("authorization", &authorization)], "", &[]).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_revoked_is_out_at_once() {
    let demo = Demo::start().await;
    let (here, there) = (Guest::logged_in(&demo, AGENT).await, Guest::logged_in(&demo, AGENT).await);

    let devices = here.get("/account/devices").await;
    let other =
        devices.body.split("action=\"/account/devices/").skip(1).filter_map(|rest| rest.split_once("/revoke\"")).find(|(id, _)| *id != "others").unwrap().0;
    assert_eq!(devices.body.matches("data-testid=\"device\"").count(), 2);
    assert_eq!(here.post(&format!("/account/devices/{other}/revoke"), &[]).await.to(), "/account/devices");

    assert!(there.get("/dashboard").await.to().starts_with("/login"));
    assert_eq!(here.get("/dashboard").await.status, StatusCode::OK);
    assert_eq!(here.post("/logout", &[]).await.to(), "/");
    assert!(here.cookie("relevo").is_none() && here.get("/login").await.body.contains("<span>Saliste.</span>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_tells_who_waits_and_where_one_answers_them() {
    let demo = Demo::start().await;
    let (agent, point) = (Guest::logged_in(&demo, AGENT).await, demo.point("Centro").await);
    assert_eq!(agent.get("/dashboard").await.marked("sentence"), "Nadie espera.");

    for text in ["hola", "asesor"] {
        agent.post(&format!("{point}/phones/cliente-1/messages"), &[("text", text)]).await;
        demo.settled().await;
    }

    let busy = agent.get("/dashboard").await;
    assert_eq!(busy.marked("sentence"), "Una persona espera respuesta, hace menos de un minuto.");
    assert!(
        busy.body.contains(&format!("href=\"{}#phone-cliente-1\"", point.replace('/', "&#x2f;")))
            || busy.body.contains(&format!("href=\"{point}#phone-cliente-1\""))
    );
    agent.post(&format!("{point}/phones/cliente-1/take-over"), &[]).await;
    assert_eq!(agent.get("/dashboard").await.marked("sentence"), "Nadie espera.");
    demo.limits_the_agent_to("Norte").await;
    let limited = agent.get("/dashboard").await.body;
    assert!(limited.contains("Norte") && !limited.contains("Centro"), "{limited}");
}
