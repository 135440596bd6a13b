-- A table gets another primary key.

-- ## before
CREATE TABLE prices (
    product integer,
    day text,
    price numeric
);

-- ## rows
INSERT INTO prices VALUES (1, 'mon', 5), (1, 'tue', 6);

-- ## after
CREATE TABLE prices (
    product integer,
    day text,
    price numeric,
    PRIMARY KEY (product, day)
);

-- ## up
-- makes the new form of table main.prices
CREATE TABLE "__dbs_prices" (
    product integer,
    day text,
    price numeric,
    PRIMARY KEY (product, day)
);

-- copies the rows of main.prices into its new form
-- notice rebuild-table main.prices: no value of product, day occurs more than once; 2 rows
INSERT INTO "__dbs_prices" (rowid, "product", "day", "price") SELECT "prices".rowid, "prices"."product", "prices"."day", "prices"."price" FROM "prices";

-- drops the old form of table main.prices
DROP TABLE "prices";

-- puts the new form of table main.prices in its place
ALTER TABLE "__dbs_prices" RENAME TO "prices";

-- ## down
CREATE TABLE "__dbs_prices" (
    product integer,
    day text,
    price numeric
);

INSERT INTO "__dbs_prices" (rowid, "product", "day", "price") SELECT "prices".rowid, "prices"."product", "prices"."day", "prices"."price" FROM "prices";

DROP TABLE "prices";

ALTER TABLE "__dbs_prices" RENAME TO "prices";

-- ## rows afterwards
-- prices: (1, 'mon', 5) (1, 'tue', 6)
