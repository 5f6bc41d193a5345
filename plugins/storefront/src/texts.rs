//! Everything that customers read, and the settings that replace it.

use relevo_plugin::{Problem, Turn};
use serde_json::{Map, Value};

macro_rules! texts {
    ($($name:ident $key:literal $text:literal $help:literal)+) => {
        /// A text by what it is for.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Text { $($name),+ }

        impl Text {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in the configuration.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            pub fn default_text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What the form says about it.
            pub fn help(self) -> &'static str {
                match self { $(Self::$name => $help),+ }
            }
        }
    };
}

texts! {
    Greeting "greeting" "Hola, gracias por escribirnos. Te atiende un asistente automático; cuando quieras, podés hablar con una persona." "Saludo a quien escribe por primera vez. {name}: su nombre, {place}: el punto de servicio."
    Menu "menu" "¿En qué te ayudo?" "Encabezado del menú."
    MenuButton "menu_button" "Ver opciones" "Botón que abre el menú."
    MenuCatalogue "menu_catalogue" "Ver catálogo" "Menú: ver el catálogo."
    MenuOrder "menu_order" "Hacer un pedido" "Menú: hacer un pedido."
    MenuStatus "menu_status" "Estado de pedido" "Menú: estado del último pedido."
    MenuAdviser "menu_adviser" "Hablar con un asesor" "Menú: hablar con una persona."
    Catalogue "catalogue" "Estos son nuestros productos. Elegí uno para ver el detalle." "Encabezado del catálogo."
    PickProduct "pick_product" "¿Qué querés pedir?" "Encabezado de la lista al hacer un pedido."
    Found "found" "Esto encontré con «{words}»:" "Encabezado de una búsqueda. {words}: lo que escribió."
    CatalogueButton "catalogue_button" "Ver productos" "Botón que abre la lista de productos."
    CatalogueEmpty "catalogue_empty" "Todavía no hay productos para mostrar." "Cuando no hay productos activos."
    More "more" "Ver más" "Lista de productos: página siguiente."
    BackToMenu "back_to_menu" "Volver al menú" "Lista de productos: volver al menú."
    SoldOutMark "sold_out_mark" "sin stock" "Junto al precio de lo que no hay."
    Product "product" "*{title}*\n{description}\n\n{price}\n{stock}" "Detalle de un producto. {title}, {description}, {price}, {stock}."
    InStock "in_stock" "Hay stock" "Detalle: hay stock."
    FewLeft "few_left" "Quedan {stock}" "Detalle: quedan 5 o menos. {stock}: cuántos."
    NoStock "no_stock" "Sin stock" "Detalle: no hay stock."
    ProductGone "product_gone" "Ese producto ya no está a la venta." "Cuando se elige algo que ya no se vende."
    TakeButton "take_button" "Pedir" "Detalle: botón que pide el producto."
    CatalogueBack "catalogue_back" "Catálogo" "Detalle: botón que vuelve a la lista."
    MenuBack "menu_back" "Menú" "Botón que vuelve al menú."
    AskQuantity "ask_quantity" "¿Cuántas unidades de {title} querés? Escribí un número del 1 al {max}." "Pregunta la cantidad. {title}, {max}."
    BadQuantity "bad_quantity" "No entendí la cantidad: tiene que ser un número entero del 1 al {max}." "Cantidad que no sirve. {max}."
    NotEnough "not_enough" "De {title} quedan {stock}. Podés cambiar la cantidad." "Piden más de lo que hay. {title}, {stock}."
    SoldOut "sold_out" "{title} se quedó sin stock." "Se agotó lo que piden. {title}."
    BasketFull "basket_full" "Un pedido lleva hasta {max} productos distintos." "Demasiados productos. {max}."
    OtherCurrency "other_currency" "{title} se cobra en otra moneda: pedilo aparte." "Dos monedas en un pedido. {title}."
    SkusUnknown "skus_unknown" "De tu carrito no encontré: {skus}." "Carrito de WhatsApp con artículos desconocidos. {skus}."
    PickAddress "pick_address" "¿A dónde lo enviamos? Elegí una dirección o escribí otra." "Pregunta la dirección a quien ya tiene alguna."
    AddressButton "address_button" "Ver direcciones" "Botón que abre las direcciones."
    OtherAddress "other_address" "Otra dirección" "Opción al final de las direcciones."
    AskAddress "ask_address" "¿A dónde lo enviamos? Escribí calle, número y localidad, o mandá tu ubicación." "Pregunta la dirección."
    BadAddress "bad_address" "Esa dirección no me sirve: tiene que tener entre 5 y 200 letras." "Dirección muy corta o muy larga."
    Summary "summary" "Tu pedido:\n{lines}\n\nEnvío a: {address}\nTotal: {total}\n\n¿Lo confirmás?" "Resumen. {lines}, {address}, {total}."
    Line "line" "{quantity} × {title}: {price}" "Una línea de un pedido. {quantity}, {title}, {price}."
    Confirm "confirm" "Confirmar" "Resumen: botón que confirma."
    Change "change" "Cambiar" "Resumen: botón que cambia algo."
    Cancel "cancel" "Cancelar" "Resumen: botón que cancela."
    SummaryChanged "summary_changed" "Algo cambió desde el resumen anterior. Miralo antes de confirmar." "Cambió un precio o un producto."
    AskChange "ask_change" "¿Qué querés cambiar?" "Pregunta qué cambiar del pedido."
    ChangeQuantity "change_quantity" "Cambiar la cantidad; 0 lo quita" "Cambiar: qué hace la opción de cada producto."
    ChangeAddress "change_address" "Dirección" "Cambiar: la dirección."
    AddProduct "add_product" "Agregar otro producto" "Cambiar: agregar un producto."
    BackToSummary "back_to_summary" "Volver al resumen" "Cambiar: volver al resumen."
    Placed "placed" "Listo. Tu pedido {code} quedó registrado. Total: {total}." "Pedido registrado. {code}, {total}."
    NotPlaced "not_placed" "No pude registrar el pedido. Podés probar otra vez o escribir «asesor» para que te atienda una persona." "El pedido falló."
    Cancelled "cancelled" "El pedido quedó cancelado, no se registró nada." "Pedido cancelado antes de confirmar."
    NothingToCancel "nothing_to_cancel" "No hay un pedido en curso. Para cancelar uno ya registrado, hablá con un asesor." "Piden cancelar y no hay nada empezado."
    Status "status" "Pedido {code}: {status}\n{lines}\nTotal: {total}" "Estado del último pedido. {code}, {status}, {lines}, {total}."
    NoOrders "no_orders" "Todavía no tenés pedidos." "No hay pedidos."
    Adviser "adviser" "Te paso con una persona. Te responde por este mismo chat." "Pasa a una persona."
    AdviserClosed "adviser_closed" "Ahora está cerrado. Te responde una persona por este mismo chat cuando abramos." "Pasa a una persona fuera de horario."
    Unclear "unclear" "No entendí lo que escribiste." "Antes de repetir las opciones."
    NotFound "not_found" "No encontré «{words}»." "Búsqueda sin resultados. {words}."
    OfferAdviser "offer_adviser" "No nos estamos entendiendo. ¿Querés que te atienda una persona?" "Después de tres mensajes que no se entendieron."
    Resume "resume" "Seguir" "Botón para seguir con el asistente."
    Unreadable "unreadable" "Todavía no puedo leer fotos, audios ni archivos: escribilo con texto." "Llega algo que no es texto."
    Stale "stale" "Esa opción ya no está vigente." "Tocan un botón viejo."
    Reminder "reminder" "Dejaste un pedido sin terminar. Si querés, seguimos." "Recordatorio de un pedido a medias."
}

