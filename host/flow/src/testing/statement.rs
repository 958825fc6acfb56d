//! The little SQL in which the host's own tables are written: SELECT, INSERT, UPDATE, DELETE and CREATE, conditions
//! without NOT and joins. A statement beyond it panics and is quoted, so that a test never passes by accident.

use wmshost_sql::Value;

/// An expression of a statement.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// A column of the row.
    Column(String),
    /// A parameter, from 1.
    Parameter(usize),
    /// A literal.
    Constant(Value),
    /// A sum of two whole numbers.
    Plus(Box<Self>, Box<Self>),
    /// The time in seconds.
    Now,
    /// The number of rows.
    Count,
    /// The greatest value of a column, NULL without rows.
    Max(String),
    /// The sum of a column, NULL without rows.
    Sum(String),
    /// The only value of a query.
    Query(Box<Query>),
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Differs,
    Greater,
    Like,
}

/// A condition on a row.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Is(Expression, Operator, Expression),
    IsNull(Expression),
    In(Expression, Vec<Expression>),
}

/// A query.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) list: Vec<Expression>,
    pub(super) table: Option<String>,
    pub(super) condition: Condition,
    pub(super) order: Vec<String>,
    pub(super) limit: Option<usize>,
}

/// A statement.
#[derive(Debug, Clone)]
pub(super) enum Statement {
    Select(Query),
    Insert { table: String, columns: Vec<String>, values: Vec<Expression> },
    Update { table: String, set: Vec<(String, Expression)>, condition: Condition },
    Delete { table: String, condition: Condition },
    CreateTable { table: String, columns: Vec<String>, key: Vec<String> },
    CreateIndex,
}

/// Parses a statement.
pub(super) fn parse(text: &str) -> Statement {
    let mut parser = Parser { text, tokens: tokens(text), at: 0 };
    let statement = parser.statement();
    assert!(matches!(statement, Statement::CreateIndex) || parser.at == parser.tokens.len(), "{}", parser.unknown());
    statement
}

/// Splits a statement into names, numbers, parameters, texts (with a quote in front) and signs.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || "_.?".contains(c);
        let (token, length) = match first {
            '\'' | '"' => {
                let end = 1 + rest[1..].find(first).expect("a closing quote");
                let start = usize::from(first == '"');
                (&rest[start..end], end + 1)
            }
            c if is_name(c) => {
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                (&rest[..end], end)
            }
            _ if rest.starts_with("<>") => ("<>", 2),
            _ => (&rest[..1], 1),
        };
        tokens.push(token.to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<String>,
    at: usize,
}

