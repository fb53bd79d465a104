-- Entries, what finds them, and what the file says of itself. docs/formats/sqlite.md explains it.

-- `key` is the id of the key's label (XXH3-64), as signed as SQLite's integers are; the record
-- holds the key itself. An update keeps the id, so that a scan by id sees an entry once.
CREATE TABLE entries(
  id INTEGER PRIMARY KEY,
  key INTEGER NOT NULL,
  number INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  expires_minute INTEGER,
  labels BLOB,
  record BLOB NOT NULL
);
CREATE UNIQUE INDEX entries_by_key ON entries(key);
CREATE INDEX entries_by_group ON entries(group_id);
CREATE INDEX entries_by_expiry ON entries(expires_minute) WHERE expires_minute IS NOT NULL;

-- Which labels a group's id stands for.
CREATE TABLE label_groups(
  label INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  PRIMARY KEY(label, group_id)
) WITHOUT ROWID;

-- Which entries carry a label of their own: tags, and what they inherited.
CREATE TABLE entry_labels(
  label INTEGER NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY(label, entry)
) WITHOUT ROWID;

CREATE TABLE meta(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  epoch INTEGER NOT NULL,
  position INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  boot_id INTEGER NOT NULL,
  clean INTEGER NOT NULL
);
