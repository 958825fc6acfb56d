//! An entity's description, and the columns made of it. The description is one of creating records, not of reading them:
//! what it calls required may be NULL, and lengths are no promise.

use wmshost_plugin::contract::types::{Column, ColumnType, DecimalType, Schema, Zone};
use wmshost_plugin::http::{Each, JsonColumn, MemberPath, Place, Response, Service, column};
use wmshost_plugin::{Result, Rows, Settings, invalid_config, log, permanent};

use crate::cloud::{Cloud, refused};

/// The column that identifies a row.
pub(crate) const ID: &str = "id";
/// The time when a row was created.
pub(crate) const CREATED: &str = "create_ts";
/// The most columns of a stream.
const MOST_COLUMNS: usize = 900;

/// The settings that choose columns and their types.
#[derive(Debug)]
pub(crate) struct Choice {
    decimal: DecimalType,
    fields: Vec<String>,
    exclude: Vec<String>,
    relation_keys: bool,
    set_counts: bool,
}

impl Choice {
    /// Checks the settings.
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        let (precision, scale) = (settings.integer("precision")?, settings.integer("scale")?);
        if !(1..=38).contains(&precision) || !(0..=precision).contains(&scale) {
            return Err(invalid_config(
                "settings precision and scale: 1 to 38 digits in all, 0 to all of them after the point",
            ));
        }
        Ok(Self {
            decimal: DecimalType { precision: precision as u8, scale: scale as u8 },
            fields: settings.texts("fields")?.to_vec(),
            exclude: settings.texts("exclude")?.to_vec(),
            relation_keys: settings.flag("relation_keys")?,
            set_counts: settings.flag("set_counts")?,
        })
    }

    /// The same, with a field that is read in any case.
    pub(crate) fn with(mut self, field: Option<&str>) -> Self {
        if !self.fields.is_empty() {
            self.fields.extend(field.map(str::to_owned));
        }
        self
    }

    fn takes(&self, field: &str) -> bool {
        (self.fields.is_empty() || self.fields.iter().any(|name| name == field))
            && !self.exclude.iter().any(|name| name == field)
    }
}

/// An entity as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) name: String,
    /// The columns, `id` first and the others by name, so that the service's order does not matter.
    pub(crate) columns: Vec<JsonColumn>,
    /// The fields of the description.
    pub(crate) fields: Vec<String>,
    /// The service's clock when it described the entity, in microseconds.
    pub(crate) now: Option<i64>,
}

/// A field of the description.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) word: String,
    /// The longest text, where there is a limit.
    pub(crate) most: Option<i64>,
}

impl Entity {
    /// Asks for the description of an entity, and makes columns of it.
    pub(crate) fn describe<S: Service>(cloud: &Cloud<S>, name: &str, choice: &Choice) -> Result<Self> {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name {
            return Err(invalid_config(format!(
                "{name:?} is no entity: their names have lower-case letters, digits and `_`"
            )));
        }
        let response = cloud.get(&format!("{name}/describe/"), &[])?;
        let facts = response.facts();
        match facts.status {
            200 => {}
            404 => return Err(unknown(cloud, name)),
            _ => return Err(refused(name, &facts)),
        }
        let entity = Self::of(name, &fields(&response)?, choice, facts.date)?;
        let mut chosen = choice.fields.iter().chain(&choice.exclude);
        if let Some(field) = chosen.find(|field| !entity.fields.contains(field)) {
            return Err(invalid_config(format!(
                "{name} has no field {field}; correct the settings `fields` and `exclude`"
            )));
        }
        Ok(entity)
    }

