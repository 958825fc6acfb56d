//! The numbers of types in the protocol and in PostgreSQL.

/// Numbers of types in the protocol.
pub(crate) mod wire {
    pub(crate) const VARCHAR: u8 = 1;
    pub(crate) const NUMBER: u8 = 2;
    pub(crate) const INTEGER: u8 = 3;
    pub(crate) const LONG: u8 = 8;
    pub(crate) const DATE: u8 = 12;
    pub(crate) const RAW: u8 = 23;
    pub(crate) const LONG_RAW: u8 = 24;
    pub(crate) const CHAR: u8 = 96;
    pub(crate) const BINARY_FLOAT: u8 = 100;
    pub(crate) const BINARY_DOUBLE: u8 = 101;
    pub(crate) const CLOB: u8 = 112;
    pub(crate) const BLOB: u8 = 113;
    pub(crate) const TIMESTAMP: u8 = 180;
    pub(crate) const TIMESTAMP_TZ: u8 = 181;
    pub(crate) const INTERVAL_YM: u8 = 182;
    pub(crate) const INTERVAL_DS: u8 = 183;
    pub(crate) const TIMESTAMP_LTZ: u8 = 231;
    pub(crate) const BOOLEAN: u8 = 252;
}

/// Numbers of types in PostgreSQL.
pub(crate) mod engine {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const OID: u32 = 26;
    pub(crate) const FLOAT4: u32 = 700;
    pub(crate) const FLOAT8: u32 = 701;
    pub(crate) const BPCHAR: u32 = 1042;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIMESTAMP: u32 = 1114;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const INTERVAL: u32 = 1186;
    pub(crate) const NUMERIC: u32 = 1700;
}
