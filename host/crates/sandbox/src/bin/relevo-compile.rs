//! The compile child of this crate's tests and benchmark; the host's binary has the same command.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [command, input, output] = arguments.as_slice() else {
        eprintln!("usage: relevo-compile compile <input> <output>");
        return ExitCode::from(2);
    };
    if command != "compile" {
        eprintln!("there is no command but \"compile\"");
        return ExitCode::from(2);
    }
    match relevo_sandbox::compile_main(Path::new(input), Path::new(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
