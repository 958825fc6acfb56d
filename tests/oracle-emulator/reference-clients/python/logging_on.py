"""Logins that succeed, and logins that are refused."""

import oracledb

import referee
from referee import connect, refused, rows, run, step


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
    error = refused("DPY-6005", lambda: connect(dsn=referee.address.replace("STANDIN", "NOPE")))
    assert "Similar to ORA-12514" in str(error)


@step
def a_sid_is_as_good_as_a_service():
    host, port = referee.address.replace("tcps://", "").split("/")[0].split(":")
    protocol = "tcps" if referee.tls else "tcp"
    dsn = f"(DESCRIPTION=(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))(CONNECT_DATA=(SID=ORCL)))"
    with connect(dsn=dsn) as other:
        assert other.cursor().execute("SELECT 1 FROM dual").fetchone() == (1,)


@step
def another_authority_is_not_trusted():
    if referee.wrong_wallet:
        try:
            connect(wallet_location=referee.wrong_wallet)
        except oracledb.Error as error:
            assert "certificate" in str(error).lower(), error
        else:
            raise AssertionError("a certificate of another authority was trusted")


@step
def tags_are_seen_in_the_session_view():
    referee.connection.module, referee.connection.action, referee.connection.client_identifier = "wmshost", "load:42", "run-1"
    sql = "SELECT module, action, client_identifier, username FROM v$session WHERE sid = :1"
    assert rows(sql, referee.connection.session_id) == [("wmshost", "load:42", "run-1", "WMS")]
    run("BEGIN DBMS_APPLICATION_INFO.SET_MODULE(module_name => 'other', action_name => :1); END;", "act")
    assert rows("SELECT module, action FROM v$session WHERE sid = :1", referee.connection.session_id) == [("other", "act")]


@step
def a_pool_gives_connections():
    pool = oracledb.create_pool(user="wms", password="wms", dsn=referee.address, min=1, max=3, increment=1, **referee.tls)
    held = [pool.acquire() for _ in range(3)]
    assert [c.cursor().execute("SELECT 1 FROM dual").fetchone() for c in held] == [(1,)] * 3
    for c in held:
        c.close()
    pool.close()
