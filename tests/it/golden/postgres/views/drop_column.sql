-- A column goes that a view no longer reads.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer,
    note text
);
CREATE VIEW notes AS SELECT id, note, total FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 10, 'a'), (2, 20, NULL);

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    total integer
);
CREATE VIEW notes AS SELECT id, total FROM orders;

-- ## up
-- drops view public.notes for a while
-- notice remade-object public.notes
DROP VIEW public.notes;

-- drops column public.orders.note · ACCESS EXCLUSIVE on public.orders
-- danger drop-column public.orders.note: 1 value of note lost
ALTER TABLE public.orders DROP COLUMN note;

-- makes view public.notes again · ACCESS SHARE on public.orders
CREATE VIEW public.notes AS
SELECT orders.id,
    orders.total
   FROM public.orders;

-- ## down
DROP VIEW public.notes;

ALTER TABLE public.orders ADD COLUMN note text;

CREATE VIEW public.notes AS
SELECT orders.id,
    orders.note,
    orders.total
   FROM public.orders;

-- ## rows afterwards
-- public.orders: (1,10) (2,20)
