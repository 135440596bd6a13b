-- Some of everything PostgreSQL has, for pulling it out again.

CREATE EXTENSION citext;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;

CREATE SCHEMA app;
CREATE SCHEMA "Odd Name";
COMMENT ON SCHEMA app IS 'the application''s own';

CREATE COLLATION app.ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TYPE app.status AS ENUM ('new', 'in progress', 'it''s done');
CREATE TYPE app.address AS (street text, number integer, city text COLLATE "C");
CREATE TYPE app.float_range AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE DOMAIN app.email AS citext CONSTRAINT email_form CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE DOMAIN app.amount AS numeric(12, 2) DEFAULT 0 NOT NULL CHECK (VALUE >= 0);
COMMENT ON TYPE app.status IS 'how far it is';
COMMENT ON DOMAIN app.amount IS 'money';

CREATE SEQUENCE app.numbers AS integer INCREMENT BY 10 MINVALUE 10 MAXVALUE 1000000 START WITH 100 CACHE 5 CYCLE;
CREATE SEQUENCE app.backwards INCREMENT BY -1;

CREATE FUNCTION app.price(net numeric, rate numeric DEFAULT 0.2) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5
    AS $$ SELECT net * (1 + rate) $$;
CREATE FUNCTION app.split(IN whole text, OUT head text, OUT tail text)
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, app
    AS $body$
BEGIN
    head := split_part(whole, ' ', 1); -- the first word
    tail := substr(whole, length(head) + 2);
END
$body$;
CREATE FUNCTION app.several(VARIADIC numbers integer[]) RETURNS SETOF integer
    LANGUAGE sql STABLE ROWS 10 AS 'SELECT unnest(numbers)';
CREATE FUNCTION app.one() RETURNS integer LANGUAGE sql RETURN 1;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed := now();
    RETURN NEW;
END $$;
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE FUNCTION app.larger(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE
    AS 'SELECT greatest($1, $2)';
CREATE AGGREGATE app.largest(numeric) (SFUNC = app.larger, STYPE = numeric, INITCOND = '0');
COMMENT ON FUNCTION app.price(numeric, numeric) IS 'with taxes';

CREATE TABLE app.teams (
    id smallserial PRIMARY KEY,
    name text COLLATE app.ignoring_case UNIQUE,
    captain bigint
);

CREATE TABLE app.people (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 INCREMENT BY 2) PRIMARY KEY,
    team smallint REFERENCES app.teams ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    email app.email NOT NULL,
    home app.address,
    status app.status DEFAULT 'new' NOT NULL,
    history app.status[] DEFAULT '{}',
    born date,
    name text NOT NULL,
    initial text GENERATED ALWAYS AS (upper("left"(name, 1))) STORED,
    notes text,
    "Mixed Case" integer DEFAULT 7,
    changed timestamptz DEFAULT now(),
    CONSTRAINT "people: born" CHECK (born > '1900-01-01') NO INHERIT,
    CONSTRAINT people_email UNIQUE NULLS NOT DISTINCT (email, born) INCLUDE (name)
);
ALTER TABLE app.teams ADD CONSTRAINT teams_captain FOREIGN KEY (captain) REFERENCES app.people NOT VALID;
ALTER TABLE app.people ADD CONSTRAINT people_later CHECK (length(name) > 1) NOT VALID;
ALTER TABLE app.people ALTER COLUMN notes SET STORAGE EXTERNAL;
ALTER TABLE app.people ALTER COLUMN notes SET STATISTICS 500;
ALTER TABLE app.people ALTER COLUMN born SET (n_distinct = 200);
ALTER TABLE app.people REPLICA IDENTITY FULL;
COMMENT ON TABLE app.people IS E'people\nof all kinds';
COMMENT ON COLUMN app.people."Mixed Case" IS 'quoted';
COMMENT ON CONSTRAINT people_email ON app.people IS 'one each';

CREATE INDEX people_name ON app.people USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX people_lower ON app.people (lower(name) DESC NULLS LAST, born) INCLUDE (id) WHERE status <> 'new';
CREATE UNIQUE INDEX people_hashed ON app.people (app.price(id::numeric));
CREATE STATISTICS app.people_statistics (ndistinct, dependencies) ON team, born FROM app.people;
ALTER STATISTICS app.people_statistics SET STATISTICS 300;
COMMENT ON INDEX app.people_name IS 'for the search';
CREATE INDEX people_born ON app.people (born);
ALTER TABLE app.people CLUSTER ON people_born;

