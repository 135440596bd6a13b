-- A table whose policies its owner is held to becomes partitioned: its owner copies all rows. A
-- materialized view of it is filled when they are there.

-- ## before
CREATE TABLE notes (id integer PRIMARY KEY, owner text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = CURRENT_USER);
CREATE MATERIALIZED VIEW owners AS SELECT DISTINCT owner FROM notes;

-- ## rows
INSERT INTO notes VALUES (1, 'ann'), (2, 'bob');
REFRESH MATERIALIZED VIEW owners;

-- ## after
CREATE TABLE notes (id integer PRIMARY KEY, owner text) PARTITION BY HASH (id);
CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = CURRENT_USER);
CREATE MATERIALIZED VIEW owners AS SELECT DISTINCT owner FROM notes;

-- ## up
-- drops materialized view public.owners for a while · ACCESS EXCLUSIVE on public.owners
-- notice remade-object public.owners
DROP MATERIALIZED VIEW public.owners;

-- drops constraint public.notes.notes_pkey for a while · ACCESS EXCLUSIVE on public.notes
-- notice remade-object public.notes.notes_pkey
ALTER TABLE public.notes DROP CONSTRAINT notes_pkey;

-- sets table public.notes aside · ACCESS EXCLUSIVE on public.notes
ALTER TABLE public.notes RENAME TO notes__dbs_old;

-- changes who may do what with table public.notes
ALTER TABLE public.notes__dbs_old NO FORCE ROW LEVEL SECURITY;

-- makes table public.notes
-- notice enable-row-security public.notes
CREATE TABLE public.notes (
    id integer NOT NULL,
    owner text,
    CONSTRAINT notes_pkey PRIMARY KEY (id)
) PARTITION BY HASH (id);

-- changes who may do what with table public.notes · ACCESS EXCLUSIVE on public.notes
-- notice enable-row-security public.notes
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;

-- makes table public.notes_0 · ACCESS EXCLUSIVE on public.notes
-- notice add-partition public.notes_0
CREATE TABLE public.notes_0 PARTITION OF public.notes FOR VALUES WITH (modulus 1, remainder 0);

-- copies the rows of public.notes into its new form · ROW EXCLUSIVE on public.notes
-- notice rebuild-table public.notes: 2 rows, 16.0 kB
INSERT INTO public.notes (id, owner) SELECT id, owner FROM public.notes__dbs_old;

-- changes who may do what with table public.notes · ACCESS EXCLUSIVE on public.notes
ALTER TABLE public.notes FORCE ROW LEVEL SECURITY;

-- drops the old form of table public.notes
DROP TABLE public.notes__dbs_old;

-- makes materialized view public.owners again · ACCESS SHARE on public.notes
CREATE MATERIALIZED VIEW public.owners AS
SELECT DISTINCT notes.owner
   FROM public.notes;

-- changes who may do what with policy public.notes.own · ACCESS EXCLUSIVE on public.notes
-- warning change-policy public.notes.own
CREATE POLICY own ON public.notes USING ((owner = CURRENT_USER));

-- ## down
DROP MATERIALIZED VIEW public.owners;

ALTER TABLE public.notes DROP CONSTRAINT notes_pkey;

ALTER TABLE public.notes RENAME TO notes__dbs_old;

ALTER TABLE public.notes__dbs_old NO FORCE ROW LEVEL SECURITY;

CREATE TABLE public.notes (
    id integer NOT NULL,
    owner text,
    CONSTRAINT notes_pkey PRIMARY KEY (id)
);

ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;

INSERT INTO public.notes (id, owner) SELECT id, owner FROM public.notes__dbs_old;

ALTER TABLE public.notes FORCE ROW LEVEL SECURITY;

DROP TABLE public.notes__dbs_old;

CREATE MATERIALIZED VIEW public.owners AS
SELECT DISTINCT notes.owner
   FROM public.notes;

CREATE POLICY own ON public.notes USING ((owner = CURRENT_USER));

-- ## rows afterwards
-- public.notes_0: (1,ann) (2,bob)
