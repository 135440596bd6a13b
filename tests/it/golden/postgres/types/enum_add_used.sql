-- A label is added and used at once, as the default of the column.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood DEFAULT 'sad'
);

-- ## rows
INSERT INTO people VALUES (1, 'sad'), (2, 'happy');

-- ## after
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood DEFAULT 'ok'
);

-- ## up
-- changes default public.people.mood · ACCESS EXCLUSIVE on public.people
ALTER TABLE public.people ALTER COLUMN mood DROP DEFAULT;

-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');

-- changes the type of column public.people.mood; changes default public.people.mood · ACCESS EXCLUSIVE on public.people · writes public.people anew
-- notice rewrite-table public.people: 2 rows, 8.0 kB
-- measured: every value of mood fits public.mood
ALTER TABLE public.people
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'ok'::public.mood;

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- ## down
ALTER TABLE public.people ALTER COLUMN mood DROP DEFAULT;

ALTER TYPE public.mood RENAME TO mood__dbs_old;

CREATE TYPE public.mood AS ENUM ('sad', 'happy');

ALTER TABLE public.people
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;

DROP TYPE public.mood__dbs_old;

-- ## rows afterwards
-- public.people: (1,sad) (2,happy)
