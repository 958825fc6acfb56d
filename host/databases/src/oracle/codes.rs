//! The codes of Oracle that have a meaning of their own here. The classes, the descriptions and this table come from
//! [`CODES`]; a test holds the table to it.
//!
//! | class | codes | consequence |
//! |---|---|---|
//! | connection lost | 00028 00040 00257 01012 01033 01034 01089 01090 01092 02391 02393 02394 02396 02399 03113 03114 03135 04031 04036 12153 12170 12505 12514 12516 12518 12519 12520 12521 12526 12527 12528 12537 12541 12543 12547 12571 17002, a dead socket | connect again, read from the last commit |
//! | unknown | 25402 25405 25408, `connection lost` while committing | look at the checkpoint |
//! | conflict | 00018 00020 00054 00060 01652 02049 04020 04021 04061 04068 08177 30006 30036 | the same transaction again |
//! | snapshot | 01410 01466 01555 08103 08176 08180 08181 | the run again, with a new snapshot |
//! | timeout | 01013, a call that took too long | the run again; more time, or fewer rows at a time |
//! | denied | 00942 01031 01039 01720 01749 28112 | a right is missing |
//! | login | 01005 01017 01045 28000 28001 28002 28003 28009 28040 | never again with these credentials |
//! | row | 00001 01400 01401 01407 01426 01438 01461 01722 01830 01839 01840 01843 01847 01858 01861 02290 02291 02292 12899 14400 14402 22835 | the row, not the batch |
//! | unsupported | 00439 | do without the feature, where that is possible |
//! | that of the error which they report | 00604 12801 | that of the error |
//! | permanent | 00955 01502 01536 01653 01654 01688 01950 32795 54013, everything else | stays wrong |

use wmshost_flow::ErrorClass;
use wmshost_flow::ErrorClass::{
    Conflict, ConnectionLost, Denied, Login, Permanent, Row, Snapshot, Timeout, Unknown, Unsupported,
};

