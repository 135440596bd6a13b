-- A comment in the schema tells of the rename.

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
-- renames column main.orders.note to remark
-- warning rename-column main.orders.note
ALTER TABLE "orders" RENAME COLUMN "note" TO "remark";

-- ## down
ALTER TABLE "orders" RENAME COLUMN "remark" TO "note";

-- ## rows afterwards
-- orders: (1, 'first') (2, NULL) (3, 'third')
