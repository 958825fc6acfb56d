"""python-oracledb, thin, as a referee: what it can do with an Oracle server it must be able to do with the stand-in.

    scenario.py ADDRESS [WALLET [WRONG_WALLET]]

Each step is told as ok or FAILED on a line of its own; the exit code is the number of failures.
"""

import datetime
import decimal
import faulthandler
import sys
import threading
import time
import traceback

import oracledb

address = sys.argv[1]
tls = {}
if len(sys.argv) > 2:
    tls = {"wallet_location": sys.argv[2], "ssl_server_dn_match": True}
failures = 0
steps = []


def step(function):
    steps.append(function)
    return function


def connect(user="wms", password="wms", dsn=address, **more):
    return oracledb.connect(user=user, password=password, dsn=dsn, **{**tls, **more})


def refused(code, call):
    """The call must be refused with this code."""
    try:
        call()
    except oracledb.Error as error:
        told = error.args[0].full_code
        assert told == code, f"{told} rather than {code}: {error}"
        return error.args[0]
    raise AssertionError(f"not refused, rather than {code}")


def rows(sql, *binds, **named):
    with connection.cursor() as cursor:
        cursor.execute(sql, named or binds)
        return cursor.fetchall()


def run(sql, *binds):
    with connection.cursor() as cursor:
        cursor.execute(sql, binds)
        return cursor.rowcount


def drop(*names):
    for name in names:
        run(f"BEGIN EXECUTE IMMEDIATE 'DROP TABLE {name} PURGE'; EXCEPTION WHEN OTHERS THEN IF SQLCODE != -942 THEN RAISE; END IF; END;")


# Logging on --------------------------------------------------------------------------------------------------------


@step
def who_does_not_know_the_password_is_refused():
    refused("ORA-01017", lambda: connect(password="wrong"))
    refused("ORA-01017", lambda: connect(user="nobody"))


@step
def who_may_not_log_on_is_told_why():
    refused("ORA-28000", lambda: connect(user="locked", password="locked"))
    refused("ORA-28001", lambda: connect(user="expired", password="expired"))


@step
def old_verifiers_are_good_enough():
    with connect(user="veteran", password="veteran") as old:
        assert old.cursor().execute("SELECT USER FROM dual").fetchone() == ("VETERAN",)


@step
def an_unknown_service_is_refused_by_the_listener():
    error = refused("DPY-6005", lambda: connect(dsn=address.replace("STANDIN", "NOPE")))
    assert "Similar to ORA-12514" in str(error)


@step
def a_sid_is_as_good_as_a_service():
    host, port = address.replace("tcps://", "").split("/")[0].split(":")
    protocol = "tcps" if tls else "tcp"
    dsn = f"(DESCRIPTION=(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))(CONNECT_DATA=(SID=ORCL)))"
    with connect(dsn=dsn) as other:
        assert other.cursor().execute("SELECT 1 FROM dual").fetchone() == (1,)


@step
def another_authority_is_not_trusted():
    if len(sys.argv) > 3:
        try:
            connect(wallet_location=sys.argv[3])
        except oracledb.Error as error:
            assert "certificate" in str(error).lower(), error
        else:
            raise AssertionError("a certificate of another authority was trusted")


@step
def tags_are_seen_in_the_session_view():
    connection.module, connection.action, connection.client_identifier = "wmshost", "load:42", "run-1"
    sql = "SELECT module, action, client_identifier, username FROM v$session WHERE sid = :1"
    assert rows(sql, connection.session_id) == [("wmshost", "load:42", "run-1", "WMS")]
    run("BEGIN DBMS_APPLICATION_INFO.SET_MODULE(module_name => 'other', action_name => :1); END;", "act")
    assert rows("SELECT module, action FROM v$session WHERE sid = :1", connection.session_id) == [("other", "act")]


@step
def a_pool_gives_connections():
    pool = oracledb.create_pool(user="wms", password="wms", dsn=address, min=1, max=3, increment=1, **tls)
    held = [pool.acquire() for _ in range(3)]
    assert [c.cursor().execute("SELECT 1 FROM dual").fetchone() for c in held] == [(1,)] * 3
    for c in held:
        c.close()
    pool.close()


# Types -------------------------------------------------------------------------------------------------------------

