"""Queries and their results, errors and their codes."""

import datetime
import decimal

import oracledb

import referee
from referee import rows, step


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
    ("SELECT COUNT(*) FROM dual WHERE SUBSTR('abc', 5) IS NULL AND SUBSTR('abc', 2, 0) IS NULL", 1),
    ("SELECT COUNT(*) FROM dual WHERE RTRIM('  ') IS NULL AND REPLACE('aa', 'a') IS NULL AND LTRIM('xx', 'x') IS NULL", 1),
    ("SELECT REGEXP_REPLACE('a1b22', '[0-9]+', '#') FROM dual", "a#b#"),
    ("SELECT CONCAT('a', NULL) FROM dual", "a"),
    ("SELECT LPAD('7', 3, '0') || TO_CHAR(12) FROM dual", "00712"),
    ("SELECT COUNT(*) FROM many m WHERE EXISTS (SELECT 1 FROM many n WHERE n.id = m.id + 1 AND ROWNUM = 1)", 4999),
    ("SELECT MAX(n) FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY name ORDER BY id DESC) n FROM many WHERE id <= 14)", 2),
    ("SELECT id FROM many ORDER BY id OFFSET 10 ROWS FETCH NEXT 1 ROWS ONLY", 11),
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
    ("CREATE TABLE wide (name VARCHAR2(4001))", "ORA-00910"),
    ("CREATE TABLE precise (id NUMBER(39))", "ORA-01727"),
    ("SELECT id AS " + "x" * 129 + " FROM many", "ORA-00972"),
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
    referee.connection.rollback()
    assert not wrong, "\n    " + "\n    ".join(wrong)


@step
def data_frames_are_fetched():
    frame = referee.connection.fetch_df_all("SELECT id, name, amount, at FROM many WHERE id <= 100 ORDER BY id")
    assert frame.num_rows() == 100
