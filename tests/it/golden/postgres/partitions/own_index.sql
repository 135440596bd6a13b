-- A partition's own index, with a parameter of its own, is its like of the partitioned table's: it is
-- made first. When it is to have another parameter, both are made again.

-- ## before
CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE INDEX low_note ON events_low (note) WITH (fillfactor = 90);
CREATE INDEX events_note ON events (note);

-- ## rows
INSERT INTO events VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE INDEX low_id ON events_low (id) WITH (fillfactor = 50);
CREATE INDEX events_id ON events (id);
CREATE INDEX low_note ON events_low (note) WITH (fillfactor = 50);
CREATE INDEX events_note ON events (note);

-- ## up
-- drops index public.events.events_note for a while · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_low
-- notice remade-object public.events.events_note
DROP INDEX public.events_note;

-- makes index public.events_low.low_id · SHARE on public.events_low
-- notice index-not-concurrent public.events_low.low_id: 2 rows, 16.0 kB
CREATE INDEX low_id ON public.events_low USING btree (id) WITH (fillfactor='50');

-- makes index public.events_low.low_note again · SHARE on public.events_low
-- notice index-not-concurrent public.events_low.low_note: 2 rows, 16.0 kB
CREATE INDEX low_note ON public.events_low USING btree (note) WITH (fillfactor='50');

-- makes index public.events.events_id · SHARE on public.events · SHARE on public.events_low
-- notice index-not-concurrent public.events.events_id: 2 rows, 16.0 kB
CREATE INDEX events_id ON public.events USING btree (id);

-- makes index public.events.events_note again · SHARE on public.events · SHARE on public.events_low
-- notice index-not-concurrent public.events.events_note: 2 rows, 16.0 kB
CREATE INDEX events_note ON public.events USING btree (note);

-- ## down
DROP INDEX public.events_id;

DROP INDEX public.events_note;

CREATE INDEX low_note ON public.events_low USING btree (note) WITH (fillfactor='90');

CREATE INDEX events_note ON public.events USING btree (note);

-- ## rows afterwards
-- public.events_low: (1,a) (2,b)
