//! Whether what is stored of a configuration fits a version that is to answer.

use relevo_model::*;
use relevo_sandbox::{Manifest, schema};
use relevo_store::{Conn, PluginRow};
use serde_json::{Value, json};

use super::{ConfigProblem, Detail, settings};
use crate::console::{Error, Result};

/// What of the stored configuration a version cannot take.
#[derive(Clone, Debug, PartialEq)]
pub struct Misfit {
    /// The service point that has it so, by its id and its name; none is the whole installation.
    pub point: Option<(ServicePointId, String)>,
    pub problem: ConfigProblem,
}

/// Goes on only where a version can take what is stored: for the installation, and at each service point that it would answer at. Of a plugin that
/// was never set and is attached nowhere nothing is stored; attaching it asks for what is missing.
pub(super) async fn demand(conn: &mut Conn, row: &PluginRow, manifest: &Manifest) -> Result<()> {
    let set = settings::secret_names(conn, &row.id).await?;
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let mut misfits = Vec::new();
    let of_all = |problem| Misfit { point: None, problem };
    if row.config_version > 0 {
        misfits.extend(problems(manifest, &row.config.0, &json!({}), &set).into_iter().map(of_all));
    }
    for install in conn.installs().await?.into_iter().filter(|install| install.plugin_id == row.id) {
        for problem in problems(manifest, &row.config.0, &install.config.0, &set) {
            let misfit = if is_set_by(&install.config.0, &problem) {
                let name = conn.service_points().find(&install.service_point_id).await?.map(|point| point.name).unwrap_or_default();
                Misfit { point: Some((install.service_point_id, name)), problem }
            } else {
                of_all(problem)
            };
            // What the installation has so, each of its service points has.
            if !misfits.contains(&misfit) {
                misfits.push(misfit);
            }
        }
    }
    if misfits.is_empty() { Ok(()) } else { Err(Error::Misfit(misfits)) }
}

/// What of the installation's configuration does not fit a version.
pub fn problems_with(detail: &Detail, manifest: &Manifest) -> Vec<ConfigProblem> {
    let set: Vec<&str> = detail.secrets.iter().filter(|secret| secret.set).map(|secret| &*secret.name).collect();
    problems(manifest, &detail.config, &json!({}), &set)
}

fn problems(manifest: &Manifest, installation: &Value, point: &Value, set: &[&str]) -> Vec<ConfigProblem> {
    let config = settings::merged(manifest, installation, point, set);
    schema::validate(&manifest.config, &config).into_iter().map(ConfigProblem::from).collect()
}

/// Whether a service point has this setting otherwise than the installation.
fn is_set_by(point: &Value, problem: &ConfigProblem) -> bool {
    let setting = problem.path.split('/').nth(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    setting.is_some_and(|setting| point.get(&setting).is_some())
}
