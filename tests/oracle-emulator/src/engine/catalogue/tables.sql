-- The objects that an account can see: tables, columns, constraints, privileges.

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

-- The relations that an account can see.
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
           pg_get_expr(f.adbin, f.adrelid) AS value, a.attidentity AS identity, a.attgenerated AS generated
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
           'YES'::varchar(3) AS logging, 'NO'::varchar(3) AS nested, NULL::varchar(30) AS iot_type, NULL::varchar(128) AS iot_name,
           'DISABLED'::varchar(8) AS compression, NULL::varchar(30) AS compress_for, r.own
    FROM sys.relations r LEFT JOIN sys.traits t USING (rel) LEFT JOIN pg_stat_all_tables s ON s.relid = r.rel
    WHERE r.kind IN ('r', 'p');
CREATE VIEW sys.user_tables AS SELECT * FROM sys.all_tables WHERE own;
CREATE VIEW sys.dba_tables AS SELECT * FROM sys.all_tables;

CREATE VIEW sys.all_tab_columns AS
    SELECT owner, table_name, column_name,
           (CASE WHEN type LIKE 'TIMESTAMP%' OR type LIKE 'INTERVAL%' THEN type ELSE regexp_replace(type, '\(.*', '') END)::varchar(128) AS data_type,
           NULL::varchar(3) AS data_type_mod, NULL::varchar(128) AS data_type_owner,
           (CASE WHEN type LIKE 'NUMBER%' OR type LIKE 'FLOAT%' THEN 22
                 WHEN type = 'DATE' THEN 7 WHEN type LIKE '%WITH TIME ZONE' THEN 13 WHEN type LIKE 'TIMESTAMP%' THEN 11
                 WHEN type LIKE 'INTERVAL Y%' THEN 5 WHEN type LIKE 'INTERVAL D%' THEN 11 WHEN type = 'BOOLEAN' THEN 1
                 WHEN type LIKE 'N%CHAR%' THEN substring(type FROM '\((\d+)')::int * 2
                 WHEN type = 'BINARY_DOUBLE' THEN 8 WHEN type = 'BINARY_FLOAT' THEN 4
                 WHEN type IN ('CLOB', 'NCLOB', 'BLOB') THEN 4000 WHEN type = 'LONG' THEN 0
                 WHEN type LIKE '%CHAR)' THEN least(substring(type FROM '\((\d+)')::int * 4, 4000)
                 ELSE substring(type FROM '\((\d+)')::int END)::numeric AS data_length,
           (CASE WHEN type LIKE 'NUMBER%' OR type LIKE 'FLOAT%' OR type LIKE 'INTERVAL%'
                 THEN substring(type FROM '\((\d+)') END)::numeric AS data_precision,
           (CASE WHEN type LIKE 'NUMBER%' THEN substring(type FROM ',(-?\d+)')
                 WHEN type LIKE 'TIMESTAMP%' THEN substring(type FROM '\((\d+)')
                 WHEN type LIKE 'INTERVAL D%' THEN substring(type FROM 'SECOND\((\d+)')
                 WHEN type LIKE 'INTERVAL%' THEN '0' END)::numeric AS data_scale,
           (CASE WHEN required THEN 'N' ELSE 'Y' END)::varchar(1) AS nullable, place::numeric AS column_id,
           value::varchar(4000) AS data_default, length(value)::numeric AS default_length,
           NULL::numeric AS num_distinct, NULL::bytea AS low_value, NULL::bytea AS high_value, NULL::numeric AS density,
           NULL::numeric AS num_nulls, NULL::numeric AS num_buckets, NULL::oracle.date AS last_analyzed, NULL::numeric AS sample_size,
           'NO'::varchar(3) AS global_stats, 'NO'::varchar(3) AS user_stats, NULL::numeric AS avg_col_len, 'NONE'::varchar(15) AS histogram,
           'NO'::varchar(3) AS v80_fmt_image, 'YES'::varchar(3) AS data_upgraded, NULL::numeric AS char_col_decl_length,
           (CASE WHEN type LIKE '%CHAR%' THEN substring(type FROM '\((\d+)') ELSE '0' END)::numeric AS char_length,
           (CASE WHEN type LIKE '%CHAR)' OR type LIKE 'N%CHAR%' THEN 'C' WHEN type LIKE '%CHAR%' THEN 'B' END)::varchar(1) AS char_used,
           (CASE WHEN type LIKE 'N%CHAR%' OR type = 'NCLOB' THEN 'NCHAR_CS'
                 WHEN type LIKE '%CHAR%' OR type IN ('CLOB', 'LONG') THEN 'CHAR_CS' END)::varchar(44) AS character_set_name,
           'NO'::varchar(3) AS hidden_column, (CASE generated WHEN '' THEN 'NO' ELSE 'YES' END)::varchar(3) AS virtual_column,
           (CASE identity WHEN '' THEN 'NO' ELSE 'YES' END)::varchar(3) AS identity_column,
           place::numeric AS internal_column_id, 'YES'::varchar(3) AS user_generated, 'NO'::varchar(3) AS default_on_null, own
    FROM sys.attributes;
