-- Oracle's pseudo-tables, views, functions and operators, in the schema sys. Every account has sys in its search path
-- before PostgreSQL's own schema, so that what stands here wins.

CREATE EXTENSION orafce;
CREATE SCHEMA sys;
GRANT USAGE ON SCHEMA sys, oracle TO PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- Who is an account; the schema of the same name belongs to it.
CREATE TABLE sys.accounts (name varchar(128) PRIMARY KEY, id serial, created timestamp(0) DEFAULT now());
-- What columns were declared as, in Oracle's words.
CREATE TABLE sys.declared (rel oid, num int2, type text NOT NULL, PRIMARY KEY (rel, num));
-- Tables with ROWDEPENDENCIES, and temporary tables: DELETE or PRESERVE rows at commit.
CREATE TABLE sys.traits (rel oid PRIMARY KEY, rowdependencies boolean DEFAULT false, temporary varchar(8));
GRANT SELECT ON sys.accounts TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON sys.declared, sys.traits TO PUBLIC;

CREATE VIEW sys.dual AS SELECT 'X'::varchar(1) AS dummy;

-- Names ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION sys.shown(name text) RETURNS varchar(128) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE name WHEN lower(name) THEN upper(name) WHEN upper(name) THEN lower(name) ELSE name END
$$;
CREATE FUNCTION sys.setting(name text) RETURNS varchar(4000) LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('ora.' || name, true), '')
$$;
CREATE FUNCTION sys.current_user_name() RETURNS varchar(128) LANGUAGE sql STABLE AS $$ SELECT sys.shown(current_user) $$;

-- Time and system change numbers -----------------------------------------------------------------------------------

CREATE FUNCTION sys.sysdate() RETURNS oracle.date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC')::oracle.date
$$;
CREATE FUNCTION sys.local_now() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT statement_timestamp()::timestamp $$;
CREATE FUNCTION sys.local_today() RETURNS oracle.date LANGUAGE sql STABLE AS $$
    SELECT date_trunc('second', statement_timestamp()::timestamp)::oracle.date
$$;
-- Microseconds since 2020: grows with time, and a row's is that of its commit.
CREATE FUNCTION sys.scn(moment timestamptz) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM moment - timestamptz '2020-01-01 00:00:00+00') * 1000000)::numeric(38, 0)
$$;
CREATE FUNCTION sys.rowscn(writer xid) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT sys.scn(pg_xact_commit_timestamp(writer))
$$;
CREATE FUNCTION sys.current_scn() RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sys.setting('scn')::numeric $$;
CREATE FUNCTION sys.timestamp_to_scn(moment timestamptz) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sys.scn(moment) $$;
CREATE FUNCTION sys.scn_to_timestamp(scn numeric) RETURNS timestamp LANGUAGE sql STABLE AS $$
    SELECT timestamp '2020-01-01' + scn * interval '1 microsecond'
$$;
CREATE FUNCTION sys.rowid(place tid) RETURNS varchar(18) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT 'AAAA' || upper(encode(tidsend(place), 'hex')) || 'AA'
$$;

