-- A partition goes with its rows.

-- ## before
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- ## rows
INSERT INTO events VALUES (1, '2025-03-01'), (2, '2025-04-01');
INSERT INTO events VALUES (3, '2024-05-05');

-- ## after
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

-- ## up
-- drops table public.events_2024 · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2024
-- danger drop-table public.events_2024: 1 row lost
DROP TABLE public.events_2024;

-- ## down
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- ## rows afterwards
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