CREATE VIEW sys.all_tab_identity_cols AS
    SELECT owner, table_name, column_name, (CASE identity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END)::varchar(10) AS generation_type,
           NULL::varchar(128) AS sequence_name, 'START WITH: 1, INCREMENT BY: 1, MAX_VALUE: 9223372036854775807, MIN_VALUE: 1, CYCLE_FLAG: N, CACHE_SIZE: 1, ORDER_FLAG: N'::varchar(298) AS identity_options, own
    FROM sys.attributes WHERE identity <> '';
CREATE VIEW sys.all_tab_cols AS SELECT * FROM sys.all_tab_columns;
CREATE VIEW sys.user_tab_columns AS SELECT * FROM sys.all_tab_columns WHERE own;
CREATE VIEW sys.user_tab_cols AS SELECT * FROM sys.all_tab_columns WHERE own;
CREATE VIEW sys.dba_tab_columns AS SELECT * FROM sys.all_tab_columns;

-- The texts of views, in Oracle's SQL.
CREATE TABLE sys.view_texts (space name, name name, text text NOT NULL, PRIMARY KEY (space, name));
GRANT SELECT, INSERT, UPDATE ON sys.view_texts TO PUBLIC;
CREATE FUNCTION sys.note_view(relation regclass, text text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO sys.view_texts
    SELECT n.nspname, c.relname, text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
    ON CONFLICT (space, name) DO UPDATE SET text = excluded.text
$$;
CREATE VIEW sys.all_views AS
    SELECT r.owner, r.shown_name AS view_name, length(v.text)::numeric AS text_length, v.text, 'N'::varchar(1) AS read_only,
           r.own
    FROM sys.relations r LEFT JOIN sys.view_texts v ON (v.space, v.name) = (r.space, r.name) WHERE r.kind IN ('v', 'm');
CREATE VIEW sys.user_views AS SELECT * FROM sys.all_views WHERE own;
INSERT INTO sys.declared SELECT attrelid, attnum, 'LONG' FROM pg_attribute
    WHERE attrelid IN ('sys.all_views'::regclass, 'sys.user_views'::regclass) AND attname = 'text';

-- The relation of a synonym. One that was dropped is no longer a relation.
CREATE TABLE sys.synonyms (rel oid PRIMARY KEY, target oid NOT NULL);
GRANT SELECT, INSERT ON sys.synonyms TO PUBLIC;
CREATE VIEW sys.all_synonyms AS
    SELECT r.owner, r.shown_name AS synonym_name, t.owner AS table_owner, t.shown_name AS table_name,
           NULL::varchar(128) AS db_link
    FROM sys.synonyms s JOIN sys.relations r ON r.rel = s.rel JOIN sys.relations t ON t.rel = s.target;

CREATE VIEW sys.constraints AS
    SELECT r.rel, k.oid AS id, r.owner, sys.shown(k.conname) AS constraint_name,
           (CASE k.contype WHEN 'p' THEN 'P' WHEN 'u' THEN 'U' WHEN 'f' THEN 'R' ELSE 'C' END)::varchar(1) AS constraint_type,
           r.shown_name AS table_name, k.conkey AS columns, k.confrelid AS other, k.conindid AS index,
           (CASE k.contype WHEN 'c' THEN regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), '^CHECK \((.*)\)$', '\1'), '::[a-z][a-z ]*(\([0-9,]+\))?', '', 'g') END)::varchar(4000) AS search_condition,
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
           (CASE WHEN x.indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END)::varchar(9) AS uniqueness, 'VALID'::varchar(8) AS status,
           'DISABLED'::varchar(13) AS compression, NULL::numeric AS prefix_length, r.own
    FROM sys.relations r JOIN pg_index x ON x.indrelid = r.rel JOIN pg_class i ON i.oid = x.indexrelid;
