//! The behaviour that the guides document.

use serde_json::json;

use super::{ids, state};

#[test]
fn entities_and_their_fields_are_described() {
    let mut state = state(&[]);
    let entities = state.page("");
    assert_eq!(entities["allocation"], "http://localhost:8080/dev/wms/lgfapi/v10/entity/allocation/");
    assert_eq!(entities.as_object().expect("an object").len(), 36);
    let described = state.page("allocation/describe/");
    assert_eq!(described["fields"]["alloc_qty"], json!({"type": "number", "required": true}));
    let user = json!({"type": "varchar", "required": false, "allow_blank": true, "max_length": 30, "default": ""});
    assert_eq!(described["fields"]["create_user"], user);
    assert!(described["parameters"].as_array().expect("a list").contains(&json!("order_dtl_id")));
}

#[test]
fn paged_lists_have_counters_and_links() {
    let mut state = state(&[]);
    let page = state.page("allocation/?page_size=90&ordering=id");
    assert_eq!([&page["result_count"], &page["page_count"], &page["page_nbr"]], [400, 5, 1]);
    assert!(page["previous_page"].is_null());
    let link = "http://localhost:8080/dev/wms/lgfapi/v10/entity/allocation/?page_size=90&ordering=id&page=2";
    assert_eq!(page["next_page"], link);
    let last = state.page("allocation/?page_size=90&ordering=id&page=5");
    assert_eq!((ids(&last).len(), last["next_page"].is_null()), (40, true));
    assert_eq!(state.ids("allocation").len(), 125);
    assert_eq!(state.get("allocation/?page=5").status, 404);
    assert_eq!(state.get("allocation/?page_size=1251").status, 400);
    assert_eq!(state.all_ids("allocation/?page_size=90"), state.true_ids("allocation"));
}

#[test]
fn sequenced_lists_have_links_only() {
    let mut state = state(&[]);
    let page = state.page("allocation/?page_mode=sequenced&page_size=90");
    assert!(
        page.get("result_count").is_none()
            && page["next_page"].as_str().expect("a link").contains("?page_size=90&cursor=")
    );
    assert_eq!(state.all_ids("allocation/?page_mode=sequenced&page_size=90"), state.true_ids("allocation"));
    let mut by_time = state.all_ids("allocation/?page_mode=sequenced&page_size=7&ordering=mod_ts");
    by_time.sort_unstable();
    assert_eq!(by_time, state.true_ids("allocation"));
}

#[test]
fn an_empty_result_is_404_unless_another_status_is_asked_for() {
    let mut state = state(&[]);
    assert_eq!(state.get("allocation/?id__lt=0").status, 404);
    assert_eq!(state.get("allocation/?id__lt=0&empty_response_http_code=204").status, 204);
    assert!(state.ids("allocation/?id__lt=0&empty_response_http_code=200").is_empty());
    assert_eq!(state.get("no_such_entity/").status, 404);
    assert_eq!(state.get("allocation/?no_such_field=1").status, 400);
}

#[test]
fn filters_have_lookups_and_reach_over_relations() {
    let mut state = state(&[]);
    let all = state.true_ids("allocation");
    let mut count = |query: &str| state.all_ids(&format!("allocation/?{query}&empty_response_http_code=200")).len();
    let counts: Vec<usize> = [10, 20, 50, 90, 99].iter().map(|status| count(&format!("status_id={status}"))).collect();
    assert!(counts.iter().sum::<usize>() <= all.len() && counts[3] > 200);
    assert_eq!(count("status_id__lt!=90"), all.len() - count("status_id__lt=90"));
    assert_eq!(count("status_id__in=50,90"), counts[2] + counts[3]);
    assert_eq!(count(&format!("id__range={},{}", all[3], all[9])), 7);
    assert_eq!(count(&format!("id__gt={}&id__lte={}", all[3], all[9])), 6);
    let operators = count("create_user__startswith=OPERATOR");
    assert_eq!((operators > 0, count("create_user__istartswith=operator")), (true, operators));
    assert_eq!(count("create_user__icontains=visor"), count("create_user__in=SUPERVISOR1,SUPERVISOR2"));
    assert_eq!(count("create_user__iexact=operator01&create_user__endswith=1"), count("create_user=OPERATOR01"));
    let number = format!("order_dtl_id__order_id__order_nbr=SO{}", state.tenant.tables.of("order_hdr").rows()[40].id);
    let found = state.page(&format!("allocation/?{number}&empty_response_http_code=200"));
    let line = found["results"].as_array().expect("rows").iter().map(|row| row["order_dtl_id"]["key"].as_str());
    assert!(line.clone().count() > 0 && line.flatten().all(|key| key.starts_with("SO2000041,")), "{found}");
    assert!(state.ids("allocation/?mod_ts__isnull=true&empty_response_http_code=200").is_empty());
}

