//! Each quirk changes what the API shows, and a walk by ids finds all rows under those about pages.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{ids, state};
use crate::api::State;
use crate::changes;
use crate::quirks::Quirk::{self, *};
use crate::store::Fate;
use crate::tenant::Change;
use crate::value::SECOND;

const ALL: &str = "allocation/?page_size=1250&ordering=id";

/// The rows of a target.
fn rows(state: &mut State, target: &str) -> Vec<Json> {
    state.page(target)["results"].as_array().expect("rows").clone()
}

/// All ids by a walk: the first page after the last id, again and again, up to a ceiling.
fn walk(state: &mut State) -> Vec<i64> {
    let ceiling = state.ids("allocation/?ordering=-id&page_size=1&fields=id")[0];
    let mut found = Vec::new();
    let mut last = 0;
    while last < ceiling {
        let page =
            state.ids(&format!("allocation/?ordering=id&id__gt={last}&id__lte={ceiling}&page_size=60&fields=id"));
        last = *page.last().expect("a page below the ceiling has rows");
        found.extend(page);
    }
    found
}

#[test]
fn a_walk_by_ids_finds_all_rows_whatever_the_pages_are_like() {
    for quirk in [PhantomPage, ShortPages, PageSizeCapped, Unordered, ForeignLinks, LinkLoops, LinkEnds, Moving] {
        let mut state = state(&[quirk]);
        let before = state.true_ids("allocation");
        let found = walk(&mut state);
        assert!(before.iter().all(|id| found.contains(id)), "{quirk:?}");
        assert!(found.is_sorted(), "{quirk:?}");
    }
}