TYPES = """CREATE TABLE types (
    id NUMBER(10) PRIMARY KEY, plain NUMBER, amount NUMBER(38,10), hundreds NUMBER(5,-2), whole INTEGER, ratio FLOAT,
    name VARCHAR2(20 CHAR) NOT NULL, bytes VARCHAR2(20), code CHAR(5), at DATE, ts TIMESTAMP(6), ms TIMESTAMP(3),
    tz TIMESTAMP(6) WITH TIME ZONE, raw RAW(16), dbl BINARY_DOUBLE, flt BINARY_FLOAT, doc CLOB, bin BLOB)"""


@step
def columns_are_described_as_declared():
    drop("types")
    run(TYPES)
    with connection.cursor() as cursor:
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
    with connection.cursor() as cursor:
        cursor.setinputsizes(ts=oracledb.DB_TYPE_TIMESTAMP, ms=oracledb.DB_TYPE_TIMESTAMP, dbl=oracledb.DB_TYPE_BINARY_DOUBLE, flt=oracledb.DB_TYPE_BINARY_FLOAT)
        names = ", ".join(ROW)
        cursor.execute(f"INSERT INTO types ({names}) VALUES ({', '.join(':' + name for name in ROW)})", ROW)
        connection.commit()
        got = cursor.execute(f"SELECT {names} FROM types").fetchone()
        got = [value.read() if isinstance(value, oracledb.LOB) else value for value in got]
    for (name, sent), back in zip(ROW.items(), got):
        sent = sent.ljust(5) if name == "code" else sent
        assert back == sent, (name, sent, back)


@step
def nulls_are_null_and_so_is_the_empty_text():
    run("INSERT INTO types (id, name, bytes) VALUES (2, 'n', '')")
    run("INSERT INTO types (id, name, bytes) VALUES (3, 'n', :1)", "")
    assert rows("SELECT COUNT(*) FROM types WHERE id > 1 AND bytes IS NULL AND doc IS NULL AND at IS NULL") == [(2,)]
    assert rows("SELECT TRIM('  '), '' || NULL, 'a' || NULL FROM dual") == [(None, None, "a")]
    connection.rollback()


@step
def time_zones_are_told_in_utc():
    run("INSERT INTO types (id, name, tz) VALUES (4, 'n', TIMESTAMP '2026-03-01 01:30:00.5 +02:00')")
    assert rows("SELECT tz FROM types WHERE id = 4") == [(datetime.datetime(2026, 2, 28, 23, 30, 0, 500000),)]
    connection.rollback()


# Arrays ------------------------------------------------------------------------------------------------------------

MANY = [(i, f"name {i % 7}", decimal.Decimal(i) / 8, None if i % 5 == 0 else datetime.datetime(2026, 1, 1)) for i in range(1, 5001)]


@step
def arrays_go_through_whole():
    drop("many")
    run("CREATE TABLE many (id NUMBER(10) PRIMARY KEY, name VARCHAR2(100), amount NUMBER(38,10), at DATE)")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO many VALUES (:1, :2, :3, :4)", MANY)
        assert cursor.rowcount == 5000
        connection.commit()
        for size in (7, 100, 5000):
            cursor.arraysize, cursor.prefetchrows = size, 2
            assert cursor.execute("SELECT * FROM many ORDER BY id").fetchall() == MANY
        cursor.executemany("UPDATE many SET name = 'x' WHERE id BETWEEN :1 AND :2", [(1, 3), (4, 4), (0, 0)], arraydmlrowcounts=True)
        assert cursor.getarraydmlrowcounts() == [3, 1, 0] and cursor.rowcount == 4
        connection.rollback()


@step
def a_refused_row_leaves_those_before_it():
    with connection.cursor() as cursor:
        refused("ORA-00001", lambda: cursor.executemany("INSERT INTO many (id) VALUES (:1)", [(6000,), (6001,), (1,), (6002,)]))
        assert cursor.rowcount == 2
        assert rows("SELECT id FROM many WHERE id > 5000 ORDER BY id") == [(6000,), (6001,)]
        connection.rollback()


@step
def batch_errors_tell_row_and_reason():
    with connection.cursor() as cursor:
        values = [(6000, "a"), (1, "b"), (6001, "c" * 101), (6002, "d"), (None, "e")]
        cursor.executemany("INSERT INTO many (id, name) VALUES (:1, :2)", values, batcherrors=True, arraydmlrowcounts=True)
        told = [(error.offset, error.full_code) for error in cursor.getbatcherrors()]
        assert told == [(1, "ORA-00001"), (2, "ORA-12899"), (4, "ORA-01400")], told
        assert cursor.getarraydmlrowcounts() == [1, 0, 0, 1, 0]
        connection.rollback()