-- What PostgreSQL calls the elements of a date format.
CREATE FUNCTION sys.elements(format text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(format, 'FF[7-9]?(?![0-9])', 'US', 'gi'), 'RRRR', 'YYYY', 'gi'), 'RR', 'YY', 'gi')
$$;
CREATE FUNCTION sys.to_char(moment timestamp, format text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT pg_catalog.to_char(moment, sys.elements(format))
$$;
CREATE FUNCTION sys.to_char(moment timestamptz, format text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT pg_catalog.to_char(moment, sys.elements(format))
$$;
CREATE FUNCTION sys.read_moment(value text, format text) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE moment timestamptz := pg_catalog.to_timestamp(value, sys.elements(format));
BEGIN
    IF length(value) > length(pg_catalog.to_char(moment, sys.elements(format))) THEN
        RAISE EXCEPTION 'ORA-01830: date format picture ends before converting entire input string';
    END IF;
    RETURN moment;
END $$;
CREATE FUNCTION sys.to_date(value text, format text) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS $$
    SELECT (sys.read_moment(value, format) AT TIME ZONE current_setting('TimeZone'))::oracle.date
$$;
CREATE FUNCTION sys.to_date(value text) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS $$ SELECT value::oracle.date $$;
CREATE FUNCTION sys.to_timestamp(value text, format text) RETURNS timestamp LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.read_moment(value, format) AT TIME ZONE current_setting('TimeZone')
$$;
CREATE FUNCTION sys.to_timestamp(value text) RETURNS timestamp LANGUAGE sql STABLE STRICT AS $$ SELECT value::timestamp $$;
CREATE FUNCTION sys.to_timestamp_tz(value text, format text) RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.read_moment(value, format)
$$;
CREATE FUNCTION sys.sys_extract_utc(moment timestamptz) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT moment AT TIME ZONE 'UTC'
$$;
CREATE FUNCTION sys.from_tz(moment timestamp, zone text) RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$
    SELECT (moment::text || ' ' || zone)::timestamptz
$$;
CREATE FUNCTION sys.trunc(moment oracle.date) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_trunc('day', moment::timestamp)::oracle.date
$$;
CREATE FUNCTION sys.trunc(moment timestamp) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_trunc('day', moment)::oracle.date
$$;
CREATE FUNCTION sys.trunc(moment timestamp, unit text) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_trunc(CASE upper(unit)
        WHEN 'YYYY' THEN 'year' WHEN 'YEAR' THEN 'year' WHEN 'Q' THEN 'quarter' WHEN 'MM' THEN 'month'
        WHEN 'MON' THEN 'month' WHEN 'MONTH' THEN 'month' WHEN 'IW' THEN 'week' WHEN 'HH' THEN 'hour'
        WHEN 'HH24' THEN 'hour' WHEN 'MI' THEN 'minute' ELSE 'day' END, moment)::oracle.date
$$;

-- Dates are counted in days.
CREATE FUNCTION sys.later(moment timestamp, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (moment + round(days * 86400) * interval '1 second')::oracle.date
$$;
CREATE FUNCTION sys.earlier(moment timestamp, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (moment - round(days * 86400) * interval '1 second')::oracle.date
$$;
CREATE FUNCTION sys.later(moment oracle.date, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.later(moment::timestamp, days)
$$;
CREATE FUNCTION sys.earlier(moment oracle.date, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.earlier(moment::timestamp, days)
$$;
CREATE FUNCTION sys.later(moment oracle.date, days int) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.later(moment::timestamp, days::numeric)
$$;
CREATE FUNCTION sys.earlier(moment oracle.date, days int) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.earlier(moment::timestamp, days::numeric)
$$;
CREATE FUNCTION sys.later(moment timestamp, days int) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.later(moment, days::numeric)
$$;
CREATE FUNCTION sys.earlier(moment timestamp, days int) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.earlier(moment, days::numeric)
$$;
CREATE FUNCTION sys.days_between(later oracle.date, earlier oracle.date) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT extract(epoch FROM later::timestamp - earlier::timestamp)::numeric / 86400
$$;
CREATE OPERATOR sys.+ (LEFTARG = oracle.date, RIGHTARG = numeric, FUNCTION = sys.later);
CREATE OPERATOR sys.- (LEFTARG = oracle.date, RIGHTARG = numeric, FUNCTION = sys.earlier);
CREATE OPERATOR sys.+ (LEFTARG = oracle.date, RIGHTARG = int, FUNCTION = sys.later);
CREATE OPERATOR sys.- (LEFTARG = oracle.date, RIGHTARG = int, FUNCTION = sys.earlier);
CREATE OPERATOR sys.+ (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = sys.later);
CREATE OPERATOR sys.- (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = sys.earlier);
CREATE OPERATOR sys.+ (LEFTARG = timestamp, RIGHTARG = int, FUNCTION = sys.later);
CREATE OPERATOR sys.- (LEFTARG = timestamp, RIGHTARG = int, FUNCTION = sys.earlier);
CREATE OPERATOR sys.- (LEFTARG = oracle.date, RIGHTARG = oracle.date, FUNCTION = sys.days_between);

-- Numbers: a quotient of whole numbers need not be one.
CREATE FUNCTION sys.quotient(a bigint, b bigint) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT a::numeric / b $$;
CREATE FUNCTION sys.quotient(a int, b int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT a::numeric / b $$;
CREATE FUNCTION sys.quotient(a bigint, b int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT a::numeric / b $$;
CREATE OPERATOR sys./ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = sys.quotient);
CREATE OPERATOR sys./ (LEFTARG = int, RIGHTARG = int, FUNCTION = sys.quotient);
CREATE OPERATOR sys./ (LEFTARG = bigint, RIGHTARG = int, FUNCTION = sys.quotient);
CREATE FUNCTION sys.to_number(value text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::numeric $$;
CREATE FUNCTION sys.to_number(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value $$;
CREATE CAST (text AS numeric) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS timestamp) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS timestamptz) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS float8) WITH INOUT AS ASSIGNMENT;
CREATE CAST (text AS bytea) WITH INOUT AS ASSIGNMENT;
CREATE CAST (varchar AS numeric) WITH INOUT AS ASSIGNMENT;
CREATE CAST (varchar AS timestamp) WITH INOUT AS ASSIGNMENT;

-- Texts: NULL joins as nothing, and nothing is NULL.
CREATE FUNCTION sys.joined(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE OPERATOR sys.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = sys.joined);
CREATE FUNCTION sys.joined(a numeric, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE FUNCTION sys.joined(a text, b numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE OPERATOR sys.|| (LEFTARG = numeric, RIGHTARG = text, FUNCTION = sys.joined);
CREATE OPERATOR sys.|| (LEFTARG = text, RIGHTARG = numeric, FUNCTION = sys.joined);
CREATE FUNCTION sys.joined(a int, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE FUNCTION sys.joined(a text, b int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE OPERATOR sys.|| (LEFTARG = int, RIGHTARG = text, FUNCTION = sys.joined);
CREATE OPERATOR sys.|| (LEFTARG = text, RIGHTARG = int, FUNCTION = sys.joined);
CREATE FUNCTION sys.joined(a bigint, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE FUNCTION sys.joined(a text, b bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE OPERATOR sys.|| (LEFTARG = bigint, RIGHTARG = text, FUNCTION = sys.joined);
CREATE OPERATOR sys.|| (LEFTARG = text, RIGHTARG = bigint, FUNCTION = sys.joined);
CREATE FUNCTION sys.trimmed(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.btrim(value), '')
$$;
CREATE FUNCTION sys.ltrim(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.ltrim(value), '')
$$;
CREATE FUNCTION sys.rtrim(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.rtrim(value), '')
$$;
CREATE FUNCTION sys.replace(value text, what text, by text DEFAULT NULL) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.replace(value, coalesce(what, ''), coalesce(by, '')), '')
$$;
CREATE FUNCTION sys.to_clob(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value $$;
CREATE FUNCTION sys.rawtohex(value bytea) RETURNS varchar(4000) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT upper(encode(value, 'hex'))
$$;
CREATE FUNCTION sys.hextoraw(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT decode(value, 'hex') $$;
CREATE FUNCTION sys.sys_guid() RETURNS bytea LANGUAGE sql VOLATILE AS $$ SELECT uuid_send(gen_random_uuid()) $$;
CREATE FUNCTION sys.sys_context(space text, name text) RETURNS varchar(256) LANGUAGE sql STABLE AS $$
    SELECT CASE upper(name)
        WHEN 'SESSION_USER' THEN sys.shown(session_user)
        WHEN 'CURRENT_USER' THEN sys.shown(current_user)
        WHEN 'CURRENT_SCHEMA' THEN sys.shown(current_schema())
        ELSE sys.setting(lower(name)) END
$$;
CREATE FUNCTION sys.userenv(name text) RETURNS varchar(256) LANGUAGE sql STABLE AS $$
    SELECT sys.sys_context('USERENV', name)
$$;

-- Tables and columns -----------------------------------------------------------------------------------------------

CREATE FUNCTION sys.guessed(kind oid, modifier int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind
        WHEN 'numeric'::regtype THEN CASE WHEN modifier < 4 THEN 'NUMBER' ELSE
            format('NUMBER(%s,%s)', (modifier - 4) >> 16, (((modifier - 4) & 2047) # 1024) - 1024) END
        WHEN 'int4'::regtype THEN 'NUMBER(10,0)'
        WHEN 'int8'::regtype THEN 'NUMBER(19,0)'
        WHEN 'float8'::regtype THEN 'BINARY_DOUBLE'
        WHEN 'float4'::regtype THEN 'BINARY_FLOAT'
        WHEN 'oracle.date'::regtype THEN 'DATE'
        WHEN 'date'::regtype THEN 'DATE'
        WHEN 'timestamp'::regtype THEN
            CASE modifier WHEN 0 THEN 'DATE' WHEN -1 THEN 'TIMESTAMP(6)' ELSE format('TIMESTAMP(%s)', modifier) END
        WHEN 'timestamptz'::regtype THEN
            format('TIMESTAMP(%s) WITH TIME ZONE', CASE modifier WHEN -1 THEN 6 ELSE modifier END)
        WHEN 'bytea'::regtype THEN 'RAW(2000)'
        WHEN 'bpchar'::regtype THEN format('CHAR(%s CHAR)', modifier - 4)
        WHEN 'varchar'::regtype THEN format('VARCHAR2(%s CHAR)', CASE WHEN modifier < 4 THEN 4000 ELSE modifier - 4 END)
        ELSE 'VARCHAR2(4000 BYTE)' END
$$;

-- The relations that an account may know of.
CREATE VIEW sys.relations AS
    SELECT c.oid AS rel, n.nspname AS space, c.relname AS name, c.relkind AS kind, c.reltuples AS tuples, c.relpages AS pages,
           sys.shown(n.nspname) AS owner, sys.shown(c.relname) AS shown_name, n.nspname = current_schema() AS own
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN sys.accounts a ON a.name = n.nspname
    WHERE c.relkind IN ('r', 'p', 'v', 'm')
      AND (n.nspname = current_user OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE'));
CREATE VIEW sys.attributes AS
    SELECT r.rel, r.owner, r.shown_name AS table_name, r.own, a.attnum AS num, sys.shown(a.attname) AS column_name,
           a.attnotnull AS required, coalesce(d.type, sys.guessed(a.atttypid, a.atttypmod)) AS type,
           row_number() OVER (PARTITION BY r.rel ORDER BY a.attnum) AS place,
           pg_get_expr(f.adbin, f.adrelid) AS value
    FROM sys.relations r JOIN pg_attribute a ON a.attrelid = r.rel AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN sys.declared d ON d.rel = r.rel AND d.num = a.attnum
    LEFT JOIN pg_attrdef f ON f.adrelid = r.rel AND f.adnum = a.attnum;

CREATE VIEW sys.all_tables AS
    SELECT r.owner, r.shown_name AS table_name, 'USERS'::varchar(30) AS tablespace_name, 'VALID'::varchar(8) AS status,
           CASE WHEN s.last_analyze IS NULL THEN NULL ELSE r.tuples::numeric END AS num_rows,
           CASE WHEN s.last_analyze IS NULL THEN NULL ELSE r.pages::numeric END AS blocks,
           date_trunc('second', s.last_analyze)::oracle.date AS last_analyzed, 'NO'::varchar(3) AS partitioned,
           (CASE WHEN t.temporary IS NULL THEN 'N' ELSE 'Y' END)::varchar(1) AS temporary,
           (CASE t.temporary WHEN 'DELETE' THEN 'SYS$TRANSACTION' WHEN 'PRESERVE' THEN 'SYS$SESSION' END)::varchar(15) AS duration,
           (CASE WHEN t.rowdependencies THEN 'ENABLED' ELSE 'DISABLED' END)::varchar(8) AS dependencies,
           'YES'::varchar(3) AS logging, 'NO'::varchar(3) AS nested, NULL::varchar(30) AS iot_type, r.own
    FROM sys.relations r LEFT JOIN sys.traits t USING (rel) LEFT JOIN pg_stat_all_tables s ON s.relid = r.rel
    WHERE r.kind IN ('r', 'p');
CREATE VIEW sys.user_tables AS SELECT * FROM sys.all_tables WHERE own;
CREATE VIEW sys.dba_tables AS SELECT * FROM sys.all_tables;

CREATE VIEW sys.all_tab_columns AS
    SELECT owner, table_name, column_name,
           (CASE WHEN type LIKE 'TIMESTAMP%' THEN type ELSE regexp_replace(type, '\(.*', '') END)::varchar(128) AS data_type,
           NULL::varchar(3) AS data_type_mod, NULL::varchar(128) AS data_type_owner,
           (CASE WHEN type LIKE 'NUMBER%' OR type LIKE 'FLOAT%' THEN 22
                 WHEN type = 'DATE' THEN 7 WHEN type LIKE '%WITH TIME ZONE' THEN 13 WHEN type LIKE 'TIMESTAMP%' THEN 11
                 WHEN type = 'BINARY_DOUBLE' THEN 8 WHEN type = 'BINARY_FLOAT' THEN 4
                 WHEN type IN ('CLOB', 'BLOB') THEN 4000 WHEN type = 'LONG' THEN 0
                 WHEN type LIKE '%CHAR)' THEN least(substring(type FROM '\((\d+)')::int * 4, 4000)
                 ELSE substring(type FROM '\((\d+)')::int END)::numeric AS data_length,
           (CASE WHEN type LIKE 'NUMBER%' OR type LIKE 'FLOAT%' THEN substring(type FROM '\((\d+)') END)::numeric AS data_precision,
           (CASE WHEN type LIKE 'NUMBER%' THEN substring(type FROM ',(-?\d+)')
                 WHEN type LIKE 'TIMESTAMP%' THEN substring(type FROM '\((\d+)') END)::numeric AS data_scale,
           (CASE WHEN required THEN 'N' ELSE 'Y' END)::varchar(1) AS nullable, place::numeric AS column_id,
           value::varchar(4000) AS data_default, length(value)::numeric AS default_length,
           NULL::numeric AS num_distinct, NULL::numeric AS num_nulls,
           (CASE WHEN type LIKE '%CHAR%' THEN substring(type FROM '\((\d+)') ELSE '0' END)::numeric AS char_length,
           (CASE WHEN type LIKE '%CHAR)' THEN 'C' WHEN type LIKE '%CHAR%' THEN 'B' END)::varchar(1) AS char_used,
           (CASE WHEN type LIKE '%CHAR%' OR type IN ('CLOB', 'LONG') THEN 'CHAR_CS' END)::varchar(44) AS character_set_name,
           'NO'::varchar(3) AS hidden_column, 'NO'::varchar(3) AS virtual_column, 'NO'::varchar(3) AS identity_column,
           place::numeric AS internal_column_id, own
    FROM sys.attributes;
CREATE VIEW sys.all_tab_cols AS SELECT * FROM sys.all_tab_columns;
CREATE VIEW sys.user_tab_columns AS SELECT * FROM sys.all_tab_columns WHERE own;
CREATE VIEW sys.user_tab_cols AS SELECT * FROM sys.all_tab_columns WHERE own;
CREATE VIEW sys.dba_tab_columns AS SELECT * FROM sys.all_tab_columns;

CREATE VIEW sys.all_views AS
    SELECT r.owner, r.shown_name AS view_name, length(pg_get_viewdef(r.rel))::numeric AS text_length,
           pg_get_viewdef(r.rel)::varchar(4000) AS text, 'N'::varchar(1) AS read_only, r.own
    FROM sys.relations r WHERE r.kind IN ('v', 'm');
CREATE VIEW sys.user_views AS SELECT * FROM sys.all_views WHERE own;

CREATE VIEW sys.constraints AS
    SELECT r.rel, k.oid AS id, r.owner, sys.shown(k.conname) AS constraint_name,
           (CASE k.contype WHEN 'p' THEN 'P' WHEN 'u' THEN 'U' WHEN 'f' THEN 'R' ELSE 'C' END)::varchar(1) AS constraint_type,
           r.shown_name AS table_name, k.conkey AS columns, k.confrelid AS other, k.conindid AS index,
           (CASE k.contype WHEN 'c' THEN pg_get_constraintdef(k.oid) END)::varchar(4000) AS search_condition,
           k.confdeltype AS rule, k.condeferrable AS may_wait, r.own
    FROM sys.relations r JOIN pg_constraint k ON k.conrelid = r.rel
    WHERE k.contype IN ('p', 'u', 'f', 'c') AND k.conname NOT LIKE 'ora$bytes$%'
    UNION ALL
    SELECT a.rel, 0, a.owner, ('SYS_C' || a.rel || '_' || a.num)::varchar(128), 'C', a.table_name, ARRAY[a.num], 0, 0,
           ('"' || a.column_name || '" IS NOT NULL')::varchar(4000), ' ', false, a.own
    FROM sys.attributes a WHERE a.required;
CREATE VIEW sys.all_constraints AS
    SELECT c.owner, c.constraint_name, c.constraint_type, c.table_name, c.search_condition,
           c.search_condition AS search_condition_vc, o.owner AS r_owner, o.constraint_name AS r_constraint_name,
           (CASE c.rule WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'a' THEN 'NO ACTION' END)::varchar(9) AS delete_rule,
           'ENABLED'::varchar(8) AS status,
           (CASE WHEN c.may_wait THEN 'DEFERRABLE' ELSE 'NOT DEFERRABLE' END)::varchar(14) AS deferrable,
           'IMMEDIATE'::varchar(9) AS deferred, 'VALIDATED'::varchar(13) AS validated,
           (CASE WHEN c.constraint_name LIKE 'SYS_C%' THEN 'GENERATED NAME' ELSE 'USER NAME' END)::varchar(14) AS generated,
           c.owner AS index_owner, (SELECT sys.shown(relname) FROM pg_class WHERE oid = c.index) AS index_name, c.own
    FROM sys.constraints c
    LEFT JOIN sys.constraints o ON c.constraint_type = 'R' AND o.rel = c.other AND o.index = c.index AND o.constraint_type IN ('P', 'U');
CREATE VIEW sys.user_constraints AS SELECT * FROM sys.all_constraints WHERE own;
CREATE VIEW sys.all_cons_columns AS
    SELECT c.owner, c.constraint_name, c.table_name, sys.shown(a.attname) AS column_name, k.place::numeric AS position, c.own
    FROM sys.constraints c CROSS JOIN LATERAL unnest(c.columns) WITH ORDINALITY AS k(num, place)
    JOIN pg_attribute a ON a.attrelid = c.rel AND a.attnum = k.num;
CREATE VIEW sys.user_cons_columns AS SELECT * FROM sys.all_cons_columns WHERE own;

CREATE VIEW sys.all_indexes AS
    SELECT r.owner, sys.shown(i.relname) AS index_name, 'NORMAL'::varchar(27) AS index_type, r.owner AS table_owner,
           r.shown_name AS table_name, 'TABLE'::varchar(11) AS table_type,
           (CASE WHEN x.indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END)::varchar(9) AS uniqueness, 'VALID'::varchar(8) AS status, r.own
    FROM sys.relations r JOIN pg_index x ON x.indrelid = r.rel JOIN pg_class i ON i.oid = x.indexrelid;
CREATE VIEW sys.user_indexes AS SELECT * FROM sys.all_indexes WHERE own;
CREATE VIEW sys.all_ind_columns AS
    SELECT r.owner AS index_owner, sys.shown(i.relname) AS index_name, r.owner AS table_owner, r.shown_name AS table_name,
           sys.shown(a.attname) AS column_name, k.place::numeric AS column_position, 'ASC'::varchar(4) AS descend, r.own
    FROM sys.relations r JOIN pg_index x ON x.indrelid = r.rel JOIN pg_class i ON i.oid = x.indexrelid
    CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(num, place)
    JOIN pg_attribute a ON a.attrelid = r.rel AND a.attnum = k.num;
CREATE VIEW sys.user_ind_columns AS SELECT * FROM sys.all_ind_columns WHERE own;

CREATE VIEW sys.all_objects AS
    SELECT r.owner, r.shown_name AS object_name, r.rel::bigint::numeric AS object_id,
           (CASE WHEN r.kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END)::varchar(23) AS object_type,
           'VALID'::varchar(7) AS status, NULL::oracle.date AS created, NULL::oracle.date AS last_ddl_time, r.own
    FROM sys.relations r;
CREATE VIEW sys.user_objects AS SELECT * FROM sys.all_objects WHERE own;
CREATE VIEW sys.all_synonyms AS
    SELECT ''::varchar(128) AS owner, ''::varchar(128) AS synonym_name, ''::varchar(128) AS table_owner,
           ''::varchar(128) AS table_name, ''::varchar(128) AS db_link WHERE false;
CREATE VIEW sys.all_tab_comments AS
    SELECT owner, shown_name AS table_name, (CASE WHEN kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END)::varchar(11) AS table_type,
           obj_description(rel, 'pg_class')::varchar(4000) AS comments, own FROM sys.relations;
CREATE VIEW sys.user_tab_comments AS SELECT * FROM sys.all_tab_comments WHERE own;
CREATE VIEW sys.all_col_comments AS
    SELECT owner, table_name, column_name, col_description(rel, num)::varchar(4000) AS comments, own FROM sys.attributes;
CREATE VIEW sys.user_col_comments AS SELECT * FROM sys.all_col_comments WHERE own;

CREATE FUNCTION sys.drop_primary_key(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    SELECT conname INTO STRICT name FROM pg_constraint WHERE conrelid = relation AND contype = 'p';
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', relation, name);
EXCEPTION WHEN no_data_found THEN
    RAISE EXCEPTION 'ORA-02441: Cannot drop nonexistent primary key';
END $$;
-- The check that counts a column's bytes carries its name.
CREATE FUNCTION sys.rename_check(relation regclass, old text, new text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND conname = 'ora$bytes$' || old) THEN
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', relation, 'ora$bytes$' || old, 'ora$bytes$' || new);
    END IF;
END $$;

-- Rights -----------------------------------------------------------------------------------------------------------

CREATE VIEW sys.all_tab_privs AS
    SELECT r.owner AS grantor, coalesce(sys.shown(g.rolname), 'PUBLIC') AS grantee, r.owner AS table_schema, r.owner,
           r.shown_name AS table_name, p.privilege_type::varchar(40) AS privilege,
           (CASE WHEN p.is_grantable THEN 'YES' ELSE 'NO' END)::varchar(3) AS grantable,
           (CASE WHEN r.kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END)::varchar(24) AS type
    FROM sys.relations r JOIN pg_class c ON c.oid = r.rel CROSS JOIN LATERAL aclexplode(c.relacl) p
    LEFT JOIN pg_roles g ON g.oid = p.grantee
    WHERE p.grantee <> c.relowner AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES');
CREATE VIEW sys.user_tab_privs AS SELECT * FROM sys.all_tab_privs WHERE sys.current_user_name() IN (grantee, owner);
CREATE VIEW sys.session_privs AS
    SELECT p::varchar(40) AS privilege FROM unnest(string_to_array(coalesce(sys.setting('privileges'), ''), ',')) AS p;
CREATE VIEW sys.user_sys_privs AS
    SELECT sys.current_user_name() AS username, privilege, 'NO'::varchar(3) AS admin_option FROM sys.session_privs;
CREATE VIEW sys.session_roles AS
    SELECT 'SELECT_CATALOG_ROLE'::varchar(128) AS role WHERE pg_has_role('pg_read_all_stats', 'member');
CREATE VIEW sys.all_users AS SELECT sys.shown(name) AS username, id::numeric AS user_id, created::oracle.date AS created FROM sys.accounts;
CREATE VIEW sys.user_users AS
    SELECT *, 'OPEN'::varchar(32) AS account_status, 'USERS'::varchar(30) AS default_tablespace FROM sys.all_users
    WHERE username = sys.current_user_name();

-- The instance and its sessions ------------------------------------------------------------------------------------

CREATE VIEW sys.v$version AS
    SELECT ('Oracle stand-in, release ' || sys.setting('release') || ', not an Oracle Database')::varchar(80) AS banner,
           ('Oracle stand-in, release ' || sys.setting('release') || ', not an Oracle Database')::varchar(160) AS banner_full,
           0::numeric AS con_id;
CREATE VIEW sys.product_component_version AS
    SELECT 'Oracle stand-in, not an Oracle Database'::varchar(80) AS product, sys.setting('release')::varchar(80) AS version,
           sys.setting('release')::varchar(160) AS version_full, 'Test'::varchar(80) AS status;
CREATE VIEW sys.v$instance AS
    SELECT 1::numeric AS instance_number, 'standin'::varchar(16) AS instance_name, 'localhost'::varchar(64) AS host_name,
           sys.setting('release')::varchar(17) AS version, sys.setting('release')::varchar(17) AS version_full,
           date_trunc('second', pg_postmaster_start_time())::oracle.date AS startup_time, 'OPEN'::varchar(12) AS status,
           'ACTIVE'::varchar(17) AS database_status, 'PRIMARY_INSTANCE'::varchar(18) AS instance_role;
CREATE VIEW sys.v$database AS
    SELECT 1::numeric AS dbid, 'STANDIN'::varchar(9) AS name, sys.current_scn() AS current_scn, 'READ WRITE'::varchar(20) AS open_mode,
           'ARCHIVELOG'::varchar(12) AS log_mode, 'PRIMARY'::varchar(16) AS database_role, 'STANDIN'::varchar(30) AS db_unique_name,
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
    FROM (VALUES ('NLS_CHARACTERSET', 'AL32UTF8'), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16'), ('NLS_RDBMS_VERSION', sys.setting('release')))
         AS p(name, value);

-- Filled by the stand-in before it is read.
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
CREATE VIEW sys.gv$transaction AS SELECT 1::numeric AS inst_id, * FROM sys.v$transaction;
CREATE VIEW sys.gv$instance AS SELECT 1::numeric AS inst_id, * FROM sys.v$instance;

GRANT SELECT ON ALL TABLES IN SCHEMA sys TO PUBLIC;
REVOKE ALL ON sys.sessions, sys.v$session, sys.v$transaction, sys.v$database, sys.v$instance, sys.v$parameter,
    sys.gv$session, sys.gv$transaction, sys.gv$instance, sys.dba_tables, sys.dba_tab_columns FROM PUBLIC;
GRANT SELECT ON sys.sessions, sys.v$session, sys.v$transaction, sys.v$database, sys.v$instance, sys.v$parameter,
    sys.gv$session, sys.gv$transaction, sys.gv$instance, sys.dba_tables, sys.dba_tab_columns TO pg_read_all_stats;
