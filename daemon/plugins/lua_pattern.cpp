#include "plugins/lua_pattern.hpp"

#include <bitset>
#include <cctype>
#include <cstring>
#include <string_view>
#include <vector>

namespace hobd {
namespace {

constexpr std::size_t kFail = static_cast<std::size_t>(-1);
constexpr std::size_t kUnclosed = static_cast<std::size_t>(-2);
constexpr std::size_t kPosition = static_cast<std::size_t>(-3);
constexpr int kMaxCaptures = 32;
constexpr int kMaxDepth = 200;
constexpr unsigned kStepsBetweenLooks = 4096;

using CharSet = std::bitset<256>;

struct Item {
  enum Kind { one, open, position, close, end, balance, frontier, back } kind = one;
  CharSet set;           // one, frontier
  char quantifier = 0;   // one: 0 * + - ?
  char first = 0, last = 0;  // balance
  int capture = 0;       // back
};

struct Program {
  std::vector<Item> items;
  bool anchored = false;
};

bool in_class(char name, int c) {
  switch (name) {
    case 'a': return std::isalpha(c);
    case 'c': return std::iscntrl(c);
    case 'd': return std::isdigit(c);
    case 'g': return std::isgraph(c);
    case 'l': return std::islower(c);
    case 'p': return std::ispunct(c);
    case 's': return std::isspace(c);
    case 'u': return std::isupper(c);
    case 'w': return std::isalnum(c);
    default: return std::isxdigit(c);
  }
}

/// What stands after '%': a class, its complement, or the character itself.
CharSet escaped_set(char c) {
  CharSet set;
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!std::strchr("acdglpsuwx", lower) || lower == 0) {
    set.set(static_cast<unsigned char>(c));
    return set;
  }
  for (int i = 0; i < 256; ++i) set[std::size_t(i)] = in_class(lower, i);
  return lower == c ? set : ~set;
}

/// Reads "[...]" at `at` (which is moved behind it).
CharSet bracket_set(std::string_view pattern, std::size_t& at) {
  CharSet set;
  const auto missing = [] { return LuaRaise{"malformed pattern (missing ']')"}; };
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool first = true;
  while (true) {
    if (at >= pattern.size()) throw missing();
    const char c = pattern[at];
    if (c == ']' && !first) break;
    first = false;
    if (c == '%') {
      if (at + 1 >= pattern.size()) throw LuaRaise{"malformed pattern (ends with '%')"};
      set |= escaped_set(pattern[at + 1]);
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      for (int i = static_cast<unsigned char>(c); i <= static_cast<unsigned char>(pattern[at + 2]); ++i) set.set(std::size_t(i));
      at += 3;
    } else {
      set.set(static_cast<unsigned char>(c));
      ++at;
    }
  }
  ++at;
  return negated ? ~set : set;
}

/// A character set that may be followed by a quantifier.
Item single_item(std::string_view pattern, std::size_t& at) {
  Item item;
  const char c = pattern[at];
  if (c == '[') {
    item.set = bracket_set(pattern, at);
  } else if (c == '%') {
    item.set = escaped_set(pattern[at + 1]);
    at += 2;
  } else {
    if (c == '.') item.set.set();
    else item.set.set(static_cast<unsigned char>(c));
    ++at;
  }
  if (at < pattern.size() && std::strchr("*+-?", pattern[at]) && pattern[at] != 0) item.quantifier = pattern[at++];
  return item;
}

Item special_item(std::string_view pattern, std::size_t& at) {
  Item item;
  const char c = pattern[at + 1];
  if (c == 'b') {
    if (at + 3 >= pattern.size()) throw LuaRaise{"malformed pattern (missing arguments to '%b')"};
    item.kind = Item::balance;
    item.first = pattern[at + 2];
    item.last = pattern[at + 3];
    at += 4;
  } else if (c == 'f') {
    at += 2;
    if (at >= pattern.size() || pattern[at] != '[') throw LuaRaise{"missing '[' after '%f' in pattern"};
    item.kind = Item::frontier;
    item.set = bracket_set(pattern, at);
  } else {
    item.kind = Item::back;
    item.capture = c - '1';
    at += 2;
  }
  return item;
}

enum class Anchor { allowed, literal };

Program compile(std::string_view pattern, Anchor anchor) {
  Program program;
  std::size_t at = 0;
  if (anchor == Anchor::allowed && !pattern.empty() && pattern[0] == '^') {
    program.anchored = true;
    at = 1;
  }
  while (at < pattern.size()) {
    const char c = pattern[at];
    Item item;
    if (c == '(') {
      const bool position = at + 1 < pattern.size() && pattern[at + 1] == ')';
      item.kind = position ? Item::position : Item::open;
      at += position ? 2 : 1;
    } else if (c == ')') {
      item.kind = Item::close;
      ++at;
    } else if (c == '$' && at + 1 == pattern.size()) {
      item.kind = Item::end;
      ++at;
    } else if (c == '%') {
      if (at + 1 >= pattern.size()) throw LuaRaise{"malformed pattern (ends with '%')"};
      const char next = pattern[at + 1];
      const bool special = next == 'b' || next == 'f' || (next >= '0' && next <= '9');
      item = special ? special_item(pattern, at) : single_item(pattern, at);
    } else {
      item = single_item(pattern, at);
    }
    program.items.push_back(item);
  }
  return program;
}

class Matcher {
 public:
  Matcher(lua_State* lua, const Program& program, std::string_view subject)
      : lua_(lua), state_(LuaState::of(lua)), program_(program), subject_(subject) {}

