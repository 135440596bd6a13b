-- An ordinary table with rows becomes partitioned.

-- ## before
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
);
CREATE VIEW recent AS SELECT id FROM events WHERE at > '2025-06-01';

-- ## rows
INSERT INTO events VALUES (1, '2025-03-01'), (2, '2025-04-01');

-- ## after
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE VIEW recent AS SELECT id FROM events WHERE at > '2025-06-01';

-- ## up
-- drops view public.recent for a while
-- notice remade-object public.recent
DROP VIEW public.recent;

-- drops constraint public.events.events_pkey for a while · ACCESS EXCLUSIVE on public.events
-- notice remade-object public.events.events_pkey
ALTER TABLE public.events DROP CONSTRAINT events_pkey;

-- sets table public.events aside · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events RENAME TO events__dbs_old;

-- makes table public.events
CREATE TABLE public.events (
    id bigint NOT NULL,
    at date NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

-- makes table public.events_2025 · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_2025
CREATE TABLE public.events_2025 PARTITION OF public.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- copies the rows of public.events into its new form · ROW EXCLUSIVE on public.events
-- notice rebuild-table public.events: 2 rows, 8.0 kB
INSERT INTO public.events (id, at) SELECT id, at FROM public.events__dbs_old;

-- drops the old form of table public.events
DROP TABLE public.events__dbs_old;

-- makes view public.recent again · ACCESS SHARE on public.events
CREATE VIEW public.recent AS
SELECT events.id
   FROM public.events
  WHERE (events.at > '2025-06-01'::date);

-- ## down
DROP VIEW public.recent;

ALTER TABLE public.events DROP CONSTRAINT events_pkey;

ALTER TABLE public.events RENAME TO events__dbs_old;

CREATE TABLE public.events (
    id bigint NOT NULL,
    at date NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id, at)
);

INSERT INTO public.events (id, at) SELECT id, at FROM public.events__dbs_old;

DROP TABLE public.events__dbs_old;

CREATE VIEW public.recent AS
SELECT events.id
   FROM public.events
  WHERE (events.at > '2025-06-01'::date);

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
