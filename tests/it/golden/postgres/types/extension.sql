-- Extensions come and go; a column gets a type of one.

-- ## before
CREATE EXTENSION pg_trgm;
CREATE TABLE people (
    id integer PRIMARY KEY,
    email text
);
CREATE INDEX people_email ON people USING gin (email gin_trgm_ops);

-- ## rows
INSERT INTO people VALUES (1, 'A@x');

-- ## after
CREATE EXTENSION citext;
CREATE TABLE people (
    id integer PRIMARY KEY,
    email citext
);

-- ## up
-- drops index public.people.people_email · ACCESS EXCLUSIVE on public.people
-- notice drop-index public.people.people_email
DROP INDEX public.people_email;

-- drops extension pg_trgm
-- danger drop-extension pg_trgm
DROP EXTENSION pg_trgm;

-- makes extension citext
CREATE EXTENSION citext WITH SCHEMA public;

-- changes public.people.email from text to public.citext · ACCESS EXCLUSIVE on public.people
ALTER TABLE public.people ALTER COLUMN email TYPE public.citext USING email::public.citext;

-- ## down
CREATE EXTENSION pg_trgm WITH SCHEMA public;

ALTER TABLE public.people ALTER COLUMN email TYPE text;

DROP EXTENSION citext;

CREATE INDEX people_email ON public.people USING gin (email public.gin_trgm_ops);

-- ## rows afterwards
-- public.people: (1,A@x)
