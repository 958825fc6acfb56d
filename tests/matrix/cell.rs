//! The dimensions of the matrix, and one cell of it.

use std::fmt;

use wmshost_flow::Value;
use wmshost_tests::Numbers;

use crate::dimensions::{BATCHES, dimension, kind, odd};
pub(crate) use crate::dimensions::{Bad, Deletes, FollowUp, Kind, Late, Method, NullChange, When};
use crate::values::Family;

/// Every declared type that the drivers know, and names that they do not.
pub(crate) const KINDS: &[Kind] = &[
    kind("INTEGER", Family::Whole(18)),
    kind("INT", Family::Whole(9)),
    kind("BIGINT", Family::Whole(18)),
    kind("SMALLINT", Family::Whole(4)),
    kind("TINYINT", Family::Whole(3)),
    kind("MEDIUMINT", Family::Whole(6)),
    kind("INT2", Family::Whole(4)),
    kind("INT4", Family::Whole(9)),
    kind("INT8", Family::Whole(18)),
    kind("UNSIGNED BIG INT", Family::Whole(17)),
    kind("NUMBER(5)", Family::Whole(5)),
    kind("NUMBER(18,0)", Family::Whole(18)),
    kind("DECIMAL(9)", Family::Whole(9)),
    kind("NUMERIC(12,0)", Family::Whole(12)),
    kind("DECIMAL_WHOLE(9)", Family::Whole(9)),
    kind("NUMBER", Family::Decimal(28, 10)),
    kind("NUMBER", Family::Whole(18)),
    kind("DECIMAL", Family::Decimal(28, 10)),
    kind("NUMERIC", Family::Decimal(28, 2)),
    kind("NUMBER(19)", Family::Decimal(19, 0)),
    kind("DECIMAL(20,0)", Family::Decimal(20, 0)),
    kind("NUMBER(38)", Family::Decimal(38, 0)),
    kind("NUMBER(16,2)", Family::Decimal(14, 2)),
    kind("NUMBER(12,2)", Family::Decimal(10, 2)),
    kind("DEC(15,2)", Family::Decimal(13, 2)),
    kind("NUMBER(3,5)", Family::Decimal(0, 5)),
    kind("NUMERIC(20,5)", Family::Decimal(15, 5)),
    kind("DECIMAL_TEXT(30,4)", Family::DecimalText(26, 4)),
    kind("DECIMAL_TEXT(20,0)", Family::DecimalText(20, 0)),
    kind("TEXT", Family::Text),
    kind("VARCHAR(40)", Family::Text),
    kind("VARCHAR2(40)", Family::Text),
    kind("NVARCHAR2(40)", Family::Text),
    kind("CHAR(20)", Family::Text),
    kind("CLOB", Family::Text),
    kind("DATE", Family::Moment(false)),
    kind("DATETIME", Family::Moment(false)),
    kind("TIMESTAMP", Family::Moment(false)),
    kind("TIMESTAMP(6)", Family::Moment(false)),
    kind("TIMESTAMP(9)", Family::Moment(false)),
    kind("TIMESTAMP WITHOUT TIME ZONE", Family::Moment(false)),
    kind("TIMESTAMPTZ", Family::Moment(true)),
    kind("TIMESTAMP WITH TIME ZONE", Family::Moment(true)),
    kind("TIMESTAMP WITH LOCAL TIME ZONE", Family::Moment(true)),
    kind("DATE_ONLY", Family::Day),
    kind("BOOLEAN", Family::Truth),
    kind("BOOL", Family::Truth),
    kind("BLOB", Family::Bytes),
    kind("RAW(16)", Family::Bytes),
    kind("VARBINARY(20)", Family::Bytes),
    kind("LONG RAW", Family::Bytes),
    odd("", Family::AnyWhole),
    odd("", Family::Text),
    odd("", Family::Mixed),
    odd("INT64", Family::AnyWhole),
    odd("LONG", Family::AnyWhole),
    odd("LONG", Family::Word),
    odd("BIG INT", Family::AnyWhole),
    odd("SERIAL", Family::AnyWhole),
    odd("STRING", Family::AnyWhole),
    odd("STRING", Family::Word),
    odd("UUID", Family::Word),
    kind("MONEY", Family::Decimal(28, 10)),
    odd("INTERVAL", Family::Word),
    odd("REAL", Family::Real),
    odd("DOUBLE PRECISION", Family::Real),
    odd("FLOAT(126)", Family::Real),
    odd("NUMBER(39)", Family::Decimal(15, 0)),
    odd("ANY", Family::AnyWhole),
];

