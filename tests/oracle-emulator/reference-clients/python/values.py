"""Types and values, large objects among them."""

import datetime
import decimal

import oracledb

import referee
from referee import connect, drop, rows, run, step


TYPES = """CREATE TABLE types (
    id NUMBER(10) PRIMARY KEY, plain NUMBER, amount NUMBER(38,10), hundreds NUMBER(5,-2), whole INTEGER, ratio FLOAT,
    name VARCHAR2(20 CHAR) NOT NULL, bytes VARCHAR2(20), code CHAR(5), at DATE, ts TIMESTAMP(6), ms TIMESTAMP(3),
    tz TIMESTAMP(6) WITH TIME ZONE, raw RAW(16), dbl BINARY_DOUBLE, flt BINARY_FLOAT, doc CLOB, bin BLOB)"""


@step
def columns_are_described_as_declared():
    drop("types")
    run(TYPES)
    with referee.connection.cursor() as cursor:
        cursor.execute("SELECT * FROM types")
        told = {c.name: (c.type_code.name, c.precision, c.scale, c.display_size, c.internal_size, c.null_ok) for c in cursor.description}
    expected = {
        "ID": ("DB_TYPE_NUMBER", 10, 0, 11, None, False),
        "PLAIN": ("DB_TYPE_NUMBER", 0, -127, 127, None, True),
        "AMOUNT": ("DB_TYPE_NUMBER", 38, 10, 50, None, True),
        "HUNDREDS": ("DB_TYPE_NUMBER", 5, -2, None, None, True),
        "WHOLE": ("DB_TYPE_NUMBER", 38, 0, 39, None, True),
        "RATIO": ("DB_TYPE_NUMBER", 126, -127, 127, None, True),
        "NAME": ("DB_TYPE_VARCHAR", None, None, 20, 80, False),
        "BYTES": ("DB_TYPE_VARCHAR", None, None, 20, 20, True),
        "CODE": ("DB_TYPE_CHAR", None, None, 5, 5, True),
        "AT": ("DB_TYPE_DATE", None, None, 23, None, True),
        "TS": ("DB_TYPE_TIMESTAMP", 0, 6, 23, None, True),
        "MS": ("DB_TYPE_TIMESTAMP", 0, 3, 23, None, True),
        "TZ": ("DB_TYPE_TIMESTAMP_TZ", 0, 6, 23, None, True),
        "RAW": ("DB_TYPE_RAW", None, None, 16, 16, True),
        "DBL": ("DB_TYPE_BINARY_DOUBLE", None, None, 127, None, True),
        "FLT": ("DB_TYPE_BINARY_FLOAT", None, None, 127, None, True),
        "DOC": ("DB_TYPE_CLOB", None, None, None, None, True),
        "BIN": ("DB_TYPE_BLOB", None, None, None, None, True),
    }
    for name, (kind, precision, scale, _, size, nullable) in expected.items():
        has = told[name]
        assert (has[0], has[5]) == (kind, nullable), (name, has)
        assert size is None or has[4] == size, (name, has)
        if kind in ("DB_TYPE_NUMBER", "DB_TYPE_TIMESTAMP", "DB_TYPE_TIMESTAMP_TZ"):
            assert (has[1], has[2]) == (precision, scale), (name, has)


ROW = {
    "id": 1,
    "plain": decimal.Decimal("-0.00000000000000000001"),
    "amount": decimal.Decimal("1234567890123456789012345678.0123456789"),
    "hundreds": decimal.Decimal("12300"),
    "whole": decimal.Decimal("99999999999999999999999999999999999999"),
    "ratio": decimal.Decimal("0.1"),
    "name": "Zoë ☃ 𝄞",
    "bytes": "plain",
    "code": "ab",
    "at": datetime.datetime(2026, 2, 28, 23, 59, 58),
    "ts": datetime.datetime(1999, 12, 31, 23, 59, 59, 999999),
    "ms": datetime.datetime(2026, 2, 28, 23, 59, 58, 123000),
    "raw": b"\x00\xff\x10",
    "dbl": -1.5e300,
    "flt": 0.25,
    "doc": "short",
    "bin": b"\x01\x02",
}


