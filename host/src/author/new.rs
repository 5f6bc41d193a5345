//! A new plugin's folder.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use super::{Language, files};

/// Makes the folder `name` where the command runs.
pub fn new(name: &str, language: Language) -> Result<()> {
    if !is_name(name) {
        bail!("{name:?} is no name: write it with a-z, 0-9 and \"-\", a letter first, 40 characters at most, such as \"envios-del-sur\"");
    }
    let folder = Path::new(name);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("the folder {name} is there and not empty");
    }
    for file in files::to_begin_with(language, name)?.into_iter().chain(files::of_this_version(language)?) {
        file.write(folder).context("the new plugin could not be written")?;
    }
    let install = match language {
        Language::Rust => "rustup target add wasm32-unknown-unknown",
        Language::Js => "npm install",
        Language::Python => "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
    };
    println!("{name} is made. Now:\n\n    cd {name}\n    {install}\n    relevo plugin build\n    relevo plugin test\n");
    Ok(())
}

/// It is a folder, a crate, a package and the manifest's id.
fn is_name(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let free = !relevo_sandbox::RESERVED_IDS.contains(&name);
    letters && free && (1..=40).contains(&name.len()) && name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_every_language_takes() {
        assert!(is_name("envios-2") && is_name("a"));
        for bad in ["", "2-envios", "Envios", "envíos", "envios-", "a b", "../x", "a.b", "new"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        // Whatever the tests run in: `src` is there, and it is no empty folder.
        let error = new("src", Language::Js).unwrap_err().to_string();

        assert!(error.contains("not empty"), "{error}");
    }
}