/// The number of an error, its class, and its description; where that is empty, the server's is passed on. In the order
/// of the numbers.
pub(crate) const CODES: &[(u32, ErrorClass, &str)] = &[
    (1, Row, "the unique key exists already"),
    (18, Conflict, ""),
    (20, Conflict, ""),
    (28, ConnectionLost, "the session was killed"),
    (40, ConnectionLost, "the call was active for longer than the resource plan allows"),
    (54, Conflict, "the row or table is locked by another session"),
    (60, Conflict, "a deadlock; the transaction lost"),
    (257, ConnectionLost, "the archiver is stuck: the server waits for room for its logs"),
    (439, Unsupported, ""),
    (942, Denied, "the table does not exist, or no right to it was granted"),
    (955, Permanent, "the name is taken already"),
    (1_005, Login, "user name or password is wrong; it is not tried again, so that the account is not locked"),
    (1_012, ConnectionLost, ""),
    (1_013, Timeout, ""),
    (1_017, Login, "user name or password is wrong; it is not tried again, so that the account is not locked"),
    (1_031, Denied, "a right is missing"),
    (1_033, ConnectionLost, "the database is starting or shutting down"),
    (1_034, ConnectionLost, "the database is starting or shutting down"),
    (1_039, Denied, ""),
    (1_045, Login, "the user may not log in: CREATE SESSION is not granted"),
    (1_089, ConnectionLost, "the database is starting or shutting down"),
    (1_090, ConnectionLost, "the database is starting or shutting down"),
    (1_092, ConnectionLost, "the database is starting or shutting down"),
    (1_400, Row, "a NULL is in a column that forbids it; an empty text is a NULL to Oracle"),
    (1_401, Row, "a text is longer than its column"),
    (1_407, Row, "a NULL is in a column that forbids it; an empty text is a NULL to Oracle"),
    (1_410, Snapshot, "a row that is read was moved or removed with its partition"),
    (1_426, Row, "a number is larger than Oracle can compute with"),
    (1_438, Row, "a number has more digits than its column"),
    (1_461, Row, "a text is too long to be bound to its column"),
    (1_466, Snapshot, "the table was changed after the moment that is read"),
    (1_502, Permanent, ""),
    (1_536, Permanent, "the user's quota on the tablespace is used up"),
    (1_555, Snapshot, "the snapshot is too old, the server has overwritten what it needs"),
    (1_652, Conflict, "the temporary tablespace is full at the moment"),
    (1_653, Permanent, "the tablespace has no room for the table"),
    (1_654, Permanent, "the tablespace has no room for the index"),
    (1_688, Permanent, "the tablespace has no room for the partition"),
    (1_720, Denied, ""),
    (1_722, Row, "a text is not a number"),
    (1_749, Denied, ""),
    (1_830, Row, ""),
    (1_839, Row, ""),
    (1_840, Row, ""),
    (1_843, Row, ""),
    (1_847, Row, ""),
    (1_858, Row, ""),
    (1_861, Row, ""),
    (1_950, Permanent, "the user has no quota on the tablespace"),
    (2_049, Conflict, ""),
    (2_290, Row, ""),
    (2_291, Row, "a row refers to one that does not exist"),
    (2_292, Row, "a row that others refer to cannot be deleted"),
    (2_391, ConnectionLost, "the user has as many sessions as its profile allows"),
    (2_393, ConnectionLost, "the call used more CPU time than the profile of the user allows"),
    (2_394, ConnectionLost, "the session used more than the profile of the user allows"),
    (2_396, ConnectionLost, "the session was idle for too long"),
    (2_399, ConnectionLost, "the session lasted longer than the profile of the user allows"),
    (3_113, ConnectionLost, "the connection broke off"),
    (3_114, ConnectionLost, "the connection broke off"),
    (3_135, ConnectionLost, "the connection broke off"),
    (4_020, Conflict, ""),
    (4_021, Conflict, ""),
    (4_031, ConnectionLost, "the server's shared memory is exhausted at the moment"),
    (4_036, ConnectionLost, "the server's memory for sessions is exhausted at the moment"),
    (4_061, Conflict, ""),
    (4_068, Conflict, ""),
    (8_103, Snapshot, "the table was emptied or created again while it was read"),
    (8_176, Snapshot, "the server cannot restore the table as it was"),
    (8_177, Conflict, "another transaction changed the same rows"),
    (8_180, Snapshot, "the snapshot is not known any more"),
    (8_181, Snapshot, "the snapshot is not known any more"),
    (12_153, ConnectionLost, ""),
    (12_170, ConnectionLost, "the network did not answer in time"),
    (12_505, ConnectionLost, "the listener does not know the SID, or the database is not up yet"),
    (12_514, ConnectionLost, "the listener does not know the service, or the database is not up yet"),
    (12_516, ConnectionLost, "the listener has no free process for one more session"),
    (12_518, ConnectionLost, "the listener has no free process for one more session"),
    (12_519, ConnectionLost, "the listener has no free process for one more session"),
    (12_520, ConnectionLost, "the listener has no free process for one more session"),
    (12_521, ConnectionLost, ""),
    (12_526, ConnectionLost, "the database takes no new sessions at the moment"),
    (12_527, ConnectionLost, "the database takes no new sessions at the moment"),
    (12_528, ConnectionLost, "the database takes no new sessions at the moment"),
    (12_537, ConnectionLost, "the listener or the network broke the connection off"),
    (12_541, ConnectionLost, "connection refused: no listener at this address"),
    (12_543, ConnectionLost, ""),
    (12_547, ConnectionLost, "the listener or the network broke the connection off"),
    (12_571, ConnectionLost, "the listener or the network broke the connection off"),
    (12_899, Row, "a text is longer than its column"),
    (14_400, Row, "the table has no partition for the row"),
    (14_402, Row, "the update would move the row to another partition"),
    (17_002, ConnectionLost, ""),
    (22_835, Row, ""),
    (25_402, Unknown, "the server cannot say whether the statement was carried out"),
    (25_405, Unknown, "the server cannot say whether the statement was carried out"),
    (25_408, Unknown, "the server cannot say whether the statement was carried out"),
    (28_000, Login, "the account is locked"),
    (28_001, Login, "the password has expired"),
    (28_002, Login, ""),
    (28_003, Login, ""),
    (28_009, Login, ""),
    (28_040, Login, "the server takes no password verifier that this driver knows"),
    (28_112, Denied, ""),
    (30_006, Conflict, "the row is locked by another session"),
    (30_036, Conflict, "the undo tablespace is full at the moment"),
    (32_795, Permanent, "the database fills the column itself (GENERATED ALWAYS AS IDENTITY)"),
    (54_013, Permanent, "the database computes the column itself (a virtual column)"),
];

