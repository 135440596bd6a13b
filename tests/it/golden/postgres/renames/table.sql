-- A table gets another name, and a column of it too; its index keeps its name.

-- ## with
-- rename public.orders=public.purchases
-- rename public.purchases.note=public.purchases.remark

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);
CREATE INDEX by_note ON orders (note);
CREATE VIEW notes AS SELECT note FROM orders;

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');

-- ## after
CREATE TABLE purchases (
    id integer CONSTRAINT orders_pkey PRIMARY KEY,
    remark text
);
CREATE INDEX by_note ON purchases (remark);
CREATE VIEW notes AS SELECT remark AS note FROM purchases;

-- ## up
-- renames table public.orders to purchases · ACCESS EXCLUSIVE on public.orders
-- warning rename-table public.orders
ALTER TABLE public.orders RENAME TO purchases;

-- renames column public.purchases.note to remark · ACCESS EXCLUSIVE on public.purchases
-- warning rename-column public.purchases.note
ALTER TABLE public.purchases RENAME COLUMN note TO remark;

-- ## down
ALTER TABLE public.purchases RENAME COLUMN remark TO note;

ALTER TABLE public.purchases RENAME TO orders;

-- ## rows afterwards
-- public.purchases: (1,first) (2,) (3,third)
