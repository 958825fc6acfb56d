"""Transactions, locks, flashback queries."""

import threading

import oracledb

import referee
from changes import MANY
from referee import connect, refused, rows, run, step


@step
def a_change_is_seen_by_others_when_it_is_committed():
    with connect() as other, other.cursor() as cursor:
        seen = lambda: cursor.execute("SELECT name FROM many WHERE id = 1").fetchone()[0]
        run("UPDATE many SET name = 'late' WHERE id = 1")
        assert seen() == "name 1"
        referee.connection.commit()
        assert seen() == "late"
        run("UPDATE many SET name = 'name 1' WHERE id = 1")
        referee.connection.commit()


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
    referee.connection.rollback()


@step
def locks_are_respected():
    run("UPDATE many SET name = 'locked' WHERE id = 1")
    with connect() as other, other.cursor() as cursor:
        refused("ORA-00054", lambda: cursor.execute("SELECT id FROM many WHERE id = 1 FOR UPDATE NOWAIT"))
        refused("ORA-30006", lambda: cursor.execute("SELECT id FROM many WHERE id = 1 FOR UPDATE WAIT 1"))
        assert cursor.execute("SELECT id FROM many WHERE id <= 2 FOR UPDATE SKIP LOCKED").fetchall() == [(2,)]
        refused("ORA-00054", lambda: cursor.execute("ALTER TABLE many ADD extra NUMBER"))
    referee.connection.rollback()


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
    referee.connection.rollback()
    thread.join()
    assert told == ["ORA-00060"], told


@step
def serializable_transactions_conflict():
    with connect() as other, other.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        cursor.execute("SELECT name FROM many WHERE id = 1").fetchone()
        run("UPDATE many SET name = 'now' WHERE id = 1")
        referee.connection.commit()
        refused("ORA-08177", lambda: cursor.execute("UPDATE many SET name = 'then' WHERE id = 1"))
    run("UPDATE many SET name = 'name 1' WHERE id = 1")
    referee.connection.commit()


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
    referee.connection.commit()
    later = rows("SELECT dbms_flashback.get_system_change_number FROM dual")[0][0]
    assert later > scn
    count = "SELECT COUNT(*) FROM many AS OF SCN :1 WHERE id <= 11 AND name LIKE 'name%'"
    assert (rows(count, scn), rows(count, later)) == ([(11,)], [(0,)])
    both = "SELECT COUNT(*) FROM many AS OF SCN :1 a JOIN many AS OF SCN (:2) b ON a.id = b.id WHERE a.id <= 11"
    assert rows(both, scn, scn) == [(11,)]
    refused("ORA-03001", lambda: rows(both, scn, later))
    refused("ORA-03001", lambda: run("INSERT INTO many SELECT * FROM many AS OF SCN :1", scn))
    assert rows("SELECT id FROM many WHERE ORA_ROWSCN > :1", scn) == [(11,)]
    refused("ORA-08181", lambda: rows(count, 12345))
    with referee.connection.cursor() as cursor:
        number = cursor.var(int)
        cursor.execute("BEGIN :1 := DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER; END;", [number])
        assert number.getvalue() >= later
    with referee.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO many VALUES (:1, :2, :3, :4)", MANY[:10])
    run("UPDATE many SET name = 'name 4' WHERE id = 11")
    referee.connection.commit()


@step
def a_call_that_takes_too_long_is_interrupted():
    referee.connection.call_timeout = 200
    try:
        refused("DPY-4024", lambda: run("BEGIN DBMS_SESSION.SLEEP(5); END;"))
    finally:
        referee.connection.call_timeout = 0
    assert rows("SELECT 1 FROM dual") == [(1,)]
