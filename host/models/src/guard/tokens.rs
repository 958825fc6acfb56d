//! The tokens that may be in a plugin's SQL; each placeholder must be a token of its own.

use sqlparser::dialect::Dialect as SqlDialect;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use wmshost_sql::guard::{check_operators, offset_at};

use super::violation::Violation;
use crate::project::Project;
use crate::template::{Placeholder, Template};

/// Words that replace placeholders while a text is checked, and occur nowhere else in it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct StandIns {
    begin: String,
}

impl StandIns {
    /// Words that neither the text nor a variable contains.
    pub(super) fn of(template: &Template, project: &Project) -> Self {
        let mut known = template.source.to_lowercase();
        known.extend(project.variables.values().map(|value| value.to_lowercase()));
        let free = (0..).map(|number| format!("wmsmark{number}x")).find(|begin| !known.contains(begin));
        Self { begin: free.unwrap_or_default() }
    }

    /// A different stand-in for each placeholder of a text, in order.
    pub(super) fn all(&self) -> impl FnMut(&Placeholder) -> String {
        let mut number = 0;
        move |_| {
            number += 1;
            format!("{}{number}z", self.begin)
        }
    }

    /// The stand-in of a placeholder that is a relation: the same for all, except for `{changes}`.
    pub(super) fn of_word(&self, word: &Placeholder) -> String {
        let kind = if *word == Placeholder::Changes { "c" } else { "t" };
        format!("{}{kind}z", self.begin)
    }

    /// True if a word is a stand-in.
    pub(super) fn is_stand_in(&self, word: &str) -> bool {
        let kind = word.strip_prefix(&self.begin).and_then(|rest| rest.strip_suffix('z'));
        kind.is_some_and(|kind| {
            matches!(kind, "t" | "c") || !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_digit())
        })
    }

    /// The offsets of the stand-ins in a text.
    fn offsets<'t>(&'t self, text: &'t str) -> impl Iterator<Item = usize> + 't {
        text.match_indices(&self.begin).map(|(at, _)| at)
    }
}

/// The text's tokens, if all of them are allowed.
pub(super) fn tokenize(
    dialect: &dyn SqlDialect,
    text: &str,
    stand_ins: &StandIns,
) -> Result<Vec<TokenWithSpan>, Violation> {
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location().map_err(|error| Violation {
        at: offset_at(text, error.location),
        what: format!("it cannot be read as SQL: {}", error.message),
    })?;
    let mut by_themselves = Vec::new();
    for token in &tokens {
        let at = || offset_at(text, token.span.start);
        if let Some(what) = violation(&token.token) {
            return Err(Violation { at: at(), what });
        }
        if let Token::Word(word) = &token.token
            && word.quote_style.is_none()
            && stand_ins.is_stand_in(&word.value)
        {
            by_themselves.push((at(), word.value.len()));
        }
    }
    check_operators(tokens.iter().map(|token| &token.token)).map_err(|what| Violation { at: 0, what })?;
    for offset in stand_ins.offsets(text) {
        let word = text[offset..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - offset);
        if !by_themselves.contains(&(offset, word)) {
            let what = "a placeholder is a name or a value by itself: not part of a text, a comment or another name";
            return Err(Violation { at: offset, what: what.to_owned() });
        }
    }
    match tokens.last().map(|token| &token.token) {
        Some(Token::Whitespace(Whitespace::SingleLineComment { comment, .. })) if !comment.ends_with('\n') => {
            Err(Violation { at: text.len(), what: "it ends in a comment; end the comment's line".to_owned() })
        }
        _ => Ok(tokens),
    }
}

/// The reason why a token is not allowed in a text; `None` if it is.
fn violation(token: &Token) -> Option<String> {
    use Token::{
        Ampersand, Arrow, Comma, Div, DoubleEq, EOF, Eq, Gt, GtEq, HexStringLiteral, LParen, LongArrow, Lt, LtEq,
        Minus, Mod, Mul, Neq, Number, Period, Pipe, Plus, QuoteDelimitedStringLiteral, RParen, SemiColon, ShiftLeft,
        ShiftRight, SingleQuotedString, StringConcat, Tilde, Word,
    };
    match token {
        Word(word) if matches!(word.quote_style, None | Some('"')) => None,
        Word(word) => Some(format!("{word}: a name is quoted with \" or not at all")),
        Token::Whitespace(Whitespace::MultiLineComment(comment)) if comment.contains("/*") => {
            Some("a comment in a comment; databases differ about where it ends".to_owned())
        }
        Token::Whitespace(Whitespace::SingleLineComment { prefix, .. }) if prefix != "--" => {
            Some(format!("{prefix} does not begin a comment here; begin it with --"))
        }
        Token::Whitespace(_)
        | EOF
        | Number(..)
        | SingleQuotedString(_)
        | HexStringLiteral(_)
        | QuoteDelimitedStringLiteral(_) => None,
        Comma | Period | LParen | RParen | Eq | DoubleEq | Neq | Lt | Gt | LtEq | GtEq | Plus | Minus | Mul | Div
        | Mod | StringConcat | Ampersand | Pipe | ShiftLeft | ShiftRight | Tilde | Arrow | LongArrow => None,
        SemiColon => Some("it is one SELECT, without `;`".to_owned()),
        other => Some(format!("{other} has no meaning in the SQL of a model")),
    }
}

/// Returns whether the first word is one that a SELECT can begin with.
pub(super) fn begins_as_select(tokens: &[TokenWithSpan], text: &str) -> Result<(), Violation> {
    let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    let Some(first) = first else { return Err(Violation { at: 0, what: "there is no SELECT".to_owned() }) };
    let is_begin = match &first.token {
        Token::LParen => true,
        Token::Word(word) => {
            word.quote_style.is_none()
                && ["SELECT", "WITH", "VALUES"].iter().any(|begin| word.value.eq_ignore_ascii_case(begin))
        }
        _ => false,
    };
    let at = offset_at(text, first.span.start);
    let what = format!("it is one SELECT; this begins with {}", first.token);
    if is_begin { Ok(()) } else { Err(Violation { at, what }) }
}
