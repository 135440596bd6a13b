-- A rule comes, one changes, one goes.

-- ## before
CREATE TABLE orders (id integer PRIMARY KEY);
CREATE RULE keep AS ON DELETE TO orders DO INSTEAD NOTHING;
CREATE RULE skip AS ON UPDATE TO orders WHERE OLD.id < 0 DO INSTEAD NOTHING;

-- ## rows
INSERT INTO orders VALUES (1);

-- ## after
CREATE TABLE orders (id integer PRIMARY KEY);
CREATE RULE skip AS ON UPDATE TO orders WHERE OLD.id < 10 DO INSTEAD NOTHING;
CREATE RULE add AS ON INSERT TO orders WHERE NEW.id < 0 DO INSTEAD NOTHING;

-- ## up
-- drops rule public.orders.keep · ACCESS EXCLUSIVE on public.orders
-- warning drop-trigger public.orders.keep
DROP RULE keep ON public.orders;

-- makes rule public.orders.add · ACCESS EXCLUSIVE on public.orders
CREATE RULE add AS
    ON INSERT TO public.orders
   WHERE (new.id < 0) DO INSTEAD NOTHING;

-- changes rule public.orders.skip · ACCESS EXCLUSIVE on public.orders
CREATE OR REPLACE RULE skip AS
    ON UPDATE TO public.orders
   WHERE (old.id < 10) DO INSTEAD NOTHING;

-- ## down
DROP RULE add ON public.orders;

CREATE RULE keep AS
    ON DELETE TO public.orders DO INSTEAD NOTHING;

CREATE OR REPLACE RULE skip AS
    ON UPDATE TO public.orders
   WHERE (old.id < 0) DO INSTEAD NOTHING;

-- ## rows afterwards
-- public.orders: (1)
