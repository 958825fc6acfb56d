//! Charts as SVG within the page. Each says in words what it shows, for readers who do not see it; nothing of them is styled in
//! the page itself, which its policy forbids.

use super::html::{Html, element, text, words};

/// The height of a chart, and the width of a bar with its gap, in units of the picture.
const HEIGHT: f64 = 40.0;
const STEP: usize = 10;

/// A bar: its value, its title, and the class that colours it.
pub(super) struct Bar {
    pub(super) value: f64,
    pub(super) title: String,
    pub(super) class: &'static str,
}

/// A card with a chart of bars, the oldest first. `shown` is the text of a value.
pub(super) fn bars(title: &str, bars: &[Bar], shown: impl Fn(f64) -> String) -> Html {
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let Some(last) = bars.last() else { return Html::default() };
    let summary =
        format!("{title} of the last {} runs: the last {}, at most {}", bars.len(), shown(last.value), shown(most));
    let picture = bars.iter().enumerate().map(|(at, bar)| {
        // A value that is not 0 is seen.
        let height = if bar.value > 0.0 { (bar.value / most * HEIGHT).max(1.0) } else { 0.5 };
        let [x, y, height] = [(at * STEP) as f64, HEIGHT - height, height].map(|number| format!("{number:.1}"));
        let place = [("x", x.as_str()), ("y", &y), ("width", "8"), ("height", &height), ("class", bar.class)];
        element("rect", &place, [words("title", "", &bar.title)])
    });
    let view = format!("0 0 {} {HEIGHT}", bars.len().max(20) * STEP);
    let attributes =
        [("viewBox", view.as_str()), ("preserveAspectRatio", "none"), ("role", "img"), ("aria-label", &summary)];
    let figure = [
        element("figcaption", &[], [text(title), words("b", "", shown(last.value))]),
        element("svg", &attributes, picture),
        words("div", "soft", format!("at most {}", shown(most))),
    ];
    element("figure", &[("class", "card chart")], figure)
}

/// The bar of a part of a run in its row of the timeline, from a second to another of so long a run.
pub(super) fn span(from: f64, until: f64, whole: f64, class: &'static str) -> Html {
    let scale = |second: f64| (second / whole.max(0.001) * 1_000.0).clamp(0.0, 1_000.0);
    let (begin, end) = (scale(from), scale(until));
    let [x, width] = [begin.min(995.0), (end - begin).max(5.0)].map(|number| format!("{number:.0}"));
    let bar = element("rect", &[("x", x.as_str()), ("width", &width), ("height", "10"), ("class", class)], []);
    let words_of = format!("from second {from:.2} to {until:.2}");
    let attributes = [
        ("class", "span"),
        ("viewBox", "0 0 1000 10"),
        ("preserveAspectRatio", "none"),
        ("role", "img"),
        ("aria-label", words_of.as_str()),
    ];
    element("svg", &attributes, [bar])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_reach_from_nothing_to_the_largest_value() {
        let bar = |value| Bar { value, title: format!("{value}"), class: "good" };
        let made = bars("Rows", &[bar(0.0), bar(5.0), bar(10.0)], |value| format!("{value:.0}")).document();
        assert!(made.contains("aria-label=\"Rows of the last 3 runs: the last 10, at most 10\""), "{made}");
        for height in ["height=\"0.5\"", "height=\"20.0\"", "height=\"40.0\""] {
            assert!(made.contains(height), "{height}: {made}");
        }
        assert!(bars("Rows", &[], |_| String::new()).is_empty());
        assert!(bars("Rows", &[bar(0.0)], |value| format!("{value}")).document().contains("height=\"0.5\""));
    }

    #[test]
    fn a_span_stays_in_its_picture() {
        let made = span(9.0, 99.0, 10.0, "good").document();
        assert!(made.contains("x=\"900\"") && made.contains("width=\"100\""), "{made}");
        assert!(span(0.0, 0.0, 0.0, "good").document().contains("width=\"5\""));
    }
}
