-- Oracle's pseudo-tables, views, functions and operators, in the schema sys. Every account has sys in its search path
-- before PostgreSQL's own schema, so that the definitions here take precedence.

CREATE EXTENSION orafce;
CREATE SCHEMA sys;
GRANT USAGE ON SCHEMA sys, oracle TO PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The accounts; the schema of the same name belongs to each.
CREATE TABLE sys.accounts (name varchar(128) PRIMARY KEY, id serial, created timestamp(0) DEFAULT now());
-- The declared types of columns, in Oracle's spelling.
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
-- Microseconds since 2020: it grows with time, and that of a row is the time of its commit.
CREATE FUNCTION sys.scn(moment timestamptz) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(epoch FROM moment - timestamptz '2020-01-01 00:00:00+00') * 1000000)::numeric(38, 0)
$$;
CREATE FUNCTION sys.rowscn(writer xid) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT sys.scn(pg_xact_commit_timestamp(writer))
$$;
CREATE FUNCTION sys.current_scn() RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sys.setting('scn')::numeric $$;
CREATE FUNCTION sys.timestamp_to_scn(moment timestamptz) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT sys.scn(moment) $$;
CREATE FUNCTION sys.scn_to_timestamp(scn numeric) RETURNS timestamp LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.timestamp_pl_interval(timestamp '2020-01-01', scn * interval '1 microsecond')
$$;
CREATE FUNCTION sys.rowid(place tid) RETURNS varchar(18) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT 'AAAA' || upper(encode(tidsend(place), 'hex')) || 'AA'
$$;

