-- A table that others refer to becomes partitioned; a trigger and a rule of it that change what is
-- inserted are made once the rows are there, and what refers to it after that.

-- ## before
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := upper(NEW.note); RETURN NEW; END $$;
CREATE TABLE events (id integer PRIMARY KEY, note text);
CREATE TABLE remarks (event integer REFERENCES events, text text);
CREATE TRIGGER shout BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION shout();
CREATE RULE never AS ON INSERT TO events WHERE NEW.id > 1 DO INSTEAD NOTHING;
ALTER TABLE events DISABLE TRIGGER shout;
ALTER TABLE events DISABLE RULE never;

-- ## rows
INSERT INTO events VALUES (1, 'a'), (2, 'b');
INSERT INTO remarks VALUES (2, 'x');

-- ## after
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := upper(NEW.note); RETURN NEW; END $$;
CREATE TABLE events (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (1) TO (100);
CREATE TABLE remarks (event integer REFERENCES events, text text);
CREATE TRIGGER shout BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION shout();
CREATE RULE never AS ON INSERT TO events WHERE NEW.id > 1 DO INSTEAD NOTHING;

-- ## up
-- drops constraint public.remarks.remarks_event_fkey for a while · ACCESS EXCLUSIVE on public.events · ACCESS EXCLUSIVE on public.remarks
-- notice remade-object public.remarks.remarks_event_fkey
ALTER TABLE public.remarks DROP CONSTRAINT remarks_event_fkey;

-- drops constraint public.events.events_pkey for a while · ACCESS EXCLUSIVE on public.events
-- notice remade-object public.events.events_pkey
ALTER TABLE public.events DROP CONSTRAINT events_pkey;

-- sets table public.events aside · ACCESS EXCLUSIVE on public.events
ALTER TABLE public.events RENAME TO events__dbs_old;

-- makes table public.events
CREATE TABLE public.events (
    id integer NOT NULL,
    note text,
    CONSTRAINT events_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- makes table public.events_low · ACCESS EXCLUSIVE on public.events
-- notice add-partition public.events_low
CREATE TABLE public.events_low PARTITION OF public.events FOR VALUES FROM (1) TO (100);

-- copies the rows of public.events into its new form · ROW EXCLUSIVE on public.events
-- notice rebuild-table public.events: 2 rows, 16.0 kB
INSERT INTO public.events (id, note) SELECT id, note FROM public.events__dbs_old;

-- drops the old form of table public.events
DROP TABLE public.events__dbs_old;

-- makes constraint public.remarks.remarks_event_fkey again · SHARE ROW EXCLUSIVE on public.events · SHARE ROW EXCLUSIVE on public.remarks
ALTER TABLE public.remarks ADD CONSTRAINT remarks_event_fkey FOREIGN KEY (event) REFERENCES public.events(id);

-- makes rule public.events.never again · ACCESS EXCLUSIVE on public.events
CREATE RULE never AS
    ON INSERT TO public.events
   WHERE (new.id > 1) DO INSTEAD NOTHING;

-- makes trigger public.events.shout again · SHARE ROW EXCLUSIVE on public.events
CREATE TRIGGER shout BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.shout();

-- ## down
ALTER TABLE public.remarks DROP CONSTRAINT remarks_event_fkey;

ALTER TABLE public.events DROP CONSTRAINT events_pkey;

ALTER TABLE public.events RENAME TO events__dbs_old;

CREATE TABLE public.events (
    id integer NOT NULL,
    note text,
    CONSTRAINT events_pkey PRIMARY KEY (id)
);

INSERT INTO public.events (id, note) SELECT id, note FROM public.events__dbs_old;

DROP TABLE public.events__dbs_old;

ALTER TABLE public.remarks ADD CONSTRAINT remarks_event_fkey FOREIGN KEY (event) REFERENCES public.events(id);

CREATE RULE never AS
    ON INSERT TO public.events
   WHERE (new.id > 1) DO INSTEAD NOTHING;

ALTER TABLE public.events DISABLE RULE never;

CREATE TRIGGER shout BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.shout();

ALTER TABLE public.events DISABLE TRIGGER shout;

-- ## rows afterwards
-- public.events_low: (1,a) (2,b)
-- public.remarks: (2,x)