impl Text {
    /// What may stand between braces in it.
    pub fn placeholders(self) -> impl Iterator<Item = &'static str> {
        braced(self.help())
    }
}

fn braced(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Letters of what somebody wrote between braces, as the problem repeats it.
const REPEATED: usize = 40;

/// What is wrong with the texts of a configuration: what nothing replaces would be read by customers as it is.
pub(crate) fn check(config: &Value) -> Vec<Problem> {
    let problem = |text: &Text| {
        let own = config.get(text.key())?.as_str()?;
        let known: Vec<&str> = text.placeholders().collect();
        let unknown = braced(own).find(|name| !known.contains(name))?;
        Some(Problem::at(&format!("/{}", text.key()), mend(unknown, &known)))
    };
    Text::ALL.iter().filter_map(problem).collect()
}

fn mend(unknown: &str, known: &[&str]) -> String {
    let unknown: String = unknown.chars().take(REPEATED).collect();
    let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    match &known[..] {
        [] => format!("Acá no va nada entre llaves: {{{unknown}}} se leería así, tal cual."),
        [one] => format!("No existe {{{unknown}}}. Acá podés usar {one}."),
        [rest @ .., last] => format!("No existe {{{unknown}}}. Acá podés usar {} y {last}.", rest.join(", ")),
    }
}

/// An eleven-hour reminder still finds its order; a later one would not.
const LONGEST_REMINDER: u64 = 660;

/// This installation's settings. What does not fit the schema counts as not set: a typo never stops the shop.
pub(crate) struct Settings(Map<String, Value>);

impl Settings {
    pub(crate) fn load(turn: &Turn) -> Self {
        Self(turn.config().unwrap_or_default())
    }

    pub(crate) fn text(&self, text: Text) -> &str {
        let own = self.0.get(text.key()).and_then(Value::as_str);
        own.filter(|own| !own.trim().is_empty()).unwrap_or_else(|| text.default_text())
    }

    /// The text with each `{name}` replaced; what replaces it is not looked through again.
    pub(crate) fn fill(&self, text: Text, values: &[(&str, &str)]) -> String {
        let mut rest = self.text(text);
        let mut filled = String::with_capacity(rest.len() + 64);
        while let Some(open) = rest.find('{') {
            filled.push_str(&rest[..open]);
            rest = &rest[open..];
            let value = values.iter().find(|(name, _)| rest[1..].strip_prefix(*name).is_some_and(|after| after.starts_with('}')));
            let taken = match value {
                Some((name, value)) => {
                    filled.push_str(value);
                    name.len() + 2
                }
                None => {
                    filled.push('{');
                    1
                }
            };
            rest = &rest[taken..];
        }
        filled.push_str(rest);
        filled
    }

    /// Minutes after which an order that was left is reminded of.
    pub(crate) fn reminder_minutes(&self) -> Option<u64> {
        let minutes = self.0.get("reminder_minutes").and_then(Value::as_u64)?;
        (minutes > 0).then(|| minutes.min(LONGEST_REMINDER))
    }

    /// The field that the catalogue is sorted by.
    pub(crate) fn sort(&self) -> &'static str {
        match self.0.get("catalogue_sort").and_then(Value::as_str) {
            Some("title") => "title",
            _ => "-popularity",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Text};
    use serde_json::{Map, json};

    #[test]
    fn placeholders_are_filled_once_and_unknown_ones_stay() {
        let mut own = Map::new();
        own.insert("not_enough".into(), json!("{title} { {stock} {nada} {"));

        let filled = Settings(own).fill(Text::NotEnough, &[("title", "{stock}"), ("stock", "3")]);

        assert_eq!(filled, "{stock} { 3 {nada} {");
    }

    #[test]
    fn an_empty_or_wrong_setting_counts_as_not_set() {
        let mut own = Map::new();
        own.insert("menu".into(), json!(" "));
        own.insert("confirm".into(), json!(5));
        let settings = Settings(own);

        assert_eq!(settings.text(Text::Menu), Text::Menu.default_text());
        assert_eq!(settings.text(Text::Confirm), "Confirmar");
        assert_eq!(settings.reminder_minutes(), None);
    }
}
