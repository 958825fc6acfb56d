//! Pages of Oracle WMS Cloud made into batches, beside two Python programs with the standard library alone: one makes typed
//! values, numbers by their digits and times with their offsets; the other writes messages of Singer, as a tap does; where there
//! is one, beside a tap of the Singer SDK, too. Each way is a process of its own.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use arrow_schema::{DataType, Field, TimeUnit};
use wait4::Wait4 as _;
use wmshost_flow::{Cancel, JsonColumn, JsonPlace, RowsOf, ServiceRequest};
use wmshost_pipeline::{SignIn, WebAddress, WebService};

/// The rows of a page.
const PAGE_ROWS: u64 = 1_250;
/// The fields of an allocation: name, and kind.
const FIELDS: [(&str, char); 28] = [
    ("id", 'i'),
    ("alloc_qty", 'n'),
    ("alloc_uom_id", 'r'),
    ("cartonize_uom_id", 'r'),
    ("create_ts", 't'),
    ("create_user", 's'),
    ("final_oblpn_nbr", 's'),
    ("from_inventory_id", 'r'),
    ("is_picking_flg", 'b'),
    ("mhe_system_id", 'r'),
    ("mod_ts", 't'),
    ("mod_user", 's'),
    ("ob_lpn_type_id", 'r'),
    ("order_dtl_id", 'r'),
    ("packed_qty", 'n'),
    ("pick_locn_str", 's'),
    ("pick_user", 's'),
    ("picked_ts", 't'),
    ("status_id", 'i'),
    ("task_id", 'r'),
    ("task_seq_nbr", 'i'),
    ("to_inventory_id", 'r'),
    ("type_id", 'r'),
    ("wave_id", 'r'),
    ("cust_number_1", 'i'),
    ("cust_decimal_1", 'n'),
    ("cust_field_1", 's'),
    ("cust_field_2", 's'),
];
const PYTHON: &str = "
import json, sys
from datetime import datetime, timezone
from decimal import Decimal
kinds = dict(pair.split(':') for pair in sys.argv[2].split(','))
page, pages = open(sys.argv[1]).read(), int(sys.argv[3])
def value(kind, it):
    if it is None: return None
    if kind == 'r': return int(it['id'])
    if kind == 'n': return Decimal(it)
    if kind == 't': return datetime.fromisoformat(it).astimezone(timezone.utc)
    return it
total = 0
for _ in range(pages):
    for row in json.loads(page)['results']:
        total += len([value(kinds[name], it) for name, it in row.items()])
print(total)
";
/// The same page as a tap passes it on: relations become ids, and each row a message of Singer.
const TAP: &str = "
import json, sys
from decimal import Decimal
kinds = dict(pair.split(':') for pair in sys.argv[2].split(','))
page, pages = open(sys.argv[1]).read(), int(sys.argv[3])
for _ in range(pages):
    for row in json.loads(page, parse_float=Decimal)['results']:
        record = {name: it and int(it['id']) if kinds[name] == 'r' else it for name, it in row.items()}
        sys.stdout.write(json.dumps({'type': 'RECORD', 'stream': 'allocation', 'record': record}, default=str) + '\\n')
";

/// The same by a tap of the Singer SDK: its records conform to a schema, and are written by its own functions.
const SDK_TAP: &str = "
import datetime, json, logging, sys
from decimal import Decimal
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.helpers.jsonpath import extract_jsonpath
import singer_sdk.singerlib as singer
kinds = dict(pair.split(':') for pair in sys.argv[2].split(','))
page, pages = open(sys.argv[1]).read(), int(sys.argv[3])
words = {'i': 'integer', 'r': 'integer', 'n': 'number', 't': 'string', 's': 'string', 'b': 'boolean'}
schema = {'properties': {name: {'type': [words[kind], 'null']} for name, kind in kinds.items()}}
log = logging.getLogger('tap')
for _ in range(pages):
    for row in extract_jsonpath('$.results[*]', input=json.loads(page, parse_float=Decimal)):
        record = {name: it and int(it['id']) if kinds[name] == 'r' else it for name, it in row.items()}
        record = conform_record_data_types('allocation', record, schema, TypeConformanceLevel.RECURSIVE, log)
        now = datetime.datetime.now(datetime.timezone.utc)
        singer.write_message(singer.RecordMessage(stream='allocation', record=record, time_extracted=now))
";
/// The variable with a Python that has the Singer SDK (`make bench-cloud` installs one).
const SDK_PYTHON: &str = "WMSHOST_SDK_PYTHON";

