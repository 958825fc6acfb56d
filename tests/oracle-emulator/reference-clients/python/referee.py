"""Shared by the steps of the scenario: the connection, and short functions for repeated work."""

import sys

import oracledb

address = sys.argv[1]
tls = {"wallet_location": sys.argv[2], "ssl_server_dn_match": True} if len(sys.argv) > 2 else {}
wrong_wallet = sys.argv[3] if len(sys.argv) > 3 else None
steps = []
connection = None


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
        run(
            f"BEGIN EXECUTE IMMEDIATE 'DROP TABLE {name} PURGE'; "
            "EXCEPTION WHEN OTHERS THEN IF SQLCODE != -942 THEN RAISE; END IF; END;"
        )
