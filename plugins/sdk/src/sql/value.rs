//! Flags, texts, numbers and keys. All databases here have 1 and 0 for true and false; in Oracle a text without
//! characters is NULL.

use super::Sql;

impl Sql {
    /// True or false as a value.
    pub fn boolean(self, value: bool) -> String {
        u8::from(value).to_string()
    }

    /// 1 where the condition is true, otherwise 0, also where it is unknown.
    pub fn flag(self, condition: &str) -> String {
        format!("CASE WHEN {condition} THEN 1 ELSE 0 END")
    }

    /// A condition: a boolean column is true.
    pub fn is_true(self, column: &str) -> String {
        format!("{column} = 1")
    }

    /// A text as a literal.
    pub fn text(self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    /// A value as text.
    pub fn as_text(self, value: &str) -> String {
        self.pick(|| format!("CAST({value} AS TEXT)"), || format!("TO_CHAR({value})"))
    }

    /// A number as a binary fraction.
    pub fn as_float(self, value: &str) -> String {
        self.pick(|| format!("CAST({value} AS REAL)"), || format!("TO_BINARY_DOUBLE({value})"))
    }

    /// A number without its fraction.
    pub fn whole(self, value: &str) -> String {
        self.pick(|| format!("CAST({value} AS INTEGER)"), || format!("TRUNC({value})"))
    }

    /// A number as a whole number of its last decimal place: 1.5 with 3 places is 1500. Sums of such numbers are exact.
    pub fn scaled(self, value: &str, places: u32) -> String {
        let factor = 10_i64.pow(places);
        self.pick(
            || format!("CAST(ROUND({value} * {factor}.0) AS INTEGER)"),
            || format!("CAST(ROUND({value} * {factor}) AS NUMBER(19))"),
        )
    }

    /// A value as a number, where the column's type is not one: SQLite keeps wide decimals as text.
    pub fn number(self, value: &str) -> String {
        self.pick(|| format!("({value} + 0)"), || value.to_owned())
    }

    /// A text of digits as a whole number.
    pub fn parsed(self, digits: &str) -> String {
        self.pick(|| format!("CAST({digits} AS INTEGER)"), || format!("TO_NUMBER({digits})"))
    }

    /// The text without blanks, tabs and line ends around it; NULL where nothing is left.
    pub fn trimmed(self, text: &str) -> String {
        self.pick(
            || format!("NULLIF(trim({text}, char(9, 10, 11, 12, 13, 32)), '')"),
            || {
                let blanks = "CHR(9) || CHR(10) || CHR(11) || CHR(12) || CHR(13) || CHR(32)";
                format!("LTRIM(RTRIM({text}, {blanks}), {blanks})")
            },
        )
    }

    /// The same in upper case: a code.
    pub fn trimmed_upper(self, text: &str) -> String {
        format!("UPPER({})", self.trimmed(text))
    }

    /// The quotient, with a fraction; NULL where the divisor is 0.
    pub fn ratio(self, part: &str, whole: &str) -> String {
        self.pick(
            || format!("(CAST({part} AS REAL) / NULLIF({whole}, 0))"),
            || format!("(({part}) / NULLIF({whole}, 0))"),
        )
    }

    /// The percentage, not rounded; NULL where there is no whole. A whole percentage is exact.
    pub fn percentage(self, part: &str, whole: &str) -> String {
        format!("(100.0 * ({part}) / NULLIF({whole}, 0))")
    }

    /// The same, rounded to this many digits.
    pub fn percent(self, part: &str, whole: &str, digits: u8) -> String {
        format!("ROUND({}, {digits})", self.percentage(part, whole))
    }

    /// The least of some values; NULL if one of them is.
    pub fn least(self, values: &[&str]) -> String {
        self.pick(|| format!("min({})", values.join(", ")), || format!("LEAST({})", values.join(", ")))
    }

    /// The greatest of some values; NULL if one of them is.
    pub fn greatest(self, values: &[&str]) -> String {
        self.pick(|| format!("max({})", values.join(", ")), || format!("GREATEST({})", values.join(", ")))
    }

    /// A text that is the same for the same values and for no others, in every database and every run: the values,
    /// with `|` between them, `~n` for NULL; `~` and `|` in values are spelled `~~` and `~p`. Oracle has no empty
    /// text; dates go in as [`day_text`](Sql::day_text).
    pub fn surrogate_key(self, values: &[&str]) -> String {
        let part = |value: &&str| {
            let text = self.as_text(value);
            format!("COALESCE(REPLACE(REPLACE({text}, '~', '~~'), '|', '~p'), '~n')")
        };
        format!("({})", values.iter().map(part).collect::<Vec<_>>().join(" || '|' || "))
    }

    /// The clause that limits a SELECT to its first rows.
    pub fn first_rows(self, rows: u32) -> String {
        self.pick(|| format!("LIMIT {rows}"), || format!("FETCH FIRST {rows} ROWS ONLY"))
    }
}
