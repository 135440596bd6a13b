-- A table without a key of its own keeps its rowids.

-- ## before
CREATE TABLE log (at text, message text);

-- ## rows
INSERT INTO log (rowid, at, message) VALUES (3, 'a', 'x'), (7, 'b', 'y');

-- ## after
CREATE TABLE log (at text NOT NULL, message text);

-- ## up
-- makes the new form of table main.log
CREATE TABLE "__dbs_log" (at text NOT NULL, message text);

-- copies the rows of main.log into its new form; refuses NULL in main.log.at
-- notice rebuild-table main.log: 2 rows
-- notice set-not-null main.log.at: no row has NULL in at; 2 rows
INSERT INTO "__dbs_log" (rowid, "at", "message") SELECT "log".rowid, "log"."at", "log"."message" FROM "log";

-- drops the old form of table main.log
DROP TABLE "log";

-- puts the new form of table main.log in its place
ALTER TABLE "__dbs_log" RENAME TO "log";

-- ## down
CREATE TABLE "__dbs_log" (at text, message text);

INSERT INTO "__dbs_log" (rowid, "at", "message") SELECT "log".rowid, "log"."at", "log"."message" FROM "log";

DROP TABLE "log";

ALTER TABLE "__dbs_log" RENAME TO "log";

-- ## rows afterwards
-- log: ('a', 'x') ('b', 'y')
