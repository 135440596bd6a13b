-- A foreign key from and to a partitioned table.

-- ## before
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE people (id bigint PRIMARY KEY);
CREATE TABLE notes (event bigint, at date);

-- ## after
CREATE TABLE events (
    id bigint NOT NULL,
    at date NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE people (id bigint PRIMARY KEY);
CREATE TABLE notes (event bigint, at date, FOREIGN KEY (event, at) REFERENCES events);
ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES people;

-- ## up
-- makes constraint public.events.events_id_fkey · SHARE ROW EXCLUSIVE on public.events · SHARE ROW EXCLUSIVE on public.events_2025 · SHARE ROW EXCLUSIVE on public.people
-- notice add-foreign-key public.events.events_id_fkey: every id refers to a row; 0 rows, 0 bytes
ALTER TABLE public.events ADD CONSTRAINT events_id_fkey FOREIGN KEY (id) REFERENCES public.people(id);

-- makes constraint public.notes.notes_event_at_fkey · SHARE ROW EXCLUSIVE on public.events · SHARE ROW EXCLUSIVE on public.events_2025 · SHARE ROW EXCLUSIVE on public.notes
-- notice unindexed-foreign-key public.notes.notes_event_at_fkey
-- notice add-foreign-key public.notes.notes_event_at_fkey: every event, at refers to a row; 0 rows, 0 bytes
ALTER TABLE public.notes ADD CONSTRAINT notes_event_at_fkey FOREIGN KEY (event, at) REFERENCES public.events(id, at);

-- ## down
ALTER TABLE public.events DROP CONSTRAINT events_id_fkey;

ALTER TABLE public.notes DROP CONSTRAINT notes_event_at_fkey;
