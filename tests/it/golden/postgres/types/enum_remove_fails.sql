-- A label goes that rows have.

-- ## with
-- fails

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## rows
INSERT INTO people VALUES (1, 'ok'), (2, 'ok'), (3, 'sad');

-- ## after
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## up
-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('sad', 'happy');

-- changes the type of column public.people.mood · ACCESS EXCLUSIVE on public.people · writes public.people anew
-- danger remove-label public.people.mood: 2 values of mood that cannot become public.mood: 'ok'
-- notice rewrite-table public.people: 3 rows, 8.0 kB
ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- ## failure
-- invalid input value for enum mood: "ok"
-- ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TYPE public.mood ADD VALUE 'ok' AFTER 'sad';
