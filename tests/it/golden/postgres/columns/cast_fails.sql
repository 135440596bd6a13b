-- A text that is no number.

-- ## with
-- fails

-- ## before
CREATE TABLE events (
    id integer PRIMARY KEY,
    count text
);

-- ## rows
INSERT INTO events VALUES (1, '7'), (2, 'seven'), (3, '');

-- ## after
CREATE TABLE events (
    id integer PRIMARY KEY,
    count integer
);

-- ## up
-- changes public.events.count from text to integer · ACCESS EXCLUSIVE on public.events · writes public.events anew
-- danger narrow-type public.events.count: 2 values of count that cannot become integer: '', 'seven'
-- notice rewrite-table public.events: 3 rows, 16.0 kB
ALTER TABLE public.events ALTER COLUMN count TYPE integer USING count::integer;

-- ## failure
-- invalid input syntax for type integer: "seven"
-- ALTER TABLE public.events ALTER COLUMN count TYPE integer USING count::integer
-- Everything was rolled back: the database is as it was

-- ## down
ALTER TABLE public.events ALTER COLUMN count TYPE text;