impl Parser<'_> {
    fn unknown(&self) -> String {
        format!("the database in memory does not understand {:?} in: {}", self.tokens.get(self.at), self.text)
    }

    fn next(&mut self) -> String {
        let token = self.tokens.get(self.at).cloned().unwrap_or_else(|| panic!("{}", self.unknown()));
        self.at += 1;
        token
    }

    /// Passes a word or sign if it is the next one.
    fn has(&mut self, word: &str) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }

    fn must(&mut self, words: &str) {
        words.split(' ').for_each(|word| assert!(self.has(word), "{}, expected {word}", self.unknown()));
    }

    /// Parses items with commas between them.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut all = vec![item(self)];
        while self.has(",") {
            all.push(item(self));
        }
        all
    }

    fn names_in_brackets(&mut self) -> Vec<String> {
        self.must("(");
        let names = self.list(Self::next);
        self.must(")");
        names
    }

    fn statement(&mut self) -> Statement {
        match self.next().to_uppercase().as_str() {
            "SELECT" => Statement::Select(self.query()),
            "INSERT" => {
                self.must("INTO");
                let (table, columns) = (self.next(), self.names_in_brackets());
                self.must("VALUES (");
                let values = self.list(Self::expression);
                self.must(")");
                Statement::Insert { table, columns, values }
            }
            "UPDATE" => {
                let table = self.next();
                self.must("SET");
                let set = self.list(|parser| {
                    let column = parser.next();
                    parser.must("=");
                    (column, parser.expression())
                });
                Statement::Update { table, set, condition: self.where_part() }
            }
            "DELETE" => {
                self.must("FROM");
                Statement::Delete { table: self.next(), condition: self.where_part() }
            }
            "CREATE" if self.has("INDEX") => Statement::CreateIndex,
            "CREATE" => {
                self.must("TABLE");
                self.create_table()
            }
            _ => panic!("{}", self.unknown()),
        }
    }

    fn create_table(&mut self) -> Statement {
        let table = self.next();
        self.must("(");
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        while !self.has(")") {
            if self.has("PRIMARY") {
                self.must("KEY");
                key = self.names_in_brackets();
                continue;
            }
            columns.push(self.next());
            while !self.has(",") {
                self.next();
            }
        }
        Statement::CreateTable { table, columns, key }
    }

    /// Parses a query after `SELECT`.
    fn query(&mut self) -> Query {
        let list = self.list(Self::expression);
        let table = self.has("FROM").then(|| self.next());
        let condition = self.where_part();
        let order = if self.has("ORDER") {
            self.must("BY");
            self.list(Self::next)
        } else {
            Vec::new()
        };
        let limit = self.has("LIMIT").then(|| self.next().parse().expect("a number of rows"));
        Query { list, table, condition, order, limit }
    }

    fn where_part(&mut self) -> Condition {
        if self.has("WHERE") { self.condition() } else { Condition::All(Vec::new()) }
    }

    fn condition(&mut self) -> Condition {
        let mut any = vec![self.conjunction()];
        while self.has("OR") {
            any.push(self.conjunction());
        }
        Condition::Any(any)
    }

    fn conjunction(&mut self) -> Condition {
        let mut all = vec![self.predicate()];
        while self.has("AND") {
            all.push(self.predicate());
        }
        Condition::All(all)
    }

    fn predicate(&mut self) -> Condition {
        if self.has("(") {
            let condition = self.condition();
            self.must(")");
            return condition;
        }
        let left = self.expression();
        match self.next().to_uppercase().as_str() {
            "=" => Condition::Is(left, Operator::Equal, self.expression()),
            "<>" => Condition::Is(left, Operator::Differs, self.expression()),
            ">" => Condition::Is(left, Operator::Greater, self.expression()),
            "LIKE" => Condition::Is(left, Operator::Like, self.expression()),
            "IS" => {
                self.must("NULL");
                Condition::IsNull(left)
            }
            "IN" => {
                self.must("(");
                let list = self.list(Self::expression);
                self.must(")");
                Condition::In(left, list)
            }
            _ => panic!("{}", self.unknown()),
        }
    }

    fn expression(&mut self) -> Expression {
        let first = self.term();
        if self.has("+") { Expression::Plus(Box::new(first), Box::new(self.term())) } else { first }
    }

    fn term(&mut self) -> Expression {
        let token = self.next();
        if let Some(number) = token.strip_prefix('?') {
            return Expression::Parameter(number.parse().expect("a parameter's number"));
        }
        if let Some(text) = token.strip_prefix('\'') {
            return Expression::Constant(Value::Text(text.to_owned()));
        }
        if let Ok(number) = token.parse() {
            return Expression::Constant(Value::Int64(number));
        }
        if token == "(" {
            self.must("SELECT");
            let query = self.query();
            self.must(")");
            return Expression::Query(Box::new(query));
        }
        if !self.has("(") {
            return if token == "NULL" { Expression::Constant(Value::Null) } else { Expression::Column(token) };
        }
        let call = match token.to_uppercase().as_str() {
            "UNIXEPOCH" => Expression::Now,
            "COUNT" => {
                self.must("*");
                Expression::Count
            }
            "MAX" => Expression::Max(self.next()),
            "SUM" => Expression::Sum(self.next()),
            _ => panic!("{}", self.unknown()),
        };
        self.must(")");
        call
    }
}
