//! QR codes as SVG: one path, no style of its own.

use fast_qr::{ECL, QRBuilder};

/// Modules of white around a code, without which it is not read.
const QUIET: usize = 4;

/// The code of a text. An error where the text is longer than a code holds.
pub fn svg(text: &str) -> anyhow::Result<String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|error| anyhow::anyhow!("no QR code: {error:?}"))?;
    let side = code.size + 2 * QUIET;
    let mut path = String::new();
    for y in 0..code.size {
        let dark = |x: usize| code[y][x].value();
        let mut x = 0;
        while x < code.size {
            let run = (x..code.size).take_while(|x| dark(*x)).count();
            if run > 0 {
                path += &format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Ok(format!(
        "<svg viewBox=\"0 0 {side} {side}\" width=\"{side}\" height=\"{side}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of the three corners begins with a dark run of seven.
    #[test]
    fn a_code_has_its_corners_and_its_quiet_zone() {
        let svg = svg("https://relevo.example/").unwrap();

        assert!(svg.contains("<path d=\"M4 4h7v1h-7z"), "{svg}");
        assert!(svg.starts_with("<svg viewBox=\"0 0 33 33\""), "{svg}");
        assert_eq!(svg.matches("M4 10h7v1h-7z").count(), 1);
        assert!(super::svg(&"a".repeat(4_000)).is_err());
    }
}