/// The codes of errors that report another one: within a statement that the server runs for itself, and in one of its
/// parallel processes. Each is classified as the error that it reports.
pub(crate) const RECURSIVE: usize = 604;
pub(crate) const PARALLEL: usize = 12_801;

/// The advice on tables that are changed while they are read.
const CHANGED: &str = "start the run again; where the table is changed during every run, as by the maintenance of its \
     partitions, set `snapshot = \"statement\"` for the stream";
/// The advice on a tablespace that is full.
const ROOM: &str = "ask the administrator for more room in the tablespace";

/// The advice on an error, where there is more to say than its class does.
pub(crate) const ADVICE: &[(u32, &str)] = &[
    (257, "ask the administrator to make room for archived logs"),
    (1_410, CHANGED),
    (1_466, CHANGED),
    (1_502, "rebuild the index (ALTER INDEX … REBUILD), or drop it, and run again"),
    (1_536, "ask for a larger QUOTA on the tablespace"),
    (1_555, "start the run again for a new snapshot, or ask for a longer UNDO_RETENTION"),
    (1_652, "ask for a larger temporary tablespace, if this happens again"),
    (1_653, ROOM),
    (1_654, ROOM),
    (1_688, ROOM),
    (1_950, "ask for a QUOTA on the tablespace"),
    (2_391, "run fewer streams at once, or ask for more SESSIONS_PER_USER"),
    (8_103, CHANGED),
    (14_400, "ask for a partition that takes it, or for interval partitioning"),
    (14_402, "ask for ENABLE ROW MOVEMENT on the table"),
    (30_036, "ask for a larger undo tablespace, or load fewer rows per transaction"),
    (32_795, "define the column GENERATED BY DEFAULT, or have a transform leave it out"),
    (54_013, "have a transform leave the column out"),
    (28_040, "give the account a 12C verifier by setting its password again, or use the client \"oci\""),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes of a class as the table at the head of this file has them.
    fn documented(class: ErrorClass) -> Vec<u32> {
        let begin = format!("//! | {} | ", class.name());
        let text = include_str!("codes.rs");
        let line = text.lines().find(|line| line.starts_with(&begin)).expect("a line of the table");
        let codes = line[begin.len()..].split(" | ").next().expect("a cell");
        let codes = codes.split(',').next().expect("codes").split(' ');
        codes.map(|code| code.parse().unwrap_or_else(|_| panic!("{code} in {line}"))).collect()
    }

    #[test]
    fn the_documented_table_is_that_of_the_codes() {
        for class in ErrorClass::ALL {
            let codes: Vec<u32> = CODES.iter().filter(|(_, of, _)| *of == class).map(|(code, ..)| *code).collect();
            assert_eq!(documented(class), codes, "{}", class.name());
        }
    }

    #[test]
    fn codes_are_in_order_and_each_has_one_class() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0), "a code is twice, or out of order");
        for (code, _) in ADVICE {
            assert!(CODES.iter().any(|(known, ..)| known == code), "ORA-{code:05}");
        }
    }

    #[test]
    fn every_code_of_the_field_has_its_class() {
        for (class, codes) in [
            (
                ConnectionLost,
                &[
                    3113, 3114, 3135, 12170, 12514, 12516, 12520, 12528, 12537, 12541, 12547, 12571, 1033, 1034, 1089,
                    1090, 28, 2396,
                ][..],
            ),
            (Unknown, &[25408]),
            (Conflict, &[60, 8177, 54, 4068, 30006, 18, 20]),
            (Snapshot, &[1555, 8181, 1466]),
            (Snapshot, &[8103, 8176, 1410]),
            (Conflict, &[1652, 30036]),
            (ConnectionLost, &[40, 257, 2391, 2393, 2394, 2399, 4031, 4036]),
            (Row, &[14400, 14402]),
            (Timeout, &[1013]),
            (Login, &[1017, 28000, 28001]),
            (Denied, &[942, 1031]),
            (Row, &[1, 1400, 1401, 1426, 1438, 1461, 12899, 1722, 1830]),
            (Unsupported, &[439]),
            (Permanent, &[600, 911, 904, 906, 933, 955]),
        ] {
            for code in codes {
                let sorted = super::super::failure::OracleError::of_code(*code, None);
                assert_eq!(sorted.class, class, "ORA-{code:05}");
            }
        }
    }
}
