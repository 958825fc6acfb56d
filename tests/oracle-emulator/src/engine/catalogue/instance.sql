-- The instance, its settings and its sessions; at the end, the grants to read them.

-- The instance and its sessions ------------------------------------------------------------------------------------

CREATE VIEW sys.v$version AS
    SELECT ('Oracle emulator, release ' || sys.setting('release') || ', not an Oracle Database')::varchar(80) AS banner,
           ('Oracle emulator, release ' || sys.setting('release') || ', not an Oracle Database')::varchar(160) AS banner_full,
           0::numeric AS con_id;
CREATE VIEW sys.product_component_version AS
    SELECT 'Oracle emulator, not an Oracle Database'::varchar(80) AS product, sys.setting('release')::varchar(80) AS version,
           sys.setting('release')::varchar(160) AS version_full, 'Test'::varchar(80) AS status;
CREATE VIEW sys.v$instance AS
    SELECT 1::numeric AS instance_number, 'standin'::varchar(16) AS instance_name, 'localhost'::varchar(64) AS host_name,
           sys.setting('release')::varchar(17) AS version, sys.setting('release')::varchar(17) AS version_full,
           date_trunc('second', pg_postmaster_start_time())::oracle.date AS startup_time, 'OPEN'::varchar(12) AS status,
           'ACTIVE'::varchar(17) AS database_status, sys.setting('parallel')::varchar(3) AS parallel, 'PRIMARY_INSTANCE'::varchar(18) AS instance_role;
CREATE VIEW sys.v$database AS
    SELECT 1::numeric AS dbid, 'STANDIN'::varchar(9) AS name, sys.current_scn() AS current_scn, (CASE sys.setting('database_role') WHEN 'PRIMARY' THEN 'READ WRITE' ELSE 'READ ONLY WITH APPLY' END)::varchar(20) AS open_mode,
           'ARCHIVELOG'::varchar(12) AS log_mode, sys.setting('database_role')::varchar(16) AS database_role, 'STANDIN'::varchar(30) AS db_unique_name,
           date_trunc('second', pg_postmaster_start_time())::oracle.date AS created;
CREATE VIEW sys.v$parameter AS
    SELECT p.name::varchar(80) AS name, p.value::varchar(4000) AS value, p.value::varchar(4000) AS display_value
    FROM (VALUES ('compatible', sys.setting('release')), ('undo_retention', '900'), ('db_block_size', '8192'),
                 ('max_string_size', 'STANDARD'), ('open_cursors', '300'), ('processes', '200')) AS p(name, value);
CREATE VIEW sys.nls_session_parameters AS
    SELECT p.name::varchar(128) AS parameter, p.value::varchar(64) AS value
    FROM (VALUES ('NLS_LANGUAGE', 'AMERICAN'), ('NLS_TERRITORY', 'AMERICA'), ('NLS_NUMERIC_CHARACTERS', '.,'),
                 ('NLS_CALENDAR', 'GREGORIAN'), ('NLS_SORT', 'BINARY'), ('NLS_COMP', 'BINARY'), ('NLS_LENGTH_SEMANTICS', 'BYTE'),
                 ('NLS_DATE_FORMAT', coalesce(sys.setting('nls_date_format'), 'DD-MON-RR')),
                 ('NLS_TIMESTAMP_FORMAT', coalesce(sys.setting('nls_timestamp_format'), 'DD-MON-RR HH.MI.SSXFF AM')),
                 ('NLS_TIMESTAMP_TZ_FORMAT', coalesce(sys.setting('nls_timestamp_tz_format'), 'DD-MON-RR HH.MI.SSXFF AM TZR'))
         ) AS p(name, value);