@step
def an_array_is_merged():
    sql = """MERGE INTO many t USING (SELECT :1 AS id, :2 AS name, :3 AS at FROM dual) s ON (t.id = s.id)
        WHEN MATCHED THEN UPDATE SET t.name = s.name, t.at = s.at WHERE t.at IS NULL OR t.at < s.at
        WHEN NOT MATCHED THEN INSERT (t.id, t.name, t.at) VALUES (s.id, s.name, s.at)"""
    new, old = datetime.datetime(2026, 6, 1), datetime.datetime(2020, 1, 1)
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(1, "newer", new), (2, "older", old), (7000, "added", new), (5, "was null", None)])
        assert cursor.rowcount == 3, cursor.rowcount
        got = rows("SELECT id, name FROM many WHERE id IN (1, 2, 5, 7000) ORDER BY id")
        assert got == [(1, "newer"), (2, "name 2"), (5, "was null"), (7000, "added")], got
        connection.rollback()


@step
def a_table_is_merged_and_not_twice_into_one_row():
    drop("stage")
    run("CREATE TABLE stage (id NUMBER(10), name VARCHAR2(100))")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO stage VALUES (:1, :2)", [(1, "a"), (8000, "b")])
        sql = """MERGE INTO many t USING stage s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET name = s.name
            WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"""
        cursor.execute(sql)
        assert cursor.rowcount == 2
        cursor.execute("INSERT INTO stage VALUES (1, 'again')")
        refused("ORA-30926", lambda: cursor.execute(sql))
        connection.rollback()


@step
def named_binds_and_cached_statements():
    for low in (10, 20, 30):
        assert len(rows("SELECT id FROM many WHERE id > :low AND id <= :low + 10", low=low)) == 10
    assert rows("SELECT id FROM many WHERE id = :a OR name = :b AND id = 3 ORDER BY id", a=2, b="name 3") == [(2,), (3,)]


# Large objects -----------------------------------------------------------------------------------------------------

LONG_TEXT = "é𝄞x" * 20_000
LONG_BYTES = bytes(range(256)) * 400


@step
def large_objects_as_values():
    run("INSERT INTO types (id, name, doc, bin) VALUES (10, 'lob', :1, :2)", LONG_TEXT, LONG_BYTES)
    with connection.cursor() as cursor:
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
    doc = connection.createlob(oracledb.DB_TYPE_CLOB)
    doc.write("hello")
    doc.write("é☃", 6)
    data = connection.createlob(oracledb.DB_TYPE_BLOB, b"\x01\x02\x03")
    data.trim(2)
    run("INSERT INTO types (id, name, doc, bin) VALUES (11, 'tmp', :1, :2)", doc, data)
    got = rows("SELECT doc, bin FROM types WHERE id = 11")[0]
    assert (got[0].read(), got[1].read()) == ("helloé☃", b"\x01\x02")
    connection.rollback()


# What comes back ---------------------------------------------------------------------------------------------------


@step
def changes_return_columns():
    with connection.cursor() as cursor:
        identity, when = cursor.var(oracledb.DB_TYPE_NUMBER), cursor.var(oracledb.DB_TYPE_VARCHAR)
        cursor.execute("INSERT INTO many (id, name) VALUES (:1, :2) RETURNING id, name INTO :3, :4", [9000, "back", identity, when])
        assert (identity.getvalue(), when.getvalue()) == ([9000], ["back"])
        cursor.execute("UPDATE many SET name = 'z' WHERE id <= 3 RETURNING id INTO :1", [identity])
        assert sorted(identity.getvalue()) == [1, 2, 3] and cursor.rowcount == 3
        connection.rollback()


@step
def blocks_give_values():
    with connection.cursor() as cursor:
        number, text = cursor.var(int), cursor.var(str)
        cursor.execute("BEGIN :n := 40 + 2; :t := UPPER(:given); END;", n=number, t=text, given="abc")
        assert (number.getvalue(), text.getvalue()) == (42, "ABC")
        cursor.execute("BEGIN SELECT COUNT(*), MAX(name) INTO :n, :t FROM many WHERE id < 4; END;", n=number, t=text)
        assert (number.getvalue(), text.getvalue()) == (3, "name 3")
        refused("ORA-20001", lambda: cursor.execute("BEGIN RAISE_APPLICATION_ERROR(-20001, 'no'); END;"))
        refused("ORA-06550", lambda: cursor.execute("BEGIN no_such_procedure(1); END;"))


