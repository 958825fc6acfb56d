//! YAML as a tree whose nodes know their lines. Size, depth and what aliases expand to are limited, so that a small file
//! cannot become a large tree.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// The greatest size of a file in bytes.
pub(crate) const MOST_BYTES: u64 = 4 << 20;
/// The largest number of nodes of a tree, with the nodes of each alias.
const MOST_NODES: usize = 200_000;
/// The greatest depth of a tree.
const DEPTH: usize = 64;

/// A node and its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The line, from 1.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A scalar; true if it has no quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    /// Keys with their values, in the order of the file.
    Map(Vec<(String, Node)>),
}

/// A mistake and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Node {
    /// True for nothing, `null` and `~`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// A scalar as true or false.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// The nodes of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    /// The keys and values of a map.
    pub(crate) fn map(&self) -> Option<&[(String, Self)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key that is not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.map()?.iter().find(|(name, _)| name == key).map(|(_, node)| node).filter(|node| !node.is_null())
    }

    /// The texts of a scalar or of a list of scalars.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        match self.list() {
            Some(nodes) => nodes.iter().map(|node| node.text().map(str::to_owned)).collect(),
            None => self.text().map(|text| vec![text.to_owned()]),
        }
    }

    fn size(&self) -> usize {
        1 + match &self.value {
            Value::Scalar(..) => 0,
            Value::List(nodes) => nodes.iter().map(Self::size).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
        }
    }
}

/// Parses the first document of a text; `None` if it is empty.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, YamlError> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line(),
            what: format!("it is not YAML: {}", error.info()),
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.event(event, span)?;
    }
    Ok(builder.root)
}

/// A list or a map that is not complete yet.
struct Open {
    line: usize,
    anchor: usize,
    value: Value,
    /// The key whose value comes next, and its line.
    key: Option<(String, usize)>,
    /// The keys that came from `<<`, which keys of its own replace.
    merged: Vec<String>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let line = span.start.line();
        let start = |value, anchor| Open { line, anchor, value, key: None, merged: Vec::new() };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar(text.into_owned(), style == ScalarStyle::Plain);
                self.add(Node { line, value }, anchor, 1)?;
            }
            Event::Alias(anchor) => {
                // Counted before it is copied.
                let Some(size) = self.anchors.get(&anchor).map(Node::size) else {
                    return Err(YamlError { line, what: "an alias of a node that contains it".to_owned() });
                };
                self.count(size, line)?;
                let node = self.anchors.get(&anchor).cloned();
                node.map_or(Ok(()), |node| self.add(Node { line, ..node }, 0, 0))?;
            }
            Event::SequenceStart(anchor, _) => self.open.push(start(Value::List(Vec::new()), anchor)),
            Event::MappingStart(anchor, _) => self.open.push(start(Value::Map(Vec::new()), anchor)),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { line, anchor, value, .. }) = self.open.pop() {
                    self.add(Node { line, value }, anchor, 1)?;
                }
            }
            _ => {}
        }
        if self.open.len() > DEPTH {
            return Err(YamlError { line, what: format!("it nests deeper than {DEPTH} levels") });
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            let what = format!("with its aliases it has more than {MOST_NODES} values; write them out, or fewer");
            return Err(YamlError { line, what });
        }
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize, count: usize) -> Result<(), YamlError> {
        self.count(count, node.line)?;
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
            self.count(node.size(), node.line)?;
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.value {
            Value::List(nodes) => nodes.push(node),
            Value::Map(entries) => match open.key.take() {
                None => match node.value {
                    Value::Scalar(text, _) => open.key = Some((text, node.line)),
                    _ => return Err(YamlError { line: node.line, what: "a key must be a plain word".to_owned() }),
                },
                Some((key, line)) if key == "<<" => open.merged = merge(entries, node, line)?,
                Some((key, line)) => {
                    if let Some(at) = open.merged.iter().position(|merged| *merged == key) {
                        open.merged.remove(at);
                        entries.retain(|(known, _)| *known != key);
                    }
                    if let Some((_, known)) = entries.iter().find(|(known, _)| *known == key) {
                        let what = format!("the key `{key}` is there twice; the first is in line {}", known.line);
                        return Err(YamlError { line, what });
                    }
                    // The line of a value is that of its key: the key is what a reader looks for.
                    entries.push((key, Node { line, ..node }));
                }
            },
            Value::Scalar(..) => {}
        }
        Ok(())
    }
}

/// Adds the keys of a map, or of each map of a list, that are not there yet, and returns them.
fn merge(entries: &mut Vec<(String, Node)>, node: Node, line: usize) -> Result<Vec<String>, YamlError> {
    let mut added = Vec::new();
    let maps = match node.value {
        Value::List(nodes) => nodes,
        value => vec![Node { line, value }],
    };
    for map in maps {
        let Value::Map(merged) = map.value else {
            return Err(YamlError { line, what: "`<<` takes a map".to_owned() });
        };
        for (key, node) in merged {
            if !entries.iter().any(|(known, _)| *known == key) {
                added.push(key.clone());
                entries.push((key, node));
            }
        }
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Node {
        parse(text).expect("YAML").expect("a document")
    }

    #[test]
    fn values_have_the_lines_of_their_keys() {
        let root = parsed("a: 1\nb:\n  - x\n  - y: 'null'\n    z:\n");
        let b = root.get("b").expect("b");
        assert_eq!((b.line, b.list().map(<[_]>::len)), (2, Some(2)));
        let item = &b.list().expect("a list")[1];
        assert_eq!(item.get("y").and_then(Node::text), Some("null"));
        assert_eq!((item.line, item.get("z")), (4, None));
    }

    #[test]
    fn aliases_and_merged_keys_are_written_out() {
        let root = parsed("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\n");
        let own = root.get("own").expect("own");
        assert_eq!((own.get("x").and_then(Node::text), own.get("y").and_then(Node::text)), (Some("1"), Some("3")));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "));
        }
        let error = parse(&text).expect_err("a bomb");
        assert!(error.what.contains("more than 200000 values") && error.line > 3, "{error:?}");
        let nested = |depth: usize| parse(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        let deep = nested(100).expect_err("deep");
        assert!(deep.what.contains("deeper than 64"), "{deep:?}");
        // The parser has a limit of its own, so that its stack does not overflow.
        assert!(nested(100_000).is_err());
    }

    #[test]
    fn mistakes_have_lines() {
        assert_eq!(parse("a: 1\nb: 2\na: 3\n").expect_err("twice").line, 3);
        assert_eq!(parse("a:\n  - [b\nc: }").expect_err("broken").line, 3);
    }
}
