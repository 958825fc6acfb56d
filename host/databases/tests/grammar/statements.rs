//! Random SELECTs from a grammar: over what a stream is granted, over what it is not, and in the ways in which one could
//! be reached through the other. Both databases are tried with them.

/// The names that statements are made of.
pub(crate) struct Names {
    /// The granted table, and other ways to write it.
    pub(crate) granted: &'static [&'static str],
    /// Tables that are not granted.
    pub(crate) denied: &'static [&'static str],
    /// Columns that may be read.
    pub(crate) open: &'static [&'static str],
    /// Columns that may not be read, or are masked, in all ways to write them.
    pub(crate) hidden: &'static [&'static str],
    /// Calls of functions with one argument, `{}`.
    pub(crate) calls: &'static [&'static str],
    /// True if the database knows WITH here, tables after IN, and LIMIT.
    pub(crate) is_sqlite: bool,
}

/// A sequence of pseudo-random choices.
pub(crate) struct Statements<'n> {
    names: &'n Names,
    state: u64,
}

impl<'n> Statements<'n> {
    pub(crate) fn new(names: &'n Names, seed: u64) -> Self {
        Self { names, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % most
    }

    fn of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    fn column(&mut self) -> &'static str {
        if self.below(8) == 0 { self.of(self.names.hidden) } else { self.of(self.names.open) }
    }

    fn expression(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 4 } else { 9 }) {
            0..=2 => self.column().to_owned(),
            3 => self.of(&["1", "'x'", "NULL", "2.5"]).to_owned(),
            4 => {
                let inner = self.expression(depth - 1);
                self.of(self.names.calls).replace("{}", &inner)
            }
            5 => format!("CASE WHEN {} THEN {} ELSE {} END", self.condition(depth - 1), self.column(), self.column()),
            6 => format!("({})", self.query(depth - 1, 1)),
            7 => format!("{} || {}", self.expression(depth - 1), self.expression(depth - 1)),
            _ => format!("MAX({}) OVER (ORDER BY {})", self.column(), self.column()),
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        let left = self.expression(depth.min(1));
        match self.below(if depth == 0 { 3 } else { 7 }) {
            0 => format!("{left} {} {}", self.of(&["=", "<", ">=", "<>"]), self.expression(0)),
            1 => format!("{left} IS NOT NULL"),
            2 => format!("{left} LIKE {}", self.of(&["'C%'", "'%7'", "'%'"])),
            3 => format!("EXISTS ({})", self.query(depth - 1, 1)),
            4 => format!("{left} IN ({})", self.query(depth - 1, 1)),
            5 if self.names.is_sqlite => format!("{left} IN {}", self.table()),
            _ => format!("({} OR {})", self.condition(depth - 1), self.condition(depth - 1)),
        }
    }

    fn table(&mut self) -> &'static str {
        if self.below(10) == 0 { self.of(self.names.denied) } else { self.of(self.names.granted) }
    }

    fn relation(&mut self, depth: usize) -> String {
        let alias = self.of(&["", " o", " orders_o", " x"]);
        match self.below(if depth == 0 { 2 } else { 4 }) {
            0 | 1 => format!("{}{alias}", self.table()),
            2 => format!("({}){alias}", self.query(depth - 1, 2)),
            _ => {
                let join = self.of(&["JOIN", "LEFT JOIN", "CROSS JOIN", "NATURAL JOIN"]);
                let on = match join {
                    "JOIN" | "LEFT JOIN" if self.below(3) == 0 => format!(" USING ({})", self.column()),
                    "JOIN" | "LEFT JOIN" => format!(" ON {}", self.condition(0)),
                    _ => String::new(),
                };
                format!("{} {join} {} y{on}", self.relation(0), self.table())
            }
        }
    }

    fn query(&mut self, depth: usize, columns: usize) -> String {
        let selected = match self.below(6) {
            0 => "*".to_owned(),
            1 => "COUNT(*) AS n".to_owned(),
            _ => (0..columns).map(|at| format!("{} AS c{at}", self.expression(depth))).collect::<Vec<_>>().join(", "),
        };
        let mut text = format!("SELECT {selected} FROM {}", self.relation(depth));
        if self.below(2) == 0 {
            text += &format!(" WHERE {}", self.condition(depth));
        }
        if self.below(5) == 0 {
            text += &format!(" GROUP BY {}", self.column());
        }
        if self.below(8) == 0 && depth > 0 {
            text += &format!(" UNION {}", self.query(depth - 1, columns));
        }
        text
    }

    /// The next statement.
    pub(crate) fn next(&mut self) -> String {
        let mut text = String::new();
        if self.names.is_sqlite && self.below(4) == 0 {
            let name = self.of(&["orders", "part", "vault"]);
            text += &format!("WITH {name} AS ({}) ", self.query(1, 1));
        }
        let columns = 1 + self.below(3);
        text += &self.query(2, columns);
        if self.below(3) == 0 {
            text += &format!(" ORDER BY {}", self.expression(1));
        }
        if self.names.is_sqlite && self.below(4) == 0 {
            text += " LIMIT 3";
        }
        text
    }
}