# Transactions ------------------------------------------------------------------------------------------------------


@step
def a_change_is_seen_by_others_when_it_is_committed():
    with connect() as other, other.cursor() as cursor:
        seen = lambda: cursor.execute("SELECT name FROM many WHERE id = 1").fetchone()[0]
        run("UPDATE many SET name = 'late' WHERE id = 1")
        assert seen() == "name 1"
        connection.commit()
        assert seen() == "late"
        run("UPDATE many SET name = 'name 1' WHERE id = 1")
        connection.commit()


@step
def a_statement_that_fails_takes_back_only_itself():
    run("INSERT INTO many (id) VALUES (9100)")
    refused("ORA-00001", lambda: run("INSERT INTO many (id) VALUES (9100)"))
    refused("ORA-00942", lambda: run("SELECT * FROM nope"))
    assert rows("SELECT COUNT(*) FROM many WHERE id = 9100") == [(1,)]
    run("SAVEPOINT here")
    run("INSERT INTO many (id) VALUES (9101)")
    run("ROLLBACK TO SAVEPOINT here")
    assert rows("SELECT COUNT(*) FROM many WHERE id > 9000") == [(1,)]
    connection.rollback()


@step
def locks_are_respected():
    run("UPDATE many SET name = 'locked' WHERE id = 1")
    with connect() as other, other.cursor() as cursor:
        refused("ORA-00054", lambda: cursor.execute("SELECT id FROM many WHERE id = 1 FOR UPDATE NOWAIT"))
        refused("ORA-30006", lambda: cursor.execute("SELECT id FROM many WHERE id = 1 FOR UPDATE WAIT 1"))
        assert cursor.execute("SELECT id FROM many WHERE id <= 2 FOR UPDATE SKIP LOCKED").fetchall() == [(2,)]
        refused("ORA-00054", lambda: cursor.execute("ALTER TABLE many ADD extra NUMBER"))
    connection.rollback()


@step
def a_deadlock_ends_one_statement():
    run("UPDATE many SET name = 'a' WHERE id = 1")
    told = []

    def opposite():
        with connect() as other, other.cursor() as cursor:
            cursor.execute("UPDATE many SET name = 'b' WHERE id = 2")
            ready.set()
            try:
                cursor.execute("UPDATE many SET name = 'b' WHERE id = 1")
            except oracledb.Error as error:
                told.append(error.args[0].full_code)

    ready = threading.Event()
    thread = threading.Thread(target=opposite)
    thread.start()
    ready.wait()
    try:
        run("UPDATE many SET name = 'a' WHERE id = 2")
    except oracledb.Error as error:
        told.append(error.args[0].full_code)
    connection.rollback()
    thread.join()
    assert told == ["ORA-00060"], told


@step
def serializable_transactions_conflict():
    with connect() as other, other.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        cursor.execute("SELECT name FROM many WHERE id = 1").fetchone()
        run("UPDATE many SET name = 'now' WHERE id = 1")
        connection.commit()
        refused("ORA-08177", lambda: cursor.execute("UPDATE many SET name = 'then' WHERE id = 1"))
    run("UPDATE many SET name = 'name 1' WHERE id = 1")
    connection.commit()


@step
def open_transactions_are_seen():
    oldest = """SELECT MIN(t.start_date), MIN(t.start_scn) FROM v$transaction t JOIN v$session s ON s.taddr = t.addr
        WHERE s.username = 'WMS'"""
    assert rows(oldest) == [(None, None)]
    with connect() as other:
        other.cursor().execute("UPDATE many SET name = name WHERE id = 1")
        begun, scn = rows(oldest)[0]
        now, current = rows("SELECT SYSDATE, current_scn FROM dual, v$database")[0]
        assert begun <= now and scn <= current
        sql = "SELECT s.sid FROM v$session s JOIN v$transaction t ON t.addr = s.taddr WHERE s.username = USER"
        assert rows(sql) == [(other.session_id,)]
    assert rows(oldest) == [(None, None)]


