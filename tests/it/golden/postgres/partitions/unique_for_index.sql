-- A partition's unique constraint is its like of the partitioned table's unique index, which is made
-- after it; the way back takes both away at once, for the server drops neither alone.

-- ## before
CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);

-- ## rows
INSERT INTO events VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
ALTER TABLE events_low ADD CONSTRAINT own UNIQUE (id);
CREATE UNIQUE INDEX events_id ON events (id);

-- ## up
-- makes constraint public.events_low.own · ACCESS EXCLUSIVE on public.events_low
-- notice add-unique public.events_low.own: 2 rows, 16.0 kB
ALTER TABLE public.events_low ADD CONSTRAINT own UNIQUE (id);

-- makes index public.events.events_id · SHARE on public.events · SHARE on public.events_low
-- notice add-unique public.events.events_id: no value of id occurs more than once; 2 rows, 16.0 kB
-- notice index-not-concurrent public.events.events_id: 2 rows, 16.0 kB
CREATE UNIQUE INDEX events_id ON public.events USING btree (id);

-- ## down
DROP INDEX public.events_id CASCADE;

-- ## rows afterwards
-- public.events_low: (1,a) (2,b)
