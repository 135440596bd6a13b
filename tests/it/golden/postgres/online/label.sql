-- A label is added to an enum and used, while others use it.

-- ## with
-- online

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
-- changes enum public.mood · outside a transaction
-- notice not-in-transaction public.mood
ALTER TYPE public.mood ADD VALUE 'ok' AFTER 'sad';

-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes default public.people.mood · ACCESS EXCLUSIVE on public.people
-- notice exclusive-lock public.people: 2 rows, 8.0 kB
ALTER TABLE public.people ALTER COLUMN mood SET DEFAULT 'ok'::public.mood;

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
