//! What wit-bindgen makes of the contract: the types as they are, and the imports that only exist inside of WebAssembly.

wit_bindgen::generate!({
    path: "../../wit/relevo-flow-0.1.0-draft",
    world: "flow-plugin",
    additional_derives: [PartialEq],
    default_bindings_module: "relevo_plugin::bindings",
    export_macro_name: "export_flow",
    generate_unused_types: true,
    pub_export_macro: true,
});