CREATE VIEW sys.nls_database_parameters AS
    SELECT * FROM sys.nls_session_parameters UNION ALL
    SELECT p.name::varchar(128), p.value::varchar(64)
    FROM (VALUES ('NLS_CHARACTERSET', sys.setting('charset')), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16'), ('NLS_RDBMS_VERSION', sys.setting('release')))
         AS p(name, value);

-- Filled by the emulator before it is read.
CREATE TABLE sys.sessions (
    sid numeric PRIMARY KEY, serial numeric, process numeric, username varchar(128), osuser varchar(128), machine varchar(64),
    program varchar(84), driver varchar(60), module varchar(64), action varchar(64), client_identifier varchar(64),
    client_info varchar(64), service_name varchar(64), logon_time timestamp(0)
);
CREATE VIEW sys.v$session AS
    SELECT s.sid, s.serial AS "serial#", int8send(s.process::bigint) AS saddr, s.sid AS audsid, s.username,
           (CASE a.state WHEN 'active' THEN 'ACTIVE' ELSE 'INACTIVE' END)::varchar(8) AS status, s.username AS schemaname,
           s.osuser, s.machine, s.program, s.driver AS client_driver, s.module, s.action, s.client_identifier, s.client_info,
           s.service_name, s.logon_time::oracle.date AS logon_time, 'USER'::varchar(10) AS type,
           CASE WHEN a.backend_xid IS NULL THEN NULL ELSE int8send(a.backend_xid::text::bigint) END AS taddr,
           'DEDICATED'::varchar(9) AS server, 0::numeric AS con_id
    FROM sys.sessions s JOIN pg_stat_activity a ON a.pid = s.process;
CREATE VIEW sys.v$transaction AS
    SELECT int8send(a.backend_xid::text::bigint) AS addr, 1::numeric AS xidusn, 0::numeric AS xidslot,
           a.backend_xid::text::numeric AS xidsqn, 'ACTIVE'::varchar(16) AS status,
           to_char(a.xact_start, 'MM/DD/YY HH24:MI:SS')::varchar(20) AS start_time, date_trunc('second', a.xact_start)::oracle.date AS start_date,
           sys.scn(a.xact_start) AS start_scn, sys.scn(a.xact_start) AS start_scnb, 0::numeric AS start_scnw,
           int8send(a.pid::bigint) AS ses_addr, 1::numeric AS used_urec, 1::numeric AS used_ublk
    FROM pg_stat_activity a WHERE a.backend_xid IS NOT NULL;
CREATE VIEW sys.v$mystat AS SELECT sys.setting('sid')::numeric AS sid, 0::numeric AS "statistic#", 0::numeric AS value;
CREATE VIEW sys.gv$session AS SELECT 1::numeric AS inst_id, * FROM sys.v$session;
-- The open transactions of other instances, which a test writes.
CREATE TABLE sys.other_transactions (begun timestamp(0) NOT NULL);
CREATE VIEW sys.gv$transaction AS
    SELECT 1::numeric AS inst_id, t.* FROM sys.v$transaction t UNION ALL
    SELECT 2, NULL, 1, 0, 1, 'ACTIVE', NULL, o.begun::oracle.date, NULL, NULL, NULL, NULL, NULL, NULL FROM sys.other_transactions o;
CREATE VIEW sys.v$dataguard_stats AS
    SELECT 'apply lag'::varchar(32) AS name, sys.setting('apply_lag')::varchar(64) AS value WHERE sys.setting('apply_lag') IS NOT NULL;
-- The account of the session.
CREATE VIEW sys.user_users AS
    SELECT a.shown::varchar(128) AS username, a.id::numeric AS user_id, 'OPEN'::varchar(32) AS account_status, NULL::oracle.date AS lock_date,
           (sys.sysdate()::timestamp + sys.setting('expires_in_days')::numeric * interval '1 day 1 minute')::oracle.date AS expiry_date,
           'USERS'::varchar(30) AS default_tablespace, 'TEMP'::varchar(30) AS temporary_tablespace, a.created::oracle.date AS created
    FROM (SELECT sys.shown(name) AS shown, id, created FROM sys.accounts WHERE name = current_user) a;
CREATE VIEW sys.user_ts_quotas AS
    SELECT 'USERS'::varchar(30) AS tablespace_name, 0::numeric AS bytes, -1::numeric AS max_bytes, 0::numeric AS blocks, -1::numeric AS max_blocks
    WHERE sys.setting('privileges') LIKE '%UNLIMITED TABLESPACE%';
CREATE ROLE ora_instances;
CREATE VIEW sys.gv$instance AS SELECT 1::numeric AS inst_id, * FROM sys.v$instance;

GRANT SELECT ON ALL TABLES IN SCHEMA sys TO PUBLIC;
GRANT INSERT, DELETE ON sys.other_transactions TO PUBLIC;
REVOKE ALL ON sys.v$dataguard_stats FROM PUBLIC;
GRANT SELECT ON sys.v$dataguard_stats TO pg_read_all_stats;
REVOKE ALL ON sys.sessions, sys.v$session, sys.v$transaction, sys.v$database, sys.v$instance, sys.v$parameter,
    sys.gv$session, sys.gv$transaction, sys.gv$instance, sys.dba_tables, sys.dba_tab_columns FROM PUBLIC;
GRANT SELECT ON sys.sessions, sys.v$session, sys.v$transaction, sys.v$database, sys.v$instance, sys.v$parameter,
    sys.dba_tables, sys.dba_tab_columns TO pg_read_all_stats;
GRANT SELECT ON sys.gv$session, sys.gv$transaction, sys.gv$instance TO ora_instances;
