//! Which recorded conversations a version would have answered differently, as a server finds out.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use relevo_sandbox::inspect;
use reqwest::Method;
use serde_json::{Value, json};

use super::remote::{self, Api, PAUSE, Server, Wishes};

/// Uploads this version, runs the last conversations on it, and prints what would have been different.
pub async fn replay(server: &Server, wasm: &[u8], last: u32) -> Result<()> {
    let api = server.api()?;
    let manifest = inspect(wasm)?.manifest;
    let nothing_else = Wishes { grant_all: false, activate: false, attach: None };
    remote::put_in_place(&api, wasm.to_vec(), &manifest, &nothing_else).await?;

    let replays = format!("/api/plugins/{}/replays", manifest.id);
    let started = api.ask(Method::POST, &replays, Some(json!({ "version": manifest.version.to_string(), "last": last }))).await?;
    let path = format!("{replays}/{}", started["id"].as_str().context("the server did not say which replay this is")?);
    let done = ended(&api, &path).await?;
    println!("{} turns of {} conversations were run again; {} could not be compared", done["done"], done["conversations"], done["skipped"]);
    let all = differences(&api, &path).await?;
    println!("{} would have been different", all.len());
    all.iter().for_each(|difference| print!("{}", shown(difference)));
    Ok(())
}

async fn ended(api: &Api, path: &str) -> Result<Value> {
    loop {
        let seen = api.ask(Method::GET, path, None).await?;
        match seen["state"].as_str() {
            Some("running") => tokio::time::sleep(PAUSE).await,
            Some("done") => return Ok(seen),
            _ => bail!("the server could not go on with it: ask for another one"),
        }
    }
}

async fn differences(api: &Api, path: &str) -> Result<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let mut page = api.ask(Method::GET, &format!("{path}/differences?limit=100{after}"), None).await?;
        if let Some(data) = page["data"].as_array_mut() {
            all.append(data);
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

fn shown(difference: &Value) -> String {
    let mut text =
        format!("\n{} in conversation {}\n", difference["kind"].as_str().unwrap_or_default(), difference["conversation_id"].as_str().unwrap_or_default());
    for (sign, side) in [('-', "before"), ('+', "after")] {
        for line in difference[side].as_array().into_iter().flatten() {
            let said = line["text"].as_str().unwrap_or_default().replace('\n', "\n      ");
            let _ = writeln!(text, "  {sign} {}: {said}", line["what"].as_str().unwrap_or_default());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_was_and_what_would_be() {
        let difference = json!({
            "kind": "said", "conversation_id": "c-1",
            "before": [{ "what": "say", "text": "Hola.\n¿Qué tal?" }], "after": [{ "what": "say", "text": "Buenas." }],
        });

        assert_eq!(shown(&difference), "\nsaid in conversation c-1\n  - say: Hola.\n      ¿Qué tal?\n  + say: Buenas.\n");
    }
}
