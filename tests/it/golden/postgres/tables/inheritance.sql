-- A table inherits from another; one stops doing so; a parent gets a column.

-- ## before
CREATE TABLE parent (id integer, note text);
CREATE TABLE child (id integer, note text, more text);
CREATE TABLE other () INHERITS (parent);

-- ## rows
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (2, 'c', 'm');
INSERT INTO other VALUES (3, 'o');

-- ## after
CREATE TABLE parent (id integer, note text, extra integer DEFAULT 0);
CREATE TABLE child (id integer, note text, more text) INHERITS (parent);
CREATE TABLE other (id integer, note text);
