"""adbc-driver-oracle, which has protocol code of its own in Go: tables from Arrow, exact numbers and moments, errors."""

import datetime
import decimal
import sys

import adbc_driver_oracle.dbapi as oracle
import pyarrow as pa

host, service = sys.argv[1].split("/")
options = {"username": "wms", "password": "wms"}
if len(sys.argv) > 2:
    options |= {"adbc.oracle.tls": "true", "adbc.oracle.tls.ca_cert": sys.argv[2] + "/ca.pem"}

rows = 3000
amounts = [decimal.Decimal("9" * 28 + ".0000000001") if n == 7 else decimal.Decimal(n) / 4 for n in range(rows)]
start = datetime.datetime(2026, 1, 1, 0, 0, 0, 1)
table = pa.table(
    {
        "ID": pa.array(range(rows), pa.int64()),
        "AMOUNT": pa.array(amounts, pa.decimal128(38, 10)),
        "NAME": pa.array([None if n % 5 == 0 else f"näme {n}" for n in range(rows)]),
        "AT": pa.array([start + datetime.timedelta(minutes=n) for n in range(rows)], pa.timestamp("us")),
    }
)


def fetch(connection, statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetch_arrow_table()


def ingest(connection, rows, mode):
    # A cursor that has taken rows in would take parameters for rows, too.
    with connection.cursor() as cursor:
        assert cursor.adbc_ingest("ADBC_ALL", rows, mode=mode) in (rows.num_rows, -1)


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def refused(connection, statement, code):
    try:
        fetch(connection, statement)
    except oracle.Error as error:
        assert code in str(error), error
        return
    raise AssertionError(f"{statement} was not refused")


connection = oracle.connect(f"oracle://{host}/{service}", db_kwargs=options)
refused(connection, "SELECT * FROM adbc_all", "ORA-00942")
ingest(connection, table, "create")
connection.commit()
back = fetch(connection, "SELECT id, amount, name, at FROM adbc_all ORDER BY id")
assert back.num_rows == rows, back.num_rows
for name in table.column_names:
    expected, found = table[name].to_pylist(), back[name].to_pylist()
    assert expected == found, (name, [pair for pair in zip(expected, found) if pair[0] != pair[1]][:3])
assert fetch(connection, "SELECT COUNT(*) AS n FROM adbc_all WHERE id >= :1", 2990)["N"].to_pylist() == [10]
ingest(connection, table.slice(0, 10), "append")
connection.rollback()
assert fetch(connection, "SELECT COUNT(*) AS n FROM adbc_all")["N"].to_pylist() == [rows]
refused(connection, "SELECT 1 / 0 FROM dual", "ORA-01476")
# The session goes on after an error.
assert fetch(connection, "SELECT 'ok' AS x FROM dual")["X"].to_pylist() == ["ok"]
objects = connection.adbc_get_objects(depth="tables", db_schema_filter="WMS").read_all()
assert "ADBC_ALL" in str(objects.to_pylist()), objects
run(connection, "DROP TABLE adbc_all")
connection.commit()
try:
    connection.close()
except oracle.OperationalError as error:
    # The server closes a connection after logging off, and need not wait for a word of TLS.
    assert "closeNotify" in str(error), error
print(f"adbc-driver-oracle passed on {sys.argv[1]}")
