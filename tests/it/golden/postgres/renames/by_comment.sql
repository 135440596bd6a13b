-- A comment in the schema file tells of the rename.

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note text
);

-- ## rows
INSERT INTO orders VALUES (1, 'first'), (2, NULL), (3, 'third');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    remark text -- dbstudio: renamed from note
);

-- ## up
-- renames column public.orders.note to remark · ACCESS EXCLUSIVE on public.orders
-- warning rename-column public.orders.note
ALTER TABLE public.orders RENAME COLUMN note TO remark;

-- ## down
ALTER TABLE public.orders RENAME COLUMN remark TO note;

-- ## rows afterwards
-- public.orders: (1,first) (2,) (3,third)