CREATE VIEW sys.user_indexes AS SELECT * FROM sys.all_indexes WHERE own;
CREATE VIEW sys.all_ind_columns AS
    SELECT r.owner AS index_owner, sys.shown(i.relname) AS index_name, r.owner AS table_owner, r.shown_name AS table_name,
           sys.shown(a.attname) AS column_name, k.place::numeric AS column_position, 'ASC'::varchar(4) AS descend, r.own
    FROM sys.relations r JOIN pg_index x ON x.indrelid = r.rel JOIN pg_class i ON i.oid = x.indexrelid
    CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(num, place)
    JOIN pg_attribute a ON a.attrelid = r.rel AND a.attnum = k.num;
CREATE VIEW sys.all_triggers AS
    SELECT r.owner, sys.shown(t.tgname) AS trigger_name, r.owner AS table_owner, r.shown_name AS table_name,
           (CASE WHEN t.tgenabled = 'D' THEN 'DISABLED' ELSE 'ENABLED' END)::varchar(8) AS status, r.own
    FROM sys.relations r JOIN pg_trigger t ON t.tgrelid = r.rel AND NOT t.tgisinternal;
CREATE VIEW sys.user_ind_columns AS SELECT * FROM sys.all_ind_columns WHERE own;

CREATE VIEW sys.all_objects AS
    SELECT r.owner, r.shown_name AS object_name, r.rel::bigint::numeric AS object_id,
           (CASE WHEN r.kind IN ('v', 'm') THEN 'VIEW' ELSE 'TABLE' END)::varchar(23) AS object_type,
           'VALID'::varchar(7) AS status, NULL::oracle.date AS created, NULL::oracle.date AS last_ddl_time, r.own
    FROM sys.relations r;
CREATE VIEW sys.user_objects AS SELECT * FROM sys.all_objects WHERE own;
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
-- The name of the check that counts a column's bytes ends with the column's name.
CREATE FUNCTION sys.rename_check(relation regclass, old text, new text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND conname = 'ora$bytes$' || old) THEN
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', relation, 'ora$bytes$' || old, 'ora$bytes$' || new);
    END IF;
END $$;

-- Views ------------------------------------------------------------------------------------------------------------

