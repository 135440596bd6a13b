-- A composite's attributes get another order while the enum of one of them loses a label: both are made
-- anew, and each attribute moves over by its name.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE entry AS (feeling mood, moods mood[], at date);
CREATE TABLE diary (id integer PRIMARY KEY, entry entry);

-- ## rows
INSERT INTO diary VALUES (1, NULL);

-- ## after
CREATE TYPE mood AS ENUM ('ok', 'happy');
CREATE TYPE entry AS (at date, feeling mood, moods mood[]);
CREATE TABLE diary (id integer PRIMARY KEY, entry entry);

-- ## up
-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- sets composite type public.entry aside
-- notice remade-object public.entry
ALTER TYPE public.entry RENAME TO entry__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('ok', 'happy');

-- makes composite type public.entry
CREATE TYPE public.entry AS (
    at date,
    feeling public.mood,
    moods public.mood[]
);

-- changes the type of column public.diary.entry · ACCESS EXCLUSIVE on public.diary · writes public.diary anew
-- notice rewrite-table public.diary: 1 row, 16.0 kB
ALTER TABLE public.diary ALTER COLUMN entry TYPE public.entry USING CASE WHEN entry IS DISTINCT FROM NULL THEN ROW((entry).at, (entry).feeling::text::public.mood, (entry).moods::text::public.mood[])::public.entry END;

-- drops the old form of composite type public.entry
DROP TYPE public.entry__dbs_old;

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- ## down
ALTER TYPE public.entry RENAME TO entry__dbs_old;

ALTER TYPE public.mood ADD VALUE 'sad' BEFORE 'ok';

CREATE TYPE public.entry AS (
    feeling public.mood,
    moods public.mood[],
    at date
);

ALTER TABLE public.diary ALTER COLUMN entry TYPE public.entry USING CASE WHEN entry IS DISTINCT FROM NULL THEN ROW((entry).feeling, (entry).moods, (entry).at)::public.entry END;

DROP TYPE public.entry__dbs_old;

-- ## rows afterwards
-- public.diary: (1,)
