-- A range type is made and used.

-- ## before
CREATE TABLE runs (id integer PRIMARY KEY);

-- ## after
CREATE TYPE float_range AS RANGE (subtype = double precision, subtype_diff = float8mi);
CREATE TABLE runs (
    id integer PRIMARY KEY,
    speed float_range
);

-- ## up
-- makes range type public.float_range
CREATE TYPE public.float_range AS RANGE (subtype = double precision, subtype_diff = float8mi);

-- adds column public.runs.speed · ACCESS EXCLUSIVE on public.runs
ALTER TABLE public.runs ADD COLUMN speed public.float_range;

-- ## down
ALTER TABLE public.runs DROP COLUMN speed;

DROP TYPE public.float_range;
