//! The depth of a statement. A parsed expression nests one level deeper with each operator, and whatever walks it, drops
//! it or prints it recurses as deep: a long chain of operators would use up the stack, which ends the process.

use sqlparser::tokenizer::Token;

/// The most operators in one text.
const MOST_OPERATORS: usize = 4_000;
/// The bytes of stack on which a text with that many is parsed, walked and dropped, in an unoptimized build, too; memory
/// is taken as it is used.
const STACK_BYTES: usize = 256 << 20;

/// Fails if a text has more operators than can be walked; the error is the reason.
pub fn check_operators<'t>(tokens: impl IntoIterator<Item = &'t Token>) -> Result<(), String> {
    let operators = tokens.into_iter().filter(|token| is_operator(token)).count();
    if operators > MOST_OPERATORS {
        return Err(format!("it has {operators} operators, {MOST_OPERATORS} may be"));
    }
    Ok(())
}

/// Parses or walks a text whose operators were counted, and drops what it has parsed, on a stack that suffices for it.
pub fn on_deep_stack<T>(act: impl FnOnce() -> T) -> T {
    stacker::grow(STACK_BYTES, act)
}

fn is_operator(token: &Token) -> bool {
    const WORDS: [&str; 11] =
        ["AND", "OR", "NOT", "IS", "LIKE", "COLLATE", "BETWEEN", "UNION", "EXCEPT", "INTERSECT", "MINUS"];
    match token {
        Token::Word(word) if word.quote_style.is_none() => {
            WORDS.iter().any(|operator| word.value.eq_ignore_ascii_case(operator))
        }
        Token::Word(_) | Token::Whitespace(_) | Token::Number(..) | Token::SingleQuotedString(_) => false,
        Token::HexStringLiteral(_) | Token::QuoteDelimitedStringLiteral(_) | Token::Comma | Token::EOF => false,
        _ => true,
    }
}
