-- A label goes that no row has; the column, its default, an index and a view stay.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood DEFAULT 'sad'
);

CREATE INDEX people_mood ON people (mood);
CREATE VIEW happy AS SELECT id FROM people WHERE mood = 'happy';

-- ## rows
INSERT INTO people VALUES (1, 'sad'), (2, 'happy');

-- ## after
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood DEFAULT 'sad'
);

CREATE INDEX people_mood ON people (mood);
CREATE VIEW happy AS SELECT id FROM people WHERE mood = 'happy';

-- ## up
-- drops view public.happy for a while
-- notice remade-object public.happy
DROP VIEW public.happy;

-- changes default public.people.mood · ACCESS EXCLUSIVE on public.people
ALTER TABLE public.people ALTER COLUMN mood DROP DEFAULT;

-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('sad', 'happy');

-- changes the type of column public.people.mood; changes default public.people.mood · ACCESS EXCLUSIVE on public.people · writes public.people anew
-- notice remove-label public.people.mood: every value of mood fits public.mood
-- notice rewrite-table public.people: 2 rows, 8.0 kB
ALTER TABLE public.people
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- makes view public.happy again · ACCESS SHARE on public.people
CREATE VIEW public.happy AS
SELECT people.id
   FROM public.people
  WHERE (people.mood = 'happy'::public.mood);

-- ## down
ALTER TYPE public.mood ADD VALUE 'ok' AFTER 'sad';

-- ## rows afterwards
-- public.people: (1,sad) (2,happy)
