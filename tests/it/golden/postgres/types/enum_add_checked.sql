-- A label is added and used at once in a check, an index and a function.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## rows
INSERT INTO people VALUES (1, 'sad'), (2, 'happy');

-- ## after
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

ALTER TABLE people ADD CONSTRAINT people_mood CHECK (mood <> 'ok' OR id > 0);
CREATE INDEX people_ok ON people (id) WHERE mood = 'ok';

-- ## up
-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');

-- changes the type of column public.people.mood; makes constraint public.people.people_mood · ACCESS EXCLUSIVE on public.people · writes public.people anew
-- notice add-check public.people.people_mood: not known: invalid input value for enum mood: "ok"; 2 rows, 8.0 kB
-- notice rewrite-table public.people: 2 rows, 8.0 kB
-- measured: every value of mood fits public.mood
ALTER TABLE public.people
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ADD CONSTRAINT people_mood CHECK (((mood <> 'ok'::public.mood) OR (id > 0)));

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- makes index public.people.people_ok · SHARE on public.people
-- notice index-not-concurrent public.people.people_ok: 2 rows, 8.0 kB
CREATE INDEX people_ok ON public.people USING btree (id) WHERE (mood = 'ok'::public.mood);

-- ## down
DROP INDEX public.people_ok;

ALTER TABLE public.people DROP CONSTRAINT people_mood;

ALTER TYPE public.mood RENAME TO mood__dbs_old;

CREATE TYPE public.mood AS ENUM ('sad', 'happy');

ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

DROP TYPE public.mood__dbs_old;

-- ## rows afterwards
-- public.people: (1,sad) (2,happy)
