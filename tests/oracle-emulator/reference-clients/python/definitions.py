"""Tables, views, privileges, statistics."""

import referee
from referee import connect, drop, refused, rows, run, step


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
def views_know_tables_by_their_names():
    drop("beneath", "beneath2")
    run("CREATE TABLE beneath (id NUMBER(5), name VARCHAR2(5))")
    run("INSERT INTO beneath VALUES (1, 'a')")
    referee.connection.commit()
    run("CREATE OR REPLACE VIEW above AS SELECT id FROM beneath")
    run("CREATE OR REPLACE VIEW highest AS SELECT COUNT(*) AS many FROM above")
    run("ALTER TABLE beneath RENAME TO beneath2")
    run("CREATE TABLE beneath (id NUMBER(7), more DATE)")
    assert rows("SELECT many FROM highest") == [(0,)]
    run("DROP TABLE beneath PURGE")
    run("ALTER TABLE beneath2 RENAME TO beneath")
    assert rows("SELECT id FROM above") == [(1,)]
    assert rows("SELECT many FROM highest") == [(1,)]
    run("DROP VIEW highest")
    run("DROP VIEW above")


@step
def temporary_tables_are_private():
    run("CREATE PRIVATE TEMPORARY TABLE ora$ptt_stage (id NUMBER(10), name VARCHAR2(10)) ON COMMIT DROP DEFINITION")
    with referee.connection.cursor() as cursor:
        cursor.executemany("INSERT INTO ora$ptt_stage VALUES (:1, :2)", [(1, "a"), (2, "b")])
    assert rows("SELECT COUNT(*) FROM ora$ptt_stage") == [(2,)]
    referee.connection.commit()
    refused("ORA-00942", lambda: rows("SELECT COUNT(*) FROM ora$ptt_stage"))
    drop("gtt")
    run("CREATE GLOBAL TEMPORARY TABLE gtt (id NUMBER(10), at DATE) ON COMMIT PRESERVE ROWS")
    run("INSERT INTO gtt VALUES (1, SYSDATE)")
    referee.connection.rollback()
    run("INSERT INTO gtt VALUES (1, SYSDATE)")
    referee.connection.commit()
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
        refused("ORA-01031", lambda: cursor.execute("CREATE TABLE mine (id NUMBER)"))
        assert cursor.execute("SELECT table_name FROM all_tables WHERE owner = 'WMS'").fetchall() == [("MANY",)]
        assert cursor.execute("SELECT privilege FROM all_tab_privs WHERE table_name = 'MANY'").fetchall() == [("SELECT",)]
        assert cursor.execute("SELECT privilege FROM session_privs").fetchall() == [("CREATE SESSION",)]


@step
def statistics_are_gathered():
    run("BEGIN DBMS_STATS.GATHER_TABLE_STATS(ownname => 'WMS', tabname => 'MANY', cascade => TRUE); END;")
    assert rows("SELECT num_rows FROM user_tables WHERE table_name = 'MANY'") == [(5000,)]
