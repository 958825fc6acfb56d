//! The quirks, each a switch. A mock plays any set of them at once.

use std::fmt;
use std::str::FromStr;

/// A habit of real tenants that makes exact reading hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Quirk {
    /// Q1: a fraction of a second in a filter is 400.
    FractionRefused = 1,
    /// Q2: a fraction of a second in a filter is cut off silently.
    FractionCut = 2,
    /// Q3: offsets change within the data, and one hour comes twice.
    SummerTime = 3,
    /// Q4: the server's clock is five hours ahead (even seeds) or late (odd seeds).
    ClockOff = 4,
    /// Q5: rows have a mod_ts after the server's now.
    FutureRows = 5,
    /// Q6: page_count is too high, then shrinks; the page beyond the last is 500.
    PhantomPage = 6,
    /// Q7: pages hold fewer rows than asked for, and one in the middle is empty.
    ShortPages = 7,
    /// Q8: page_size is capped at 100 silently.
    PageSizeCapped = 8,
    /// Q9: the order differs on each request without an ordering.
    Unordered = 9,
    /// Q10: rows change and appear while they are read, as fast as pages are.
    Moving = 10,
    /// Q11: an ordering by times is 400 for all entities, by anything for order_type.
    OrderingRefused = 11,
    /// Q12: sequenced: the cursor's offset is capped at 1,000: the same page for ever.
    OffsetCapped = 12,
    /// Q13: sequenced: rows with a null in the first ordering field are left out.
    NullsSkipped = 13,
    /// Q14: links have the port :443, another scheme or another host.
    ForeignLinks = 14,
    /// Q15: next_page leads to the same page.
    LinkLoops = 15,
    /// Q16: next_page is null too early.
    LinkEnds = 16,
    /// Q17: decimals are numbers, with zeros at the end, with exponents.
    NumericDecimals = 17,
    /// Q18: ids are texts.
    TextIds = 18,
    /// Q19: relations are bare ids, lack their url, have a blank one, or an id as text.
    BareRelations = 19,
    /// Q20: fields that describe calls required are null.
    RequiredNull = 20,
    /// Q21: rows have a field that describe lacks, and lack fields that are null.
    UnknownFields = 21,
    /// Q22: describe has other words for types, and letters for required.
    OtherWords = 22,
    /// Q23: the order of the fields changes from row to row.
    FieldOrder = 23,
    /// Q24: texts are too long, or have U+0000, control characters, emoji, a lone surrogate.
    HostileTexts = 24,
    /// Q25: rows with a decimal that is none, an impossible time, an object, a null id, 60 digits.
    PoisonRows = 25,
    /// Q26: 429 with Retry-After in seconds, as a date, or without.
    TooMany = 26,
    /// Q27: 503 as HTML.
    HtmlUnavailable = 27,
    /// Q28: 504 as HTML for pages of more than 250 rows.
    BigPagesTimeOut = 28,
    /// Q29: a request is taken and not answered.
    Silent = 29,
    /// Q30: the connection breaks within the body.
    BrokenBody = 30,
    /// Q31: 200 with JSON that is cut off.
    CutJson = 31,
    /// Q32: 200 with a login page, to every list.
    LoginPage = 32,
    /// Q33: 302 to another host, to every list.
    Redirect = 33,
    /// Q34: 500 in the API's format.
    ServerError = 34,
    /// Q35: a token is valid for 12 requests, whatever expires_in says.
    TokensDieEarly = 35,
    /// Q36: the token address fails at first.
    TokenAddressFails = 36,
    /// Q37: 401 although the credentials are right.
    Unauthorized = 37,
    /// Q38: the user loses a facility, and sees none of its rows.
    FacilityLost = 38,
    /// Q39: 403 to every list.
    Forbidden = 39,
    /// Q40: more rows than a page have the same mod_ts.
    EqualTimes = 40,
    /// Q41: more rows than a page have a mod_ts in one second.
    CrowdedSecond = 41,
    /// Q42: rows have no mod_ts or no create_ts.
    NullTimes = 42,
    /// Q43: late commits, backdated imports, silent changes, deletes, ids used again, bulk updates.
    HardHistory = 43,
    /// Q44: a release adds, widens and narrows fields.
    Release = 44,
}

