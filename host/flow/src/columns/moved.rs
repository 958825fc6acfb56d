//! The columns of a stream that was opened: as they are read, and as they are written.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;

use crate::stages::transform::type_name;

/// The columns of an open stream.
#[derive(Debug, Clone)]
pub struct MovedColumns {
    /// The columns that the extractor returns.
    pub read: SchemaRef,
    /// The columns after the transforms.
    pub written: SchemaRef,
    /// The columns of the target's table before the load; `None` if it does not exist.
    pub target: Option<SchemaRef>,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The options that decide which values are read, with the rules for the columns.
    pub options: BTreeMap<String, String>,
}

impl MovedColumns {
    /// Returns a digest, in hex, of names, types and options. Two streams with the same digest treat the values of a
    /// table alike.
    pub fn hash(&self) -> String {
        let columns = |schema: &SchemaRef| {
            let column =
                |field: &arrow_schema::FieldRef| format!("{:?} {}", field.name(), type_name(field.data_type()));
            schema.fields().iter().map(column).collect::<Vec<_>>()
        };
        let whole = format!("{:?} {:?} {:?} {:?}", columns(&self.read), columns(&self.written), self.key, self.options);
        blake3::hash(whole.as_bytes()).to_hex()[..16].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    #[test]
    fn the_digest_is_that_of_names_types_and_options() {
        let schema = |kind| Arc::new(Schema::new(vec![Field::new("a", kind, true)]));
        let one = MovedColumns {
            read: schema(DataType::Utf8),
            written: schema(DataType::Utf8),
            target: None,
            key: vec!["a".to_owned()],
            options: BTreeMap::new(),
        };
        let others = [
            MovedColumns { read: schema(DataType::Int64), ..one.clone() },
            MovedColumns { written: schema(DataType::Int64), ..one.clone() },
            MovedColumns { key: Vec::new(), ..one.clone() },
            MovedColumns { options: BTreeMap::from([("a".to_owned(), "b".to_owned())]), ..one.clone() },
        ];
        assert_eq!(one.hash(), one.clone().hash());
        assert!(others.iter().all(|other| other.hash() != one.hash()));
    }
}