#[test]
fn times_in_filters_have_an_offset_or_are_in_the_zone_of_the_facility() {
    let mut state = state(&[]);
    let one = "allocation/?ordering=-mod_ts&page_size=1&fields=id,mod_ts";
    let latest = state.page(one)["results"][0].clone();
    let written = latest["mod_ts"].as_str().expect("a time");
    let id = latest["id"].as_i64().expect("an id");
    let encoded = written.replace('+', "%2B");
    assert_eq!(state.ids(&format!("allocation/?mod_ts={encoded}")), [id]);
    let local = written.strip_suffix("-03:00").expect("the zone");
    assert_eq!(state.ids(&format!("allocation/?mod_ts__gte={local}")), [id]);
    assert_eq!(state.get("allocation/?mod_ts__gte=yesterday").status, 400);
    // A bare plus is a blank.
    assert_eq!(state.get("allocation/?mod_ts__gte=2026-06-30T18:00:00+00:00").status, 400);
    let sundays = state.all_ids("allocation/?create_ts__week_day=1&page_size=400");
    assert!(!sundays.is_empty() && sundays.len() < 30, "{sundays:?}");
}

#[test]
fn columns_can_be_chosen() {
    let mut state = state(&[]);
    let named = state.page("allocation/?fields=id,status_id&page_size=1");
    assert_eq!(named["results"][0].as_object().expect("a row").keys().collect::<Vec<_>>(), ["id", "status_id"]);
    let flat =
        state.page("allocation/?values_list=id,order_dtl_id__order_id__order_nbr:order,order_dtl_id&page_size=1");
    let row = &flat["results"][0];
    assert!(row["order"].as_str().expect("a number").starts_with("SO") && row["order_dtl_id"].is_i64(), "{row}");
    assert_eq!(state.get("allocation/?fields=id,nothing").status, 400);
    assert_eq!(state.get("allocation/?values_list=id,status_id:id").status, 400);
}

#[test]
fn one_record_has_no_envelope_and_says_when_it_changed() {
    let mut state = state(&[]);
    let id = state.true_ids("allocation")[5];
    let reply = state.get(&format!("allocation/{id}"));
    let row: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(row["id"], id);
    assert_eq!(reply.header("Last-Modified"), row["mod_ts"].as_str());
    assert_eq!(state.get("allocation/1").status, 404);
}

#[test]
fn the_history_of_inventory_is_protected() {
    let mut state = state(&[]);
    assert_eq!(state.get("inventory_history/?ordering=id").status, 400);
    let row = &state.tenant.tables.of("inventory_history").rows()[0];
    let group = state.tenant.tables.of("inventory_history").value(row.id, "group_nbr").canonical().expect("a group");
    let narrow = format!("inventory_history/?company_id__code=CO1&facility_id__code=FAC1&group_nbr={group}");
    assert!(!state.ids(&narrow).is_empty());
}

#[test]
fn references_between_entities_are_consistent() {
    use crate::catalogue::{Kind, entities};
    use crate::value::Value;
    let state = state(&[]);
    for entity in entities() {
        let table = state.tenant.tables.of(entity.name);
        assert!(!table.rows().is_empty(), "{} has no rows", entity.name);
        for (place, field) in entity.fields.iter().enumerate() {
            let Kind::Relation(Some(target)) = field.kind else { continue };
            for row in table.rows() {
                if let Value::Relation(id) = row.at(entity, place) {
                    assert!(state.tenant.tables.of(target).get(id).is_some(), "{}.{}: {id}", entity.name, field.name);
                }
            }
        }
    }
}