    /// Makes columns of the fields.
    pub(crate) fn of(name: &str, fields: &[Field], choice: &Choice, now: Option<i64>) -> Result<Self> {
        let mut columns = Vec::new();
        let mut unknown = Vec::new();
        for field in fields.iter().filter(|field| choice.takes(&field.name) || field.name == ID) {
            columns.extend(columns_of(field, choice, &mut unknown));
        }
        if !unknown.is_empty() {
            let fields = unknown.join(", ");
            log::info(format!("{name}: the types of these fields are not known, they are read as text: {fields}"));
        }
        columns.sort_by(|one, other| (one.name != ID, &one.name).cmp(&(other.name != ID, &other.name)));
        if let Some(twice) = columns.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(invalid_config(format!(
                "{name}: two columns would be called {}; leave one out by `exclude`",
                twice[0].name
            )));
        }
        if columns.len() > MOST_COLUMNS {
            return Err(invalid_config(format!(
                "{name} has {} columns, at most {MOST_COLUMNS} can be read",
                columns.len()
            )));
        }
        let fields = fields.iter().map(|field| field.name.clone()).collect();
        Ok(Self { name: name.to_owned(), columns, fields, now })
    }

    /// True if rows have an id.
    pub(crate) fn has_id(&self) -> bool {
        self.columns.first().is_some_and(|column| column.name == ID)
    }

    /// True if there is a time of this name.
    pub(crate) fn has_time(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name && matches!(column.kind, ColumnType::Timestamp(_)))
    }

    /// Keeps these columns only.
    pub(crate) fn keep(&mut self, names: &[&str]) -> Result<()> {
        if let Some(missing) = names.iter().find(|name| !self.columns.iter().any(|column| column.name == **name)) {
            return Err(invalid_config(format!("{} has no field {missing}, or it is excluded", self.name)));
        }
        self.columns.retain(|column| names.contains(&column.name.as_str()));
        Ok(())
    }

    /// The columns of every batch.
    pub(crate) fn schema(&self) -> Schema {
        let column = |column: &JsonColumn| Column { name: column.name.clone(), kind: column.kind, nullable: true };
        self.columns.iter().map(column).collect()
    }

    /// The fields that the columns are made of.
    pub(crate) fn members(&self) -> Vec<String> {
        let member = |column: &JsonColumn| match &column.place {
            Place::Path(path) => path.names.first().cloned(),
            Place::MemberName => None,
        };
        let mut members: Vec<String> = self.columns.iter().filter_map(member).collect();
        members.dedup();
        members
    }
}

/// The columns of a field.
fn columns_of(field: &Field, choice: &Choice, unknown: &mut Vec<String>) -> Vec<JsonColumn> {
    let name = field.name.as_str();
    let place = |names: &[&str], or_bare| {
        Place::Path(MemberPath { names: names.iter().map(|name| (*name).to_owned()).collect(), or_bare })
    };
    let plain = |kind| vec![JsonColumn { name: name.to_owned(), kind, place: place(&[name], false) }];
    let is_text = matches!(field.word.as_str(), "string" | "varchar" | "text") && field.most.is_some();
    if name == ID {
        return plain(ColumnType::Int64);
    }
    if name.ends_with("_set") || field.word == "list" {
        let count = JsonColumn {
            name: format!("{name}_count"),
            kind: ColumnType::Int64,
            place: place(&[name, "result_count"], true),
        };
        return if choice.set_counts { vec![count] } else { Vec::new() };
    }
    // A relation is an object here and a bare id there, and a status is a bare number in any case.
    if field.word == "relation" || name.ends_with("_id") && !is_text {
        let id = JsonColumn { name: name.to_owned(), kind: ColumnType::Int64, place: place(&[name, ID], true) };
        let key =
            JsonColumn { name: format!("{name}_key"), kind: ColumnType::Utf8, place: place(&[name, "key"], false) };
        return [id].into_iter().chain(choice.relation_keys.then_some(key)).collect();
    }
    plain(match field.word.as_str() {
        "pk" | "integer" => ColumnType::Int64,
        "number" | "decimal" | "float" => ColumnType::Decimal(choice.decimal),
        "boolean" => ColumnType::Boolean,
        "datetime" => ColumnType::Timestamp(Zone::Utc),
        "date" => ColumnType::Date,
        "string" | "varchar" | "text" | "time" => ColumnType::Utf8,
        _ => {
            unknown.push(name.to_owned());
            ColumnType::Utf8
        }
    })
}

/// The fields of a description.
fn fields(response: &impl Response) -> Result<Vec<Field>> {
    let name = JsonColumn { name: "name".into(), kind: ColumnType::Utf8, place: Place::MemberName };
    let columns =
        [name, column("type", ColumnType::Utf8, &["type"]), column("most", ColumnType::Int64, &["max_length"])];
    let made = response.rows("/fields", Each::Member, &columns)?;
    let rows = Rows::of(&made.rows);
    let (names, words, most) = (rows.texts("name")?, rows.texts("type")?, rows.int64s("most")?);
    let field = |row: usize| Field {
        name: names.get(row).unwrap_or_default().to_owned(),
        word: words.get(row).unwrap_or_default().to_lowercase(),
        most: most.get(row),
    };
    let found: Vec<Field> = (0..rows.count()).map(field).collect();
    if found.is_empty() {
        return Err(permanent("the service describes the entity without fields"));
    }
    Ok(found)
}

