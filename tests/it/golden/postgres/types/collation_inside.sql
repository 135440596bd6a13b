-- A collation that nothing in a table has is dropped and made again; a domain's is made anew with it.

-- ## before
CREATE COLLATION alone (provider = icu, locale = 'de');
CREATE COLLATION of_names (provider = icu, locale = 'de');
CREATE DOMAIN called AS text COLLATE of_names CHECK (VALUE <> '');
CREATE TABLE people (
    id integer PRIMARY KEY,
    name called
);

-- ## rows
INSERT INTO people VALUES (1, 'Ann'), (2, NULL);

-- ## after
CREATE COLLATION alone (provider = icu, locale = 'sv');
CREATE COLLATION of_names (provider = icu, locale = 'sv');
CREATE DOMAIN called AS text COLLATE of_names CHECK (VALUE <> '');
CREATE TABLE people (
    id integer PRIMARY KEY,
    name called
);

-- ## up
-- drops collation public.alone for a while
-- notice remade-object public.alone
DROP COLLATION public.alone;

-- sets collation public.of_names aside
ALTER COLLATION public.of_names RENAME TO of_names__dbs_old;

-- sets domain public.called aside
-- notice remade-object public.called
ALTER DOMAIN public.called RENAME TO called__dbs_old;

-- makes collation public.alone again
CREATE COLLATION public.alone (provider = icu, locale = 'sv');

-- makes collation public.of_names
CREATE COLLATION public.of_names (provider = icu, locale = 'sv');

-- makes domain public.called
CREATE DOMAIN public.called AS text COLLATE public.of_names
    CONSTRAINT called_check CHECK ((VALUE <> ''::text));

-- changes the type of column public.people.name · ACCESS EXCLUSIVE on public.people · writes public.people anew
-- notice rewrite-table public.people: 2 rows, 16.0 kB
ALTER TABLE public.people ALTER COLUMN name TYPE public.called USING name::text::public.called;

-- drops the old form of domain public.called
DROP DOMAIN public.called__dbs_old;

-- drops the old form of collation public.of_names
DROP COLLATION public.of_names__dbs_old;

-- ## down
DROP COLLATION public.alone;

ALTER COLLATION public.of_names RENAME TO of_names__dbs_old;

ALTER DOMAIN public.called RENAME TO called__dbs_old;

CREATE COLLATION public.alone (provider = icu, locale = 'de');

CREATE COLLATION public.of_names (provider = icu, locale = 'de');

CREATE DOMAIN public.called AS text COLLATE public.of_names
    CONSTRAINT called_check CHECK ((VALUE <> ''::text));

ALTER TABLE public.people ALTER COLUMN name TYPE public.called USING name::text::public.called;

DROP DOMAIN public.called__dbs_old;

DROP COLLATION public.of_names__dbs_old;

-- ## rows afterwards
-- public.people: (1,Ann) (2,)
