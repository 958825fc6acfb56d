"""Arrays of changes, and their results."""

import datetime
import decimal

import oracledb

import referee
from referee import connect, drop, refused, rows, run, step


MANY = [(i, f"name {i % 7}", decimal.Decimal(i) / 8, None if i % 5 == 0 else datetime.datetime(2026, 1, 1)) for i in range(1, 5001)]


@step
def arrays_go_through_whole():
    drop("many")
    run("CREATE TABLE many (id NUMBER(10) PRIMARY KEY, name VARCHAR2(100), amount NUMBER(38,10), at DATE)")
    with referee.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO many VALUES (:1, :2, :3, :4)", MANY)
        assert cursor.rowcount == 5000
        referee.connection.commit()
        for size in (7, 100, 5000):
            cursor.arraysize, cursor.prefetchrows = size, 2
            assert cursor.execute("SELECT * FROM many ORDER BY id").fetchall() == MANY
        cursor.executemany("UPDATE many SET name = 'x' WHERE id BETWEEN :1 AND :2", [(1, 3), (4, 4), (0, 0)], arraydmlrowcounts=True)
        assert cursor.getarraydmlrowcounts() == [3, 1, 0] and cursor.rowcount == 4
        referee.connection.rollback()


@step
def a_refused_row_leaves_those_before_it():
    with referee.connection.cursor() as cursor:
        refused("ORA-00001", lambda: cursor.executemany("INSERT INTO many (id) VALUES (:1)", [(6000,), (6001,), (1,), (6002,)]))
        assert cursor.rowcount == 2
        assert rows("SELECT id FROM many WHERE id > 5000 ORDER BY id") == [(6000,), (6001,)]
        referee.connection.rollback()


@step
def batch_errors_tell_row_and_reason():
    with referee.connection.cursor() as cursor:
        values = [(6000, "a"), (1, "b"), (6001, "c" * 101), (6002, "d"), (None, "e")]
        cursor.executemany("INSERT INTO many (id, name) VALUES (:1, :2)", values, batcherrors=True, arraydmlrowcounts=True)
        told = [(error.offset, error.full_code) for error in cursor.getbatcherrors()]
        assert told == [(1, "ORA-00001"), (2, "ORA-12899"), (4, "ORA-01400")], told
        assert cursor.getarraydmlrowcounts() == [1, 0, 0, 1, 0]
        referee.connection.rollback()


@step
def an_array_is_merged():
    sql = """MERGE INTO many t USING (SELECT :1 AS id, :2 AS name, :3 AS at FROM dual) s ON (t.id = s.id)
        WHEN MATCHED THEN UPDATE SET t.name = s.name, t.at = s.at WHERE t.at IS NULL OR t.at < s.at
        WHEN NOT MATCHED THEN INSERT (t.id, t.name, t.at) VALUES (s.id, s.name, s.at)"""
    new, old = datetime.datetime(2026, 6, 1), datetime.datetime(2020, 1, 1)
    with referee.connection.cursor() as cursor:
        cursor.executemany(sql, [(1, "newer", new), (2, "older", old), (7000, "added", new), (5, "was null", None)])
        assert cursor.rowcount == 3, cursor.rowcount
        got = rows("SELECT id, name FROM many WHERE id IN (1, 2, 5, 7000) ORDER BY id")
        assert got == [(1, "newer"), (2, "name 2"), (5, "was null"), (7000, "added")], got
        referee.connection.rollback()


@step
def a_table_is_merged_and_not_twice_into_one_row():
    drop("stage")
    run("CREATE TABLE stage (id NUMBER(10), name VARCHAR2(100))")
    with referee.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO stage VALUES (:1, :2)", [(1, "a"), (8000, "b")])
        sql = """MERGE INTO many t USING stage s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET name = s.name
            WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"""
        cursor.execute(sql)
        assert cursor.rowcount == 2
        cursor.execute("INSERT INTO stage VALUES (1, 'again')")
        refused("ORA-30926", lambda: cursor.execute(sql))
        referee.connection.rollback()


@step
def named_binds_and_cached_statements():
    for low in (10, 20, 30):
        assert len(rows("SELECT id FROM many WHERE id > :low AND id <= :low + 10", low=low)) == 10
    assert rows("SELECT id FROM many WHERE id = :a OR name = :b AND id = 3 ORDER BY id", a=2, b="name 3") == [(2,), (3,)]


@step
def changes_return_columns():
    with referee.connection.cursor() as cursor:
        identity, when = cursor.var(oracledb.DB_TYPE_NUMBER), cursor.var(oracledb.DB_TYPE_VARCHAR)
        cursor.execute("INSERT INTO many (id, name) VALUES (:1, :2) RETURNING id, name INTO :3, :4", [9000, "back", identity, when])
        assert (identity.getvalue(), when.getvalue()) == ([9000], ["back"])
        cursor.execute("UPDATE many SET name = 'z' WHERE id <= 3 RETURNING id INTO :1", [identity])
        assert sorted(identity.getvalue()) == [1, 2, 3] and cursor.rowcount == 3
        back = cursor.var(oracledb.DB_TYPE_NUMBER, arraysize=2)
        cursor.setinputsizes(None, back)
        cursor.executemany("INSERT INTO many (id) VALUES (:1) RETURNING id + 1 INTO :2", [(9001,), (9002,)])
        assert back.values == [[9002], [9003]], back.values
        referee.connection.rollback()


@step
def blocks_give_values():
    with referee.connection.cursor() as cursor:
        number, text = cursor.var(int), cursor.var(str)
        cursor.execute("BEGIN :n := 40 + 2; :t := UPPER(:given); END;", n=number, t=text, given="abc")
        assert (number.getvalue(), text.getvalue()) == (42, "ABC")
        cursor.execute("BEGIN SELECT COUNT(*), MAX(name) INTO :n, :t FROM many WHERE id < 4; END;", n=number, t=text)
        assert (number.getvalue(), text.getvalue()) == (3, "name 3")
        refused("ORA-20001", lambda: cursor.execute("BEGIN RAISE_APPLICATION_ERROR(-20001, 'no'); END;"))
        refused("ORA-06550", lambda: cursor.execute("BEGIN no_such_procedure(1); END;"))


@step
def cursors_that_are_left_open_are_too_many():
    with connect(stmtcachesize=0) as other:
        cursors = [other.cursor() for _ in range(400)]

        def leave_open():
            for at, cursor in enumerate(cursors):
                cursor.prefetchrows = cursor.arraysize = 1
                cursor.execute(f"SELECT {at} FROM many WHERE ROWNUM <= 3").fetchone()

        refused("ORA-01000", leave_open)
