//! Money: minor units and a currency.

/// Shows an amount the way Spanish speakers of the currency's country read it: `$ 1.500,00`.
pub fn show(minor: i64, currency: &str) -> String {
    let decimals = decimals(currency);
    let unit = 10_i64.pow(decimals);
    let (whole, rest) = (minor.unsigned_abs() / unit.unsigned_abs(), minor.unsigned_abs() % unit.unsigned_abs());
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    let sign = if minor < 0 { "-" } else { "" };
    let symbol = match currency {
        "ARS" | "CLP" | "COP" | "MXN" | "UYU" => "$",
        "USD" => "US$",
        "BRL" => "R$",
        "EUR" => "€",
        "PEN" => "S/",
        other => other,
    };
    if decimals == 0 { format!("{sign}{symbol} {grouped}") } else { format!("{sign}{symbol} {grouped},{rest:0width$}", width = decimals as usize) }
}

/// Digits after the decimal mark, by ISO 4217.
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "CLP" | "PYG" | "JPY" | "KRW" | "VND" => 0,
        "BHD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(show(150_000, "ARS"), "$ 1.500,00");
        assert_eq!(show(-5, "USD"), "-US$ 0,05");
        assert_eq!(show(1_234_567, "CLP"), "$ 1.234.567");
    }
}
