-- What looks like a rename is none.

-- ## with
-- no-renames

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
    remark text
);

-- ## up
-- drops column main.orders.note
-- danger drop-column main.orders.note: 2 values of note lost
ALTER TABLE "orders" DROP COLUMN "note";

-- adds column main.orders.remark
ALTER TABLE "orders" ADD COLUMN remark text;

-- ## down
ALTER TABLE "orders" DROP COLUMN "remark";

ALTER TABLE "orders" ADD COLUMN note text;

-- ## rows afterwards
-- orders: (1, NULL) (2, NULL) (3, NULL)
