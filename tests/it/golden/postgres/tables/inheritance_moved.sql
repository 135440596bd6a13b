-- A table gets another parent with the same column, and that column's sequence: it joins the new parent
-- before it leaves the old one, for only so the column stays its parents'.

-- ## before
CREATE TABLE base (id bigserial NOT NULL);
CREATE TABLE thing (name text) INHERITS (base);

-- ## rows
INSERT INTO thing (name) VALUES ('a'), ('b');

-- ## after
CREATE TABLE base (label text);
CREATE TABLE numbered (id bigserial NOT NULL);
CREATE TABLE thing (name text) INHERITS (numbered);

-- ## up
-- makes table public.numbered
CREATE TABLE public.numbered (
    id bigserial
);

-- changes table public.thing · ACCESS SHARE on public.base · ACCESS EXCLUSIVE on public.thing
ALTER TABLE public.thing
    INHERIT public.numbered,
    NO INHERIT public.base;

-- changes default public.thing.id · ACCESS EXCLUSIVE on public.thing
ALTER TABLE public.thing ALTER COLUMN id DROP DEFAULT;

-- drops column public.base.id · ACCESS EXCLUSIVE on public.base
-- danger drop-column public.base.id: 2 values of id lost
ALTER TABLE ONLY public.base DROP COLUMN id;

-- adds column public.base.label · ACCESS EXCLUSIVE on public.base
ALTER TABLE public.base ADD COLUMN label text;

-- changes default public.thing.id · ACCESS EXCLUSIVE on public.thing
ALTER TABLE public.thing ALTER COLUMN id SET DEFAULT nextval('public.numbered_id_seq'::regclass);

-- ## down
ALTER TABLE public.base DROP COLUMN label;

ALTER TABLE public.base ADD COLUMN id bigserial;

ALTER TABLE public.thing
    INHERIT public.base,
    NO INHERIT public.numbered;

ALTER TABLE public.thing ALTER COLUMN id DROP DEFAULT;

DROP TABLE public.numbered;

ALTER TABLE public.thing ALTER COLUMN id SET DEFAULT nextval('public.base_id_seq'::regclass);

-- ## rows afterwards
-- public.base: 
-- public.numbered: 
-- public.thing: (1,a) (2,b)
