-- A partition is made beside its table, then attached; one is detached.

-- ## with
-- online

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
CREATE TABLE events_2025 (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- ## up
-- sets up the transaction
SET LOCAL lock_timeout = '4s';

-- changes table public.events_2025 · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2025
-- warning detach-partition public.events_2025
-- notice locks-other-table public.events
-- notice exclusive-lock public.events_2025: 2 rows, 8.0 kB
ALTER TABLE public.events DETACH PARTITION public.events_2025;

-- makes table public.events_2026 · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_2026
CREATE TABLE public.events_2026 PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- ## down
DROP TABLE public.events_2026;

ALTER TABLE public.events ATTACH PARTITION public.events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
-- public.events_2026: 