#[test]
fn fractions_in_filters_are_refused_or_cut() {
    let filter = |state: &State, fraction: &str| {
        let whole = crate::value::instant(state.tenant.now.div_euclid(SECOND) * SECOND, 0);
        format!("allocation/?mod_ts__lt={}{fraction}Z&empty_response_http_code=200", whole.trim_end_matches("+00:00"))
    };
    let mut refused = state(&[FractionRefused, FractionCut]);
    let target = filter(&refused, ".5");
    assert_eq!(refused.get(&target).status, 400);
    let mut cut = state(&[FractionCut]);
    let targets = [filter(&cut, ""), filter(&cut, ".999999")];
    changes::apply(&mut cut.tenant, Change::NewAllocation);
    let counts = targets.map(|target| cut.page(&target)["result_count"].clone());
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn times_are_shaped() {
    let mut summer = state(&[SummerTime]);
    let written: Vec<String> = rows(&mut summer, ALL).iter().take(6).map(|row| row["mod_ts"].to_string()).collect();
    assert!(written[..3].iter().all(|text| text.contains("T23:") && text.ends_with("-02:00\"")), "{written:?}");
    assert!(written[3..].iter().all(|text| text.contains("T23:") && text.ends_with("-03:00\"")), "{written:?}");
    let now = state(&[]).tenant.now;
    let off = state(&[ClockOff]).tenant.now;
    assert_eq!((now - off) / SECOND, 5 * 3_600);
    let mut odd = state(&[FutureRows, NullTimes]);
    let later = crate::value::instant(odd.tenant.now, 0).replace("+00:00", "Z");
    assert!(!odd.ids(&format!("allocation/?mod_ts__gt={later}")).is_empty());
    assert!(!odd.ids("allocation/?mod_ts__isnull=true").is_empty());
    assert!(!odd.ids("allocation/?create_ts__isnull=true").is_empty());
    let mut crowd = state(&[EqualTimes, CrowdedSecond]);
    let texts: Vec<String> = rows(&mut crowd, ALL).iter().map(|row| row["mod_ts"].to_string()).collect();
    let equal = texts.iter().filter(|text| **text == texts[0]).count();
    let in_second = texts.iter().filter(|text| text[..20] == texts[1][..20]).count();
    assert_eq!((equal, in_second), (200, 200));
}

#[test]
fn pages_and_links_are_shaped() {
    let mut phantom = state(&[PhantomPage]);
    assert_eq!(phantom.page("allocation/?page_size=100")["page_count"], 5);
    assert_eq!(phantom.get("allocation/?page_size=100&page=5").status, 500);
    assert_eq!(phantom.get("allocation/?page_size=100&page=6").status, 404);
    let mut short = state(&[ShortPages]);
    let lengths: Vec<usize> =
        (1..=4).map(|page| short.ids(&format!("allocation/?page_size=60&page={page}")).len()).collect();
    assert_eq!(lengths, [40, 60, 0, 60]);
    assert_eq!(short.all_ids("allocation/?page_size=60").len(), 400);
    assert_eq!(state(&[PageSizeCapped]).ids("allocation/?page_size=400").len(), 100);
    let mut unordered = state(&[Unordered]);
    assert_ne!(unordered.ids("allocation/"), unordered.ids("allocation/"));
    assert_eq!(unordered.ids(ALL), unordered.true_ids("allocation"));
    let mut refused = state(&[OrderingRefused]);
    assert_eq!(refused.get("allocation/?ordering=mod_ts,id").status, 400);
    assert_eq!(refused.get("order_type/?ordering=id").status, 400);
    assert_eq!(refused.get(ALL).status, 200);
    let next = |quirk: Quirk, count: usize| -> Vec<Json> {
        let mut state = state(&[quirk]);
        (0..count).map(|_| state.page("allocation/?page=2&page_size=50")["next_page"].clone()).collect()
    };
    let links = next(ForeignLinks, 3);
    let is_foreign = |wanted: &str| links.iter().any(|link| link.as_str().expect("a link").starts_with(wanted));
    assert!(
        is_foreign("https://localhost:8080/")
            && is_foreign("http://localhost:443/")
            && is_foreign("http://localhost:9090/")
    );
    assert!(next(LinkLoops, 1)[0].as_str().expect("a link").ends_with("page=2"));
    assert!(next(LinkEnds, 2).iter().any(Json::is_null));
}

#[test]
fn sequenced_pages_have_their_faults() {
    let target = "allocation/?page_mode=sequenced&page_size=150&ordering=mod_ts&fields=id";
    let mut state = super::state(&[EqualTimes, NullTimes, NullsSkipped]);
    let found = state.all_ids(target).len();
    assert!(found < 400, "rows without a time are left out");
    // More equal times than 1,000 and a page: the offset does not get past them.
    let mut capped = super::state(&[OffsetCapped]);
    for _ in 0..2_000 {
        changes::apply(&mut capped.tenant, Change::NewAllocation);
    }
    let mut target = "allocation/?page_mode=sequenced&page_size=600&ordering=mod_ts&fields=id".to_owned();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let page = capped.page(&target);
        seen.push(ids(&page));
        let Some(link) = page["next_page"].as_str() else { break };
        target = link.split_once("/entity/").expect("a link").1.to_owned();
    }
    assert!(seen.len() == 5 && seen[3] == seen[4], "the same page for ever");
}

#[test]
fn values_are_written_in_other_ways() {
    let mut state = super::state(&[NumericDecimals, TextIds, BareRelations, FieldOrder, UnknownFields]);
    let rows = rows(&mut state, ALL);
    assert!(rows.iter().all(|row| row["id"].is_string() && row["zz_unlisted"] == "unlisted"));
    assert!(
        rows.iter()
            .all(|row| row["alloc_qty"].is_number() || row["alloc_qty"].is_null() || row.get("alloc_qty").is_none())
    );
    let relations: Vec<&Json> = rows.iter().map(|row| &row["order_dtl_id"]).collect();
    assert!(
        relations.iter().any(|relation| relation.is_i64()) && relations.iter().any(|relation| relation.is_string())
    );
    assert!(
        relations.iter().any(|relation| relation["url"] == "")
            && relations.iter().any(|relation| relation["id"].is_string())
    );
    let raw = String::from_utf8_lossy(&state.get(ALL).body).into_owned();
    assert!(raw.contains("E-") && raw.contains("000, ") && raw.contains("e+0"), "{}", &raw[..500]);
    let first: BTreeSet<&str> = raw.split("{\"").map(|row| row.split('"').next().unwrap_or_default()).collect();
    assert!(first.len() > 10, "rows begin with different fields");
    assert!(rows.iter().any(|row| row.get("picked_ts").is_none()), "fields that are null are left out");
    let described = super::state(&[OtherWords]).page("allocation/describe");
    assert_eq!(described["fields"]["id"]["type"], "pk");
    assert_eq!(described["fields"]["alloc_qty"]["required"], "X");
}

