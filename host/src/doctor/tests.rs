use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::*;
use crate::settings::ServeArgs;

fn settings(data: &Path, demo: bool, env: &[(&str, &str)]) -> Settings {
    let args = ServeArgs { data: Some(data.into()), listen: Some("127.0.0.1:0".into()), demo, ..ServeArgs::default() };
    let env: Vec<(String, String)> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load_from(&args, |name| env.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone()), "").unwrap()
}

fn named<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("nothing about {name} in {findings:#?}"))
}

#[tokio::test]
async fn a_fresh_demo_is_sound_but_for_its_language_model() {
    let folder = tempfile::tempdir().unwrap();

    let findings = examine(&settings(&folder.path().join("data"), true, &[])).await;

    let doubtful: Vec<&str> =
        findings.iter().filter(|finding| finding.state != State::Ok && finding.name != "disk space").map(|finding| &*finding.name).collect();
    assert_eq!(doubtful, ["language model"], "{findings:#?}");
    assert_eq!(named(&findings, "database").says, "SQLite opens; 0 tenants");
    assert!(findings.iter().all(|finding| (finding.state == State::Ok) == finding.mend.is_none()));
}

#[tokio::test]
async fn a_host_that_runs_is_not_told_that_its_address_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings { listen: taken.local_addr().unwrap(), ..settings(folder.path(), true, &[]) };
    let store = Store::open(&settings.store()).await.unwrap();

    assert_eq!(named(&examine(&settings).await, "listen address").state, State::Warn);
    assert_eq!(named(&examine_running(&settings, &store).await, "listen address").state, State::Ok);
}

#[tokio::test]
async fn another_key_than_the_one_of_the_data_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["11", "22"].map(|byte| settings(folder.path(), true, &[("RELEVO_MASTER_KEY", &byte.repeat(32))]));
    drop(Store::open(&one.store()).await.unwrap());

    let findings = examine(&other).await;

    assert_eq!(named(&findings, "master key").state, State::Bad);
    assert!(!table(&findings).contains(&"22".repeat(32)));
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();

    let findings = examine(&settings(&folder.path().join("file/data"), true, &[])).await;

    assert_eq!(named(&findings, "data folder").state, State::Bad);
    assert_eq!(named(&findings, "database").state, State::Bad);
}

#[tokio::test]
async fn what_others_can_read_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), true, &[]);
    drop(Store::open(&settings.store()).await.unwrap());
    fs::create_dir(settings.cache()).unwrap();
    fs::set_permissions(settings.cache(), fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(folder.path().join("master.key"), fs::Permissions::from_mode(0o640)).unwrap();

    let findings = examine(&settings).await;

    assert!(named(&findings, "plugin cache").says.contains("mode 750"), "{findings:#?}");
    assert!(named(&findings, "master key").says.contains("mode 640"), "{findings:#?}");
}

#[tokio::test]
async fn a_real_host_is_told_what_the_world_cannot_reach() {
    let folder = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let env = |base| [("META_GRAPH_URL", format!("http://{gone}")), ("PUBLIC_BASE_URL", String::from(base))];
    let of = |base| {
        let env = env(base);
        settings(folder.path(), false, &env.each_ref().map(|(name, value)| (*name, value.as_str())))
    };

    let findings = examine(&of("http://relevo.example.com")).await;

    assert_eq!(named(&findings, "graph api").state, State::Bad);
    assert_eq!(named(&findings, "webhook address").state, State::Warn);
    assert!(named(&findings, "settings").says.starts_with("META_VERIFY_TOKEN is not set"));
    assert_eq!(webhook_address(&of("https://relevo.example.com")).state, State::Ok);
    assert_eq!(webhook_address(&of("")).state, State::Warn);
}

#[tokio::test]
async fn a_graph_api_that_takes_connections_is_ok() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();

    let finding = graph(Some(&format!("http://{}/v23.0", listener.local_addr().unwrap()))).await;

    assert_eq!(finding.state, State::Ok, "{finding:?}");
}

#[test]
fn the_table_reads_in_words_and_says_when_it_is_bad() {
    let findings = [ok("settings", "complete"), bad("disk space", "0.1 GiB are free", "Make room")];

    assert_eq!(table(&findings), "ok    settings    complete.\nbad   disk space  0.1 GiB are free.\n                  → Make room.\n");
    assert_eq!(format!("{:?}", print(&findings)), format!("{:?}", ExitCode::FAILURE));
    assert_eq!(format!("{:?}", print(&findings[..1])), format!("{:?}", ExitCode::SUCCESS));
}

#[test]
fn df_is_understood_whatever_the_disk_is_called() {
    let head = "Filesystem     1024-blocks  Used Available Capacity Mounted on\n";

    assert_eq!(parse_df(&format!("{head}/dev/sda1 100 40 60 40% /\n")), Some(60 * 1024));
    assert_eq!(parse_df(&format!("{head}//nas/my share 100 40 60 40% /mnt/my share\n")), Some(60 * 1024));
    assert_eq!(parse_df(head), None);
}

#[test]
fn refused_settings_are_findings_too() {
    let errors = Settings::load_from(&ServeArgs::default(), |name| (name == "ENABLE_JOBS").then(|| "maybe".into()), "").unwrap_err();

    let findings = refused(&errors);

    assert_eq!((findings.len(), findings[0].state), (1, State::Bad));
    assert!(findings[0].says.starts_with("ENABLE_JOBS is \"maybe\""));
}
