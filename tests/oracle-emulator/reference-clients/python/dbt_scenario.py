"""dbt-oracle, which runs on python-oracledb: seeds, models of each materialization, tests, a snapshot, the documentation."""

import os
import pathlib
import subprocess
import sys
import tempfile

import oracledb

host, service = sys.argv[1].split("/")
name, port = host.split(":")
FILES = {
    "dbt_project.yml": """
name: stock
version: "1.0"
profile: stock
flags: {send_anonymous_usage_stats: false}
models: {stock: {+materialized: table}}
""",
    "profiles.yml": f"""
stock:
  target: emulator
  outputs:
    emulator: {{type: oracle, protocol: tcp, host: {name}, port: {port}, service: {service}, user: wms, pass: wms,
      database: {service}, schema: WMS, threads: 2}}
""",
    "seeds/dbt_item.csv": "id,name,price\n1,bolt,0.25\n2,nut,0.5\n3,Käse,12.75\n",
    "models/dbt_dear.sql": "select id, name, price from {{ ref('dbt_item') }} where price > 0.3\n",
    "models/dbt_names.sql": "{{ config(materialized='view') }} select upper(name) as name from {{ ref('dbt_dear') }}\n",
    "models/dbt_moved.sql": """{{ config(materialized='incremental', unique_key='id') }}
select id, price, sysdate as at from {{ ref('dbt_item') }}
{% if is_incremental() %} where id > 1 {% endif %}
""",
    "models/schema.yml": """
models:
  - name: dbt_dear
    description: "Items that are dear."
    columns:
      - name: id
        data_tests: [unique, not_null]
""",
    "snapshots/dbt_history.sql": """{% snapshot dbt_history %}
{{ config(target_schema='WMS', unique_key='id', strategy='check', check_cols=['price']) }}
select id, price from {{ ref('dbt_item') }}
{% endsnapshot %}
""",
}


def dbt(folder, *arguments):
    command = [os.path.join(os.path.dirname(sys.executable), "dbt"), *arguments, "--profiles-dir", folder]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def rows(statement):
    with oracledb.connect(user="wms", password="wms", dsn=sys.argv[1]) as connection:
        return connection.cursor().execute(statement).fetchall()


with tempfile.TemporaryDirectory() as folder:
    for path, content in FILES.items():
        path = pathlib.Path(folder, path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    dbt(folder, "debug")
    dbt(folder, "build")
    assert rows("SELECT id, name, price FROM dbt_dear ORDER BY id") == [(2, "nut", 0.5), (3, "Käse", 12.75)]
    assert sorted(rows("SELECT name FROM dbt_names")) == [("KÄSE",), ("NUT",)]
    assert rows("SELECT COUNT(*) FROM dbt_moved") == [(3,)]
    seed = pathlib.Path(folder, "seeds/dbt_item.csv")
    seed.write_text(seed.read_text().replace("12.75", "13.5"))
    # Everything is there now: tables are replaced, the incremental one is merged, the snapshot has a second version.
    dbt(folder, "build")
    assert rows("SELECT price FROM dbt_moved WHERE id = 3") == [(13.5,)]
    assert rows("SELECT COUNT(*), COUNT(dbt_valid_to) FROM dbt_history") == [(4, 1)]
    dbt(folder, "docs", "generate")
with oracledb.connect(user="wms", password="wms", dsn=sys.argv[1]) as connection:
    for kind, name in [("VIEW", "names"), ("TABLE", "dear"), ("TABLE", "moved"), ("TABLE", "history"), ("TABLE", "item")]:
        connection.cursor().execute(f"DROP {kind} dbt_{name}")
print(f"dbt-oracle passed on {sys.argv[1]}")