@step
def values_survive():
    with referee.connection.cursor() as cursor:
        cursor.setinputsizes(ts=oracledb.DB_TYPE_TIMESTAMP, ms=oracledb.DB_TYPE_TIMESTAMP, dbl=oracledb.DB_TYPE_BINARY_DOUBLE, flt=oracledb.DB_TYPE_BINARY_FLOAT)
        names = ", ".join(ROW)
        cursor.execute(f"INSERT INTO types ({names}) VALUES ({', '.join(':' + name for name in ROW)})", ROW)
        referee.connection.commit()
        got = cursor.execute(f"SELECT {names} FROM types").fetchone()
        got = [value.read() if isinstance(value, oracledb.LOB) else value for value in got]
    for (name, sent), back in zip(ROW.items(), got):
        sent = sent.ljust(5) if name == "code" else sent
        assert back == sent, (name, sent, back)


@step
def nulls_are_null_and_so_is_the_empty_text():
    run("INSERT INTO types (id, name, bytes) VALUES (2, 'n', '')")
    run("INSERT INTO types (id, name, bytes) VALUES (3, 'n', :1)", "")
    run("UPDATE types SET code = 'é' WHERE id = 3")
    assert rows("SELECT code FROM types WHERE code = 'é'") == [("é   ",)]
    assert rows("SELECT COUNT(*) FROM types WHERE id > 1 AND bytes IS NULL AND doc IS NULL AND at IS NULL") == [(2,)]
    assert rows("SELECT TRIM('  '), '' || NULL, 'a' || NULL FROM dual") == [(None, None, "a")]
    referee.connection.rollback()


@step
def time_zones_are_told_in_utc():
    run("INSERT INTO types (id, name, tz) VALUES (4, 'n', TIMESTAMP '2026-03-01 01:30:00.5 +02:00')")
    assert rows("SELECT tz FROM types WHERE id = 4") == [(datetime.datetime(2026, 2, 28, 23, 30, 0, 500000),)]
    referee.connection.rollback()


LONG_TEXT = "é𝄞x" * 20_000
LONG_BYTES = bytes(range(256)) * 400


@step
def large_objects_as_values():
    run("INSERT INTO types (id, name, doc, bin) VALUES (10, 'lob', :1, :2)", LONG_TEXT, LONG_BYTES)
    with referee.connection.cursor() as cursor:
        sql = "SELECT doc, bin FROM types WHERE id IN (1, 10) ORDER BY id"
        values = cursor.execute(sql, fetch_lobs=False).fetchall()
    assert values == [("short", b"\x01\x02"), (LONG_TEXT, LONG_BYTES)]


@step
def large_objects_in_pieces():
    doc, data = rows("SELECT doc, bin FROM types WHERE id = 10")[0]
    units = len(LONG_TEXT.encode("utf-16-be")) // 2
    assert doc.size() == units and data.size() == len(LONG_BYTES)
    assert doc.read() == LONG_TEXT and data.read() == LONG_BYTES
    assert doc.read(5, 4) == "é𝄞x" and data.read(257, 3) == b"\x00\x01\x02"
    assert doc.getchunksize() > 0
    assert rows("SELECT doc FROM types WHERE name = 'none'") == []


@step
def temporary_large_objects():
    doc = referee.connection.createlob(oracledb.DB_TYPE_CLOB)
    doc.write("hello")
    doc.write("é☃", 6)
    data = referee.connection.createlob(oracledb.DB_TYPE_BLOB, b"\x01\x02\x03")
    data.trim(2)
    run("INSERT INTO types (id, name, doc, bin) VALUES (11, 'tmp', :1, :2)", doc, data)
    got = rows("SELECT doc, bin FROM types WHERE id = 11")[0]
    assert (got[0].read(), got[1].read()) == ("helloé☃", b"\x01\x02")
    referee.connection.rollback()


