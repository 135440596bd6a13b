-- Two bookings of a room may not overlap; NULLs count as equal in a unique.

-- ## before
CREATE TABLE bookings (
    room integer,
    during tsrange,
    reference text
);

-- ## rows
INSERT INTO bookings VALUES (1, '[2026-01-01,2026-01-02)', 'a'), (1, '[2026-01-02,2026-01-03)', NULL);

-- ## after
CREATE EXTENSION btree_gist;
CREATE TABLE bookings (
    room integer,
    during tsrange,
    reference text,
    CONSTRAINT bookings_free EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0),
    CONSTRAINT bookings_reference UNIQUE NULLS NOT DISTINCT (reference)
);

-- ## up
-- makes extension btree_gist
CREATE EXTENSION btree_gist WITH SCHEMA public;

-- makes constraint public.bookings.bookings_reference; makes constraint public.bookings.bookings_free · ACCESS EXCLUSIVE on public.bookings
-- notice add-unique public.bookings.bookings_reference: no value of reference occurs more than once; 2 rows, 16.0 kB
-- notice add-exclusion public.bookings.bookings_free: 2 rows, 16.0 kB
ALTER TABLE public.bookings
    ADD CONSTRAINT bookings_reference UNIQUE NULLS NOT DISTINCT (reference),
    ADD CONSTRAINT bookings_free EXCLUDE USING gist (room WITH =, during WITH &&) WHERE ((room > 0));

-- ## down
ALTER TABLE public.bookings
    DROP CONSTRAINT bookings_reference,
    DROP CONSTRAINT bookings_free;

DROP EXTENSION btree_gist;

-- ## rows afterwards
-- public.bookings: (1,"[""2026-01-01 00:00:00"",""2026-01-02 00:00:00"")",a) (1,"[""2026-01-02 00:00:00"",""2026-01-03 00:00:00"")",)
