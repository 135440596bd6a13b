-- A partition is parted in another way while the table above it loses a column that a rule of the
-- partition reads: it leaves first, and the column of what was it goes with it.

-- ## before
CREATE TABLE events (at date, kind text, note text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY HASH (kind);
CREATE TABLE events_2025_0 PARTITION OF events_2025 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE RULE keep AS ON DELETE TO events_2025 WHERE OLD.note IS NOT NULL DO INSTEAD NOTHING;

-- ## rows
INSERT INTO events VALUES ('2025-03-01', 'a', 'x'), ('2025-04-01', 'b', 'y');

-- ## after
CREATE TABLE events (at date, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY LIST (kind);
CREATE TABLE events_2025_0 PARTITION OF events_2025 DEFAULT;
CREATE RULE keep AS ON DELETE TO events_2025 WHERE OLD.kind = 'a' DO INSTEAD NOTHING;

-- ## up
-- changes table public.events_2025 · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2025 · ACCESS EXCLUSIVE on public.events_2025_0
-- warning detach-partition public.events_2025
ALTER TABLE public.events DETACH PARTITION public.events_2025;

-- changes table public.events_2025_0 · ACCESS EXCLUSIVE on public.events_2025 · ACCESS EXCLUSIVE on public.events_2025_0
-- warning detach-partition public.events_2025_0
ALTER TABLE public.events_2025 DETACH PARTITION public.events_2025_0;

-- drops column public.events.note · ACCESS EXCLUSIVE on public.events
-- danger drop-column public.events.note: 2 values of note lost
ALTER TABLE public.events DROP COLUMN note;

-- sets table public.events_2025 aside · ACCESS EXCLUSIVE on public.events_2025
ALTER TABLE public.events_2025 RENAME TO events_2025__dbs_old;

-- makes table public.events_2025 · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_2025
CREATE TABLE public.events_2025 PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (kind);

-- drops column public.events_2025_0.note · ACCESS EXCLUSIVE on public.events_2025_0
-- danger drop-column public.events_2025_0.note: 2 values of note lost
ALTER TABLE public.events_2025_0 DROP COLUMN note;

-- changes table public.events_2025_0 · ACCESS SHARE on public.events · SHARE UPDATE EXCLUSIVE on public.events_2025 · ACCESS EXCLUSIVE on public.events_2025_0
ALTER TABLE public.events_2025 ATTACH PARTITION public.events_2025_0 DEFAULT;

-- copies the rows of public.events_2025 into its new form · ROW EXCLUSIVE on public.events_2025
-- notice rebuild-table public.events_2025: 2 rows, 16.0 kB
INSERT INTO public.events_2025 (at, kind) SELECT at, kind FROM public.events_2025__dbs_old;

-- drops the old form of table public.events_2025
DROP TABLE public.events_2025__dbs_old;

-- makes rule public.events_2025.keep again · ACCESS EXCLUSIVE on public.events_2025
CREATE RULE keep AS
    ON DELETE TO public.events_2025
   WHERE (old.kind = 'a'::text) DO INSTEAD NOTHING;

-- ## down
ALTER TABLE public.events DETACH PARTITION public.events_2025;

ALTER TABLE public.events_2025 DETACH PARTITION public.events_2025_0;

ALTER TABLE public.events_2025 RENAME TO events_2025__dbs_old;

ALTER TABLE public.events ADD COLUMN note text;

CREATE TABLE public.events_2025 PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (kind);

ALTER TABLE public.events_2025_0 ADD COLUMN note text;

ALTER TABLE public.events_2025 ATTACH PARTITION public.events_2025_0 FOR VALUES WITH (modulus 1, remainder 0);

INSERT INTO public.events_2025 (at, kind) SELECT at, kind FROM public.events_2025__dbs_old;

DROP TABLE public.events_2025__dbs_old;

CREATE RULE keep AS
    ON DELETE TO public.events_2025
   WHERE (old.note IS NOT NULL) DO INSTEAD NOTHING;

-- ## rows afterwards
-- public.events_2025_0: (2025-03-01,a) (2025-04-01,b)
