-- A column gets another name and another type at once.

-- ## with
-- rename orders.note=remark

-- ## before
CREATE TABLE orders (
    id integer PRIMARY KEY,
    note varchar(10)
);

-- ## rows
INSERT INTO orders VALUES (1, 'a'), (2, 'b');

-- ## after
CREATE TABLE orders (
    id integer PRIMARY KEY,
    remark text NOT NULL DEFAULT ''
);

-- ## up
-- renames column public.orders.note to remark · ACCESS EXCLUSIVE on public.orders
-- warning rename-column public.orders.note
ALTER TABLE public.orders RENAME COLUMN note TO remark;

-- changes public.orders.remark from character varying(10) to text; refuses NULL in public.orders.remark; changes default public.orders.remark · ACCESS EXCLUSIVE on public.orders
-- notice set-not-null public.orders.remark: no row has NULL in remark; 2 rows, 8.0 kB
ALTER TABLE public.orders
    ALTER COLUMN remark TYPE text,
    ALTER COLUMN remark SET NOT NULL,
    ALTER COLUMN remark SET DEFAULT ''::text;

-- ## down
ALTER TABLE public.orders RENAME COLUMN remark TO note;

ALTER TABLE public.orders
    ALTER COLUMN note DROP DEFAULT,
    ALTER COLUMN note TYPE character varying(10),
    ALTER COLUMN note DROP NOT NULL;

-- ## rows afterwards
-- public.orders: (1,a) (2,b)