#[test]
fn rows_that_cannot_be_read_are_known() {
    let mut state = super::state(&[HostileTexts, PoisonRows, RequiredNull]);
    let fates: Vec<Fate> = state.tenant.tables.of("allocation").rows().iter().map(|row| row.fate).collect();
    let count = |fate: Fate| fates.iter().filter(|found| **found == fate).count();
    assert!(count(Fate::Rejected) >= 8 && count(Fate::Either) >= 1, "{fates:?}");
    let raw = String::from_utf8_lossy(&state.get(ALL).body).into_owned();
    for token in
        ["\"12,5\"", "2026-02-30T25:61:00", "{\"name\":\"x\"}", "\"id\": null", "\\ud800", "\\u0000", "\\u0001"]
    {
        assert!(raw.contains(token), "{token}");
    }
    assert!(raw.contains("\"from_inventory_id\": null") || raw.contains("\"order_dtl_id\": null"));
}

#[test]
fn faults_meet_requests() {
    let status = |quirk: Quirk, target: &str| {
        let mut state = super::state(&[quirk]);
        (0..3).map(|_| state.get(target)).find(|reply| reply.status != 200).map_or(200, |reply| reply.status)
    };
    let expected = [
        (TooMany, 429),
        (HtmlUnavailable, 503),
        (BigPagesTimeOut, 504),
        (Redirect, 302),
        (ServerError, 500),
        (Unauthorized, 401),
        (Forbidden, 403),
    ];
    for (quirk, wanted) in expected {
        assert_eq!(status(quirk, ALL), wanted, "{quirk:?}");
    }
    assert_eq!(status(BigPagesTimeOut, "allocation/?page_size=250"), 200);
    assert_eq!(status(Forbidden, "allocation/describe/"), 200);
    let mut cut = super::state(&[CutJson]);
    let bodies: Vec<_> = (0..3).map(|_| cut.get(ALL).body).collect();
    assert!(bodies.iter().any(|body| serde_json::from_slice::<Json>(body).is_err()));
    let login = super::state(&[LoginPage]).get(ALL);
    assert!(login.status == 200 && login.body.starts_with(b"<!DOCTYPE html>"));
    let mut silent = super::state(&[Silent]);
    assert!((0..3).any(|_| silent.get(ALL).delivery != crate::reply::Delivery::Whole));
    let mut limited = super::state(&[TooMany]);
    let after: Vec<Option<String>> = (0..27)
        .map(|at| limited.get(&format!("{ALL}&id__gt={at}")))
        .filter(|reply| reply.status == 429)
        .map(|reply| reply.header("Retry-After").map(str::to_owned))
        .collect();
    assert!(after.contains(&None) && after.contains(&Some("1".into())));
    assert!(after.iter().flatten().any(|text| text.ends_with("GMT")), "{after:?}");
}

#[test]
fn a_facility_is_lost() {
    let mut state = super::state(&[]);
    let before = state.ids(ALL).len();
    assert_eq!(state.ids("facility/").len(), 2);
    state.tenant.quirks = [FacilityLost].into_iter().collect();
    assert_eq!(state.ids("facility/"), [1]);
    assert!(state.ids(ALL).len() < before);
}

#[test]
fn a_release_changes_fields() {
    let mut state = super::state(&[Release]);
    assert!(state.page("allocation/describe/")["fields"].get("release_ref").is_none());
    let changes = changes::day(&state.tenant, 1, 20.0);
    state.tenant.pending.extend(changes);
    changes::settle(&mut state.tenant);
    let described = state.page("allocation/describe/");
    assert_eq!(described["fields"]["release_ref"]["max_length"], 50);
    assert_eq!(described["fields"]["task_seq_nbr"]["type"], "number");
    assert_eq!(described["fields"]["create_user"]["max_length"], 20);
    let raw = String::from_utf8_lossy(&state.get(ALL).body).into_owned();
    assert!(raw.contains("\"release_ref\": \"26D\"") && raw.contains("\"release_ref\": \"\""));
}
