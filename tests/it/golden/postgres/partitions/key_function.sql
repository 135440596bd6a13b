-- The function by which a table is parted gets another argument's name, which no function in use can:
-- the old one steps aside until the table has moved over.

-- ## before
CREATE FUNCTION part(id integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT id % 3';
CREATE TABLE events (id integer, note text) PARTITION BY LIST (part(id));
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);

-- ## rows
INSERT INTO events VALUES (1, 'a'), (4, 'b');

-- ## after
CREATE FUNCTION part(number integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT number % 3';
CREATE TABLE events (id integer, note text) PARTITION BY LIST (part(id));
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);

-- ## up
-- changes table public.events_1 · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_1
-- warning detach-partition public.events_1
ALTER TABLE public.events DETACH PARTITION public.events_1;

-- sets routine public.part(integer) aside
ALTER ROUTINE public.part(integer) RENAME TO part__dbs_old;

-- sets table public.events aside · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events RENAME TO events__dbs_old;

-- makes routine public.part(integer)
CREATE FUNCTION public.part(number integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT number % 3$function$;

-- makes table public.events
CREATE TABLE public.events (
    id integer,
    note text
) PARTITION BY LIST (public.part(id));

-- changes table public.events_1 · SHARE UPDATE EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.events_1
ALTER TABLE public.events ATTACH PARTITION public.events_1 FOR VALUES IN (1);

-- copies the rows of public.events into its new form · ROW EXCLUSIVE on public.events
-- notice rebuild-table public.events: 2 rows, 16.0 kB
INSERT INTO public.events (id, note) SELECT id, note FROM public.events__dbs_old;

-- drops the old form of table public.events
DROP TABLE public.events__dbs_old;

-- drops the old form of routine public.part(integer)
DROP ROUTINE public.part__dbs_old(integer);

-- ## down
ALTER TABLE public.events DETACH PARTITION public.events_1;

ALTER ROUTINE public.part(integer) RENAME TO part__dbs_old;

ALTER TABLE public.events RENAME TO events__dbs_old;

CREATE FUNCTION public.part(id integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$SELECT id % 3$function$;

CREATE TABLE public.events (
    id integer,
    note text
) PARTITION BY LIST (public.part(id));

ALTER TABLE public.events ATTACH PARTITION public.events_1 FOR VALUES IN (1);

INSERT INTO public.events (id, note) SELECT id, note FROM public.events__dbs_old;

DROP TABLE public.events__dbs_old;

DROP ROUTINE public.part__dbs_old(integer);

-- ## rows afterwards
-- public.events_1: (1,a) (4,b)