/// Measures all ways with this number of rows.
pub(crate) fn contest(rows: u64) -> anyhow::Result<()> {
    let pages = rows.div_ceil(PAGE_ROWS).max(1);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("page.json");
    let page = page();
    std::fs::write(&file, &page)?;
    let kinds: Vec<String> = FIELDS.iter().map(|(name, kind)| format!("{name}:{kind}")).collect();
    let mut host = Command::new(std::env::current_exe()?);
    host.args(["cloud-client", &pages.to_string()]);
    let sdk_python = std::env::var(SDK_PYTHON).ok();
    let by = |interpreter: &str, program: &str| {
        let mut command = Command::new(interpreter);
        command.arg("-c").arg(program).arg(&file).args([&kinds.join(","), &pages.to_string()]);
        command
    };
    let (python, tap) = (by("python3", PYTHON), by("python3", TAP));
    let sdk_tap = sdk_python.map(|interpreter| ("a tap of the SDK", by(&interpreter, SDK_TAP)));
    println!("{} rows in pages of {PAGE_ROWS} with {} bytes", pages * PAGE_ROWS, page.len());
    let ways = [("wmshost", host), ("python, values", python), ("python, a tap", tap)].into_iter().chain(sdk_tap);
    for (name, mut command) in ways {
        let end = command.stdout(Stdio::null()).spawn().context(name)?.wait4().context(name)?;
        ensure!(end.status.success(), "{name} failed");
        let cpu: Duration = end.rusage.utime + end.rusage.stime;
        let per_second = (pages * PAGE_ROWS) as f64 / cpu.as_secs_f64();
        println!("{name:<16} {:>8.2} CPU s {per_second:>10.0} rows per CPU second", cpu.as_secs_f64());
    }
    Ok(())
}

/// Makes batches of a page, this number of times.
pub(crate) fn client(pages: u64) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = WebAddress::parse(&format!("http://{}", listener.local_addr()?)).map_err(anyhow::Error::msg)?;
    std::thread::spawn(move || serve(&listener));
    let service = WebService { allow_private: true, ..WebService::new(base, SignIn::None) };
    let mut session = wmshost_http::open("cloud", &service)?.session("allocation");
    let request = ServiceRequest { is_head: false, path: "allocation/".to_owned(), parameters: Vec::new() };
    let response = session.send(&request, &Cancel::default())?;
    let columns: Vec<JsonColumn> = FIELDS.iter().map(|(name, kind)| column(name, *kind)).collect();
    for _ in 0..pages {
        let made = response.rows("/results", RowsOf::Elements, &columns)?;
        ensure!(made.batch.rows.num_rows() as u64 == PAGE_ROWS && made.batch.rejected.is_empty(), "rows are missing");
    }
    Ok(())
}

fn column(name: &str, kind: char) -> JsonColumn {
    let data_type = match kind {
        'i' | 'r' => DataType::Int64,
        'n' => DataType::Decimal128(38, 10),
        'b' => DataType::Boolean,
        't' => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        _ => DataType::Utf8,
    };
    let path = if kind == 'r' { vec![name, "id"] } else { vec![name] };
    let names = path.into_iter().map(str::to_owned).collect();
    let place = JsonPlace::Path { names, or_bare: kind == 'r' };
    JsonColumn { field: Arc::new(Field::new(name, data_type, true)), place }
}

/// Answers one request with a page.
fn serve(listener: &TcpListener) {
    let Ok((mut stream, _)) = listener.accept() else { return };
    let Ok(reading) = stream.try_clone() else { return };
    let head = BufReader::new(reading).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    if head.count() > 0 {
        let page = page();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{page}",
            page.len()
        );
    }
}

fn page() -> String {
    let mut page = String::from(
        "{\"result_count\": 1250, \"page_count\": 1, \"page_nbr\": 1, \"next_page\": null, \"results\": [",
    );
    for row in 0..PAGE_ROWS {
        page.push_str(if row > 0 { ", {" } else { "{" });
        for (at, (name, kind)) in FIELDS.iter().enumerate() {
            let gap = if at > 0 { ", " } else { "" };
            let _ = write!(page, "{gap}\"{name}\": ");
            let _ = match kind {
                'i' => write!(page, "{}", row * 7 + at as u64),
                'r' => write!(
                    page,
                    "{{\"id\": {}, \"key\": \"K{row}\", \"url\": \"https://wms.example/dev/wms/lgfapi/v10/entity/{name}/{row}\"}}",
                    row + 100
                ),
                'n' => write!(page, "\"{}.2500\"", row % 500),
                'b' => write!(page, "{}", row % 2 == 0),
                't' => write!(page, "\"2026-06-{:02}T12:{:02}:48.391494+02:00\"", 1 + row % 30, row % 60),
                _ => write!(page, "\"text {row}\""),
            };
        }
        page.push('}');
    }
    page + "]}"
}