/// The failure of an entity that the service does not know, with those of similar names.
fn unknown<S: Service>(cloud: &Cloud<S>, name: &str) -> wmshost_plugin::Failure {
    let known = match names(cloud) {
        Ok(known) => known,
        Err(failure) => return failure,
    };
    if known.iter().any(|known| known == name) {
        return permanent(format!(
            "the service lists the entity {name} and does not describe it: ask for the permission to read it"
        ));
    }
    let begin = name.get(..name.len().min(4)).unwrap_or(name);
    let near: Vec<&str> = known.iter().filter(|known| known.contains(begin)).take(5).map(String::as_str).collect();
    let near = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
    invalid_config(format!("the service has no entity {name}{near}"))
}

/// The names of all entities.
pub(crate) fn names<S: Service>(cloud: &Cloud<S>) -> Result<Vec<String>> {
    let response = cloud.get("", &[])?;
    let facts = response.facts();
    match facts.status {
        200 => {}
        404 => {
            let problem = &facts.problem;
            return Err(invalid_config(format!(
                "the address is not that of a tenant, whose list of entities is answered by 404 {problem}; check `url`, \
                 `base_path` with its environment, and the setting `version`"
            )));
        }
        _ => return Err(refused("the list of entities", &facts)),
    }
    let name = JsonColumn { name: "name".into(), kind: ColumnType::Utf8, place: Place::MemberName };
    let made = response.rows("", Each::Member, &[name])?;
    let texts = Rows::of(&made.rows).texts("name")?;
    Ok(texts.iter().flatten().map(str::to_owned).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::WmsCloud;
    use wmshost_plugin::{Extractor as _, Setting};

    pub(crate) fn choice(given: &[(&str, Setting)]) -> Choice {
        Choice::of(&Settings::given(&WmsCloud::describe(), given)).expect("settings")
    }

    pub(crate) fn field(name: &str, word: &str) -> Field {
        Field { name: name.into(), word: word.into(), most: None }
    }

    #[test]
    fn words_become_types_and_the_order_of_the_service_does_not_matter() {
        let described = [
            field("mod_ts", "datetime"),
            field("alloc_qty", "number"),
            field("status_id", "integer"),
            field("id", "pk"),
            field("wave_id", "relation"),
            field("task_id", "field"),
            field("serial_nbr_set", "list"),
            field("code", "glyphs"),
            Field { most: Some(9), ..field("external_id", "varchar") },
            field("image_data", ""),
        ];
        let entity = Entity::of("allocation", &described, &choice(&[]), None).expect("an entity");
        let kinds: Vec<_> = entity.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        let decimal = ColumnType::Decimal(DecimalType { precision: 38, scale: 10 });
        assert_eq!(
            kinds,
            [
                ("id", ColumnType::Int64),
                ("alloc_qty", decimal),
                ("code", ColumnType::Utf8),
                ("external_id", ColumnType::Utf8),
                ("image_data", ColumnType::Utf8),
                ("mod_ts", ColumnType::Timestamp(Zone::Utc)),
                ("status_id", ColumnType::Int64),
                ("task_id", ColumnType::Int64),
                ("wave_id", ColumnType::Int64),
            ]
        );
        let more = choice(&[
            ("relation_keys", Setting::Flag(true)),
            ("set_counts", Setting::Flag(true)),
            ("exclude", Setting::Texts(vec!["image_data".into()])),
        ]);
        let entity = Entity::of("allocation", &described, &more, None).expect("an entity");
        let names: Vec<_> = entity.columns.iter().map(|column| column.name.as_str()).collect();
        assert!(names.contains(&"wave_id_key") && names.contains(&"serial_nbr_set_count"), "{names:?}");
        assert!(!names.contains(&"image_data") && entity.has_id() && entity.has_time("mod_ts"), "{names:?}");
    }

    #[test]
    fn columns_of_one_name_are_refused() {
        let described = [field("id", "pk"), field("a_id", "relation"), field("a_id_key", "varchar")];
        let keys = choice(&[("relation_keys", Setting::Flag(true))]);
        let message = Entity::of("a", &described, &keys, None).expect_err("one name").to_string();
        assert!(message.contains("a_id_key"), "{message}");
    }
}
