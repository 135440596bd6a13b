-- A partition becomes a table by itself while the type of a column is made anew: the default it had
-- from its parent is its own then, and goes by itself.

-- ## before
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE events (id integer, mood mood DEFAULT 'sad' NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);

-- ## rows
INSERT INTO events VALUES (1, 'sad'), (2, 'ok');

-- ## after
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE events (id integer, mood mood DEFAULT 'ok' NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE events_low (id integer, mood mood NOT NULL);

-- ## up
-- changes table public.events_low · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_low
-- warning detach-partition public.events_low
ALTER TABLE public.events DETACH PARTITION public.events_low;

-- changes default public.events.mood · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events ALTER COLUMN mood DROP DEFAULT;

-- changes default public.events_low.mood · ACCESS EXCLUSIVE on public.events_low
ALTER TABLE public.events_low ALTER COLUMN mood DROP DEFAULT;

-- sets enum public.mood aside
-- notice remade-object public.mood
ALTER TYPE public.mood RENAME TO mood__dbs_old;

-- makes enum public.mood
CREATE TYPE public.mood AS ENUM ('ok', 'sad');

-- changes the type of column public.events.mood; changes default public.events.mood · ACCESS EXCLUSIVE on public.events
-- measured: every value of mood fits public.mood
ALTER TABLE public.events
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'ok'::public.mood;

-- changes the type of column public.events_low.mood · ACCESS EXCLUSIVE on public.events_low · writes public.events_low anew
-- notice rewrite-table public.events_low: 2 rows, 8.0 kB
-- measured: every value of mood fits public.mood
ALTER TABLE public.events_low ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

-- drops the old form of enum public.mood
DROP TYPE public.mood__dbs_old;

-- ## down
ALTER TABLE public.events ALTER COLUMN mood DROP DEFAULT;

ALTER TYPE public.mood RENAME TO mood__dbs_old;

CREATE TYPE public.mood AS ENUM ('sad', 'ok');

ALTER TABLE public.events
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;

ALTER TABLE public.events_low
    ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood,
    ALTER COLUMN mood SET DEFAULT 'sad'::public.mood;

DROP TYPE public.mood__dbs_old;

ALTER TABLE public.events ATTACH PARTITION public.events_low FOR VALUES FROM (1) TO (100);

-- ## rows afterwards
-- public.events_low: (1,sad) (2,ok)
