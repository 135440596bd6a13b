-- A composite type that a column has gets an attribute, loses one, and one changes its type.

-- ## with
-- other-values people.home

-- ## before
CREATE TYPE address AS (street text, number integer, city text);
CREATE TABLE people (
    id integer PRIMARY KEY,
    home address
);

-- ## rows
INSERT INTO people VALUES (1, ROW('Main', 7, 'Bern'));

-- ## after
CREATE TYPE address AS (street text, city text, country text);
CREATE TABLE people (
    id integer PRIMARY KEY,
    home address
);

-- ## up
-- changes composite type public.address
ALTER TYPE public.address DROP ATTRIBUTE number, ADD ATTRIBUTE country text;

-- ## down
ALTER TYPE public.address RENAME TO address__dbs_old;

CREATE TYPE public.address AS (
    street text,
    number integer,
    city text
);

ALTER TABLE public.people ALTER COLUMN home TYPE public.address USING CASE WHEN home IS DISTINCT FROM NULL THEN ROW((home).street, NULL, (home).city)::public.address END;

DROP TYPE public.address__dbs_old;

-- ## rows afterwards
-- public.people: (1,"(Main,Bern,)")
