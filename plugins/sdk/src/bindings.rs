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

/// A flow's own check of its configuration: an export apart, so that most flows do without.
pub mod configuration {
    wit_bindgen::generate!({
        path: "../../wit/relevo-flow-0.1.0-draft",
        world: "only-configuration",
        with: { "relevo:flow/types@0.1.0-draft": crate::bindings::relevo::flow::types },
        additional_derives: [PartialEq],
        default_bindings_module: "relevo_plugin::bindings::configuration",
        export_macro_name: "export_configuration",
        pub_export_macro: true,
    });
}

/// What a language model may call, likewise.
pub mod tools {
    wit_bindgen::generate!({
        path: "../../wit/relevo-flow-0.1.0-draft",
        world: "only-tools",
        with: {
            "relevo:flow/types@0.1.0-draft": crate::bindings::relevo::flow::types,
            "relevo:flow/turn@0.1.0-draft": crate::bindings::relevo::flow::turn,
            "relevo:flow/actions@0.1.0-draft": crate::bindings::relevo::flow::actions,
        },
        additional_derives: [PartialEq],
        default_bindings_module: "relevo_plugin::bindings::tools",
        export_macro_name: "export_tools",
        pub_export_macro: true,
    });
}
