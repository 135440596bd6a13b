-- Storage, compression and statistics of columns.

-- ## before
CREATE TABLE files (
    id integer PRIMARY KEY,
    body text,
    head text
);

-- ## after
CREATE TABLE files (
    id integer PRIMARY KEY,
    body text,
    head text
);
ALTER TABLE files ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE files ALTER COLUMN head SET COMPRESSION pglz;
ALTER TABLE files ALTER COLUMN head SET STATISTICS 500;
ALTER TABLE files ALTER COLUMN id SET (n_distinct = -1);
