//! The rules of `select`.

/// A rule of `select`: a pattern of streams and one of their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// True if it leaves out what it matches.
    pub(super) excludes: bool,
    pub(super) stream: String,
    pub(super) column: String,
    /// True if it had other signs of a pattern than `*`.
    pub(super) is_odd: bool,
}

impl Rule {
    /// Reads a rule such as `orders.*` or `!orders.note`; `\.` is a dot of a name.
    pub(super) fn parse(text: &str) -> Self {
        let (excludes, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let mut parts = vec![String::new()];
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if letters.peek() == Some(&'.') => parts.last_mut().into_iter().for_each(|part| part.push('.')),
                '.' => {
                    parts.push(String::new());
                    continue;
                }
                letter => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
            }
            if letter == '\\' {
                letters.next();
            }
        }
        let mut parts = parts.into_iter();
        let stream = parts.next().unwrap_or_default();
        // What is inside a column belongs to it.
        let column = parts.next().unwrap_or_else(|| "*".to_owned());
        let is_odd = [&stream, &column].iter().any(|part| part.contains(['?', '[']));
        // More may be left out than was meant, never less.
        let [stream, column] = if excludes { [widened(&stream), widened(&column)] } else { [stream, column] };
        Self { excludes, stream, column, is_odd }
    }
}

/// A pattern with `*` for `?` and for `[…]`.
fn widened(pattern: &str) -> String {
    let (mut wide, mut is_within) = (String::new(), false);
    for letter in pattern.chars() {
        match letter {
            ']' if is_within => is_within = false,
            _ if is_within => {}
            '[' => {
                is_within = true;
                wide.push('*');
            }
            '?' => wide.push('*'),
            letter => wide.push(letter),
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_a_stream_and_a_column() {
        let rule = |text: &str| {
            let rule = Rule::parse(text);
            (rule.excludes, rule.stream, rule.column)
        };
        let expected = |excludes, stream: &str, column: &str| (excludes, stream.to_owned(), column.to_owned());
        assert_eq!(rule("orders"), expected(false, "orders", "*"));
        assert_eq!(rule("!a\\.b.address.city"), expected(true, "a.b", "address"));
        assert_eq!(rule("*.*"), expected(false, "*", "*"));
        assert_eq!(rule("!a?.b[0-9]_x"), expected(true, "a*", "b*_x"), "never less is left out");
    }
}
