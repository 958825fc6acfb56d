//! The rules by which two tables are compared.

/// The rules for comparing two tables.
#[derive(Debug, Clone)]
pub struct TableRules {
    /// The columns that identify a row; empty if rows are compared as a whole.
    pub key: Vec<String>,
    /// Columns that are not compared.
    pub left_out: Vec<String>,
    /// The largest number of rows that are named.
    pub most_examples: usize,
    /// The number of rows of a side whose hashes are held in memory at once; more of them where many rows have one key.
    pub held_rows: u64,
}