-- Oracle's views refer to tables by name: a table may be dropped or renamed under them, and replaced by another one.
-- PostgreSQL's refer to the table itself. So views are dropped before that, and created again where possible.
CREATE TABLE sys.late_views (place serial, space name, name name, definition text, types text[]);
GRANT SELECT, INSERT, DELETE ON sys.late_views TO PUBLIC;
GRANT USAGE ON SEQUENCE sys.late_views_place_seq TO PUBLIC;
CREATE FUNCTION sys.detach_views(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
    FOR one IN
        WITH RECURSIVE readers AS (
            SELECT relation::oid AS rel, 0 AS depth
            UNION
            SELECT w.ev_class, r.depth + 1 FROM readers r
            JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.rel AND d.classid = 'pg_rewrite'::regclass
            JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> r.rel
        )
        SELECT r.rel, max(r.depth) AS depth, n.nspname AS space, c.relname AS name
        FROM readers r JOIN pg_class c ON c.oid = r.rel JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE r.depth > 0 GROUP BY r.rel, n.nspname, c.relname ORDER BY 2
    LOOP
        INSERT INTO sys.late_views (space, name, definition, types)
        VALUES (one.space, one.name, pg_get_viewdef(one.rel),
                ARRAY(SELECT d.type FROM pg_attribute a LEFT JOIN sys.declared d ON d.rel = a.attrelid AND d.num = a.attnum
                      WHERE a.attrelid = one.rel AND a.attnum > 0 ORDER BY a.attnum));
    END LOOP;
    FOR one IN
        SELECT v.space, v.name FROM sys.late_views v WHERE to_regclass(format('%I.%I', v.space, v.name)) IS NOT NULL
        ORDER BY v.place DESC
    LOOP
        EXECUTE format('DROP VIEW IF EXISTS %I.%I', one.space, one.name);
    END LOOP;
END $$;
CREATE FUNCTION sys.attach_views() RETURNS void LANGUAGE plpgsql AS $$
DECLARE late record;
BEGIN
    FOR late IN SELECT * FROM sys.late_views ORDER BY place LOOP
        BEGIN
            IF to_regclass(format('%I.%I', late.space, late.name)) IS NULL THEN
                EXECUTE format('CREATE VIEW %I.%I AS %s', late.space, late.name, late.definition);
                INSERT INTO sys.declared
                SELECT format('%I.%I', late.space, late.name)::regclass, t.num, t.type
                FROM unnest(late.types) WITH ORDINALITY AS t(type, num) WHERE t.type IS NOT NULL
                ON CONFLICT (rel, num) DO UPDATE SET type = excluded.type;
            END IF;
            DELETE FROM sys.late_views WHERE place = late.place;
        EXCEPTION WHEN OTHERS THEN
            NULL; -- It is invalid as long as what it reads is not there.
        END;
    END LOOP;
END $$;

-- Privileges -----------------------------------------------------------------------------------------------------------

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

-- What clients ask for and the emulator has none of, or little ---------------------------------------------------------

CREATE VIEW sys.all_mviews AS
    SELECT owner, view_name AS mview_name, NULL::varchar(128) AS container_name, text AS query, text_length AS query_len FROM sys.all_views WHERE false;
CREATE VIEW sys.all_mview_comments AS
    SELECT owner, mview_name, NULL::varchar(4000) AS comments FROM sys.all_mviews;
CREATE VIEW sys.all_db_links AS
    SELECT NULL::varchar(128) AS owner, NULL::varchar(128) AS db_link, NULL::varchar(128) AS username, NULL::varchar(2000) AS host,
           NULL::oracle.date AS created WHERE false;
CREATE VIEW sys.all_ind_expressions AS
    SELECT NULL::varchar(128) AS index_owner, NULL::varchar(128) AS index_name, NULL::varchar(128) AS table_owner,
           NULL::varchar(128) AS table_name, NULL::text AS column_expression, NULL::numeric AS column_position WHERE false;
CREATE VIEW sys.all_sequences AS
    SELECT sys.shown(s.schemaname) AS sequence_owner, sys.shown(s.sequencename) AS sequence_name, s.min_value::numeric AS min_value,
           s.max_value::numeric AS max_value, s.increment_by::numeric AS increment_by,
           (CASE WHEN s.cycle THEN 'Y' ELSE 'N' END)::varchar(1) AS cycle_flag, 'N'::varchar(1) AS order_flag,
           s.cache_size::numeric AS cache_size, coalesce(s.last_value, s.start_value)::numeric AS last_number,
           s.schemaname = current_schema() AS own
    FROM pg_sequences s JOIN sys.accounts a ON a.name = s.schemaname;
CREATE VIEW sys.user_sequences AS SELECT * FROM sys.all_sequences WHERE own;
