-- A table loses its rowid, another gets one.

-- ## before
CREATE TABLE a (code text PRIMARY KEY, note text);
CREATE TABLE b (code text PRIMARY KEY, note text) WITHOUT ROWID;

-- ## rows
INSERT INTO a VALUES ('x', '1');
INSERT INTO b VALUES ('y', '2');

-- ## after
CREATE TABLE a (code text PRIMARY KEY, note text) WITHOUT ROWID;
CREATE TABLE b (code text PRIMARY KEY, note text);

-- ## up
-- makes the new form of table main.a
CREATE TABLE "__dbs_a" (code text PRIMARY KEY, note text) WITHOUT ROWID;

-- copies the rows of main.a into its new form; refuses NULL in main.a.code
-- notice rebuild-table main.a: 1 row
-- notice set-not-null main.a.code: no row has NULL in code; 1 row
INSERT INTO "__dbs_a" ("code", "note") SELECT "a"."code", "a"."note" FROM "a";

-- drops the old form of table main.a
DROP TABLE "a";

-- puts the new form of table main.a in its place
ALTER TABLE "__dbs_a" RENAME TO "a";

-- makes the new form of table main.b
CREATE TABLE "__dbs_b" (code text PRIMARY KEY, note text);

-- copies the rows of main.b into its new form
-- notice rebuild-table main.b: 1 row
INSERT INTO "__dbs_b" ("code", "note") SELECT "b"."code", "b"."note" FROM "b";

-- drops the old form of table main.b
DROP TABLE "b";

-- puts the new form of table main.b in its place
ALTER TABLE "__dbs_b" RENAME TO "b";

-- ## down
CREATE TABLE "__dbs_a" (code text PRIMARY KEY, note text);

INSERT INTO "__dbs_a" ("code", "note") SELECT "a"."code", "a"."note" FROM "a";

DROP TABLE "a";

ALTER TABLE "__dbs_a" RENAME TO "a";

CREATE TABLE "__dbs_b" (code text PRIMARY KEY, note text) WITHOUT ROWID;

INSERT INTO "__dbs_b" ("code", "note") SELECT "b"."code", "b"."note" FROM "b";

DROP TABLE "b";

ALTER TABLE "__dbs_b" RENAME TO "b";

-- ## rows afterwards
-- a: ('x', '1')
-- b: ('y', '2')
