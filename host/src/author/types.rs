//! The contract as TypeScript declarations, so that an editor knows what a flow in JavaScript reads and returns.

mod read;

use std::fmt::Write;

use anyhow::Result;

use self::read::{Contract, Function, Interface, Item, Kind, Type};

/// Words that name no function in JavaScript.
const RESERVED: [&str; 8] = ["default", "delete", "export", "function", "import", "new", "return", "void"];

/// Every interface of the contract as a module, called as flows import it.
pub fn declarations(wit: &str) -> Result<String> {
    let contract = read::read(wit)?;
    let mut text = String::from("// Written by `relevo plugin build` from the contract in wit/. Do not change it.\n");
    for interface in &contract.interfaces {
        module(&mut text, &contract, interface);
    }
    Ok(text)
}

fn module(text: &mut String, contract: &Contract, interface: &Interface) {
    let _ = writeln!(text);
    docs(text, "", &interface.docs);
    let _ = writeln!(text, "declare module \"{}\" {{", contract.module(&interface.name));
    for (from, names) in &interface.uses {
        let names: Vec<String> = names.iter().map(|name| pascal(name)).collect();
        let _ = writeln!(text, "  import type {{ {} }} from \"{}\";", names.join(", "), contract.module(from));
    }
    for item in &interface.items {
        declare(text, item);
    }
    if contract.exports.contains(&interface.name) {
        let _ = writeln!(text, "  /** What a plugin that offers this exports under the name `{}`. */", camel(&interface.name));
        let _ = writeln!(text, "  export interface Exported {{");
        interface.functions.iter().for_each(|function| declare_function(text, "    ", "", function));
        let _ = writeln!(text, "  }}");
    } else {
        interface.functions.iter().for_each(|function| declare_function(text, "  ", "export function ", function));
    }
    let _ = writeln!(text, "}}");
}

fn declare(text: &mut String, item: &Item) {
    docs(text, "  ", &item.docs);
    let name = pascal(&item.name);
    let _ = match &item.kind {
        Kind::Alias(of) => writeln!(text, "  export type {name} = {};", typescript(of)),
        Kind::Record(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, of)| format!("{}: {}", camel(name), typescript(of))).collect();
            writeln!(text, "  export interface {name} {{ {} }}", fields.join("; "))
        }
        Kind::Enum(cases) => writeln!(text, "  export type {name} = {};", cases.iter().map(|case| format!("\"{case}\"")).collect::<Vec<_>>().join(" | ")),
        Kind::Variant(cases) => {
            let case = |(name, of): &(String, Option<Type>)| match of {
                Some(of) => format!("\n    | {{ tag: \"{name}\"; val: {} }}", typescript(of)),
                None => format!("\n    | {{ tag: \"{name}\" }}"),
            };
            writeln!(text, "  export type {name} ={};", cases.iter().map(case).collect::<String>())
        }
    };
}

fn declare_function(text: &mut String, indent: &str, before: &str, function: &Function) {
    let mut lines = function.docs.clone();
    let result = match &function.result {
        Some(of) if of.name == "result" => {
            lines.push("Throws an error whose `payload` is a Failure.".to_owned());
            of.of.first().cloned()
        }
        other => other.clone(),
    };
    docs(text, indent, &lines);
    let arguments: Vec<String> = function.arguments.iter().map(|(name, of)| format!("{}: {}", camel(name), typescript(of))).collect();
    let result = result.as_ref().map_or_else(|| "void".to_owned(), typescript);
    let (name, arguments) = (camel(&function.name), arguments.join(", "));
    let _ = if RESERVED.contains(&name.as_str()) && !before.is_empty() {
        // `import { delete as … }` is good JavaScript, a function called so is not.
        writeln!(text, "{indent}function {name}_({arguments}): {result};\n{indent}export {{ {name}_ as {name} }};")
    } else {
        writeln!(text, "{indent}{before}{name}({arguments}): {result};")
    };
}

fn docs(text: &mut String, indent: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "{indent}/** {} */", lines.join(&format!("\n{indent} * ")));
    }
}

/// What componentize-qjs makes of a type.
fn typescript(Type { name, of }: &Type) -> String {
    let inner = || of.iter().map(typescript).collect::<Vec<_>>();
    match name.as_str() {
        "u8" | "u16" | "u32" | "u64" | "s8" | "s16" | "s32" | "s64" | "f32" | "f64" => "number".into(),
        "bool" => "boolean".into(),
        "string" | "char" => "string".into(),
        "_" => "void".into(),
        "option" => format!("{} | null", inner().join("")),
        "tuple" => format!("[{}]", inner().join(", ")),
        "list" if of.first().is_some_and(|of| of.name == "u8") => "Uint8Array".into(),
        "list" => format!("Array<{}>", inner().join("")),
        "result" => inner().into_iter().next().unwrap_or_else(|| "void".into()),
        named => pascal(named),
    }
}

fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

fn camel(name: &str) -> String {
    let pascal = pascal(name);
    pascal[..1].to_lowercase() + &pascal[1..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIT: &str = include_str!("../../../wit/relevo-flow-0.1.0-draft/flow.wit");

    #[test]
    fn every_function_and_type_of_the_contract_is_declared() {
        let text = declarations(WIT).unwrap();

        for line in WIT.lines().map(str::trim) {
            if let Some((name, _)) = line.split_once(": func(") {
                let name = camel(name);
                assert!(text.contains(&format!("{name}(")) || text.contains(&format!("export {{ {name}_ as {name} }};")), "{name}");
            }
            if let Some(name) = ["record ", "variant ", "enum "].iter().find_map(|word| line.strip_prefix(word)) {
                let name = pascal(name.split(' ').next().unwrap());
                assert!(text.contains(&format!(" {name} ")), "{name}");
            }
        }
    }

    #[test]
    fn what_refuses_says_so_and_returns_the_rest() {
        let text = declarations(WIT).unwrap();

        assert!(
            text.contains("declare module \"relevo:flow/kv@0.1.0-draft\" {\n  import type { Json, Failure, Named } from \"relevo:flow/types@0.1.0-draft\";"),
            "{text}"
        );
        assert!(text.contains("export function get(scope: Scope, key: string): Entry | null;"), "{text}");
        assert!(text.contains("export function setCustomer(attributes: Json): void;"), "{text}");
        assert!(text.contains("    | { tag: \"over-quota\"; val: string }\n    | { tag: \"timed-out\" }"), "{text}");
        assert!(text.contains("export interface Response { status: number; headers: Array<[string, string]>; body: Uint8Array }"), "{text}");
        assert!(text.contains("    handle(ids: Ids, event: Event): Outcome;"), "{text}");
    }

    #[test]
    fn a_contract_that_cannot_be_read_is_said_where() {
        let error = declarations("package a:b@1.0.0;\ninterface c {\n  record d [ ]\n}").unwrap_err().to_string();

        assert!(error.contains("line 3"), "{error}");
    }
}
