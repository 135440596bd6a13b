-- A collation that columns, an index and a view have is another one from now on: what is sorted by it
-- moves over to the new one.

-- ## before
CREATE COLLATION by_name (provider = icu, locale = 'und');
CREATE TABLE people (
    id integer PRIMARY KEY,
    name text COLLATE by_name DEFAULT 'nobody' NOT NULL UNIQUE,
    city text
);
CREATE INDEX people_city ON people (city COLLATE by_name);
CREATE VIEW sorted AS SELECT name FROM people ORDER BY name;

-- ## rows
INSERT INTO people VALUES (1, 'Ann', 'Oslo'), (2, 'ann', 'Rome');

-- ## after
CREATE COLLATION by_name (provider = icu, locale = 'und-u-ks-level3');
CREATE TABLE people (
    id integer PRIMARY KEY,
    name text COLLATE by_name DEFAULT 'nobody' NOT NULL UNIQUE,
    city text
);
CREATE INDEX people_city ON people (city COLLATE by_name);
CREATE VIEW sorted AS SELECT name FROM people ORDER BY name;

-- ## up
-- drops view public.sorted for a while
-- notice remade-object public.sorted
DROP VIEW public.sorted;

-- drops index public.people.people_city for a while · ACCESS EXCLUSIVE on public.people
-- notice remade-object public.people.people_city
DROP INDEX public.people_city;

-- drops constraint public.people.people_name_key for a while · ACCESS EXCLUSIVE on public.people
-- notice remade-object public.people.people_name_key
ALTER TABLE public.people DROP CONSTRAINT people_name_key;

-- sets collation public.by_name aside
ALTER COLLATION public.by_name RENAME TO by_name__dbs_old;

-- makes collation public.by_name
CREATE COLLATION public.by_name (provider = icu, locale = 'und-u-ks-level3');

-- changes the type of column public.people.name; makes constraint public.people.people_name_key again · ACCESS EXCLUSIVE on public.people
ALTER TABLE public.people
    ALTER COLUMN name TYPE text COLLATE public.by_name,
    ADD CONSTRAINT people_name_key UNIQUE (name);

-- drops the old form of collation public.by_name
DROP COLLATION public.by_name__dbs_old;

-- makes index public.people.people_city again · SHARE on public.people
-- notice index-not-concurrent public.people.people_city: 2 rows, 16.0 kB
CREATE INDEX people_city ON public.people USING btree (city COLLATE public.by_name);

-- makes view public.sorted again · ACCESS SHARE on public.people
CREATE VIEW public.sorted AS
SELECT people.name
   FROM public.people
  ORDER BY people.name;

-- ## down
DROP VIEW public.sorted;

DROP INDEX public.people_city;

ALTER TABLE public.people DROP CONSTRAINT people_name_key;

ALTER COLLATION public.by_name RENAME TO by_name__dbs_old;

CREATE COLLATION public.by_name (provider = icu, locale = 'und');

ALTER TABLE public.people
    ALTER COLUMN name TYPE text COLLATE public.by_name,
    ADD CONSTRAINT people_name_key UNIQUE (name);

DROP COLLATION public.by_name__dbs_old;

CREATE INDEX people_city ON public.people USING btree (city COLLATE public.by_name);

CREATE VIEW public.sorted AS
SELECT people.name
   FROM public.people
  ORDER BY people.name;

-- ## rows afterwards
-- public.people: (1,Ann,Oslo) (2,ann,Rome)
