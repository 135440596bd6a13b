-- A label goes from the enum by which a table is parted.

-- ## before
CREATE TYPE kind AS ENUM ('old', 'new', 'other');
CREATE TABLE events (id integer, kind kind NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE events_new PARTITION OF events FOR VALUES IN ('new');

-- ## rows
INSERT INTO events VALUES (1, 'new'), (2, 'new');

-- ## after
CREATE TYPE kind AS ENUM ('new', 'other');
CREATE TABLE events (id integer, kind kind NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE events_new PARTITION OF events FOR VALUES IN ('new');

-- ## up
-- changes table public.events_new · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_new
-- warning detach-partition public.events_new
ALTER TABLE public.events DETACH PARTITION public.events_new;

-- sets enum public.kind aside
-- notice remade-object public.kind
ALTER TYPE public.kind RENAME TO kind__dbs_old;

-- sets table public.events aside · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events RENAME TO events__dbs_old;

-- makes enum public.kind
CREATE TYPE public.kind AS ENUM ('new', 'other');

-- makes table public.events
CREATE TABLE public.events (
    id integer,
    kind public.kind NOT NULL
) PARTITION BY LIST (kind);

-- changes the type of column public.events_new.kind · ACCESS EXCLUSIVE on public.events_new · writes public.events_new anew
-- notice remove-label public.events_new.kind: every value of kind fits public.kind
-- notice rewrite-table public.events_new: 2 rows, 8.0 kB
ALTER TABLE public.events_new ALTER COLUMN kind TYPE public.kind USING kind::text::public.kind;

-- changes table public.events_new · SHARE UPDATE EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_new
ALTER TABLE public.events ATTACH PARTITION public.events_new FOR VALUES IN ('new');

-- copies the rows of public.events into its new form · ROW EXCLUSIVE on public.events
-- notice rebuild-table public.events: 2 rows, 8.0 kB
INSERT INTO public.events (id, kind) SELECT id, kind::text::public.kind FROM public.events__dbs_old;

-- drops the old form of table public.events
DROP TABLE public.events__dbs_old;

-- drops the old form of enum public.kind
DROP TYPE public.kind__dbs_old;

-- ## down
ALTER TYPE public.kind ADD VALUE 'old' BEFORE 'new';

-- ## rows afterwards
-- public.events_new: (1,new) (2,new)
