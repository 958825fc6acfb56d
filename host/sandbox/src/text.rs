//! Texts of plugins, as they may be kept and shown.

/// A plugin's text in a form that may be shown: cut, and without characters that steer a terminal or begin another
/// line.
pub(crate) fn sanitize(text: String, most: usize) -> String {
    let text = truncate(text, most);
    if text.chars().any(char::is_control) {
        return text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    text
}

/// The text, cut at a character boundary if it is longer than this number of bytes.
pub(crate) fn truncate(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
