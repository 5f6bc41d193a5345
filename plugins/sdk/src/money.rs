//! Amounts as people read them.

/// Shows minor units of a currency in the reader's language: 150000 "ARS" is "$ 1.500,00" in "es" and "$ 1,500.00" in "en".
pub fn money(minor_units: i64, currency: &str, locale: &str) -> String {
    let decimals = decimals(currency);
    let (group, mark) = if points_decimals(locale) { (',', '.') } else { ('.', ',') };
    let unit = 10_u64.pow(decimals);
    let (whole, rest) = (minor_units.unsigned_abs() / unit, minor_units.unsigned_abs() % unit);

    let mut text = String::with_capacity(24);
    if minor_units < 0 {
        text.push('-');
    }
    text.push_str(symbol(currency));
    text.push(' ');
    let digits = whole.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push(mark);
        text.push_str(&format!("{rest:0width$}", width = decimals as usize));
    }
    text
}

/// Mexico and Central America write as English does; Spanish and Portuguese elsewhere do not.
fn points_decimals(locale: &str) -> bool {
    let language = locale.get(..2).unwrap_or(locale);
    language.eq_ignore_ascii_case("en") || ["MX", "GT", "HN", "SV", "NI", "PA", "DO", "PR"].iter().any(|land| locale.ends_with(land))
}

fn symbol(currency: &str) -> &str {
    match currency {
        "ARS" | "CLP" | "COP" | "MXN" | "UYU" => "$",
        "USD" => "US$",
        "BRL" => "R$",
        "EUR" => "€",
        "PEN" => "S/",
        other => other,
    }
}

/// Digits after the decimal mark, by ISO 4217.
fn decimals(currency: &str) -> u32 {
    match currency {
        "CLP" | "PYG" | "JPY" | "KRW" | "VND" => 0,
        "BHD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn an_amount_reads_as_its_language_writes_it() {
        assert_eq!(money(150_000, "ARS", "es"), "$ 1.500,00");
        assert_eq!(money(150_000, "USD", "en"), "US$ 1,500.00");
        assert_eq!(money(150_000, "MXN", "es-MX"), "$ 1,500.00");
        assert_eq!(money(123_456_789, "BRL", "pt"), "R$ 1.234.567,89");
    }

    #[test]
    fn minor_units_follow_the_currency() {
        assert_eq!(money(1_500, "CLP", "es"), "$ 1.500");
        assert_eq!(money(1_500, "KWD", "es"), "KWD 1,500");
        assert_eq!(money(-5, "ARS", "es"), "-$ 0,05");
        assert_eq!(money(i64::MIN, "CLP", "es"), "-$ 9.223.372.036.854.775.808");
    }

    #[test]
    fn a_strange_locale_or_currency_does_no_harm() {
        assert_eq!(money(100, "", ""), " 1,00");
        assert_eq!(money(100, "¤", "ñ"), "¤ 1,00");
    }
}
