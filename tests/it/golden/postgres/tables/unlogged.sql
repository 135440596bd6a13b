-- A table becomes unlogged, and another logged.

-- ## before
CREATE TABLE a (id integer PRIMARY KEY);
CREATE UNLOGGED TABLE b (id integer PRIMARY KEY);

-- ## rows
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (2);

-- ## after
CREATE UNLOGGED TABLE a (id integer PRIMARY KEY);
CREATE TABLE b (id integer PRIMARY KEY);

-- ## up
-- changes table public.a · ACCESS EXCLUSIVE on public.a · writes public.a anew
-- warning set-logged public.a
ALTER TABLE public.a SET UNLOGGED;

-- changes table public.b · ACCESS EXCLUSIVE on public.b · writes public.b anew
-- warning set-logged public.b
ALTER TABLE public.b SET LOGGED;

-- ## down
ALTER TABLE public.a SET LOGGED;

ALTER TABLE public.b SET UNLOGGED;

-- ## rows afterwards
-- public.a: (1)
-- public.b: (2)
