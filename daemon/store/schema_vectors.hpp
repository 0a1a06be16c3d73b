// The tables of embeddings. A space is what one embedder's model makes: vectors of two spaces are never compared. Each row
// of `vectors` belongs to a message (source 0) or to a version of a memory (source 1) and goes with it: triggers see to that,
// so that no way of removing a text can forget its vector. `hash` is of the text that was embedded; `vector` is float16,
// of length 1, or empty where the text has none.
//
// Rowids of messages may be given again once the newest ones are gone; `vector_epoch` grows then, which tells whoever
// remembers how far it got that it must look again.
#pragma once

namespace hobd {

inline constexpr char kSchemaVectors[] = R"sql(
CREATE TABLE vector_spaces (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  embedder TEXT NOT NULL,
  model TEXT NOT NULL,
  dimension INTEGER NOT NULL,
  complete INTEGER NOT NULL DEFAULT 0,
  UNIQUE (embedder, model, dimension)
) STRICT;

CREATE TABLE vectors (
  id INTEGER PRIMARY KEY,
  space INTEGER NOT NULL,
  source INTEGER NOT NULL,
  row INTEGER NOT NULL,
  user INTEGER NOT NULL,
  hash BLOB NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX vectors_row ON vectors(source, row, space);
CREATE INDEX vectors_user ON vectors(space, user, source, row);
CREATE INDEX vectors_hash ON vectors(space, hash);

CREATE TABLE vector_epoch (id INTEGER PRIMARY KEY CHECK (id = 0), epoch INTEGER NOT NULL) STRICT;
INSERT INTO vector_epoch VALUES (0, 0);

CREATE TRIGGER messages_drop_vectors AFTER DELETE ON messages BEGIN
  DELETE FROM vectors WHERE source = 0 AND row = old.id;
END;
CREATE TRIGGER messages_raise_epoch AFTER DELETE ON messages
WHEN old.id > coalesce((SELECT max(id) FROM messages), 0) BEGIN
  UPDATE vector_epoch SET epoch = epoch + 1;
END;
CREATE TRIGGER messages_change_vectors AFTER UPDATE OF text ON messages WHEN old.text IS NOT new.text BEGIN
  DELETE FROM vectors WHERE source = 0 AND row = old.id;
  UPDATE vector_epoch SET epoch = epoch + 1;
END;
CREATE TRIGGER memories_drop_vectors AFTER DELETE ON memories BEGIN
  DELETE FROM vectors WHERE source = 1 AND row = old.id;
END;
CREATE TRIGGER memories_change_vectors AFTER UPDATE OF text ON memories WHEN old.text IS NOT new.text BEGIN
  DELETE FROM vectors WHERE source = 1 AND row = old.id;
  UPDATE vector_epoch SET epoch = epoch + 1;
END;
)sql";

}  // namespace hobd
