//! Examples of what comes in at each door, from which the tests begin.

/// The documentation of all keys is a pipeline file itself.
const PIPELINE: &str = include_str!("../../../pipelines/help.toml");

const SMALL_PIPELINE: &str = r#"name = "small"
[plugins.trim]
path = "trim.wasm"
limits = { memory_mib = 32, row_ms = 20 }
[connections.wms]
driver = "sqlite"
path = { env = "WMS", default = "wms.db" }
[connections.analytics]
driver = "sqlite"
path = "analytics.db"
[stream_defaults]
source = "wms"
target = "analytics"
extractor = "wms-tables"
loader = "table"
[streams.orders]
transforms = ["trim"]
settings.trim.share = 0.25
method = "incremental"
change_key = "at"
lookback = "15m"
[streams.orders.columns]
at = { type = "timestamp", from = "epoch-s" }
"#;

const STATE: &str = r#"{"wmshost_state": 1, "pipeline": "orders", "streams": [{"stream": "orders", "bookmark": [{"name": "last_updated",
"type": "timestamp", "value": 1796000000000000}, {"name": "id", "type": "int64", "value": 7}], "mode": "merge", "complete":
true, "source_version": null, "definition": null, "state": {"seen": [0, 255]}, "run_id": "20260131-060000-1f2e", "batch": 3,
"committed_at": "2026-01-31 06:00:01.000000"}]}"#;

const RECORDING: [&str; 3] = [
    r#"{"run_id": "run", "stream": "orders", "plugin": "trim", "name": "trim", "version": "1.0.0", "digest": "blake3:0",
"component": "trim.wasm", "batch": 3, "rows": 2, "failure": "it trapped"}"#,
    "summary = \"One.\"\nkey = [\"id\"]\nchange_key = \"at\"\non_trap = \"retry\"\nbatches = [0, 1]\n[settings]\nlist = [\"x\"]\nshare = 0.5\n",
    "id:int64!,name:utf8,\"price:decimal(10,2)\",at:timestamp,day:date,is:boolean,raw:binary,part:float64\n\
     1,\"a, \"\"b\"\"\nc\",0.01,2026-01-31 06:00:00,2026-01-31,true,00ff,1.5\n2,\"\",,,,,,\n",
];

/// The answers of a recorded reading, whose rows are those of the recording.
const ANSWERS: &str = r#"{"request": {"stream": "orders", "source": "wms", "table": "orders", "method": "incremental", "key": ["id"],
"change_key": "at", "lookback_micros": 1, "lookback_versions": null, "null_keys": "include", "window": null, "columns": [], "bookmark":
[{"name": "id", "type": "int64", "value": 7}], "state": {"seen": [0, 255]}, "batch_rows": 2}, "batches": 2, "source": {"dialect":
"sqlite", "clock": [{"Ok": 1796000000000000}, {"Err": {"kind": "transient", "message": "it is busy"}}], "tables": [], "described":
[{"table": "orders", "found": {"Ok": {"name": "orders", "columns": "id:int64!,name:utf8", "key": ["id"], "order": [{"Ok":
{"expression": "id", "function": null, "bounds": ["least", "most"]}}, {"Err": "it has none"}], "sources": [{"declared": "INTEGER",
"refused": null, "open": null}]}}}], "queries": [{"statement": "SELECT id FROM orders", "parameters": [], "columns": {"Ok":
"id:int64!"}, "rejected": [{"after": 1, "rule": "r", "reason": "why", "value": null, "by": "sqlite", "row": "{}", "place": 0}],
"end": {"Ok": null}}]}}"#;

