//! Reads the schedules of a pipeline and its streams.

use jiff::tz::TimeZone;

use crate::key_type::Key;
use crate::keys::run as keys;
use crate::policies::Misfire;
use crate::schedule::{CronLine, ScheduleOptions};
use crate::section_reader::SectionReader;

/// Reads the schedule of a pipeline.
pub(crate) fn read(scope: &mut SectionReader<'_>) -> ScheduleOptions {
    let zone = scope.text(&keys::TIME_ZONE).and_then(|name| TimeZone::get(&name).ok());
    ScheduleOptions {
        line: line(scope, &keys::SCHEDULE),
        zone: zone.unwrap_or(TimeZone::UTC),
        jitter: scope.span(&keys::JITTER).unwrap_or_default(),
        misfire: scope.choice(&keys::MISFIRE, Misfire::VALUES).unwrap_or(Misfire::Once),
    }
}

/// Reads a cron line.
pub(crate) fn line(scope: &mut SectionReader<'_>, key: &Key) -> Option<CronLine> {
    scope.text(key).and_then(|text| CronLine::parse(&text).ok())
}
