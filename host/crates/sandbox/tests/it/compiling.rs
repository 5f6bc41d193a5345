//! Compiling in a child process, and the cache that it fills.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use relevo_sandbox::{CompileError, Engine, EngineError, EngineSettings, LoadError, PackageError, compile::compile_in_child};

use crate::fixtures::{Bench, Desk, bare_guest, call, guest, manifest, settings, written_with};

#[tokio::test]
async fn compiled_code_is_kept_for_this_user_alone_and_used_again() {
    let bench = Bench::new();
    bench.load("(call $handled)").await;
    let (code, written) = only_code(bench.cache.path());

    let again = Engine::new(EngineSettings { compiler: "/bin/false".into(), ..settings(&bench.cache) }).unwrap();
    let plugin = again.load(&guest("(call $handled)")).await.unwrap();

    assert!(call(&plugin, Desk::default(), &Default::default()).await.result.is_ok());
    assert_eq!(only_code(bench.cache.path()), (code, written));
    assert_eq!(fs::metadata(bench.cache.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let left: Vec<_> = fs::read_dir(bench.cache.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
}

#[tokio::test]
async fn code_that_was_changed_on_disk_is_not_loaded_but_compiled_again() {
    let bench = Bench::new();
    bench.load("(call $handled)").await;
    let (code, _) = only_code(bench.cache.path());
    let good = fs::read(&code).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 0xff;
    // Another file, not the bytes under a running engine's map.
    fs::remove_file(&code).unwrap();
    fs::write(&code, bad).unwrap();

    bench.assert_unharmed().await;

    assert_eq!(fs::read(&code).unwrap(), good);
}

#[tokio::test]
async fn native_code_is_refused_as_an_upload() {
    let bench = Bench::new();
    bench.load("(call $handled)").await;
    let native = fs::read(only_code(bench.cache.path()).0).unwrap();

    let refused = bench.engine.load(&native).await;

    assert!(matches!(refused, Err(LoadError::Package(PackageError::Native))));
}

#[tokio::test]
async fn an_invalid_component_is_refused_with_the_compilers_reason() {
    let bench = Bench::new();
    let mut wasm = guest("(i32.const 305419896)");
    // The constant's own bytes, in LEB128, become unknown instructions: well framed, invalid inside.
    let constant = [0x41, 0xf8, 0xac, 0xd1, 0x91, 0x01];
    let at = wasm.windows(constant.len()).position(|window| window == constant).unwrap();
    wasm[at..at + constant.len()].fill(0xff);

    let Err(refused) = bench.engine.load(&wasm).await else { panic!("it was loaded") };

    assert!(matches!(&refused, LoadError::Compile(CompileError::Refused(reason)) if reason.contains("opcode")), "{refused:?}");
    assert_eq!(fs::read_dir(bench.cache.path()).unwrap().count(), 0);
    bench.assert_unharmed().await;
}

#[tokio::test]
async fn a_component_of_another_shape_is_refused_when_it_is_linked() {
    let bench = Bench::new();
    let text = written_with("(call $handled)").replace(r#"(export "now-ms" (func (result u64)))"#, r#"(export "now-ms" (func (result s64)))"#);
    let wasm = relevo_sandbox::pack(&wat::parse_str(text).unwrap(), &manifest()).unwrap();

    let Err(refused) = bench.engine.load(&wasm).await else { panic!("it was loaded") };

    assert!(matches!(&refused, LoadError::Link(reason) if reason.contains("now-ms")), "{refused:?}");
}

#[tokio::test]
async fn a_compiler_that_dies_or_is_missing_is_an_error_of_its_own() {
    let cache = tempfile::tempdir().unwrap();
    let with = |compiler: &str| Engine::new(EngineSettings { compiler: compiler.into(), ..settings(&cache) });

    let died = compile_in_child(&with("/bin/false").unwrap(), &guest("(call $handled)")).await;
    let missing = with("/no/such/relevo");

    assert!(matches!(died, Err(CompileError::Died(_))), "{died:?}");
    assert!(matches!(missing, Err(EngineError::Compiler(..))));
}

#[tokio::test]
async fn the_compiler_knows_nothing_of_our_environment_and_runs_under_limits() {
    let cache = tempfile::tempdir().unwrap();
    let nosy = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/nosy-compiler.sh");
    let engine = Engine::new(EngineSettings { compiler: nosy.into(), ..settings(&cache) }).unwrap();

    let told = compile_in_child(&engine, &guest("(call $handled)")).await;

    let Err(CompileError::Refused(told)) = told else { panic!("{told:?}") };
    assert!(told.contains("arguments=compile"), "{told}");
    // The shell sets a few by itself.
    for (name, value) in std::env::vars().filter(|(name, _)| !["PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str())) {
        assert!(!told.lines().any(|line| line == format!("{name}={value}")), "{name}");
    }
    assert!(told.contains("cpu=60") && told.contains("memory=2097152") && told.contains("core=0"), "{told}");
}

#[tokio::test]
async fn what_has_no_manifest_is_not_compiled() {
    let bench = Bench::new();

    let refused = compile_in_child(&bench.engine, &bare_guest("(call $handled)", "")).await;

    assert!(matches!(refused, Err(CompileError::Refused(_))));
}

/// The one file of native code in the cache and when it was written.
fn only_code(cache: &Path) -> (PathBuf, std::time::SystemTime) {
    let files: Vec<_> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "cwasm").collect();
    let [code] = files.as_slice() else { panic!("{files:?}") };
    (code.clone(), fs::metadata(code).unwrap().modified().unwrap())
}