const STATEMENTS: [&str; 8] = [
    "SELECT id, name FROM orders WHERE id > 1 ORDER BY id LIMIT 2",
    "SELECT o.id, upper(o.name) AS name FROM orders o LEFT JOIN orders x ON x.id = o.id WHERE o.name LIKE '%o%' GROUP BY 1",
    "SELECT CASE WHEN name = 'one' THEN 1 ELSE 2 END AS c, count(*) AS n FROM orders GROUP BY 1 HAVING count(*) > 0",
    "WITH part AS (SELECT id FROM orders) SELECT id FROM part UNION ALL SELECT max(id) FROM orders",
    "SELECT id, (SELECT word FROM vault) AS word FROM orders WHERE cost > 'h' -- hidden",
    "SELECT name, max(id) OVER (PARTITION BY site ORDER BY id) AS m FROM main.orders, json_each('[1]')",
    "SELECT \"name\", [site], `id` FROM orders WHERE id IN (1, 2) AND EXISTS (SELECT 1 FROM sqlite_schema)",
    "SELECT TO_CHAR(id) AS c, NVL(name, 'x') || 'y' AS d FROM orders WHERE ROWNUM < 3 FETCH FIRST 2 ROWS ONLY",
];

const COMPONENT: &str = r#"(component
    (core module $m (memory (export "m") 1) (func (export "f") (param i32) (result i32) local.get 0 i32.const 1 i32.add))
    (core instance $i (instantiate $m))
    (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f"))))"#;

const MANIFEST: &str = r#"{"format": 1, "pipeline": "orders", "wmshost": "0.1.0", "contract": "0.1.0", "plugins": {"table": {"name":
"table", "version": "1.0.0", "world": "loader", "contract": "0.1.0", "digest": "blake3:0", "bytes": 4, "is_signed": true}}}"#;

/// Returns examples of what comes in at a door; none if there is no door of this name.
pub fn examples(door: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match door {
        "border" => calls(),
        "bundle" => vec![bundle()],
        "component" => wat::parse_str(COMPONENT).into_iter().collect(),
        "extractor_sql" => texts(&STATEMENTS),
        "model_sql" => STATEMENTS.map(|statement| statement.replace("orders", "{stock}").into_bytes()).to_vec(),
        "pipeline_file" => texts(&[SMALL_PIPELINE, PIPELINE]),
        "recording" => texts(&[&RECORDING.join("\0"), &[&RECORDING[..], &[ANSWERS]].concat().join("\0")]),
        "state_file" => texts(&[STATE]),
        _ => Vec::new(),
    }
}

/// Calls over a batch of nine rows, as `cross_border` of the sandbox reads them: the name of a column, the kind of the call,
/// and what it passes. Each by itself, and all after one another.
fn calls() -> Vec<Vec<u8>> {
    let whole_numbers = [&[0, 1, 9][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9], &[0]].concat();
    let texts = [&[1, 6, 10][..], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[9], b"abcdefghi", &[1, 2, 0xfe, 1]].concat();
    let decimals = [&[0, 5, 144][..], &[7; 144], &[0, 38, 2]].concat();
    let categories = [&[1, 8, 2, 0, 1, 9][..], &[0, 1, 0, 1, 0, 1, 0, 1, 0], &[0]].concat();
    let bookmark = vec![0, 13, 2, 0, 0, 1, 2, 1];
    let columns = vec![0, 14, 2, 0, 1, 1, 3, 38, 2];
    let rename = vec![1, 11, 4, 3, b'n', b'e', b'w'];
    let reject = vec![0, 10, 1, 1, 1, 3];
    let filter = vec![0, 9, 1, 0b1101_1011];
    let mut calls = vec![whole_numbers, texts, decimals, categories, bookmark, columns, rename, reject, filter];
    calls.push(calls.concat());
    calls
}

fn bundle() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in [
        ("bundle.json", MANIFEST),
        ("plugins/table.wasm", "\0asm"),
        ("plugins/table.wasm.minisig", "untrusted comment: none\n"),
        ("wmshost.lock", "{}"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Writing into memory does not fail.
        let _ = archive.append_data(&mut header, name, content.as_bytes());
    }
    archive.into_inner().unwrap_or_default()
}
