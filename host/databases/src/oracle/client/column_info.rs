//! The description of a column by the server.

/// The kind of a column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    BinaryDouble,
    BinaryFloat,
    Varchar,
    Char,
    Long,
    LongRaw,
    Clob,
    Blob,
    Raw,
    Rowid,
    Date,
    Timestamp,
    TimestampTz,
    TimestampLtz,
    IntervalYm,
    IntervalDs,
    Boolean,
    /// A type that cannot be read.
    Other,
}

/// The server's description of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnInfo {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The precision of a number; 0 if the server does not say.
    pub(crate) precision: u8,
    /// The digits after the point of a number or of the seconds of a moment.
    pub(crate) scale: i8,
    /// The length of a text of fixed length, in characters.
    pub(crate) letters: usize,
    pub(crate) nullable: bool,
    /// The type as the server calls it.
    pub(crate) declared: String,
}
