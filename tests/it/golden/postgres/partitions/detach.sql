-- A partition becomes a table of its own, with its rows.

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

-- ## up
-- changes table public.events_2025 · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2025
-- warning detach-partition public.events_2025
ALTER TABLE public.events DETACH PARTITION public.events_2025;

-- ## down
ALTER TABLE public.events ATTACH PARTITION public.events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