/// All quirks, each with its name and what it does.
const TABLE: [(Quirk, &str, &str); 44] = [
    (Quirk::FractionRefused, "fraction-refused", "a fraction of a second in a filter is 400"),
    (Quirk::FractionCut, "fraction-cut", "a fraction of a second in a filter is cut off silently"),
    (Quirk::SummerTime, "summer-time", "offsets change within the data, and one hour comes twice"),
    (Quirk::ClockOff, "clock-off", "the server's clock is five hours ahead (even seeds) or late (odd seeds)"),
    (Quirk::FutureRows, "future-rows", "rows have a mod_ts after the server's now"),
    (Quirk::PhantomPage, "phantom-page", "page_count is too high, then shrinks; the page beyond the last is 500"),
    (Quirk::ShortPages, "short-pages", "pages hold fewer rows than asked for, and one in the middle is empty"),
    (Quirk::PageSizeCapped, "page-size-capped", "page_size is capped at 100 silently"),
    (Quirk::Unordered, "unordered", "the order differs on each request without an ordering"),
    (Quirk::Moving, "moving", "rows change and appear while they are read, as fast as pages are"),
    (
        Quirk::OrderingRefused,
        "ordering-refused",
        "an ordering by times is 400 for all entities, by anything for order_type",
    ),
    (Quirk::OffsetCapped, "offset-capped", "sequenced: the cursor's offset is capped at 1,000: the same page for ever"),
    (Quirk::NullsSkipped, "nulls-skipped", "sequenced: rows with a null in the first ordering field are left out"),
    (Quirk::ForeignLinks, "foreign-links", "links have the port :443, another scheme or another host"),
    (Quirk::LinkLoops, "link-loops", "next_page leads to the same page"),
    (Quirk::LinkEnds, "link-ends", "next_page is null too early"),
    (Quirk::NumericDecimals, "numeric-decimals", "decimals are numbers, with zeros at the end, with exponents"),
    (Quirk::TextIds, "text-ids", "ids are texts"),
    (
        Quirk::BareRelations,
        "bare-relations",
        "relations are bare ids, lack their url, have a blank one, or an id as text",
    ),
    (Quirk::RequiredNull, "required-null", "fields that describe calls required are null"),
    (Quirk::UnknownFields, "unknown-fields", "rows have a field that describe lacks, and lack fields that are null"),
    (Quirk::OtherWords, "other-words", "describe has other words for types, and letters for required"),
    (Quirk::FieldOrder, "field-order", "the order of the fields changes from row to row"),
    (
        Quirk::HostileTexts,
        "hostile-texts",
        "texts are too long, or have U+0000, control characters, emoji, a lone surrogate",
    ),
    (
        Quirk::PoisonRows,
        "poison-rows",
        "rows with a decimal that is none, an impossible time, an object, a null id, 60 digits",
    ),
    (Quirk::TooMany, "too-many", "429 with Retry-After in seconds, as a date, or without"),
    (Quirk::HtmlUnavailable, "html-unavailable", "503 as HTML"),
    (Quirk::BigPagesTimeOut, "big-pages-time-out", "504 as HTML for pages of more than 250 rows"),
    (Quirk::Silent, "silent", "a request is taken and not answered"),
    (Quirk::BrokenBody, "broken-body", "the connection breaks within the body"),
    (Quirk::CutJson, "cut-json", "200 with JSON that is cut off"),
    (Quirk::LoginPage, "login-page", "200 with a login page, to every list"),
    (Quirk::Redirect, "redirect", "302 to another host, to every list"),
    (Quirk::ServerError, "server-error", "500 in the API's format"),
    (Quirk::TokensDieEarly, "tokens-die-early", "a token is valid for 12 requests, whatever expires_in says"),
    (Quirk::TokenAddressFails, "token-address-fails", "the token address fails at first"),
    (Quirk::Unauthorized, "unauthorized", "401 although the credentials are right"),
    (Quirk::FacilityLost, "facility-lost", "the user loses a facility, and sees none of its rows"),
    (Quirk::Forbidden, "forbidden", "403 to every list"),
    (Quirk::EqualTimes, "equal-times", "more rows than a page have the same mod_ts"),
    (Quirk::CrowdedSecond, "crowded-second", "more rows than a page have a mod_ts in one second"),
    (Quirk::NullTimes, "null-times", "rows have no mod_ts or no create_ts"),
    (
        Quirk::HardHistory,
        "hard-history",
        "late commits, backdated imports, silent changes, deletes, ids used again, bulk updates",
    ),
    (Quirk::Release, "release", "a release adds, widens and narrows fields"),
];

impl Quirk {
    /// All quirks, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(quirk, ..)| *quirk)
    }

    /// Its number: 6 for Q6.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name: `phantom-page`.
    pub fn name(self) -> &'static str {
        TABLE[usize::from(self.number()) - 1].1
    }

    /// The API's behaviour under it.
    pub fn summary(self) -> &'static str {
        TABLE[usize::from(self.number()) - 1].2
    }
}

impl FromStr for Quirk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim();
        let is_meant =
            |quirk: &Self| quirk.name() == wanted || format!("Q{}", quirk.number()).eq_ignore_ascii_case(wanted);
        Self::all().find(is_meant).ok_or_else(|| {
            format!("{wanted:?} is no quirk: give a number from Q1 to Q44 or a name such as phantom-page (--list-quirks shows all)")
        })
    }
}

/// A set of quirks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks(u64);

impl Quirks {
    /// True if the quirk is in the set.
    pub fn has(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk.number()) != 0
    }

    /// The set with one more quirk.
    #[must_use]
    pub fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | (1 << quirk.number()))
    }

    /// The set without a quirk.
    #[must_use]
    pub fn without(self, quirk: Quirk) -> Self {
        Self(self.0 & !(1 << quirk.number()))
    }
}

impl FromIterator<Quirk> for Quirks {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        quirks.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            Quirk::all().filter(|quirk| self.has(*quirk)).map(|quirk| format!("Q{}", quirk.number())).collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirks_are_found_by_number_and_name() {
        for (at, quirk) in Quirk::all().enumerate() {
            assert_eq!(usize::from(quirk.number()), at + 1);
            assert_eq!(format!("Q{}", quirk.number()).parse(), Ok(quirk));
            assert_eq!(quirk.name().parse(), Ok(quirk));
        }
        assert!("Q45".parse::<Quirk>().is_err());
        let two: Quirks = [Quirk::Moving, Quirk::Release].into_iter().collect();
        assert_eq!(two.to_string(), "Q10 Q44");
        assert_eq!(two.without(Quirk::Moving).to_string(), "Q44");
    }
}
