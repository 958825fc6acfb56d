//! The expressions that select models.

use wmshost_models::{Outcome, PreviousRun, Project};

use crate::warehouse::{model, project, view};

fn models() -> Project {
    let mut stock = view("stg_stock", &["stock"], &["id"], "SELECT id FROM {stock}");
    stock.tags = vec!["daily".into()];
    let mut item = view("stg_item", &["item"], &["item"], "SELECT item FROM {item}");
    item.tags = vec!["weekly".into()];
    item.owner = Some("ana".into());
    project(vec![
        stock,
        item,
        model("dim_item", &["stg_item"], &["item"], "SELECT item FROM {stg_item}"),
        model("fact_stock", &["stg_stock", "dim_item"], &["id"], "SELECT id FROM {stg_stock}, {dim_item}"),
        model("kpi", &["fact_stock"], &["id"], "SELECT id FROM {fact_stock}"),
    ])
}

fn select(select: &[&str], exclude: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let models = models();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let previous = PreviousRun {
        fingerprints: [("kpi".to_owned(), "old".to_owned())].into(),
        results: [("fact_stock".to_owned(), Outcome::Error)].into(),
    };
    let selected = models.select(&words(select), &words(exclude), &previous)?;
    Ok(selected.names(&models).into_iter().map(str::to_owned).collect())
}

#[test]
fn words_select() {
    for (words, expected) in [
        (&["kpi"][..], "kpi"),
        (&["stg_*"], "stg_stock stg_item"),
        (&["stg_?tem"], "stg_item"),
        (&["tag:daily"], "stg_stock"),
        (&["owner:ana"], "stg_item"),
        (&["layer:mart"], "dim_item fact_stock kpi"),
        (&["materialized:view"], "stg_stock stg_item"),
        (&["source:stock"], "stock"),
        (&["plugin:marts,layer:staging"], "stg_stock stg_item"),
        (&["+dim_item"], "item stg_item dim_item"),
        (&["1+kpi"], "fact_stock kpi"),
        (&["stock+"], "stock stg_stock fact_stock kpi"),
        (&["stock+1"], "stock stg_stock"),
        (&["1+fact_stock+1"], "stg_stock dim_item fact_stock kpi"),
        (&["@dim_item"], "item stock stg_stock stg_item dim_item fact_stock kpi"),
        (&["kpi stg_item"], "stg_item kpi"),
        (&["tag:daily", "tag:weekly"], "stg_stock stg_item"),
        (&["+kpi,tag:daily"], "stg_stock"),
        (&["state:modified"], "stg_stock stg_item dim_item fact_stock kpi"),
        (&["state:new"], "stg_stock stg_item dim_item fact_stock"),
        (&["result:error+"], "fact_stock kpi"),
        (&["result:warn"], ""),
    ] {
        let found = select(words, &[]).unwrap_or_else(|wrong| panic!("{words:?}: {wrong:?}"));
        assert_eq!(found.join(" "), expected, "{words:?}");
    }
    assert_eq!(select(&["layer:mart"], &["kpi+"]).expect("selected"), ["dim_item", "fact_stock"]);
    assert_eq!(select(&[], &["stg_*", "source:*"]).expect("selected"), ["dim_item", "fact_stock", "kpi"]);
}

#[test]
fn a_word_that_matches_nothing_is_reported() {
    let wrong = select(&["dim_items tag:hourly"], &["colour:red", "+", "state:old"]).expect_err("wrong");
    assert_eq!(
        wrong,
        [
            "\"dim_items\" matches nothing; did you mean dim_item?",
            "\"tag:hourly\" matches nothing",
            "\"colour:red\": there is no method colour:; there are tag:, layer:, materialized:, source:, owner:, \
             plugin:, state: and result:",
            "\"+\" names nothing",
            "\"state:old\": use state:new or state:modified",
        ]
    );
}
