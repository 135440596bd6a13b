-- The partitioned table gets a primary key, and so do its partitions, but for one with a unique
-- constraint of the same columns: the server takes that for its like.

-- ## before
CREATE TABLE events (id bigint NOT NULL, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);

-- ## rows
INSERT INTO events VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE events (id bigint NOT NULL, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (100) TO (200);
ALTER TABLE events_low ADD CONSTRAINT own UNIQUE (id);
ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (id);
COMMENT ON CONSTRAINT own ON events_low IS 'was there first';

-- ## up
-- makes table public.events_high · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_high
CREATE TABLE public.events_high PARTITION OF public.events FOR VALUES FROM ('100') TO ('200');

-- makes constraint public.events_low.own · ACCESS EXCLUSIVE on public.events_low
-- notice add-unique public.events_low.own: 2 rows, 16.0 kB
ALTER TABLE public.events_low ADD CONSTRAINT own UNIQUE (id);

-- comments on constraint public.events_low.own · ACCESS SHARE on public.events_low
COMMENT ON CONSTRAINT own ON public.events_low IS 'was there first';

-- makes constraint public.events.events_pkey · ACCESS EXCLUSIVE on public.events · SHARE on public.events_low
-- notice add-primary-key public.events.events_pkey: no row has NULL in id; no value of id occurs more than once; 2 rows, 16.0 kB
ALTER TABLE public.events ADD CONSTRAINT events_pkey PRIMARY KEY (id);

-- ## down
DROP TABLE public.events_high;

ALTER TABLE public.events DROP CONSTRAINT events_pkey;

-- ## rows afterwards
-- public.events_high: 
-- public.events_low: (1,a) (2,b)