-- FM is for all elements after it, where PostgreSQL takes it for the next one only.
CREATE FUNCTION sys.filled(format text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE place int := strpos(upper(format), 'FM');
BEGIN
    IF place = 0 THEN RETURN format; END IF;
    IF upper(substr(format, place + 2)) ~ '"|FM' THEN
        RAISE EXCEPTION 'ORA-03001: unimplemented feature (the emulator cannot do this: a second FM or texts in a format)';
    END IF;
    RETURN substr(format, 1, place - 1) || pg_catalog.regexp_replace(substr(format, place + 2),
        '(MONTH|MON|DAY|DY|DDD|DD|D|HH24|HH12|HH|MI|MM|SSSSS|SS|IYYY|YYYY|YY|Y|WW|IW|W|Q|J|CC)', 'FM\1', 'gi');
END $$;
-- PostgreSQL's names of the elements of a date format.
CREATE FUNCTION sys.elements(format text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.filled(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        format, 'XFF', '.FF', 'gi'), 'FF[7-9]?(?![0-9])', 'US', 'gi'), 'RRRR', 'YYYY', 'gi'), 'RR', 'YY', 'gi'), 'TZR', 'TZH:TZM', 'gi'))
$$;
CREATE FUNCTION sys.to_char(moment timestamp, format text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT pg_catalog.to_char(moment, sys.elements(format))
$$;
-- A text in the database's character set, as the emulator's own code has it for what clients send.
CREATE FUNCTION sys.in_charset(value text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE sys.setting('charset') WHEN 'WE8MSWIN1252'
        THEN regexp_replace(value, '[^\u0001-\u007f\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]', '¿', 'g') ELSE value END
$$;
CREATE FUNCTION sys.to_char(value text) RETURNS text LANGUAGE sql STABLE STRICT AS $$ SELECT sys.in_charset(value) $$;
CREATE FUNCTION sys.to_nchar(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value $$;
CREATE FUNCTION sys.unistr(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE letters text;
BEGIN
    EXECUTE 'SELECT U&' || chr(39) || replace(value, chr(39), chr(39) || chr(39)) || chr(39) INTO letters;
    RETURN letters;
END $$;
CREATE FUNCTION sys.to_char(moment timestamptz, format text) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT pg_catalog.to_char(moment, sys.elements(format))
$$;
-- Without a format, that of the session.
CREATE FUNCTION sys.to_char(moment oracle.date) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.to_char(moment::timestamp, coalesce(sys.setting('nls_date_format'), 'DD-MON-RR'))
$$;
CREATE FUNCTION sys.to_char(moment timestamp) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.to_char(moment, coalesce(sys.setting('nls_timestamp_format'), 'DD-MON-RR HH.MI.SSXFF AM'))
$$;
CREATE FUNCTION sys.to_char(moment timestamptz) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.to_char(moment, coalesce(sys.setting('nls_timestamp_tz_format'), 'DD-MON-RR HH.MI.SSXFF AM TZR'))
$$;
CREATE FUNCTION sys.read_moment(value text, format text) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE moment timestamptz;
BEGIN
    -- What the format leaves out is the first of the current month, at midnight.
    IF format !~* '[YR]' THEN
        value := to_char(statement_timestamp(), 'YYYY ') || value;
        format := 'YYYY ' || format;
    END IF;
    IF format !~* '(MM|MON|DDD|IW|WW|J|Q)' THEN
        value := to_char(statement_timestamp(), 'MM ') || value;
        format := 'MM ' || format;
    END IF;
    moment := pg_catalog.to_timestamp(value, sys.elements(format));
    IF length(value) > length(pg_catalog.to_char(moment, sys.elements(format))) THEN
        RAISE EXCEPTION 'ORA-01830: date format picture ends before converting entire input string';
    END IF;
    RETURN moment;
END $$;
CREATE FUNCTION sys.to_date(value text, format text) RETURNS oracle.date LANGUAGE sql STABLE STRICT AS $$
    SELECT (sys.read_moment(value, format) AT TIME ZONE current_setting('TimeZone'))::oracle.date
$$;
CREATE FUNCTION sys.to_date(value text) RETURNS oracle.date LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF sys.setting('nls_date_format') IS NULL THEN RETURN value::oracle.date; END IF;
    RETURN sys.to_date(value, sys.setting('nls_date_format'));
END $$;
CREATE FUNCTION sys.to_timestamp(value text, format text) RETURNS timestamp LANGUAGE sql STABLE STRICT AS $$
    SELECT sys.read_moment(value, format) AT TIME ZONE current_setting('TimeZone')
$$;
CREATE FUNCTION sys.to_timestamp(value text) RETURNS timestamp LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF sys.setting('nls_timestamp_format') IS NULL THEN RETURN value::timestamp; END IF;
    RETURN sys.to_timestamp(value, sys.setting('nls_timestamp_format'));
END $$;
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

-- The type of casts to TIMESTAMP WITH LOCAL TIME ZONE: a timestamptz under another name.
CREATE TYPE sys.ltz;
CREATE FUNCTION sys.ltz_in(cstring, oid, int4) RETURNS sys.ltz LANGUAGE internal STABLE STRICT AS 'timestamptz_in';
CREATE FUNCTION sys.ltz_out(sys.ltz) RETURNS cstring LANGUAGE internal STABLE STRICT AS 'timestamptz_out';
CREATE FUNCTION sys.ltz_recv(internal, oid, int4) RETURNS sys.ltz LANGUAGE internal STABLE STRICT AS 'timestamptz_recv';
CREATE FUNCTION sys.ltz_send(sys.ltz) RETURNS bytea LANGUAGE internal STABLE STRICT AS 'timestamptz_send';
CREATE TYPE sys.ltz (
    INPUT = sys.ltz_in, OUTPUT = sys.ltz_out, RECEIVE = sys.ltz_recv, SEND = sys.ltz_send, LIKE = timestamptz
);
CREATE CAST (sys.ltz AS timestamptz) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (timestamptz AS sys.ltz) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION sys.as_local(moment timestamp) RETURNS sys.ltz LANGUAGE sql STABLE STRICT AS $$
    SELECT moment::timestamptz::sys.ltz
$$;
CREATE CAST (timestamp AS sys.ltz) WITH FUNCTION sys.as_local AS ASSIGNMENT;

-- Dates are counted in days.
CREATE FUNCTION sys.later(moment timestamp, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT pg_catalog.timestamp_pl_interval(moment, round(days * 86400) * interval '1 second')::oracle.date
$$;
CREATE FUNCTION sys.earlier(moment timestamp, days numeric) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT pg_catalog.timestamp_mi_interval(moment, round(days * 86400) * interval '1 second')::oracle.date
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
-- A day that the month lacks is an error, where PostgreSQL takes the last one.
CREATE FUNCTION sys.shifted(moment timestamp, span interval) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE months int := extract(year FROM span) * 12 + extract(month FROM span);
BEGIN
    IF extract(day FROM pg_catalog.timestamp_pl_interval(moment, months * interval '1 month')) <> extract(day FROM moment) THEN
        RAISE EXCEPTION 'ORA-01839: date not valid for month specified';
    END IF;
    RETURN pg_catalog.timestamp_pl_interval(moment, span);
END $$;
CREATE FUNCTION sys.plus(moment timestamp, span interval) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment, span) $$;
CREATE FUNCTION sys.minus(moment timestamp, span interval) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment, -span) $$;
CREATE FUNCTION sys.plus(moment oracle.date, span interval) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment::timestamp, span)::oracle.date $$;
CREATE FUNCTION sys.minus(moment oracle.date, span interval) RETURNS oracle.date LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment::timestamp, -span)::oracle.date $$;
CREATE FUNCTION sys.plus(moment timestamptz, span interval) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment AT TIME ZONE 'UTC', span) AT TIME ZONE 'UTC' $$;
CREATE FUNCTION sys.minus(moment timestamptz, span interval) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.shifted(moment AT TIME ZONE 'UTC', -span) AT TIME ZONE 'UTC' $$;
CREATE OPERATOR sys.+ (LEFTARG = timestamp, RIGHTARG = interval, FUNCTION = sys.plus);
CREATE OPERATOR sys.- (LEFTARG = timestamp, RIGHTARG = interval, FUNCTION = sys.minus);
CREATE OPERATOR sys.+ (LEFTARG = oracle.date, RIGHTARG = interval, FUNCTION = sys.plus);
CREATE OPERATOR sys.- (LEFTARG = oracle.date, RIGHTARG = interval, FUNCTION = sys.minus);
CREATE OPERATOR sys.+ (LEFTARG = timestamptz, RIGHTARG = interval, FUNCTION = sys.plus);
CREATE OPERATOR sys.- (LEFTARG = timestamptz, RIGHTARG = interval, FUNCTION = sys.minus);

