// Cursors of lists: the sort key of a page's last row, as text that a client hands back unread.
#pragma once

#include "store/records.hpp"

#include <array>

namespace hobd {

/// Two numbers order every list here: (time or 0, rowid).
using CursorKey = std::array<std::int64_t, 2>;

/// `list` names the list, so that a cursor of one isn't taken for another's.
std::string make_cursor(char list, CursorKey key);

/// The key of `page.cursor`, or `start` when it is empty. invalid: the cursor is none of this list's, or the
/// limit isn't 1..500.
Result<CursorKey> read_page(char list, const PageRequest& page, CursorKey start);

}  // namespace hobd
