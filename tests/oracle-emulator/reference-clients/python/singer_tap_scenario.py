"""tap-oracle, a Singer tap, on python-oracledb in the place of cx_Oracle, as python-oracledb documents it: the catalogue, full
tables, and what changed."""

import json
import os
import subprocess
import sys
import tempfile

import oracledb

host, service = sys.argv[1].split("/")
name, port = host.split(":")
config = {"host": name, "port": port, "user": "wms", "password": "wms", "sid": "ORCL", "filter_schemas": "WMS"}
# The tap knows the newer driver by the name of the older one.
launch = """
import sys, oracledb
connect = oracledb.connect
# The older driver took them without names, and an encoding.
oracledb.connect = lambda user, password, dsn, encoding: connect(user=user, password=password, dsn=dsn)
sys.modules["cx_Oracle"] = oracledb
from tap_oracle import main
main()
"""
rows = 2500


def tap(folder, *arguments):
    """The messages of the tap."""
    command = [sys.executable, "-c", launch, "--config", os.path.join(folder, "config.json"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def written(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(content, file)
    return path


def selected(catalog, method):
    """The catalogue with the one table, by this method."""
    stream = next(stream for stream in catalog["streams"] if stream["tap_stream_id"] == "WMS-TAPPED")
    for entry in stream["metadata"]:
        if not entry["breadcrumb"]:
            entry["metadata"] |= {"selected": True, "replication-method": method, "replication-key": "CHANGED"}
    return {"streams": [stream]}


def records(output):
    messages = [json.loads(line) for line in output.splitlines()]
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return [message["record"] for message in messages if message["type"] == "RECORD"], states[-1]


connection = oracledb.connect(user="wms", password="wms", dsn=sys.argv[1])
cursor = connection.cursor()
cursor.execute(
    "CREATE TABLE tapped (id NUMBER(10) PRIMARY KEY, name VARCHAR2(30), amount NUMBER(12,2), changed DATE NOT NULL)"
)
cursor.executemany(
    "INSERT INTO tapped VALUES (:1, :2, :3 / 4, DATE '2026-01-01' + :4)",
    [(n, None if n % 5 == 0 else f"näme {n}", n, n // 10) for n in range(rows)],
)
connection.commit()
with tempfile.TemporaryDirectory() as folder:
    written(folder, "config.json", config)
    catalog = json.loads(tap(folder, "--discover"))
    stream = selected(catalog, "FULL_TABLE")["streams"][0]
    top = next(entry["metadata"] for entry in stream["metadata"] if not entry["breadcrumb"])
    assert top["table-key-properties"] == ["ID"], top
    assert stream["schema"]["properties"]["ID"]["type"] == ["integer"], stream
    full, _ = records(tap(folder, "--catalog", written(folder, "full.json", selected(catalog, "FULL_TABLE"))))
    assert sorted(record["ID"] for record in full) == list(range(rows)), len(full)
    by_id = {record["ID"]: record for record in full}
    assert by_id[5]["NAME"] is None and by_id[7]["NAME"] == "näme 7" and by_id[7]["AMOUNT"] == "1.75", by_id[7]
    assert by_id[2499]["CHANGED"].startswith("2026-09-07T00:00:00"), by_id[2499]
    chosen = written(folder, "changes.json", selected(catalog, "INCREMENTAL"))
    first, state = records(tap(folder, "--catalog", chosen))
    assert len(first) == rows, len(first)
    cursor.execute("UPDATE tapped SET name = 'new', changed = DATE '2027-01-01' WHERE id IN (3, 4)")
    connection.commit()
    later, _ = records(tap(folder, "--catalog", chosen, "--state", written(folder, "state.json", state)))
    # The tap reads the rows of the bookmark again.
    assert {record["ID"] for record in later} == {3, 4, *range(2490, 2500)}, later
cursor.execute("DROP TABLE tapped")
print(f"tap-oracle passed on {sys.argv[1]}")
