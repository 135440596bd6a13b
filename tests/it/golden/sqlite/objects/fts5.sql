-- A full-text index gets another column: it is made anew, and what it holds is kept where it can be.

-- ## before
CREATE VIRTUAL TABLE search USING fts5 (title);

-- ## rows
INSERT INTO search (rowid, title) VALUES (1, 'one'), (2, 'two');

-- ## after
CREATE VIRTUAL TABLE search USING fts5 (title, body);

-- ## up
-- makes the new form of table main.search
CREATE VIRTUAL TABLE "__dbs_search" USING fts5 (title, body);

-- copies the rows of main.search into its new form
-- notice rebuild-table main.search: 2 rows
INSERT INTO "__dbs_search" (rowid, "title") SELECT "search".rowid, "search"."title" FROM "search";

-- drops the old form of table main.search
DROP TABLE "search";

-- puts the new form of table main.search in its place
ALTER TABLE "__dbs_search" RENAME TO "search";

-- ## down
CREATE VIRTUAL TABLE "__dbs_search" USING fts5 (title);

INSERT INTO "__dbs_search" (rowid, "title") SELECT "search".rowid, "search"."title" FROM "search";

DROP TABLE "search";

ALTER TABLE "__dbs_search" RENAME TO "search";

-- ## rows afterwards
-- search: ('one', NULL) ('two', NULL)