@step
def old_states_are_read_by_their_number():
    scn = rows("SELECT current_scn FROM v$database")[0][0]
    run("DELETE FROM many WHERE id <= 10")
    run("UPDATE many SET name = 'changed' WHERE id = 11")
    connection.commit()
    later = rows("SELECT dbms_flashback.get_system_change_number FROM dual")[0][0]
    assert later > scn
    count = "SELECT COUNT(*) FROM many AS OF SCN :1 WHERE id <= 11 AND name LIKE 'name%'"
    assert (rows(count, scn), rows(count, later)) == ([(11,)], [(0,)])
    assert rows("SELECT id FROM many WHERE ORA_ROWSCN > :1", scn) == [(11,)]
    refused("ORA-08181", lambda: rows(count, 12345))
    with connection.cursor() as cursor:
        number = cursor.var(int)
        cursor.execute("BEGIN :1 := DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER; END;", [number])
        assert number.getvalue() >= later
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO many VALUES (:1, :2, :3, :4)", MANY[:10])
    run("UPDATE many SET name = 'name 4' WHERE id = 11")
    connection.commit()


@step
def a_call_that_takes_too_long_is_interrupted():
    connection.call_timeout = 200
    try:
        refused("DPY-4024", lambda: run("BEGIN DBMS_SESSION.SLEEP(5); END;"))
    finally:
        connection.call_timeout = 0
    assert rows("SELECT 1 FROM dual") == [(1,)]


# Definitions -------------------------------------------------------------------------------------------------------


@step
def tables_change():
    drop("shape", "shape2")
    run("CREATE TABLE shape (id NUMBER(5) CONSTRAINT shape_pk PRIMARY KEY, name VARCHAR2(5) DEFAULT 'x' NOT NULL) TABLESPACE users")
    run("ALTER TABLE shape ADD (at DATE DEFAULT SYSDATE, amount NUMBER(10,2))")
    run("ALTER TABLE shape RENAME COLUMN amount TO total")
    run("ALTER TABLE shape MODIFY (name VARCHAR2(50 CHAR))")
    run("ALTER TABLE shape DROP COLUMN at")
    run("CREATE INDEX shape_name ON shape (name, total DESC) TABLESPACE users ONLINE")
    run("ALTER TABLE shape RENAME TO shape2")
    sql = "SELECT column_name, data_type, data_precision, data_scale, char_length, char_used, nullable FROM user_tab_columns WHERE table_name = :1 ORDER BY column_id"
    assert rows(sql, "SHAPE2") == [
        ("ID", "NUMBER", 5, 0, 0, None, "N"),
        ("NAME", "VARCHAR2", None, None, 50, "C", "N"),
        ("TOTAL", "NUMBER", 10, 2, 0, None, "Y"),
    ]
    keys = """SELECT c.constraint_name, k.column_name, k.position FROM all_constraints c JOIN all_cons_columns k
        ON k.owner = c.owner AND k.constraint_name = c.constraint_name
        WHERE c.owner = USER AND c.table_name = 'SHAPE2' AND c.constraint_type = 'P'"""
    assert rows(keys) == [("SHAPE_PK", "ID", 1)]
    run("TRUNCATE TABLE shape2 DROP STORAGE")
    run("CREATE OR REPLACE VIEW shape_view AS SELECT id, name AS label FROM shape2")
    assert rows("SELECT column_name, data_type FROM all_tab_columns WHERE table_name = 'SHAPE_VIEW' ORDER BY column_id") == [("ID", "NUMBER"), ("LABEL", "VARCHAR2")]
    run("DROP VIEW shape_view")
    run("CREATE TABLE shape AS SELECT id, name, SYSDATE AS at FROM shape2 WHERE 1 = 0")
    assert rows("SELECT data_type FROM user_tab_columns WHERE table_name = 'SHAPE' ORDER BY column_id") == [("NUMBER",), ("VARCHAR2",), ("DATE",)]


@step
def temporary_tables_are_private():
    run("CREATE PRIVATE TEMPORARY TABLE ora$ptt_stage (id NUMBER(10), name VARCHAR2(10)) ON COMMIT DROP DEFINITION")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO ora$ptt_stage VALUES (:1, :2)", [(1, "a"), (2, "b")])
    assert rows("SELECT COUNT(*) FROM ora$ptt_stage") == [(2,)]
    connection.commit()
    refused("ORA-00942", lambda: rows("SELECT COUNT(*) FROM ora$ptt_stage"))
    drop("gtt")
    run("CREATE GLOBAL TEMPORARY TABLE gtt (id NUMBER(10), at DATE) ON COMMIT PRESERVE ROWS")
    run("INSERT INTO gtt VALUES (1, SYSDATE)")
    connection.commit()
    with connect() as other:
        assert other.cursor().execute("SELECT COUNT(*) FROM gtt").fetchone() == (0,)
    assert rows("SELECT COUNT(*) FROM gtt") == [(1,)]


