-- Partitions are added, one of them the default.

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
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;

-- ## up
-- makes table public.events_2026 · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_2026
CREATE TABLE public.events_2026 PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- makes table public.events_rest · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_rest
CREATE TABLE public.events_rest PARTITION OF public.events DEFAULT;

-- ## down
DROP TABLE public.events_2026;

DROP TABLE public.events_rest;

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
-- public.events_2026: 
-- public.events_rest: 
