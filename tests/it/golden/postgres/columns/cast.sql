-- Types between which the server does not cast by itself: the values are read as text.

-- ## before
CREATE TABLE events (
    id integer PRIMARY KEY,
    at text,
    count text DEFAULT '0',
    details text,
    done integer DEFAULT 0
);

-- ## rows
INSERT INTO events VALUES (1, '2026-01-02 03:04:05Z', '7', '{"a": 1}', 1), (2, NULL, NULL, NULL, 0);

-- ## after
CREATE TABLE events (
    id integer PRIMARY KEY,
    at timestamptz,
    count integer DEFAULT 0,
    details jsonb,
    done boolean DEFAULT false
);

-- ## up
-- changes default public.events.count; changes default public.events.done; changes public.events.at from text to timestamp with time zone; and 5 things more · ACCESS EXCLUSIVE on public.events · writes public.events anew
-- notice narrow-type public.events.at: every value of at fits timestamp with time zone
-- notice narrow-type public.events.count: every value of count fits integer
-- notice narrow-type public.events.details: every value of details fits jsonb
-- notice narrow-type public.events.done: every value of done fits boolean
-- notice rewrite-table public.events: 2 rows, 16.0 kB
ALTER TABLE public.events
    ALTER COLUMN count DROP DEFAULT,
    ALTER COLUMN done DROP DEFAULT,
    ALTER COLUMN at TYPE timestamp with time zone USING at::timestamp with time zone,
    ALTER COLUMN count TYPE integer USING count::integer,
    ALTER COLUMN details TYPE jsonb USING details::jsonb,
    ALTER COLUMN done TYPE boolean USING done::boolean,
    ALTER COLUMN count SET DEFAULT 0,
    ALTER COLUMN done SET DEFAULT false;

-- ## down
ALTER TABLE public.events
    ALTER COLUMN count DROP DEFAULT,
    ALTER COLUMN done DROP DEFAULT,
    ALTER COLUMN at TYPE text,
    ALTER COLUMN count TYPE text,
    ALTER COLUMN details TYPE text,
    ALTER COLUMN done TYPE integer USING done::integer,
    ALTER COLUMN count SET DEFAULT '0'::text,
    ALTER COLUMN done SET DEFAULT 0;

-- ## rows afterwards
-- public.events: (1,"2026-01-02 03:04:05+00",7,"{""a"": 1}",t) (2,,,,f)