@step
def rights_are_kept():
    with connect(user="reader", password="reader") as reader, reader.cursor() as cursor:
        run("GRANT SELECT ON many TO reader")
        assert cursor.execute("SELECT COUNT(*) FROM wms.many").fetchone() == (5000,)
        refused("ORA-00942", lambda: cursor.execute("SELECT * FROM wms.types"))
        refused("ORA-00942", lambda: cursor.execute("SELECT * FROM v$session"))
        assert cursor.execute("SELECT table_name FROM all_tables WHERE owner = 'WMS'").fetchall() == [("MANY",)]
        assert cursor.execute("SELECT privilege FROM all_tab_privs WHERE table_name = 'MANY'").fetchall() == [("SELECT",)]
        assert cursor.execute("SELECT privilege FROM session_privs").fetchall() == [("CREATE SESSION",)]


@step
def statistics_are_gathered():
    run("BEGIN DBMS_STATS.GATHER_TABLE_STATS(ownname => 'WMS', tabname => 'MANY', cascade => TRUE); END;")
    assert rows("SELECT num_rows FROM user_tables WHERE table_name = 'MANY'") == [(5000,)]


# SQL ---------------------------------------------------------------------------------------------------------------

ANSWERS = [
    ("SELECT /*+ FULL(m) */ COUNT(*) FROM many m", 5000),
    ("SELECT NVL(NULL, 'x') FROM dual", "x"),
    ("SELECT NVL2(NULL, 1, 2) FROM dual", 2),
    ("SELECT DECODE(NULL, NULL, 'null', 'other') FROM dual", "null"),
    ("SELECT TO_CHAR(DATE '2026-03-01', 'YYYY-MM-DD') FROM dual", "2026-03-01"),
    ("SELECT TO_DATE('01.03.2026 13:05', 'DD.MM.YYYY HH24:MI') FROM dual", datetime.datetime(2026, 3, 1, 13, 5)),
    ("SELECT TO_TIMESTAMP('2026-03-01 13:05:06.5', 'YYYY-MM-DD HH24:MI:SS.FF') FROM dual", datetime.datetime(2026, 3, 1, 13, 5, 6, 500000)),
    ("SELECT DATE '2026-03-01' - DATE '2026-02-01' FROM dual", 28),
    ("SELECT DATE '2026-03-01' + 1/24 FROM dual", datetime.datetime(2026, 3, 1, 1)),
    ("SELECT TRUNC(TO_DATE('2026-03-15 13:00', 'YYYY-MM-DD HH24:MI'), 'MM') FROM dual", datetime.datetime(2026, 3, 1)),
    ("SELECT ADD_MONTHS(DATE '2026-01-31', 1) FROM dual", datetime.datetime(2026, 2, 28)),
    ("SELECT 1/2 FROM dual", decimal.Decimal("0.5")),
    ("SELECT ROUND(2.5), MOD(7, 3) FROM dual", 3),
    ("SELECT SUBSTR('abcdef', -3, 2) FROM dual", "de"),
    ("SELECT INSTR('abc', 'c') FROM dual", 3),
    ("SELECT LISTAGG(id, ',') WITHIN GROUP (ORDER BY id DESC) FROM many WHERE id <= 3", "3,2,1"),
    ("SELECT COUNT(*) FROM many WHERE ROWNUM <= 7", 7),
    ("SELECT MAX(r) FROM (SELECT ROWNUM r, id FROM many WHERE id < 6)", 5),
    ("SELECT id FROM (SELECT id FROM many ORDER BY id DESC) WHERE ROWNUM = 1", 5000),
    ("SELECT COUNT(*) FROM (SELECT id FROM many WHERE id < 5 MINUS SELECT id FROM many WHERE id < 3)", 2),
    ('SELECT "ID" AS "id" FROM "MANY" ORDER BY "NAME" NULLS FIRST, "ID" FETCH FIRST 1 ROWS ONLY', 7),
    ("SELECT COUNT(*) FROM many WHERE rowid = (SELECT rowid FROM many WHERE id = 1)", 1),
    ("SELECT CAST(1.26 AS NUMBER(3,1)) FROM dual", decimal.Decimal("1.3")),
    ("SELECT TO_NUMBER('12.5') FROM dual", decimal.Decimal("12.5")),
    ("SELECT SYS_CONTEXT('USERENV', 'SESSION_USER') FROM dual", "WMS"),
    ("WITH x AS (SELECT 1 a FROM dual UNION ALL SELECT 2 FROM dual) SELECT SUM(a) FROM x", 3),
    ("SELECT q'[it's]' FROM dual", "it's"),
    ("SELECT COUNT(*) FROM v$version", 1),
    ("SELECT status FROM v$instance", "OPEN"),
]


