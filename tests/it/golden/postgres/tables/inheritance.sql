-- A table inherits from another; one stops doing so; a parent gets a column.

-- ## before
CREATE TABLE parent (id integer, note text);
CREATE TABLE child (id integer, note text, more text);
CREATE TABLE other (id integer, note text) INHERITS (parent);

-- ## rows
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (2, 'c', 'm');
INSERT INTO other VALUES (3, 'o');

-- ## after
CREATE TABLE parent (id integer, note text, extra integer DEFAULT 0);
CREATE TABLE child (id integer, note text, more text) INHERITS (parent);
CREATE TABLE other (id integer, note text);

-- ## up
-- changes table public.other · ACCESS EXCLUSIVE on public.other · ACCESS SHARE on public.parent
ALTER TABLE public.other NO INHERIT public.parent;

-- changes table public.child · ACCESS EXCLUSIVE on public.child · SHARE UPDATE EXCLUSIVE on public.parent
ALTER TABLE public.child INHERIT public.parent;

-- adds column public.parent.extra · ACCESS EXCLUSIVE on public.child · ACCESS EXCLUSIVE on public.parent
ALTER TABLE public.parent ADD COLUMN extra integer DEFAULT 0;

-- ## down
ALTER TABLE public.parent DROP COLUMN extra;

ALTER TABLE public.child NO INHERIT public.parent;

ALTER TABLE public.other INHERIT public.parent;

-- ## notes
-- The columns of public.child keep their places: PostgreSQL adds new ones at the end

-- ## rows afterwards
-- public.child: (2,c,m,0)
-- public.other: (3,o)
-- public.parent: (1,p,0)
