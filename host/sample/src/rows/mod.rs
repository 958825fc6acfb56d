//! The rows of each table, clean or dirty. About one row in a hundred is dirty, in the ways in which a warehouse's data
//! is: each module lists its own.
//!
//! | module | table |
//! |---|---|
//! | `item` | item_master |
//! | `location` | location |
//! | `order` | order_hdr |
//! | `order_line` | order_dtl |
//! | `allocation` | allocation |

pub(crate) mod allocation;
pub(crate) mod item;
pub(crate) mod location;
pub(crate) mod order;
pub(crate) mod order_line;

use crate::moment::Moment;
use crate::random::Random;

/// Spellings of a status with the same meaning: clean, padded, in lower case.
pub(crate) type Spellings = [&'static str; 3];

/// Returns the rank of a status in its list, in any of its spellings.
pub(crate) fn rank(statuses: &[Spellings], text: Option<&str>) -> Option<usize> {
    let text = text?.trim();
    statuses.iter().position(|spellings| spellings[0].eq_ignore_ascii_case(text))
}

/// Returns the time of a row's last change: after its gap, or, if that is beyond the end of the sample, some time
/// before the end. The second value is true if the end came first: the row is still in progress.
pub(crate) fn changed_at(created: Moment, gap: i64, until: Moment, random: &mut Random) -> (Moment, bool) {
    let room = until.since(created).max(0);
    if gap <= room { (created.plus(gap), false) } else { (created.plus(random.between(0, room)), true) }
}
