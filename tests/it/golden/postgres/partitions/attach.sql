-- A table with rows becomes a partition.

-- ## before
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE TABLE events_2024 (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
);

-- ## rows
INSERT INTO events VALUES (1, '2025-03-01'), (2, '2025-04-01');
INSERT INTO events_2024 VALUES (3, '2024-05-05');

-- ## after
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');

CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- ## up
-- changes table public.events_2024 · SHARE UPDATE EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_2024
ALTER TABLE public.events ATTACH PARTITION public.events_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');

-- ## down
ALTER TABLE public.events DETACH PARTITION public.events_2024;

-- ## rows afterwards
-- public.events_2024: (3,2024-05-05)
-- public.events_2025: (1,2025-03-01) (2,2025-04-01)