@step
def questions_are_answered():
    wrong = []
    for sql, answer in ANSWERS:
        try:
            got = rows(sql)[0][0]
        except oracledb.Error as error:
            got = str(error).splitlines()[0]
        if got != answer:
            wrong.append(f"{sql}: {got!r}, not {answer!r}")
    assert not wrong, "\n    " + "\n    ".join(wrong)


REFUSALS = [
    ("SELECT * FROM nope", "ORA-00942"),
    ("SELECT nope FROM many", "ORA-00904"),
    ("SELECT m.nope FROM many m", "ORA-00904"),
    ("INSERT INTO many (id) VALUES (1)", "ORA-00001"),
    ("INSERT INTO many (name) VALUES ('x')", "ORA-01400"),
    ("INSERT INTO many (id, name) VALUES (9999, RPAD('x', 101, 'x'))", "ORA-12899"),
    ("INSERT INTO types (id, name, bytes) VALUES (99, 'n', 'ééééééééééé')", "ORA-12899"),
    ("INSERT INTO many (id) VALUES (12345678901)", "ORA-01438"),
    ("INSERT INTO many (id) VALUES ('abc')", "ORA-01722"),
    ("SELECT TO_NUMBER('abc') FROM dual", "ORA-01722"),
    ("SELECT TO_DATE('2026-01-01 10:00', 'YYYY-MM-DD') FROM dual", "ORA-01830"),
    ("SELECT DATE '2026/x/01' FROM dual", "ORA-01861"),
    ("SELECT 1/0 FROM dual", "ORA-01476"),
    ("SELECT id ! FROM many", "ORA-00911"),
    ("SELEC 1 FROM dual", "ORA-00900"),
    ("CREATE TABLE many (id NUMBER)", "ORA-00955"),
    ("DROP TABLE nope", "ORA-00942"),
    ("SELECT id FROM many WHERE id = (SELECT id FROM many)", "ORA-01427"),
    ("SELECT name, COUNT(*) FROM many", "ORA-00979"),
    ("INSERT INTO many (id, name) VALUES (1)", "ORA-00947"),
    ("INSERT INTO many (id) VALUES (1, 2)", "ORA-00913"),
]


@step
def mistakes_are_told_by_number():
    wrong = []
    for sql, code in REFUSALS:
        try:
            rows(sql)
            told = "nothing"
        except oracledb.Error as error:
            told = error.args[0].full_code
            said = str(error).splitlines()[0]
        if told != code:
            wrong.append(f"{sql}: {told}, not {code} ({said if told != 'nothing' else ''})")
    connection.rollback()
    assert not wrong, "\n    " + "\n    ".join(wrong)


@step
def data_frames_are_fetched():
    frame = connection.fetch_df_all("SELECT id, name, amount, at FROM many WHERE id <= 100 ORDER BY id")
    assert frame.num_rows() == 100


# --------------------------------------------------------------------------------------------------------------------

# Nothing here takes long: what hangs is told rather than waited for.
faulthandler.dump_traceback_later(60, exit=True)
oracledb.defaults.fetch_decimals = True
begin = time.time()
connection = connect()
for function in steps:
    try:
        function()
        print("ok", function.__name__)
    except Exception:
        failures += 1
        print("FAILED", function.__name__)
        traceback.print_exc(file=sys.stdout)
        connection.rollback()
print(f"{len(steps) - failures} of {len(steps)} steps in {time.time() - begin:.1f} s with {connection.version} on {address}")
connection.close()
sys.exit(failures)
