-- The counter of a table goes on where it was; another table gets one.

-- ## before
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);
CREATE TABLE b (id INTEGER PRIMARY KEY, note text);

-- ## rows
INSERT INTO a VALUES (1, 'x'), (9, 'y');
DELETE FROM a WHERE id = 9;
INSERT INTO b VALUES (4, 'z');

-- ## after
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, note text NOT NULL);
CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);

-- ## up
-- makes the new form of table main.a
CREATE TABLE "__dbs_a" (id INTEGER PRIMARY KEY AUTOINCREMENT, note text NOT NULL);

-- changes table main.a
INSERT INTO sqlite_sequence (name, seq) SELECT '__dbs_a', seq FROM sqlite_sequence WHERE name = 'a';

-- copies the rows of main.a into its new form; refuses NULL in main.a.note
-- notice rebuild-table main.a: 1 row
-- notice set-not-null main.a.note: no row has NULL in note; 1 row
INSERT INTO "__dbs_a" ("id", "note") SELECT "a"."id", "a"."note" FROM "a";

-- drops the old form of table main.a
DROP TABLE "a";

-- puts the new form of table main.a in its place
ALTER TABLE "__dbs_a" RENAME TO "a";

-- makes the new form of table main.b
CREATE TABLE "__dbs_b" (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);

-- copies the rows of main.b into its new form
-- notice rebuild-table main.b: 1 row
INSERT INTO "__dbs_b" ("id", "note") SELECT "b"."id", "b"."note" FROM "b";

-- drops the old form of table main.b
DROP TABLE "b";

-- puts the new form of table main.b in its place
ALTER TABLE "__dbs_b" RENAME TO "b";

-- ## down
CREATE TABLE "__dbs_a" (id INTEGER PRIMARY KEY AUTOINCREMENT, note text);

INSERT INTO sqlite_sequence (name, seq) SELECT '__dbs_a', seq FROM sqlite_sequence WHERE name = 'a';

INSERT INTO "__dbs_a" ("id", "note") SELECT "a"."id", "a"."note" FROM "a";

DROP TABLE "a";

ALTER TABLE "__dbs_a" RENAME TO "a";

CREATE TABLE "__dbs_b" (id INTEGER PRIMARY KEY, note text);

INSERT INTO "__dbs_b" ("id", "note") SELECT "b"."id", "b"."note" FROM "b";

DROP TABLE "b";

ALTER TABLE "__dbs_b" RENAME TO "b";

-- ## rows afterwards
-- a: (1, 'x')
-- b: (4, 'z')