@step
def the_rarer_types_survive():
    drop("rare")
    run(
        """CREATE TABLE rare (id NUMBER(5), nat NVARCHAR2(10), nch NCHAR(3), ndoc NCLOB, loc TIMESTAMP(3) WITH LOCAL TIME ZONE,
            years INTERVAL YEAR(4) TO MONTH, days INTERVAL DAY(5) TO SECOND(3), day TIMESTAMP(0))"""
    )
    row = {
        "nat": "é𝄞",
        "nch": "ab",
        "ndoc": "ñ" * 5000,
        "loc": datetime.datetime(2026, 3, 1, 12, 0, 0, 500000),
        "years": oracledb.IntervalYM(-3, -4),
        "days": datetime.timedelta(days=-12, seconds=-5, milliseconds=-250),
        "day": datetime.datetime(2026, 3, 1),
    }
    with referee.connection.cursor() as cursor:
        cursor.setinputsizes(
            nat=oracledb.DB_TYPE_NVARCHAR,
            nch=oracledb.DB_TYPE_NCHAR,
            ndoc=oracledb.DB_TYPE_NCLOB,
            loc=oracledb.DB_TYPE_TIMESTAMP_LTZ,
            years=oracledb.DB_TYPE_INTERVAL_YM,
            days=oracledb.DB_TYPE_INTERVAL_DS,
        )
        names = ", ".join(row)
        cursor.execute(f"INSERT INTO rare ({names}) VALUES ({', '.join(':' + name for name in row)})", row)
        cursor.execute(f"SELECT {names} FROM rare", fetch_lobs=False)
        kinds = [column.type_code.name.removeprefix("DB_TYPE_") for column in cursor.description]
        back = cursor.fetchone()
    assert kinds == ["NVARCHAR", "NCHAR", "LONG_NVARCHAR", "TIMESTAMP_LTZ", "INTERVAL_YM", "INTERVAL_DS", "TIMESTAMP"], kinds
    for (name, sent), got in zip(row.items(), back):
        assert got == (sent.ljust(3) if name == "nch" else sent), (name, sent, got)
    told = rows("SELECT data_type FROM user_tab_columns WHERE table_name = 'RARE' ORDER BY column_id")
    assert [kind for (kind,) in told[1:7]] == [
        "NVARCHAR2",
        "NCHAR",
        "NCLOB",
        "TIMESTAMP(3) WITH LOCAL TIME ZONE",
        "INTERVAL YEAR(4) TO MONTH",
        "INTERVAL DAY(5) TO SECOND(3)",
    ], told
    referee.connection.rollback()


@step
def local_times_are_told_in_the_sessions_zone():
    sql = "SELECT CAST(TIMESTAMP '2026-01-31 12:00:00 +00:00' AS TIMESTAMP WITH LOCAL TIME ZONE) FROM dual"
    with connect() as other, other.cursor() as cursor:
        cursor.execute("ALTER SESSION SET TIME_ZONE = '+02:00'")
        cursor.execute(sql)
        assert cursor.description[0].type_code == oracledb.DB_TYPE_TIMESTAMP_LTZ
        assert cursor.fetchone() == (datetime.datetime(2026, 1, 31, 14),)
        cursor.execute("ALTER SESSION SET TIME_ZONE = '+00:00'")
        assert cursor.execute(sql).fetchone() == (datetime.datetime(2026, 1, 31, 12),)


@step
def truths_are_values():
    if referee.connection.version.startswith("19"):
        return
    drop("truths")
    run("CREATE TABLE truths (id NUMBER(1), flag BOOLEAN)")
    run("INSERT INTO truths VALUES (1, :1)", True)
    run("INSERT INTO truths VALUES (2, FALSE)")
    run("INSERT INTO truths VALUES (3, NULL)")
    assert rows("SELECT flag FROM truths ORDER BY id") == [(True,), (False,), (None,)]
    referee.connection.rollback()