/// The kinds of the second and third columns of a composite key.
const OTHER_KINDS: &[Kind] = &[
    kind("INTEGER", Family::Whole(6)),
    kind("TEXT", Family::Text),
    kind("NUMBER", Family::Decimal(28, 10)),
    kind("NUMBER(19)", Family::Decimal(19, 0)),
    kind("TIMESTAMP", Family::Moment(false)),
    kind("DATE", Family::Moment(false)),
    kind("BLOB", Family::Bytes),
    kind("DATE_ONLY", Family::Day),
];

const DAY: i64 = 86_400_000_000;

dimension!(
    /// The form of the table's key.
    Shape { PrimaryKey, WithoutRowid, Strict, UniqueIndex, NoConstraint }
);
dimension!(Encoding { Utf8, Utf16le, Utf16be });
dimension!(Collation { Binary, Nocase, Rtrim });
dimension!(
    /// The change key: its type, and its spelling.
    Change { Micros, Seconds, Date, Mixed, Zoned, Day }
);

impl Change {
    /// The steps of its type in microseconds.
    pub(crate) fn grain(self) -> i64 {
        match self {
            Self::Micros | Self::Mixed | Self::Zoned => 1,
            Self::Seconds | Self::Date => 1_000_000,
            Self::Day => DAY,
        }
    }

    /// A moment as a value of its type.
    pub(crate) fn value(self, micros: i64) -> Value {
        match self.grain() {
            DAY => Value::Date(i32::try_from(micros.div_euclid(DAY)).expect("a day")),
            _ => Value::Timestamp(micros),
        }
    }
}

dimension!(
    /// The cause of an interruption.
    Breakage {
        None, LeaseTaken, TablePrepared, BatchGathered, BatchLoaded, CheckpointWritten, BatchCommitted, FinishBegun, Finished,
        EndCommitted, SourceError, SourceCancel, CompareSourceError, CompareSourceCancel, CompareTargetError, WriteError,
        CommitError, CommitLostAnswer, RangeRead, RangeCompared, AllCompared, RowsRemoved, ComparisonCommitted, ReloadNoted,
    }
);
/// A cell: one combination of all dimensions.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) seed: u64,
    pub(crate) kind: usize,
    pub(crate) others: Vec<Kind>,
    pub(crate) collation: Collation,
    pub(crate) shape: Shape,
    pub(crate) encoding: Encoding,
    pub(crate) null_in_key: bool,
    pub(crate) duplicates: bool,
    pub(crate) method: Method,
    pub(crate) deletes: Deletes,
    pub(crate) late: Late,
    pub(crate) change: Change,
    pub(crate) ties: bool,
    pub(crate) null_change: NullChange,
    pub(crate) extract_rows: usize,
    pub(crate) load_rows: usize,
    pub(crate) bad: Bad,
    pub(crate) breakage: Breakage,
    pub(crate) when: When,
    pub(crate) occurrence: u64,
    pub(crate) follow_up: FollowUp,
}