  /// The end of the match that starts at `start`, or kFail.
  std::size_t match_at(std::size_t start) {
    level_ = 0;
    depth_ = 0;
    return match(0, start);
  }

  int captures() const { return level_; }

  /// Pushes capture `index`; without captures, 0 is the whole match.
  void push_capture(int index, std::size_t start, std::size_t stop) {
    if (index >= level_) {
      if (index != 0) throw LuaRaise{"invalid capture index %" + std::to_string(index + 1)};
      lua_pushlstring(lua_, subject_.data() + start, stop - start);
      return;
    }
    const Capture& capture = captures_[index];
    if (capture.length == kUnclosed) throw LuaRaise{"unfinished capture"};
    if (capture.length == kPosition) lua_pushinteger(lua_, lua_Integer(capture.start) + 1);
    else lua_pushlstring(lua_, subject_.data() + capture.start, capture.length);
  }

  enum class Whole { when_no_captures, never };
  int push_captures(std::size_t start, std::size_t stop, Whole whole) {
    const int count = level_ == 0 && whole == Whole::when_no_captures ? 1 : level_;
    luaL_checkstack(lua_, count, "too many captures");
    for (int i = 0; i < count; ++i) push_capture(i, start, stop);
    return count;
  }

 private:
  struct Capture {
    std::size_t start = 0, length = 0;
  };

  void work(std::size_t steps) {
    steps_ += steps;
    if (steps_ < kStepsBetweenLooks) return;
    steps_ = 0;
    state_.check(lua_);
  }

  bool fits(const Item& item, std::size_t at) const {
    return at < subject_.size() && item.set[static_cast<unsigned char>(subject_[at])];
  }

  std::size_t match(std::size_t index, std::size_t at) {
    if (++depth_ > kMaxDepth) throw LuaRaise{"pattern too complex"};
    const std::size_t end = match_items(index, at);
    --depth_;
    return end;
  }

  std::size_t match_items(std::size_t index, std::size_t at) {
    for (;; ++index) {
      work(1);
      if (index == program_.items.size()) return at;
      const Item& item = program_.items[index];
      switch (item.kind) {
        case Item::open:
        case Item::position: return match_open(item, index, at);
        case Item::close: return match_close(index, at);
        case Item::end:
          if (at != subject_.size()) return kFail;
          break;
        case Item::balance:
          at = balance(item, at);
          if (at == kFail) return kFail;
          break;
        case Item::frontier: {
          const auto before = static_cast<unsigned char>(at == 0 ? 0 : subject_[at - 1]);
          const auto here = static_cast<unsigned char>(at < subject_.size() ? subject_[at] : 0);
          if (item.set[before] || !item.set[here]) return kFail;
          break;
        }
        case Item::back:
          at = back_reference(item, at);
          if (at == kFail) return kFail;
          break;
        case Item::one:
          if (item.quantifier == '*' || item.quantifier == '+') return match_most(item, index, at);
          if (item.quantifier == '-') return match_least(item, index, at);
          if (item.quantifier == '?') {
            if (fits(item, at)) {
              const std::size_t end = match(index + 1, at + 1);
              if (end != kFail) return end;
            }
            break;
          }
          if (!fits(item, at)) return kFail;
          ++at;
          break;
      }
    }
  }

  std::size_t match_most(const Item& item, std::size_t index, std::size_t at) {
    std::size_t count = 0;
    while (fits(item, at + count)) {
      ++count;
      work(1);
    }
    const std::size_t least = item.quantifier == '+' ? 1 : 0;
    for (;; --count) {
      if (count < least) return kFail;
      const std::size_t end = match(index + 1, at + count);
      if (end != kFail) return end;
      if (count == 0) return kFail;
    }
  }

  std::size_t match_least(const Item& item, std::size_t index, std::size_t at) {
    for (;; ++at) {
      const std::size_t end = match(index + 1, at);
      if (end != kFail) return end;
      if (!fits(item, at)) return kFail;
    }
  }

