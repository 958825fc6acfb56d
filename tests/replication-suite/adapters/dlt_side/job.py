"""One run of dlt, in dlt's own Python: JOB.json, and the two ends of an interval to read again."""

import json
import sys
from datetime import datetime

import dlt
from dlt.sources.sql_database import sql_table

job = json.load(open(sys.argv[1], encoding="utf-8"))
interval = sys.argv[2:]


def destination():
    if job["destination"] == "duckdb":
        return dlt.destinations.duckdb(job["target"]), "suite"
    # The dataset `main` is the file itself, as dlt's documentation says.
    return dlt.destinations.sqlalchemy(f"sqlite:///{job['target']}"), "main"


def cursor():
    if job["method"] != "incremental":
        return None
    more = {}
    if interval:
        ends = [int(end) if end.isdigit() else datetime.fromisoformat(end) for end in interval]
        more = {"initial_value": ends[0], "end_value": ends[1]}
    elif job["lag"]:
        more = {"lag": job["lag"]}
    # A path of JSON, in which a name with blanks stands in quotation marks.
    path = job["change_key"] if job["change_key"].isidentifier() else json.dumps(job["change_key"])
    return dlt.sources.incremental(path, on_cursor_value_missing="include", **more)


def table():
    return sql_table(
        job["source"],
        table=job["table"],
        incremental=cursor(),
        reflection_level="full_with_precision",
        primary_key=job["key"] or None,
        write_disposition="merge" if job["method"] == "incremental" else "replace",
    )


where, dataset = destination()
pipeline = dlt.pipeline("suite", destination=where, dataset_name=dataset, pipelines_dir=job["folder"])
# What a run left that was killed; a run that is given data would finish that and read nothing.
if pipeline.has_pending_data:
    pipeline.run()
print(pipeline.run(table()))
