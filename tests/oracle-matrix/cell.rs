//! The dimensions of Oracle's matrix, and one cell of it.

use std::fmt;

use wmshost_flow::Value;
use wmshost_tests::Numbers;

use crate::dimensions::{BATCHES, dimension, kind, odd};
pub(crate) use crate::dimensions::{Bad, Deletes, FollowUp, Kind, Late, Method, NullChange, When};
use crate::values::Family;

/// Every declared type that a key may have, and some that have no order.
pub(crate) const KINDS: &[Kind] = &[
    kind("NUMBER(5)", Family::Whole(5, 0)),
    kind("NUMBER(18)", Family::Whole(18, 0)),
    kind("NUMBER(5,-2)", Family::Whole(5, 2)),
    kind("NUMBER(18,-2)", Family::Whole(18, 2)),
    kind("NUMBER(19)", Family::Decimal(19, 0)),
    kind("NUMBER(38)", Family::Decimal(38, 0)),
    kind("INTEGER", Family::Decimal(38, 0)),
    kind("NUMBER", Family::Decimal(28, 10)),
    kind("NUMBER(*,4)", Family::Decimal(34, 4)),
    kind("NUMBER(12,2)", Family::Decimal(10, 2)),
    kind("NUMBER(16,2)", Family::Decimal(14, 2)),
    kind("NUMBER(38,10)", Family::Decimal(28, 10)),
    kind("NUMBER(3,5)", Family::Decimal(0, 5)),
    kind("FLOAT", Family::Decimal(18, 10)),
    kind("FLOAT(63)", Family::Decimal(8, 4)),
    kind("VARCHAR2(40)", Family::Text),
    kind("VARCHAR2(40 CHAR)", Family::Text),
    kind("NVARCHAR2(40)", Family::Text),
    kind("CHAR(12 CHAR)", Family::Padded(12)),
    kind("NCHAR(12)", Family::Padded(12)),
    kind("RAW(16)", Family::Bytes),
    kind("DATE", Family::Moment(0, false)),
    kind("TIMESTAMP(0)", Family::Moment(0, false)),
    kind("TIMESTAMP(3)", Family::Moment(3, false)),
    kind("TIMESTAMP(6)", Family::Moment(6, false)),
    kind("TIMESTAMP(9)", Family::Moment(9, false)),
    kind("TIMESTAMP(0) WITH TIME ZONE", Family::Moment(0, true)),
    kind("TIMESTAMP(6) WITH TIME ZONE", Family::Moment(6, true)),
    kind("TIMESTAMP(9) WITH TIME ZONE", Family::Moment(9, true)),
    kind("TIMESTAMP(6) WITH LOCAL TIME ZONE", Family::Moment(6, true)),
    kind("BOOLEAN", Family::Truth),
    odd("NUMBER(38,-2)", Family::Whole(18, 2)),
    odd("BINARY_DOUBLE", Family::Real),
    odd("BINARY_FLOAT", Family::Real),
    odd("CLOB", Family::Text),
];

/// The kinds of the second and third columns of a composite key.
const OTHER_KINDS: &[Kind] = &[
    kind("NUMBER(6)", Family::Whole(6, 0)),
    kind("VARCHAR2(40)", Family::Text),
    kind("NUMBER", Family::Decimal(28, 10)),
    kind("NUMBER(19)", Family::Decimal(19, 0)),
    kind("CHAR(12 CHAR)", Family::Padded(12)),
    kind("NVARCHAR2(40)", Family::Text),
    kind("DATE", Family::Moment(0, false)),
    kind("TIMESTAMP(6)", Family::Moment(6, false)),
    kind("RAW(16)", Family::Bytes),
];

