-- Two indexes of one column were made in the other order: what the partitions have of them changes
-- names, on every level.

-- ## before
CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY RANGE (at);
CREATE TABLE events_2025_1 PARTITION OF events_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE INDEX few ON events (at) WHERE id < 100;
CREATE INDEX every ON events (at);

-- ## rows
INSERT INTO events VALUES (1, '2025-03-01'), (2, '2025-04-01');

-- ## after
CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY RANGE (at);
CREATE TABLE events_2025_1 PARTITION OF events_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE INDEX every ON events (at);
CREATE INDEX few ON events (at) WHERE id < 100;

-- ## up
-- sets index public.events_2025.events_2025_at_idx aside
ALTER INDEX public.events_2025_at_idx RENAME TO events_2025_at_idx__dbs_old;

-- sets index public.events_2025_1.events_2025_1_at_idx aside
ALTER INDEX public.events_2025_1_at_idx RENAME TO events_2025_1_at_idx__dbs_old;

-- renames index public.events_2025.events_2025_at_idx1 to events_2025_at_idx
-- notice rename-object public.events_2025.events_2025_at_idx1
ALTER INDEX public.events_2025_at_idx1 RENAME TO events_2025_at_idx;

-- renames index public.events_2025.events_2025_at_idx__dbs_old to events_2025_at_idx1
-- notice rename-object public.events_2025.events_2025_at_idx__dbs_old
ALTER INDEX public.events_2025_at_idx__dbs_old RENAME TO events_2025_at_idx1;

-- renames index public.events_2025_1.events_2025_1_at_idx1 to events_2025_1_at_idx
-- notice rename-object public.events_2025_1.events_2025_1_at_idx1
ALTER INDEX public.events_2025_1_at_idx1 RENAME TO events_2025_1_at_idx;

-- renames index public.events_2025_1.events_2025_1_at_idx__dbs_old to events_2025_1_at_idx1
-- notice rename-object public.events_2025_1.events_2025_1_at_idx__dbs_old
ALTER INDEX public.events_2025_1_at_idx__dbs_old RENAME TO events_2025_1_at_idx1;

-- ## down
ALTER INDEX public.events_2025_at_idx RENAME TO events_2025_at_idx__dbs_old;

ALTER INDEX public.events_2025_1_at_idx RENAME TO events_2025_1_at_idx__dbs_old;

ALTER INDEX public.events_2025_at_idx1 RENAME TO events_2025_at_idx;

ALTER INDEX public.events_2025_at_idx__dbs_old RENAME TO events_2025_at_idx1;

ALTER INDEX public.events_2025_1_at_idx1 RENAME TO events_2025_1_at_idx;

ALTER INDEX public.events_2025_1_at_idx__dbs_old RENAME TO events_2025_1_at_idx1;

-- ## rows afterwards
-- public.events_2025_1: (1,2025-03-01) (2,2025-04-01)
