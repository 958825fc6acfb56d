//! Snapshots: blocks of SQL files, or entries of YAML that name a relation. Each becomes a model that keeps versions. What
//! reads them finds the times of the versions under dbt's names.

use super::layout::Layout;
use super::macros::next_tag;
use super::properties::{Described, Properties};
use crate::files::{File, FileKind};
use crate::yaml::Node;

/// The columns of dbt's versions, and what has the same meaning here.
const VERSION_COLUMNS: [(&str, &str); 3] =
    [("dbt_valid_from", "wms_valid_from"), ("dbt_valid_to", "wms_valid_to"), ("dbt_updated_at", "wms_valid_from")];
/// The column that has no meaning here.
const ROW_ID: &str = "dbt_scd_id";

/// The remark on each snapshot.
pub(super) const HISTORY: &str =
    "its versions begin with the first build here: those that dbt has kept stay in dbt's table, which is not changed";

/// A snapshot in a file of the project.
pub(super) struct Snapshot {
    pub(super) name: String,
    /// The line where it begins.
    pub(super) line: usize,
    /// The file, with the snapshot's SQL alone, at its own lines.
    pub(super) file: File,
}

/// The snapshots of the project.
pub(super) fn read(layout: &Layout, properties: &Properties) -> Vec<Snapshot> {
    let mut found = Vec::new();
    for file in layout.snapshots.iter().filter(|file| file.kind == FileKind::Sql) {
        let mut from = 0;
        while let Some(((tag, begin), _, rest)) = next_tag(&file.text, from, &["snapshot"]) {
            let end = next_tag(&file.text, begin, &["endsnapshot"]);
            let (body, after) = end.map_or((file.text.len(), file.text.len()), |((body, after), ..)| (body, after));
            let lines = "\n".repeat(file.text[..begin].matches('\n').count());
            let text = format!("{lines}{}", &file.text[begin..body]);
            let line = file.text[..tag].matches('\n').count() + 1;
            let file = File { path: file.path.clone(), kind: FileKind::Sql, text };
            found.push(Snapshot { name: rest.trim().to_owned(), line, file });
            from = after;
        }
    }
    for (name, Described { file, node }) in &properties.models {
        if let Some(relation) = node.get("relation").and_then(Node::text) {
            let lines = "\n".repeat(node.line.saturating_sub(1));
            let text = format!("{lines}select * from {{{{ {relation} }}}}");
            let file = File { path: file.clone(), kind: FileKind::Sql, text };
            found.push(Snapshot { name: name.clone(), line: node.line, file });
        }
    }
    found
}

/// The SQL of a model that reads snapshots, with the names that it has for the times of versions.
pub(super) fn with_versions(sql: &str, snapshots: &[String]) -> Result<String, String> {
    let words: Vec<String> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
    let names = |column: &str| words.iter().any(|word| word == column);
    let read: Vec<String> =
        snapshots.iter().map(|name| format!("{{{name}}}")).filter(|name| sql.contains(name)).collect();
    if read.is_empty() {
        return Ok(sql.to_owned());
    }
    if names(ROW_ID) {
        return Err(format!("it names {ROW_ID}, which snapshots do not have here: use the key and wms_valid_from"));
    }
    let named: Vec<String> = VERSION_COLUMNS
        .iter()
        .filter(|(column, _)| names(column))
        .map(|(column, own)| format!(", wms_version.{own} AS {column}"))
        .collect();
    if named.is_empty() {
        return Ok(sql.to_owned());
    }
    let renamed = |sql: String, name: &String| {
        sql.replace(name, &format!("(SELECT wms_version.*{} FROM {name} wms_version)", named.concat()))
    };
    Ok(read.iter().fold(sql.to_owned(), renamed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_find_the_times_of_versions_under_their_names() {
        let snapshots = ["history".to_owned()];
        let sql = "select id, dbt_valid_to from {history} history where dbt_valid_to is null";
        assert_eq!(
            with_versions(sql, &snapshots).expect("known columns"),
            "select id, dbt_valid_to from (SELECT wms_version.*, wms_version.wms_valid_to AS dbt_valid_to \
             FROM {history} wms_version) history where dbt_valid_to is null"
        );
        for same in ["select id from {history}", "select dbt_valid_to, dbt_scd_id from {others}"] {
            assert_eq!(with_versions(same, &snapshots).as_deref(), Ok(same));
        }
        assert!(with_versions("select DBT_SCD_ID from {history}", &snapshots).is_err());
    }
}
