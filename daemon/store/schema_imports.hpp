// Imported history: a session keeps the name it was given, and a line that comes again is found by (conversation, id).
#pragma once

namespace hobd {

inline constexpr char kSchemaImports[] = R"sql(
ALTER TABLE sessions ADD COLUMN label TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_label ON sessions(conversation, label);
CREATE INDEX messages_imported ON messages(conversation, external_id) WHERE channel = 'import';
)sql";

}  // namespace hobd
