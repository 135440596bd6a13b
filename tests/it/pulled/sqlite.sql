-- Some of everything SQLite has, for pulling it out again.

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE ON CONFLICT IGNORE -- one of a name
);
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    team INTEGER REFERENCES teams (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    email TEXT NOT NULL CHECK (email LIKE '%@%'),
    born TEXT DEFAULT (date('now')),
    balance DECIMAL(10, 2) DEFAULT -1.5,
    "Mixed Case" BLOB DEFAULT x'00ff',
    [select] ANY,
    `back tick` INT,
    initial TEXT GENERATED ALWAYS AS (upper(substr(email, 1, 1))) STORED,
    domain TEXT AS (substr(email, instr(email, '@') + 1)),
    CONSTRAINT sense CHECK (balance > -100 OR born IS NULL),
    UNIQUE (email, born)
);
CREATE TABLE prices (
    product TEXT,
    day TEXT,
    price REAL,
    PRIMARY KEY (product, day DESC)
) WITHOUT ROWID;
CREATE TABLE exact (
    a INTEGER PRIMARY KEY,
    b TEXT NOT NULL,
    c REAL,
    d BLOB,
    e ANY
) STRICT;
CREATE TABLE both (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID, STRICT;
CREATE TABLE "Odd ""Name""" (a, b DEFAULT 'it''s', c DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE one (id INTEGER PRIMARY KEY, other INTEGER REFERENCES two (id));
CREATE TABLE two (id INTEGER PRIMARY KEY, other INTEGER REFERENCES one (id));
CREATE INDEX people_team ON people (team, born DESC) WHERE team IS NOT NULL;
CREATE UNIQUE INDEX people_lower ON people (lower(email) COLLATE NOCASE);
CREATE VIEW adults (id, email) AS SELECT id, email FROM people WHERE born < '2007-01-01';
CREATE VIEW adult_teams AS SELECT t.name, count(*) AS people
    FROM teams t JOIN people p ON p.team = t.id JOIN adults a USING (id) GROUP BY t.name;
CREATE TRIGGER people_check BEFORE INSERT ON people WHEN NEW.team IS NULL
BEGIN
    SELECT CASE WHEN NEW.email IS NULL THEN RAISE(ABORT, 'no; really') END;
    UPDATE teams SET name = name WHERE id = 1;
END;
CREATE TRIGGER adults_insert INSTEAD OF INSERT ON adults
BEGIN
    INSERT INTO people (id, email) VALUES (NEW.id, NEW.email);
END;
CREATE VIRTUAL TABLE search USING fts5 (title, body, tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE boxes USING rtree (id, minx, maxx, miny, maxy);
