// Schema step: the index of messages holds terms alone, each prefixed by its user (terms.hpp); what was said at a time is found
// by that time.
#pragma once

namespace hobd {

inline constexpr char kSchemaRecall[] = R"sql(
DROP TABLE message_fts;
DROP VIEW message_words;
CREATE VIEW message_terms AS
  SELECT id, index_terms(user, text) AS terms FROM messages;
CREATE VIRTUAL TABLE message_fts USING fts5(
  terms, content = 'message_terms', content_rowid = 'id', tokenize = 'ascii', detail = none, columnsize = 0);
INSERT INTO message_fts(message_fts) VALUES ('rebuild');
CREATE INDEX messages_time ON messages(user, at);
)sql";

}  // namespace hobd