  std::size_t match_open(const Item& item, std::size_t index, std::size_t at) {
    if (level_ >= kMaxCaptures) throw LuaRaise{"too many captures"};
    captures_[level_] = {at, item.kind == Item::position ? kPosition : kUnclosed};
    ++level_;
    const std::size_t end = match(index + 1, at);
    if (end == kFail) --level_;
    return end;
  }

  std::size_t match_close(std::size_t index, std::size_t at) {
    int open = level_ - 1;
    while (open >= 0 && captures_[open].length != kUnclosed) --open;
    if (open < 0) throw LuaRaise{"invalid pattern capture"};
    captures_[open].length = at - captures_[open].start;
    const std::size_t end = match(index + 1, at);
    if (end == kFail) captures_[open].length = kUnclosed;
    return end;
  }

  std::size_t balance(const Item& item, std::size_t at) {
    if (at >= subject_.size() || subject_[at] != item.first) return kFail;
    std::size_t open = 1;
    while (++at < subject_.size()) {
      work(1);
      if (subject_[at] == item.last) {
        if (--open == 0) return at + 1;
      } else if (subject_[at] == item.first) {
        ++open;
      }
    }
    return kFail;
  }

  std::size_t back_reference(const Item& item, std::size_t at) {
    if (item.capture < 0 || item.capture >= level_ || captures_[item.capture].length == kUnclosed)
      throw LuaRaise{"invalid capture index %" + std::to_string(item.capture + 1)};
    const Capture& capture = captures_[item.capture];
    const std::size_t length = capture.length == kPosition ? 0 : capture.length;
    work(1 + length / 64);
    if (subject_.size() - at < length) return kFail;
    return subject_.compare(at, length, subject_.substr(capture.start, length)) == 0 ? at + length : kFail;
  }

  lua_State* lua_;
  LuaState& state_;
  const Program& program_;
  std::string_view subject_;
  Capture captures_[kMaxCaptures];
  int level_ = 0, depth_ = 0;
  std::size_t steps_ = 0;
};

void check_lengths(lua_State* lua, std::string_view subject, std::string_view pattern) {
  const LuaLimits& limits = LuaState::of(lua).limits();
  if (pattern.size() > limits.max_pattern)
    throw LuaRaise{"pattern of more than " + std::to_string(limits.max_pattern) + " bytes"};
  if (subject.size() > limits.max_subject)
    throw LuaRaise{"a pattern can search at most " + std::to_string(limits.max_subject) + " bytes, this text has " +
                   std::to_string(subject.size())};
}

/// The zero-based start of a search: argument `index`, counted from 1 or, when negative, from the end.
std::size_t start_argument(lua_State* lua, int index, std::size_t size) {
  const lua_Integer init = luaL_optinteger(lua, index, 1);
  if (init > 0) return std::size_t(init) - 1;
  if (init == 0 || init < -lua_Integer(size)) return 0;
  return size - std::size_t(-init);
}

enum class Want { positions, captures };

template <Want want>
int search(lua_State* lua) {
  const std::string_view subject = text_argument(lua, 1), pattern = text_argument(lua, 2);
  const std::size_t start = start_argument(lua, 3, subject.size());
  if (start > subject.size()) {
    lua_pushnil(lua);
    return 1;
  }
  if (want == Want::positions &&
      (lua_toboolean(lua, 4) || pattern.find_first_of("^$*+?.([%-") == std::string_view::npos)) {
    const void* found = memmem(subject.data() + start, subject.size() - start, pattern.data(), pattern.size());
    if (!found) {
      lua_pushnil(lua);
      return 1;
    }
    const auto at = static_cast<const char*>(found) - subject.data();
    lua_pushinteger(lua, at + 1);
    lua_pushinteger(lua, at + lua_Integer(pattern.size()));
    return 2;
  }
  check_lengths(lua, subject, pattern);
  const Program program = compile(pattern, Anchor::allowed);
  Matcher matcher(lua, program, subject);
  for (std::size_t at = start; at <= subject.size(); ++at) {
    const std::size_t end = matcher.match_at(at);
    if (end != kFail) {
      if (want == Want::captures) return matcher.push_captures(at, end, Matcher::Whole::when_no_captures);
      lua_pushinteger(lua, lua_Integer(at) + 1);
      lua_pushinteger(lua, lua_Integer(end));
      return 2 + matcher.push_captures(at, end, Matcher::Whole::never);
    }
    if (program.anchored) break;
  }
  lua_pushnil(lua);
  return 1;
}

// Upvalues of the iterator: subject, pattern, where to go on, end of the last match (-1: none).
int gmatch_next(lua_State* lua) {
  const std::string_view subject = text_argument(lua, lua_upvalueindex(1));
  const std::string_view pattern = text_argument(lua, lua_upvalueindex(2));
  const Program program = compile(pattern, Anchor::literal);
  Matcher matcher(lua, program, subject);
  const auto last = static_cast<std::size_t>(lua_tointeger(lua, lua_upvalueindex(4)));
  for (auto at = static_cast<std::size_t>(lua_tointeger(lua, lua_upvalueindex(3))); at <= subject.size(); ++at) {
    const std::size_t end = matcher.match_at(at);
    if (end == kFail || end == last) continue;
    lua_pushinteger(lua, lua_Integer(end));
    lua_copy(lua, -1, lua_upvalueindex(3));
    lua_replace(lua, lua_upvalueindex(4));
    return matcher.push_captures(at, end, Matcher::Whole::when_no_captures);
  }
  lua_pushinteger(lua, lua_Integer(subject.size()) + 1);
  lua_replace(lua, lua_upvalueindex(3));
  return 0;
}

int gmatch(lua_State* lua) {
  const std::string_view subject = text_argument(lua, 1), pattern = text_argument(lua, 2);
  const std::size_t start = std::min(start_argument(lua, 3, subject.size()), subject.size() + 1);
  check_lengths(lua, subject, pattern);
  lua_settop(lua, 2);
  lua_pushinteger(lua, lua_Integer(start));
  lua_pushinteger(lua, -1);
  lua_pushcclosure(lua, guarded<gmatch_next>, 4);
  return 1;
}

void append_template(lua_State* lua, std::string& out, std::string_view text, Matcher& matcher, std::size_t at,
                     std::size_t end, std::string_view subject) {
  const std::size_t memory = LuaState::of(lua).limits().memory;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (out.size() > memory) throw LuaRaise{"not enough memory"};
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const char c = ++i < text.size() ? text[i] : 0;
    if (c == '%') {
      out += '%';
    } else if (c == '0') {
      out += subject.substr(at, end - at);
    } else if (c >= '1' && c <= '9') {
      matcher.push_capture(c - '1', at, end);
      out += text_argument(lua, -1);
      lua_pop(lua, 1);
    } else {
      throw LuaRaise{"invalid use of '%' in replacement string"};
    }
  }
}