impl Cell {
    /// The cell of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut numbers = Numbers(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let kind = numbers.place(KINDS.len());
        let columns = 1 + numbers.place(3);
        let others = (1..columns).map(|_| numbers.pick(OTHER_KINDS)).collect();
        let mut cell = Self {
            seed,
            kind,
            others,
            collation: numbers.pick(Collation::ALL),
            shape: numbers.pick(Shape::ALL),
            encoding: numbers.pick(Encoding::ALL),
            null_in_key: numbers.chance(20),
            duplicates: numbers.chance(50),
            method: numbers.pick(&[Method::Full, Method::Incremental, Method::Incremental, Method::Append]),
            deletes: numbers.pick(Deletes::ALL),
            late: numbers.pick(Late::ALL),
            change: numbers.pick(Change::ALL),
            ties: numbers.chance(50),
            null_change: numbers.pick(NullChange::ALL),
            extract_rows: numbers.pick(BATCHES),
            load_rows: numbers.pick(BATCHES),
            bad: numbers.pick(Bad::ALL),
            breakage: numbers.pick(Breakage::ALL),
            when: numbers.pick(When::ALL),
            occurrence: 1 + numbers.below(4),
            follow_up: numbers.pick(FollowUp::ALL),
        };
        cell.make_possible();
        cell
    }

    /// Removes combinations that are impossible.
    fn make_possible(&mut self) {
        let is_text = matches!(self.kind().family, Family::Text | Family::Word | Family::Mixed);
        if !is_text {
            self.collation = Collation::Binary;
        }
        let strict = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"];
        let all_strict = self.kinds().all(|kind| strict.contains(&kind.declared));
        if self.shape == Shape::Strict && !all_strict || self.shape != Shape::Strict && self.kind().declared == "ANY" {
            self.shape = if self.kind().declared == "ANY" { Shape::Strict } else { Shape::PrimaryKey };
        }
        if self.shape == Shape::Strict {
            self.others.retain(|kind| strict.contains(&kind.declared));
        }
        let row_number = self.others.is_empty() && self.kind().declared == "INTEGER";
        let not_null =
            matches!(self.shape, Shape::WithoutRowid | Shape::Strict) || row_number && self.shape == Shape::PrimaryKey;
        self.null_in_key &= !not_null;
        self.duplicates &= self.shape == Shape::NoConstraint;
        if row_number && self.shape == Shape::PrimaryKey && self.bad == Bad::Key {
            self.bad = Bad::None;
        }
        if self.bad == Bad::Key && self.method == Method::Append && self.kind().may_be_refused {
            // With bytes among them, the numbers of a column without a type are read, and so ordered, as text: a row
            // that is added after the last number is not after the last text.
            self.bad = Bad::None;
        }
        if self.shape == Shape::Strict {
            // A strict table has no column for timestamps, and none that holds a misfit.
            self.bad = Bad::None;
            if self.method == Method::Incremental {
                self.method = Method::Append;
            }
        }
        // With append, a late row or a changing key would break the order.
        if self.method != Method::Incremental {
            self.null_change = NullChange::None;
            if self.late == Late::Lookback {
                self.late = Late::None;
            }
        }
        if self.method == Method::Full {
            self.late = Late::None;
        }
        if self.follow_up == FollowUp::Backfill && self.method != Method::Incremental {
            self.follow_up = FollowUp::Repair;
        }
        if self.breakage == Breakage::None {
            self.when = When::First;
        }
    }

    /// The source's table.
    pub(crate) fn table(&self) -> String {
        "t".to_owned()
    }

    /// True if the pipeline names the key.
    pub(crate) fn names_its_key(&self) -> bool {
        matches!(self.shape, Shape::UniqueIndex | Shape::NoConstraint)
    }

    /// The kind of the first column of the key.
    pub(crate) fn kind(&self) -> Kind {
        KINDS[self.kind]
    }

    /// The kinds of all columns of the key.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        [self.kind()].into_iter().chain(self.others.iter().copied())
    }

    /// The name of the collation of the first column.
    pub(crate) fn collation_name(&self) -> &'static str {
        match self.collation {
            Collation::Binary => "BINARY",
            Collation::Nocase => "NOCASE",
            Collation::Rtrim => "RTRIM",
        }
    }

    /// The value of the cell in each dimension, by name.
    pub(crate) fn coordinates(&self) -> Vec<(&'static str, String)> {
        let of = |value: &dyn fmt::Debug| format!("{value:?}");
        vec![
            ("key", format!("{} of {:?}", self.kind().declared, self.kind().family)),
            ("collation", of(&self.collation)),
            ("table", of(&self.shape)),
            ("encoding", of(&self.encoding)),
            ("columns", (1 + self.others.len()).to_string()),
            ("null in key", of(&self.null_in_key)),
            ("duplicates", of(&self.duplicates)),
            ("method", of(&self.method)),
            ("deletes", of(&self.deletes)),
            ("late rows", of(&self.late)),
            ("change key", of(&self.change)),
            ("ties", of(&self.ties)),
            ("null change key", of(&self.null_change)),
            ("rows read at once", self.extract_rows.to_string()),
            ("rows written at once", self.load_rows.to_string()),
            ("bad values", of(&self.bad)),
            ("breakage", of(&self.breakage)),
            ("broken off", of(&self.when)),
            ("afterwards", of(&self.follow_up)),
        ]
    }
}
