-- A full-text index gets another column: it is made anew, and what it holds is kept where it can be.

-- ## before
CREATE VIRTUAL TABLE search USING fts5 (title);

-- ## rows
INSERT INTO search (rowid, title) VALUES (1, 'one'), (2, 'two');

-- ## after
CREATE VIRTUAL TABLE search USING fts5 (title, body);
