//! Requests for the pages about a business's own things. Forms are filled as far as a page reads them before it looks at whose thing it is
//! about; what they say is refused for its own reasons where it would change what others ask about.

use reqwest::Method;

use super::{
    walk::{AtPoint, Body, Request},
    walk_console::{self, Ground},
};

/// Where these pages are.
pub const SECTIONS: [&str; 9] = ["/products", "/plugins", "/points", "/records", "/settings", "/conversations", "/tickets", "/orders", "/turns"];

/// None for a page that is not known here.
pub async fn request(ground: &Ground<'_>, method: &Method, path: &str) -> Option<Request> {
    let at_point = if ["{point}", "{ticket}", "{order}", "{turn}", "/turns"].iter().any(|part| path.contains(part)) { AtPoint::Hidden } else { AtPoint::No };
    let body = if method == Method::POST { Some(body(path)?) } else { None };
    Some(Request { path: filled(ground, path).await?, body, at_point })
}

/// The path with something in the place of its parameters, which was just made.
async fn filled(ground: &Ground<'_>, path: &str) -> Option<String> {
    let mut filled: Vec<String> = Vec::new();
    for part in path.split('/') {
        filled.push(match part {
            "{point}" => {
                if path.ends_with("/remove") {
                    // One that is in use stays, for the others to ask about.
                    walk_console::conversation(ground).await;
                }
                ground.point.to_string()
            }
            "{plugin}" if path.starts_with("/plugins/") => walk_console::plugin(ground).await,
            "{plugin}" => "storefront".to_owned(),
            "{version}" => "1.0.0".to_owned(),
            "{replay}" => walk_console::replay(ground, &filled[2]).await,
            "{difference}" => walk_console::difference(ground, &filled[4]).await,
            "{test}" => walk_console::saved_test(ground, &filled[2]).await,
            "{conversation}" => walk_console::conversation(ground).await.to_string(),
            "{turn}" => walk_console::turn(ground).await,
            "{number}" => "1".to_owned(),
            "{collection}" => "notes".to_owned(),
            "{record}" => "nope".to_owned(),
            "{order}" => walk_console::order(ground).await,
            "{ticket}" => walk_console::ticket(ground).await,
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

fn body(path: &str) -> Option<Body> {
    const DAYS: &str = "mon=&tue=&wed=&thu=&fri=&sat=&sun=";
    const PRODUCT: [(&str, &str); 6] = [("title", ""), ("description", ""), ("price", "x"), ("stock", ""), ("sku", ""), ("version", "1")];
    Some(Body::Form(match path {
        "/products/new" | "/products/{product}" => {
            let field = |(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            let fields: String = PRODUCT.map(field).concat();
            return Some(Body::Raw("multipart/form-data; boundary=x", format!("{fields}--x--\r\n").into_bytes()));
        }
        "/products/{product}/remove" | "/points/{point}/remove" | "/points/{point}/whatsapp/{channel}/remove" => String::new(),
        "/points/{point}/flow/{plugin}" | "/points/{point}/flow/{plugin}/remove" => String::new(),
        records if records.starts_with("/records/") => "code=x".to_owned(),
        "/tickets/{ticket}" => "status=NEW&assignee_id=&version=9".to_owned(),
        "/orders/{order}" => "status=SHIPPED&version=9".to_owned(),
        "/points/new" => "name=&time_zone=UTC&plugin=".to_owned(),
        "/points/{point}" => format!("name=&time_zone=UTC&open=always&{DAYS}&burst_ms=0&uncertain_policy=ask&version=1"),
        "/points/{point}/bot" | "/settings/bot" => "on=on".to_owned(),
        "/points/{point}/flow" => "plugin=nope&version=1".to_owned(),
        "/points/{point}/flow/{plugin}/move" => "to=up&version=1".to_owned(),
        "/points/{point}/order" => "order=nope&version=9".to_owned(),
        "/plugins/new" => return Some(Body::Raw("multipart/form-data; boundary=x", b"--x--\r\n".to_vec())),
        "/plugins/{plugin}/attach" => "point=x".to_owned(),
        "/plugins/{plugin}/versions/{version}/canary" => "version=9&percent=5".to_owned(),
        "/plugins/{plugin}/roll-back" | "/plugins/{plugin}/canary/end" | "/plugins/{plugin}/versions/{version}/activate" => "version=9".to_owned(),
        "/plugins/{plugin}/replay" => "version=1.0.0&last=1".to_owned(),
        "/plugins/{plugin}/replay/{replay}/verdict" | "/plugins/{plugin}/replay/{replay}/differences/{difference}" => "verdict=approved".to_owned(),
        "/plugins/{plugin}/tests" => "version=1.0.0".to_owned(),
        "/conversations/{conversation}/tests" => "name=x&plugin=storefront".to_owned(),
        plugin if plugin.starts_with("/plugins/{plugin}/") => String::new(),
        "/points/{point}/whatsapp/connect" => "phone_number_id=x&waba_id=&access_token=x&app_secret=".to_owned(),
        "/points/{point}/whatsapp/{channel}" => "access_token=&app_secret=".to_owned(),
        "/settings" => "name=&industry=&description=&currency=ARS&locale=es&version=1".to_owned(),
        "/settings/assistant" => "base_url=&model=a+b&api_key=&version=1".to_owned(),
        "/settings/prompt" => "text=&version=1".to_owned(),
        "/settings/prompt/{prompt}/restore" => "version=1".to_owned(),
        "/settings/policies/new" => "kind=refund&title=&text=&version=1".to_owned(),
        "/settings/policies/{policy}" => "kind=refund&title=x&text=x&version=1".to_owned(),
        _ => return None,
    }))
}