void append_replacement(lua_State* lua, std::string& out, int type, Matcher& matcher, std::size_t at,
                        std::size_t end, std::string_view subject) {
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(lua, 3);
    const int count = matcher.push_captures(at, end, Matcher::Whole::when_no_captures);
    lua_call(lua, count, 1);
  } else if (type == LUA_TTABLE) {
    matcher.push_capture(0, at, end);
    lua_gettable(lua, 3);
  } else {
    append_template(lua, out, text_argument(lua, 3), matcher, at, end, subject);
    return;
  }
  if (!lua_toboolean(lua, -1)) out += subject.substr(at, end - at);
  else if (lua_isstring(lua, -1)) out += text_argument(lua, -1);
  else throw LuaRaise{std::string("invalid replacement value (a ") + luaL_typename(lua, -1) + ")"};
  lua_pop(lua, 1);
}

int gsub(lua_State* lua) {
  const std::string_view subject = text_argument(lua, 1), pattern = text_argument(lua, 2);
  const int type = lua_type(lua, 3);
  if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TTABLE && type != LUA_TFUNCTION)
    return luaL_typeerror(lua, 3, "string/function/table");
  const lua_Integer most = luaL_optinteger(lua, 4, lua_Integer(subject.size()) + 1);
  check_lengths(lua, subject, pattern);
  const std::size_t memory = LuaState::of(lua).limits().memory;
  const Program program = compile(pattern, Anchor::allowed);
  Matcher matcher(lua, program, subject);
  std::string out;
  std::size_t at = 0, last = kFail;
  lua_Integer count = 0;
  while (count < most) {
    const std::size_t end = matcher.match_at(at);
    if (end != kFail && end != last) {
      ++count;
      append_replacement(lua, out, type, matcher, at, end, subject);
      if (out.size() > memory) throw LuaRaise{"not enough memory"};
      at = last = end;
    } else if (at < subject.size()) {
      out += subject[at++];
    } else {
      break;
    }
    if (program.anchored) break;
  }
  if (at < subject.size()) out += subject.substr(at);
  lua_pushlstring(lua, out.data(), out.size());
  lua_pushinteger(lua, count);
  return 2;
}

}  // namespace

void register_patterns(lua_State* lua) {
  static const luaL_Reg kFunctions[] = {{"find", guarded<search<Want::positions>>},
                                        {"match", guarded<search<Want::captures>>},
                                        {"gmatch", guarded<gmatch>},
                                        {"gsub", guarded<gsub>},
                                        {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace hobd
