-- Labels are added at the beginning, in the middle and at the end.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## rows
INSERT INTO people VALUES (1, 'sad'), (2, 'happy');

-- ## after
CREATE TYPE mood AS ENUM ('awful', 'sad', 'ok', 'fine', 'happy', 'great');
CREATE TABLE people (
    id integer PRIMARY KEY,
    mood mood
);

-- ## up
-- changes enum public.mood
ALTER TYPE public.mood ADD VALUE 'awful' BEFORE 'sad';

-- changes enum public.mood
ALTER TYPE public.mood ADD VALUE 'ok' AFTER 'sad';

-- changes enum public.mood
ALTER TYPE public.mood ADD VALUE 'fine' AFTER 'ok';

-- changes enum public.mood
ALTER TYPE public.mood ADD VALUE 'great';

-- ## down
ALTER TYPE public.mood RENAME TO mood__dbs_old;

CREATE TYPE public.mood AS ENUM ('sad', 'happy');

ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

DROP TYPE public.mood__dbs_old;

-- ## rows afterwards
-- public.people: (1,sad) (2,happy)
