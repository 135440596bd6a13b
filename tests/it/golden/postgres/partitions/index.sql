-- The partitioned table gets an index, a column and a check; the partitions follow.

-- ## before
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- ## rows
INSERT INTO events VALUES (1, '2025-03-01'), (2, '2025-04-01');

-- ## after
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    note text CHECK (note <> ''),
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX events_at ON events (at);

-- ## up
-- adds column public.events.note; makes constraint public.events.events_note_check · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2025
-- notice add-check public.events.events_note_check: 2 rows, 8.0 kB
ALTER TABLE public.events
    ADD COLUMN note text,
    ADD CONSTRAINT events_note_check CHECK ((note <> ''::text));

-- makes index public.events.events_at · SHARE on public.events · SHARE on public.events_2025
-- notice index-not-concurrent public.events.events_at: 2 rows, 8.0 kB
CREATE INDEX events_at ON public.events USING btree (at);

-- ## down
DROP INDEX public.events_at;

ALTER TABLE public.events DROP COLUMN note;

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01,) (2,2025-04-01,)
