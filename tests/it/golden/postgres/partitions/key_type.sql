-- The column by which a table is parted gets another type, which it cannot where it is: the partitioned
-- table is made anew, and its partitions, with their rows, move over.

-- ## before
CREATE TABLE events (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE remarks (event integer REFERENCES events);
CREATE VIEW latest AS SELECT max(id) FROM events;

-- ## rows
INSERT INTO events VALUES (1, 'a'), (200, 'b');
INSERT INTO remarks VALUES (200);

-- ## after
CREATE TABLE events (id bigint PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE remarks (event bigint REFERENCES events);
CREATE VIEW latest AS SELECT max(id) FROM events;

-- ## up
-- drops view public.latest for a while
-- notice remade-object public.latest
DROP VIEW public.latest;

-- drops constraint public.remarks.remarks_event_fkey for a while · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_low · ACCESS EXCLUSIVE on public.events_rest · ACCESS EXCLUSIVE on public.remarks
-- notice remade-object public.remarks.remarks_event_fkey
ALTER TABLE public.remarks DROP CONSTRAINT remarks_event_fkey;

-- changes table public.events_low · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_low · ACCESS EXCLUSIVE on public.events_rest
-- warning detach-partition public.events_low
ALTER TABLE public.events DETACH PARTITION public.events_low;

-- changes table public.events_rest · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_rest
-- warning detach-partition public.events_rest
ALTER TABLE public.events DETACH PARTITION public.events_rest;

-- drops constraint public.events_low.events_low_pkey for a while · ACCESS EXCLUSIVE on public.events_low
-- notice remade-object public.events_low.events_low_pkey
ALTER TABLE public.events_low DROP CONSTRAINT events_low_pkey;

-- drops constraint public.events_rest.events_rest_pkey for a while · ACCESS EXCLUSIVE on public.events_rest
-- notice remade-object public.events_rest.events_rest_pkey
ALTER TABLE public.events_rest DROP CONSTRAINT events_rest_pkey;

-- drops constraint public.events.events_pkey for a while · ACCESS EXCLUSIVE on public.events
-- notice remade-object public.events.events_pkey
ALTER TABLE public.events DROP CONSTRAINT events_pkey;

-- sets table public.events aside · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events RENAME TO events__dbs_old;

-- makes table public.events
CREATE TABLE public.events (
    id bigint NOT NULL,
    note text,
    CONSTRAINT events_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- changes public.events_low.id from integer to bigint · ACCESS EXCLUSIVE on public.events_low · writes public.events_low anew
-- notice rewrite-table public.events_low: 1 row, 16.0 kB
ALTER TABLE public.events_low ALTER COLUMN id TYPE bigint;

-- changes table public.events_low · SHARE UPDATE EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_low
ALTER TABLE public.events ATTACH PARTITION public.events_low FOR VALUES FROM ('1') TO ('100');

-- changes public.events_rest.id from integer to bigint · ACCESS EXCLUSIVE on public.events_rest · writes public.events_rest anew
-- notice rewrite-table public.events_rest: 1 row, 16.0 kB
ALTER TABLE public.events_rest ALTER COLUMN id TYPE bigint;

-- changes table public.events_rest · SHARE UPDATE EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_rest
ALTER TABLE public.events ATTACH PARTITION public.events_rest DEFAULT;

-- copies the rows of public.events into its new form · ROW EXCLUSIVE on public.events
-- notice rebuild-table public.events: 2 rows, 32.0 kB
INSERT INTO public.events (id, note) SELECT id::bigint, note FROM public.events__dbs_old;

-- drops the old form of table public.events
DROP TABLE public.events__dbs_old;

-- changes public.remarks.event from integer to bigint; makes constraint public.remarks.remarks_event_fkey again · SHARE ROW EXCLUSIVE on public.events · SHARE ROW EXCLUSIVE on public.events_low · SHARE ROW EXCLUSIVE on public.events_rest · ACCESS EXCLUSIVE on public.remarks · writes public.remarks anew
-- notice rewrite-table public.remarks: 1 row, 8.0 kB
ALTER TABLE public.remarks
    ALTER COLUMN event TYPE bigint,
    ADD CONSTRAINT remarks_event_fkey FOREIGN KEY (event) REFERENCES public.events(id);

-- makes view public.latest again · ACCESS SHARE on public.events
CREATE VIEW public.latest AS
SELECT max(events.id) AS max
   FROM public.events;

-- ## down
DROP VIEW public.latest;

ALTER TABLE public.remarks DROP CONSTRAINT remarks_event_fkey;

ALTER TABLE public.events DETACH PARTITION public.events_low;

ALTER TABLE public.events DETACH PARTITION public.events_rest;

ALTER TABLE public.events_low DROP CONSTRAINT events_low_pkey;

ALTER TABLE public.events_rest DROP CONSTRAINT events_rest_pkey;

ALTER TABLE public.events DROP CONSTRAINT events_pkey;

ALTER TABLE public.events RENAME TO events__dbs_old;

CREATE TABLE public.events (
    id integer NOT NULL,
    note text,
    CONSTRAINT events_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);

ALTER TABLE public.events_low ALTER COLUMN id TYPE integer;

ALTER TABLE public.events ATTACH PARTITION public.events_low FOR VALUES FROM (1) TO (100);

ALTER TABLE public.events_rest ALTER COLUMN id TYPE integer;

ALTER TABLE public.events ATTACH PARTITION public.events_rest DEFAULT;

INSERT INTO public.events (id, note) SELECT id::integer, note FROM public.events__dbs_old;

DROP TABLE public.events__dbs_old;

ALTER TABLE public.remarks
    ALTER COLUMN event TYPE integer,
    ADD CONSTRAINT remarks_event_fkey FOREIGN KEY (event) REFERENCES public.events(id);

CREATE VIEW public.latest AS
SELECT max(events.id) AS max
   FROM public.events;

-- ## rows afterwards
-- public.events_low: (1,a)
-- public.events_rest: (200,b)
-- public.remarks: (200)
