"""The other client of the benchmark by Oracle's protocol: python-oracledb, thin.

    oracle_client.py WAY ADDRESS ROWS ARRAY

WAY is insert (executemany of tuples), insert-frame (executemany of Arrow columns), fetch (fetch_df_batches) or
fetch-float (the same with NUMBER as a binary fraction, its default). Prints seconds, CPU seconds and rows; making
the rows that are inserted is not counted.
"""

import datetime
import decimal
import json
import resource
import sys
import time

import oracledb

STATUSES = ["ALLOCATED", "RESERVED", "PICKED", "SHIPPED"]
EPOCH = datetime.datetime(2026, 1, 1)
TABLE = """CREATE TABLE bench_python (allocation_id NUMBER(19) PRIMARY KEY, order_id NUMBER(19) NOT NULL,
    item_id NUMBER(19) NOT NULL, location_id NUMBER(19) NOT NULL, quantity_allocated NUMBER(12,3),
    allocation_status VARCHAR2(4000), allocated_by_user VARCHAR2(4000), priority_level NUMBER(19),
    created_date TIMESTAMP(6) NOT NULL, last_updated TIMESTAMP(6), wms_run_id VARCHAR2(128), wms_loaded_at TIMESTAMP(6))"""
INSERT = "INSERT INTO bench_python VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9, :10, :11, :12)"


def row(number):
    return (
        number,
        number // 3 + 1,
        number % 5_000 + 1,
        number % 300 + 1,
        decimal.Decimal(number % 1_000) / 8,
        STATUSES[number % 4],
        None if number % 4 == 0 else f"user{number % 10}",
        number % 5 + 1,
        EPOCH + datetime.timedelta(microseconds=number * 1_000_003),
        EPOCH + datetime.timedelta(microseconds=number * 1_000_007 + 1),
        "run-1",
        EPOCH,
    )


def clocks():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def insert(connection, rows, size, frame):
    batches = [[row(number) for number in range(first, min(first + size, rows))] for first in range(0, rows, size)]
    if frame:
        # The rows pass through the server once, so that they are returned as a data frame of Arrow columns.
        batches = list(connection.fetch_df_batches("SELECT * FROM bench_rows", size=size))
    with connection.cursor() as cursor:
        cursor.execute("BEGIN EXECUTE IMMEDIATE 'DROP TABLE bench_python'; EXCEPTION WHEN OTHERS THEN NULL; END;")
        cursor.execute(TABLE)
        begin = clocks()
        for batch in batches:
            cursor.executemany(INSERT, batch)
        connection.commit()
    return begin, clocks(), rows


def fetch(connection, size):
    begin, rows = clocks(), 0
    for frame in connection.fetch_df_batches("SELECT * FROM bench_rows", size=size):
        rows += frame.num_rows()
    return begin, clocks(), rows


way, address, rows, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
oracledb.defaults.fetch_decimals = way != "fetch-float"
with oracledb.connect(user="BENCH", password="bench", dsn=address) as connection:
    begin, end, rows = fetch(connection, size) if way.startswith("fetch") else insert(connection, rows, size, way == "insert-frame")
print(json.dumps({"seconds": end[0] - begin[0], "cpu_seconds": end[1] - begin[1], "rows": rows}))
