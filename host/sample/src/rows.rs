//! What a row of each table looks like, clean or dirty. About one row in a hundred is dirty, in the ways that
//! a warehouse's data is: each room lists its own.

pub(crate) mod allocation;
pub(crate) mod item;
pub(crate) mod location;
pub(crate) mod order;
pub(crate) mod order_line;

use crate::moment::Moment;
use crate::random::Random;

/// Spellings of a status that mean the same: clean, padded, in lower case.
pub(crate) type Spellings = [&'static str; 3];

/// The rank of a status in its list, however it is spelt.
pub(crate) fn rank(statuses: &[Spellings], text: Option<&str>) -> Option<usize> {
    let text = text?.trim();
    statuses.iter().position(|spellings| spellings[0].eq_ignore_ascii_case(text))
}

/// When a row changed last: after its gap, or, if that lies beyond the end of the sample, at some moment
/// before the end. True when the end came first: the row is still under way.
pub(crate) fn changed_at(created: Moment, gap: i64, until: Moment, random: &mut Random) -> (Moment, bool) {
    let room = until.since(created).max(0);
    if gap <= room { (created.plus(gap), false) } else { (created.plus(random.between(0, room)), true) }
}
