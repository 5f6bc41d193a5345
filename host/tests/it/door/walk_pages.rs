//! Requests for the pages. Forms are filled as far as the page reads them before it looks at whose thing it is about; what they say is refused
//! for its own reasons where it would change what others ask about.

use relevo_model::*;
use reqwest::Method;

use super::{
    PASSWORD,
    walk::{AtPoint, Body, Request},
    walk_console::{self, Ground},
    walk_requests,
};

/// None for a page that is not known here.
pub async fn request(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    let at_point = match path.split('/').nth(1)? {
        "simulator" | "points" if path.contains('{') => AtPoint::Hidden,
        "people" if path.contains("{invitation}") => AtPoint::Hidden,
        "people" if path.contains("{person}") || method == Method::POST => AtPoint::Refused,
        _ => AtPoint::No,
    };
    let body = if method == Method::POST { Some(body(ground, path)?) } else { None };
    Some(Request { path: filled(ground, path).await?, body, at_point })
}

/// The path with something in the place of its parameters, which was just made.
async fn filled(ground: &Ground<'_>, path: &str) -> Option<String> {
    let mut filled = Vec::new();
    for part in path.split('/') {
        filled.push(match part {
            "{point}" => {
                if path.ends_with("/remove") {
                    // One that is in use stays, for the others to ask about.
                    walk_console::conversation(ground).await;
                }
                ground.point.to_string()
            }
            "{phone}" => "cliente-1".to_owned(),
            "{plugin}" => "storefront".to_owned(),
            "{token}" => "x".to_owned(),
            "{session}" => ground.house.test.clock.id::<SessionId>().to_string(),
            "{person}" => walk_requests::colleague(ground).await.to_string(),
            "{invitation}" => walk_requests::invitation(ground).await.to_string(),
            "{key}" => walk_requests::key(ground).await.to_string(),
            "{product}" => walk_console::product(ground).await,
            "{policy}" => walk_console::policy(ground).await,
            "{prompt}" => walk_console::prompt(ground).await,
            "{channel}" => walk_console::channel(ground).await,
            part if part.starts_with('{') => return None,
            part => part.to_owned(),
        });
    }
    Some(filled.join("/"))
}

fn body(ground: &Ground<'_>, path: &str) -> Option<Body> {
    const DAYS: &str = "mon=&tue=&wed=&thu=&fri=&sat=&sun=";
    const PRODUCT: [(&str, &str); 6] = [("title", ""), ("description", ""), ("price", "x"), ("stock", ""), ("sku", ""), ("version", "1")];
    let (point, unique) = (ground.point, ground.house.test.clock.id::<UserId>());
    Some(Body::Form(match path {
        "/login" => "email=nobody&password=x&to=".to_owned(),
        "/login/code" => "code=x&to=".to_owned(),
        "/register" => format!("name=New&email=no+address&password={PASSWORD}"),
        "/reset" => "email=no+address".to_owned(),
        "/reset/{token}" => format!("password={PASSWORD}"),
        "/invitation/{token}" => format!("name=New&password={PASSWORD}"),
        "/workplace" => format!("business_id={unique}"),
        "/welcome" => "name=&industry=".to_owned(),
        "/account" => "name=&locale=es".to_owned(),
        "/account/password" => "current=x&password=x".to_owned(),
        "/account/second-factor/prove" | "/account/second-factor/codes" | "/account/second-factor/remove" => "code=x".to_owned(),
        "/people/invite" => format!("email={unique}@new.com&role=viewer&extent=some&points={point}"),
        "/people/{person}" => format!("role=viewer&extent=some&points={point}"),
        "/keys/new" => "name=&kind=live&scopes=see-business&extent=all".to_owned(),
        "/products/new" | "/products/{product}" => {
            let field = |(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            let fields: String = PRODUCT.map(field).concat();
            return Some(Body::Raw("multipart/form-data; boundary=x", format!("{fields}--x--\r\n").into_bytes()));
        }
        "/points/new" => "name=&time_zone=UTC&plugin=".to_owned(),
        "/points/{point}" => format!("name=&time_zone=UTC&open=always&{DAYS}&burst_ms=0&uncertain_policy=ask&version=1"),
        "/points/{point}/bot" => "on=on".to_owned(),
        "/points/{point}/flow" => "plugin=nope&version=1".to_owned(),
        "/points/{point}/flow/{plugin}/move" => "to=up&version=1".to_owned(),
        "/points/{point}/whatsapp/connect" => "phone_number_id=x&waba_id=&access_token=x&app_secret=".to_owned(),
        "/points/{point}/whatsapp/{channel}" => "access_token=&app_secret=".to_owned(),
        "/settings" => "name=&industry=&description=&currency=ARS&locale=es&version=1".to_owned(),
        "/settings/bot" => "on=on".to_owned(),
        "/settings/assistant" => "base_url=&model=a+b&api_key=&version=1".to_owned(),
        "/settings/prompt" => "text=&version=1".to_owned(),
        "/settings/prompt/{prompt}/restore" => "version=1".to_owned(),
        "/settings/policies/new" => "kind=refund&title=&text=&version=1".to_owned(),
        "/settings/policies/{policy}" => "kind=refund&title=x&text=x&version=1".to_owned(),
        // Forms without fields, and those of the simulator, which looks at its service point first.
        _ => String::new(),
    }))
}