-- Numbers: a quotient of whole numbers need not be whole.
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

-- A number as text has no zero before its point, and none at its end.
CREATE FUNCTION sys.digits(value numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT regexp_replace(pg_catalog.numeric_out(pg_catalog.trim_scale(value))::text, '^(-?)0\.', '\1.')
$$;
CREATE FUNCTION sys.to_char(value numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.digits(value) $$;
CREATE FUNCTION sys.to_char(value bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.digits(value::numeric) $$;
CREATE FUNCTION sys.to_char(value int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.digits(value::numeric) $$;
-- A number that does not fit its format is `#` in all places, that of its sign too.
CREATE FUNCTION sys.formatted(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN written LIKE '%#%' THEN repeat('#', length(written)) ELSE written END
$$;
CREATE FUNCTION sys.to_char(value numeric, format text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.formatted(pg_catalog.to_char(value, format))
$$;
CREATE FUNCTION sys.to_char(value bigint, format text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.formatted(pg_catalog.to_char(value, format))
$$;
CREATE FUNCTION sys.to_char(value int, format text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.formatted(pg_catalog.to_char(value, format))
$$;
CREATE FUNCTION sys.to_char(value float8) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RAISE EXCEPTION 'ORA-03001: unimplemented feature (the emulator cannot do this: TO_CHAR of a binary number)';
END $$;
CREATE CAST (numeric AS text) WITH FUNCTION sys.digits(numeric) AS ASSIGNMENT;
CREATE CAST (numeric AS varchar) WITH FUNCTION sys.digits(numeric) AS ASSIGNMENT;
CREATE FUNCTION sys.char_digits(value numeric) RETURNS bpchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT sys.digits(value)::bpchar $$;
CREATE CAST (numeric AS bpchar) WITH FUNCTION sys.char_digits(numeric) AS ASSIGNMENT;

-- Functions of whole numbers have numbers as their results, not binary ones.
CREATE FUNCTION sys.sign(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sign(value) $$;
CREATE FUNCTION sys.sqrt(value numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sqrt(value) $$;
CREATE FUNCTION sys.power(base numeric, exponent numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT pg_catalog.power(base, exponent)
$$;
CREATE FUNCTION sys.sign(value int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sign(value::numeric) $$;
CREATE FUNCTION sys.sqrt(value int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sqrt(value::numeric) $$;
CREATE FUNCTION sys.sign(value bigint) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sign(value::numeric) $$;
CREATE FUNCTION sys.sqrt(value bigint) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.sqrt(value::numeric) $$;
CREATE FUNCTION sys.power(base int, exponent int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT pg_catalog.power(base::numeric, exponent) $$;

-- Texts: NULL concatenates as an empty text, and the empty text is NULL.
CREATE FUNCTION sys.joined(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, b), '')
$$;
CREATE OPERATOR sys.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = sys.joined);
CREATE FUNCTION sys.joined(a numeric, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(sys.digits(a), b), '')
$$;
CREATE FUNCTION sys.joined(a text, b numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.concat(a, sys.digits(b)), '')
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
CREATE FUNCTION sys.ltrim(value text, what text DEFAULT ' ') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.ltrim(value, what), '')
$$;
CREATE FUNCTION sys.rtrim(value text, what text DEFAULT ' ') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.rtrim(value, what), '')
$$;
CREATE FUNCTION sys.substr(value text, place numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(oracle.substr(value, place::int), '')
$$;
CREATE FUNCTION sys.substr(value text, place numeric, count numeric) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN count >= 1 THEN nullif(oracle.substr(value, place::int, count::int), '') END
$$;
CREATE FUNCTION sys.substr(value text, place int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.substr(value, place::numeric)
$$;
CREATE FUNCTION sys.substr(value text, place int, count int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT sys.substr(value, place::numeric, count::numeric)
$$;
-- There is no place 0.
CREATE FUNCTION sys.instr(value text, part text, place int, nth int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN place = 0 THEN 0 ELSE oracle.instr(value, part, place, nth) END
$$;
CREATE FUNCTION sys.translate(value text, what text, by text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT nullif(pg_catalog.translate(value, what, by), '')
$$;
CREATE FUNCTION sys.regexp_replace(value text, pattern text, by text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.regexp_replace(value, pattern, coalesce(by, ''), 'g'), '')
$$;
CREATE FUNCTION sys.concat(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT sys.joined(a, b) $$;
CREATE FUNCTION sys.replace(value text, what text, by text DEFAULT NULL) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(pg_catalog.replace(value, coalesce(what, ''), coalesce(by, '')), '')
$$;
CREATE SCHEMA dbms_lob;
GRANT USAGE ON SCHEMA dbms_lob TO PUBLIC;
CREATE FUNCTION dbms_lob.compare(a text, b text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN a = b THEN 0 WHEN a < b THEN -1 ELSE 1 END::numeric
$$;
CREATE FUNCTION dbms_lob.compare(a bytea, b bytea) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN a = b THEN 0 WHEN a < b THEN -1 ELSE 1 END::numeric
$$;
CREATE FUNCTION dbms_lob.getlength(a text) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT length(a)::numeric $$;
CREATE FUNCTION dbms_lob.getlength(a bytea) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT length(a)::numeric $$;
CREATE FUNCTION sys.to_clob(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value $$;
CREATE FUNCTION sys.rawtohex(value bytea) RETURNS varchar(4000) LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT upper(encode(value, 'hex'))
$$;
CREATE FUNCTION sys.hextoraw(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT decode(value, 'hex') $$;
CREATE FUNCTION sys.standard_hash(value text, method text DEFAULT 'SHA1') RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF upper(method) NOT IN ('MD5', 'SHA256', 'SHA384', 'SHA512') THEN
        RAISE EXCEPTION 'ORA-03001: unimplemented feature (the emulator cannot do this: STANDARD_HASH by %)', method;
    END IF;
    RETURN CASE upper(method)
        WHEN 'MD5' THEN decode(md5(value), 'hex') WHEN 'SHA256' THEN sha256(convert_to(value, 'UTF8'))
        WHEN 'SHA384' THEN sha384(convert_to(value, 'UTF8')) WHEN 'SHA512' THEN sha512(convert_to(value, 'UTF8')) END;
END $$;
CREATE FUNCTION sys.sys_guid() RETURNS bytea LANGUAGE sql VOLATILE AS $$ SELECT uuid_send(gen_random_uuid()) $$;
CREATE FUNCTION sys.sys_context(space text, name text) RETURNS varchar(256) LANGUAGE sql STABLE AS $$
    SELECT CASE upper(name)
        WHEN 'SESSION_USER' THEN sys.shown(session_user)
        WHEN 'CURRENT_USER' THEN sys.shown(current_user)
        WHEN 'CURRENT_SCHEMA' THEN sys.shown(current_schema())
        WHEN 'DB_NAME' THEN 'STANDIN' WHEN 'DB_UNIQUE_NAME' THEN 'STANDIN' WHEN 'INSTANCE_NAME' THEN 'standin'
        ELSE sys.setting(lower(name)) END
$$;
CREATE FUNCTION sys.userenv(name text) RETURNS varchar(256) LANGUAGE sql STABLE AS $$
    SELECT sys.sys_context('USERENV', name)
$$;
-- A CHAR that is compared with a VARCHAR2 is compared with its blanks: the VARCHAR2 does not become a CHAR.
UPDATE pg_catalog.pg_cast SET castcontext = 'a'
    WHERE casttarget = 'bpchar'::regtype AND castsource IN ('text'::regtype, 'varchar'::regtype);
-- Oracle keeps the blanks of a CHAR where it becomes a VARCHAR2; PostgreSQL would remove them.
UPDATE pg_catalog.pg_cast SET castfunc = 0, castmethod = 'b'
    WHERE castsource = 'bpchar'::regtype AND casttarget IN ('text'::regtype, 'varchar'::regtype);
