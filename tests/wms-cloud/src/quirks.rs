//! The quirks, each a switch. A mock plays any set of them at once.

use std::fmt;
use std::str::FromStr;

/// Declares the quirks: number, variant, name, and the API's behaviour under it.
macro_rules! quirks {
    ($($number:literal $quirk:ident $name:literal $summary:literal;)*) => {
        /// A habit of real tenants that makes exact reading hard.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Quirk {
            $(#[doc = concat!("Q", $number, ": ", $summary, ".")] $quirk = $number,)*
        }

        /// All quirks, each with its name and what it does.
        const TABLE: [(Quirk, &str, &str); 44] = [$((Quirk::$quirk, $name, $summary),)*];
    };
}

quirks! {
    1 FractionRefused "fraction-refused" "a fraction of a second in a filter is 400";
    2 FractionCut "fraction-cut" "a fraction of a second in a filter is cut off silently";
    3 SummerTime "summer-time" "offsets change within the data, and one hour comes twice";
    4 ClockOff "clock-off" "the server's clock is five hours ahead (even seeds) or late (odd seeds)";
    5 FutureRows "future-rows" "rows have a mod_ts after the server's now";
    6 PhantomPage "phantom-page" "page_count is too high, then shrinks; the page beyond the last is 500";
    7 ShortPages "short-pages" "pages hold fewer rows than asked for, and one in the middle is empty";
    8 PageSizeCapped "page-size-capped" "page_size is capped at 100 silently";
    9 Unordered "unordered" "the order differs on each request without an ordering";
    10 Moving "moving" "rows change and appear while they are read, as fast as pages are";
    11 OrderingRefused "ordering-refused" "an ordering by times is 400 for all entities, by anything for order_type";
    12 OffsetCapped "offset-capped" "sequenced: the cursor's offset is capped at 1,000: the same page for ever";
    13 NullsSkipped "nulls-skipped" "sequenced: rows with a null in the first ordering field are left out";
    14 ForeignLinks "foreign-links" "links have the port :443, another scheme or another host";
    15 LinkLoops "link-loops" "next_page leads to the same page";
    16 LinkEnds "link-ends" "next_page is null too early";
    17 NumericDecimals "numeric-decimals" "decimals are numbers, with zeros at the end, with exponents";
    18 TextIds "text-ids" "ids are texts";
    19 BareRelations "bare-relations" "relations are bare ids, lack their url, have a blank one, or an id as text";
    20 RequiredNull "required-null" "fields that describe calls required are null";
    21 UnknownFields "unknown-fields" "rows have a field that describe lacks, and lack fields that are null";
    22 OtherWords "other-words" "describe has other words for types, and letters for required";
    23 FieldOrder "field-order" "the order of the fields changes from row to row";
    24 HostileTexts "hostile-texts" "texts are too long, or have U+0000, control characters, emoji, a lone surrogate";
    25 PoisonRows "poison-rows" "rows with a decimal that is none, an impossible time, an object, a null id, 60 digits";
    26 TooMany "too-many" "429 with Retry-After in seconds, as a date, or without";
    27 HtmlUnavailable "html-unavailable" "503 as HTML";
    28 BigPagesTimeOut "big-pages-time-out" "504 as HTML for pages of more than 250 rows";
    29 Silent "silent" "a request is taken and not answered";
    30 BrokenBody "broken-body" "the connection breaks within the body";
    31 CutJson "cut-json" "200 with JSON that is cut off";
    32 LoginPage "login-page" "200 with a login page, to every list";
    33 Redirect "redirect" "302 to another host, to every list";
    34 ServerError "server-error" "500 in the API's format";
    35 TokensDieEarly "tokens-die-early" "a token is valid for 12 requests, whatever expires_in says";
    36 TokenAddressFails "token-address-fails" "the token address fails at first";
    37 Unauthorized "unauthorized" "401 although the credentials are right";
    38 FacilityLost "facility-lost" "the user loses a facility, and sees none of its rows";
    39 Forbidden "forbidden" "403 to every list";
    40 EqualTimes "equal-times" "more rows than a page have the same mod_ts";
    41 CrowdedSecond "crowded-second" "more rows than a page have a mod_ts in one second";
    42 NullTimes "null-times" "rows have no mod_ts or no create_ts";
    43 HardHistory "hard-history" "late commits, backdated imports, silent changes, deletes, ids used again, bulk updates";
    44 Release "release" "a release adds, widens and narrows fields";
}

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
