//! The warehouse's words for the descriptions of WMS Cloud's lookups. Descriptions differ between tenants, so a setting
//! adds to these and overrides them. A description without a word stays itself, in upper case.

use wmshost_plugin::Sql;

/// The lookups that have words.
const LOOKUPS: [&str; 5] = ["allocation_status", "order_status", "order_type", "location_type", "priority"];

/// The words without a setting.
const USUAL: [(&str, &str, &str); 17] = [
    ("allocation_status", "CREATED", "ALLOCATED"),
    ("allocation_status", "IN PICKING", "ALLOCATED"),
    ("allocation_status", "COMPLETED", "SHIPPED"),
    ("order_status", "CREATED", "NEW"),
    ("order_status", "PARTLY ALLOCATED", "CONFIRMED"),
    ("order_status", "PARTIALLY ALLOCATED", "CONFIRMED"),
    ("order_status", "ALLOCATED", "CONFIRMED"),
    ("order_status", "IN PICKING", "IN_PROGRESS"),
    ("order_status", "PICKED", "IN_PROGRESS"),
    ("order_status", "IN PACKING", "IN_PROGRESS"),
    ("order_status", "PACKED", "IN_PROGRESS"),
    ("order_status", "LOADED", "IN_PROGRESS"),
    ("order_status", "SHIPPED", "COMPLETED"),
    ("order_status", "DELIVERED", "COMPLETED"),
    ("location_type", "ACTIVE", "PICK"),
    ("location_type", "STAGING", "STAGE"),
    ("location_type", "DOCK DOOR", "DOCK"),
];

/// The words of a tenant: lookup, description in upper case, word. The first one that fits counts.
#[derive(Clone, Debug)]
pub(crate) struct Words(Vec<(String, String, String)>);

impl Words {
    /// Reads a setting: texts such as `order_status:In Transit=COMPLETED`. The error is the mistake of the setting.
    pub(crate) fn read(given: &[String]) -> Result<Self, String> {
        let (valid, wrong): (Vec<_>, Vec<_>) = given.iter().partition(|written| read_one(written).is_some());
        if !wrong.is_empty() {
            let wrong: Vec<String> = wrong.iter().map(|written| format!("{written:?}")).collect();
            let (wrong, lookups) = (wrong.join(", "), LOOKUPS.join(", "));
            return Err(format!(
                "setting words: not valid: {wrong}; each is like order_status:In Transit=COMPLETED, for one of {lookups}"
            ));
        }
        let usual = USUAL.map(|(lookup, from, to)| (lookup.to_owned(), from.to_owned(), to.to_owned()));
        Ok(Self(valid.into_iter().filter_map(|written| read_one(written)).chain(usual).collect()))
    }

    /// The word for a description of a lookup, as SQL.
    pub(crate) fn word(&self, sql: Sql, lookup: &str, description: &str) -> String {
        let upper = sql.trimmed_upper(description);
        let cases = self.0.iter().filter(|(known, ..)| known == lookup);
        let cases: String =
            cases.map(|(_, from, to)| format!(" WHEN {} THEN {}", sql.text(from), sql.text(to))).collect();
        if cases.is_empty() { upper } else { format!("CASE {upper}{cases} ELSE {upper} END") }
    }

    /// The word for a status by its lookup, as SQL: the number itself where the lookup does not have it.
    pub(crate) fn status(&self, sql: Sql, lookup: &str, status: &str, row: &str) -> String {
        let word = self.word(sql, lookup, &format!("{row}.description"));
        format!("CASE WHEN {row}.id IS NULL THEN {} ELSE {word} END", sql.as_text(status))
    }
}

fn read_one(written: &str) -> Option<(String, String, String)> {
    let (lookup, rest) = written.split_once(':')?;
    let (from, to) = rest.rsplit_once('=')?;
    let (lookup, from, to) = (lookup.trim(), from.trim().to_uppercase(), to.trim().to_uppercase());
    let is_valid = LOOKUPS.contains(&lookup) && !from.is_empty() && !to.is_empty();
    is_valid.then(|| (lookup.to_owned(), from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_goes_before_the_usual_words() {
        let words = Words::read(&["order_status: Packed = CONFIRMED".to_owned()]).expect("words");
        let sql = words.word(Sql::sqlite(), "order_status", "d");
        let at = |text: &str| sql.find(text).unwrap_or_else(|| panic!("{text} is not in {sql}"));
        assert!(at("WHEN 'PACKED' THEN 'CONFIRMED'") < at("WHEN 'PACKED' THEN 'IN_PROGRESS'"));
        let plain = words.word(Sql::sqlite(), "priority", "d");
        assert_eq!(plain, Sql::sqlite().trimmed_upper("d"));
    }

    #[test]
    fn all_words_that_are_not_valid_are_reported() {
        let given = ["Packed=X", "colour:red=RED", "order_type:=X", "order_type:a="].map(str::to_owned);
        let message = Words::read(&given).expect_err("mistakes");
        assert!(given.iter().all(|text| message.contains(&format!("{text:?}"))), "{message}");
    }
}