CREATE TRIGGER people_touch BEFORE UPDATE OF name, notes ON app.people
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION app.touch();
CREATE CONSTRAINT TRIGGER people_check AFTER INSERT ON app.people DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER people_off AFTER DELETE ON app.people FOR EACH STATEMENT EXECUTE FUNCTION app.touch();
ALTER TABLE app.people DISABLE TRIGGER people_off;
ALTER TABLE app.people ENABLE ALWAYS TRIGGER people_touch;
CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')
    EXECUTE FUNCTION app.watch();

ALTER TABLE app.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.people FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON app.people USING (email = CURRENT_USER::citext) WITH CHECK (true);
CREATE POLICY monitors ON app.people AS RESTRICTIVE FOR SELECT TO pg_monitor USING (id > 0);

CREATE TABLE app.bookings (
    room integer,
    during tstzrange,
    EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0)
) WITH (fillfactor = 80, autovacuum_enabled = false);
CREATE RULE bookings_keep AS ON DELETE TO app.bookings WHERE OLD.room = 1 DO INSTEAD NOTHING;

CREATE UNLOGGED TABLE app.cache (key text PRIMARY KEY, value jsonb DEFAULT '{"a": [1, null]}');
CREATE TABLE app.nothing ();
CREATE TABLE app.places OF app.address (street WITH OPTIONS NOT NULL);

CREATE TABLE app.documents (id bigint PRIMARY KEY, title text NOT NULL DEFAULT 'untitled');
CREATE TABLE app.letters (recipient text, CHECK (recipient <> '')) INHERITS (app.documents);
CREATE TABLE app.invoices (due date, title text DEFAULT 'invoice') INHERITS (app.documents);

CREATE TABLE app.events (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    at timestamptz NOT NULL,
    kind text DEFAULT 'visit',
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
    PARTITION BY RANGE (at);
CREATE TABLE app.events_2026_first PARTITION OF app.events_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE app.events_2026_rest PARTITION OF app.events_2026 DEFAULT;
CREATE INDEX events_kind ON app.events (kind, at DESC);
CREATE INDEX events_2025_own ON app.events_2025 (at);
CREATE TABLE app.notes (
    event bigint,
    at timestamptz,
    FOREIGN KEY (event, at) REFERENCES app.events
);
CREATE TABLE app.buckets (id integer) PARTITION BY HASH (id);
CREATE TABLE app.buckets_0 PARTITION OF app.buckets FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.buckets_1 PARTITION OF app.buckets FOR VALUES WITH (MODULUS 2, REMAINDER 1);

CREATE TABLE "Odd Name"."Order" ("from" integer DEFAULT nextval('app.numbers'), "a""b" text);
CREATE SEQUENCE "Odd Name"."Sequence" OWNED BY "Odd Name"."Order"."from";
CREATE INDEX "Index: it" ON "Odd Name"."Order" ("a""b");

CREATE VIEW app.adults WITH (security_barrier = true) AS
    SELECT id, name, email, app.price(id) AS priced FROM app.people WHERE born < '2007-01-01'
    WITH LOCAL CHECK OPTION;
CREATE VIEW app.adult_names AS SELECT name FROM app.adults ORDER BY name LIMIT 10;
CREATE RECURSIVE VIEW app.counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
ALTER VIEW app.adults ALTER COLUMN name SET DEFAULT 'nobody';
COMMENT ON VIEW app.adults IS 'grown up';
COMMENT ON COLUMN app.adults.priced IS 'with taxes';
CREATE MATERIALIZED VIEW app.totals AS
    SELECT team, count(*) AS people, app.largest(id) AS last FROM app.people GROUP BY team;
CREATE UNIQUE INDEX totals_team ON app.totals (team);
CREATE MATERIALIZED VIEW app.later WITH (fillfactor = 70) AS SELECT people FROM app.totals WITH NO DATA;
CREATE PROCEDURE app.refresh(INOUT times integer DEFAULT 1) LANGUAGE plpgsql AS $$
BEGIN
    REFRESH MATERIALIZED VIEW app.totals;
END $$;

GRANT USAGE ON SCHEMA app TO pg_monitor;
GRANT SELECT, INSERT ON app.people TO pg_monitor WITH GRANT OPTION;
GRANT SELECT (id, name) ON app.people TO pg_read_all_stats;
GRANT SELECT ON app.adults, app.totals TO PUBLIC;
REVOKE EXECUTE ON FUNCTION app.one() FROM PUBLIC;
GRANT USAGE ON SEQUENCE app.backwards TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor;
