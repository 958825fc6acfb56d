//! SQL functions that compute and do nothing else: they use no file, network, session or state. A plugin's SQL may call
//! only the functions listed here, so that functions which a server gains in the future are refused too.

use crate::Dialect;

const ORACLE: &str = "ABS ADD_MONTHS ASCII AVG BITAND CEIL CHR COALESCE CONCAT CORR COUNT CUME_DIST DECODE DENSE_RANK EXP \
    EXTRACT FIRST_VALUE FLOOR FROM_TZ GREATEST HEXTORAW INITCAP INSTR LAG LAST_DAY LAST_VALUE LEAD LEAST \
    LENGTH LENGTHB LISTAGG LN LOG LOWER LPAD LTRIM MAX MEDIAN MIN MOD MONTHS_BETWEEN NEXT_DAY NTILE NULLIF \
    NUMTODSINTERVAL NUMTOYMINTERVAL NVL NVL2 ORA_HASH PERCENTILE_CONT PERCENTILE_DISC PERCENT_RANK PI POWER \
    RANK RATIO_TO_REPORT RAWTOHEX REGEXP_COUNT REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR REPLACE \
    ROUND ROWIDTOCHAR ROW_NUMBER RPAD RTRIM SIGN SQRT STANDARD_HASH STDDEV SUBSTR SUBSTRB SUM \
    SYS_EXTRACT_UTC TO_BINARY_DOUBLE TO_CHAR TO_DATE TO_NCHAR TO_NUMBER TO_TIMESTAMP TO_TIMESTAMP_TZ TRANSLATE TRIM \
    TRUNC UPPER VARIANCE";

const SQLITE: &str = "ABS ACOS ACOSH ASIN ASINH ATAN ATAN2 ATANH AVG CEIL CEILING CHAR COALESCE CONCAT CONCAT_WS COS COSH COUNT CUME_DIST DATE DATETIME DEGREES DENSE_RANK \
    EXP FIRST_VALUE FLOOR FORMAT GLOB GROUP_CONCAT HEX IFNULL IIF INSTR JSON JSON_ARRAY JSON_ARRAY_LENGTH \
    JSON_EXTRACT JSON_GROUP_ARRAY JSON_GROUP_OBJECT JSON_INSERT JSON_OBJECT JSON_PATCH JSON_QUOTE JSON_REMOVE JSON_REPLACE JSON_SET JSON_TYPE JSON_VALID JULIANDAY LAG LAST_VALUE LEAD \
    LENGTH LIKE LIKELIHOOD LIKELY LN LOG LOG10 LOG2 LOWER LTRIM MAX MEDIAN MIN MOD NTH_VALUE NTILE NULLIF OCTET_LENGTH \
    PERCENT_RANK POW POWER PRINTF QUOTE RADIANS RANK REPLACE ROUND ROW_NUMBER RTRIM SIGN SIN SINH SOUNDEX SQRT STRFTIME STRING_AGG \
    SUBSTR SUBSTRING SUM TAN TANH TIME TIMEDIFF TOTAL TRIM TRUNC TYPEOF UNHEX UNICODE UNIXEPOCH UNLIKELY UPPER";

impl Dialect {
    /// Returns whether a function only computes.
    pub fn only_computes(self, function: &str) -> bool {
        let known = match self {
            Self::Sqlite => SQLITE,
            Self::Oracle => ORACLE,
        };
        known.split_whitespace().any(|known| known.eq_ignore_ascii_case(function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_out_is_not_among_them() {
        for function in ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "randomblob", "zeroblob"]
        {
            assert!(!Dialect::Sqlite.only_computes(function), "{function}");
        }
        for function in ["BFILENAME", "HTTPURITYPE", "SYS_CONTEXT", "XMLTYPE", "DBMS_XMLGEN", "USERENV", "XMLQUERY"] {
            assert!(!Dialect::Oracle.only_computes(function), "{function}");
        }
        assert!(Dialect::Sqlite.only_computes("coalesce") && Dialect::Oracle.only_computes("Nvl"));
    }
}
