"""How many rows per second python-oracledb inserts and fetches.

    cost.py ADDRESS
"""

import sys
import time

import oracledb

ROWS, BATCH = 50_000, 5_000

with oracledb.connect(user="cost", password="cost", dsn=sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("BEGIN EXECUTE IMMEDIATE 'DROP TABLE python_item'; EXCEPTION WHEN OTHERS THEN NULL; END;")
    cursor.execute("CREATE TABLE python_item (id NUMBER(10) PRIMARY KEY, name VARCHAR2(40), quantity NUMBER(12,2))")
    begin = time.time()
    for first in range(0, ROWS, BATCH):
        rows = [(row, f"a name of item {row}", row * 7) for row in range(first, first + BATCH)]
        cursor.executemany("INSERT INTO python_item VALUES (:1, :2, :3)", rows)
    connection.commit()
    inserted = time.time() - begin
    cursor.arraysize = cursor.prefetchrows = 1000
    begin = time.time()
    assert len(cursor.execute("SELECT id, name, quantity FROM python_item").fetchall()) == ROWS
    fetched = time.time() - begin
print(f"{ROWS / inserted:.0f} rows/s inserted, {ROWS / fetched:.0f} rows/s fetched")