dimension!(
    /// The form of the table's key.
    Shape { PrimaryKey, UniqueIndex, NoConstraint }
);
dimension!(
    /// The change key by its type.
    Change { Seconds, Date, Millis, Micros, Nanos, Zoned, Local }
);
dimension!(
    /// The cause of an interruption: the process dies at a named point, a port fails, or the server does, in the way
    /// and at the statement that `place` defines.
    Breakage {
        None, LeaseTaken, TablePrepared, BatchGathered, BatchLoaded, CheckpointWritten, BatchCommitted, FinishBegun, Finished,
        EndCommitted, SourceError, SourceCancel, CompareSourceError, CompareSourceCancel, CompareTargetError, WriteError,
        CommitError, CommitLostAnswer, RangeRead, RangeCompared, AllCompared, RowsRemoved, ComparisonCommitted, ReloadNoted,
        ReadLost, ReadHalf, ReadTooOld, ReadKilled, TargetReadLost, TargetReadHalf, WriteLost, WriteHalf, WriteDeadlock,
        WriteKilled, SwapLost, SwapHalf, RemovalLost, RemovalKilled, DefinitionLost, DefinitionHalf, ServerCommitLost,
        ServerCommitHalf, ServerCommitUnknown, LedgerLost, AnyCallLost,
    }
);
dimension!(
    /// The releases of the source and the target.
    Releases { Old, New, OldToNew, NewToOld }
);

impl Change {
    pub(crate) fn declared(self) -> &'static str {
        match self {
            Self::Seconds => "TIMESTAMP(0)",
            Self::Date => "DATE",
            Self::Millis => "TIMESTAMP(3)",
            Self::Micros => "TIMESTAMP(6)",
            Self::Nanos => "TIMESTAMP(9)",
            Self::Zoned => "TIMESTAMP(6) WITH TIME ZONE",
            Self::Local => "TIMESTAMP(6) WITH LOCAL TIME ZONE",
        }
    }

    /// The steps of its type in microseconds.
    pub(crate) fn grain(self) -> i64 {
        match self {
            Self::Seconds | Self::Date => 1_000_000,
            Self::Millis => 1_000,
            Self::Micros | Self::Nanos | Self::Zoned | Self::Local => 1,
        }
    }

    /// A moment as a value of its type.
    pub(crate) fn value(self, micros: i64) -> Value {
        Value::Timestamp(micros)
    }
}

/// A cell: one combination of all dimensions.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) seed: u64,
    pub(crate) kind: usize,
    pub(crate) others: Vec<Kind>,
    pub(crate) shape: Shape,
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
    pub(crate) merges_in_bulk: bool,
    pub(crate) readers: usize,
    pub(crate) releases: Releases,
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
            shape: numbers.pick(Shape::ALL),
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
            merges_in_bulk: numbers.chance(50),
            releases: numbers.pick(Releases::ALL),
            bad: numbers.pick(Bad::ALL),
            breakage: numbers.pick(Breakage::ALL),
            when: numbers.pick(When::ALL),
            occurrence: 1 + numbers.below(4),
            follow_up: numbers.pick(FollowUp::ALL),
            readers: numbers.pick(&[1, 3]),
        };
        cell.make_possible();
        cell
    }

    /// Removes combinations that are impossible.
    fn make_possible(&mut self) {
        if self.shape == Shape::PrimaryKey {
            self.null_in_key = false;
            if self.bad == Bad::Key && self.kind().family != Family::Decimal(28, 10) {
                self.bad = Bad::None;
            }
        }
        if self.bad == Bad::Key && self.kind().declared == "NUMBER(38,10)" {
            self.bad = Bad::None;
        }
        self.duplicates &= self.shape == Shape::NoConstraint;
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
        format!("s{}", self.seed)
    }

    /// The target's table.
    pub(crate) fn target_table(&self) -> String {
        format!("T{}", self.seed)
    }

    /// True if the pipeline names the key.
    pub(crate) fn names_its_key(&self) -> bool {
        self.shape != Shape::PrimaryKey
    }

    /// The kind of the first column of the key.
    pub(crate) fn kind(&self) -> Kind {
        KINDS[self.kind]
    }

    /// The kinds of all columns of the key.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        [self.kind()].into_iter().chain(self.others.iter().copied())
    }

    /// The value of the cell in each dimension, by name.
    pub(crate) fn coordinates(&self) -> Vec<(&'static str, String)> {
        let of = |value: &dyn fmt::Debug| format!("{value:?}");
        vec![
            ("key", format!("{} of {:?}", self.kind().declared, self.kind().family)),
            ("table", of(&self.shape)),
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
            ("merges in bulk", of(&self.merges_in_bulk)),
            ("readers", self.readers.to_string()),
            ("releases", of(&self.releases)),
            ("bad values", of(&self.bad)),
            ("breakage", of(&self.breakage)),
            ("broken off", of(&self.when)),
            ("afterwards", of(&self.follow_up)),
        ]
    }
}
