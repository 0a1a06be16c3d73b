#include "hobctl/render.hpp"

#include "base/text.hpp"
#include "hobctl/render_spending.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd::ctl {
namespace {

/// Columns that text takes, counting code points: near enough for tables.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return text;
}

/// A number without an exponent and without zeros at its end.
std::string plain_number(double number) {
  std::string text = fmt::format("{:.6f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// "2026-11-21T08:30:00.123456Z" without the fraction, which tells people nothing.
std::string without_fraction(std::string text) {
  const bool is_time = text.size() > 20 && text[4] == '-' && text[10] == 'T' && text[19] == '.' && text.ends_with('Z');
  if (is_time) text.replace(19, std::string::npos, "Z");
  return text;
}

std::string cell(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return without_fraction(one_line(printable(value.get_string())));
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  if (value.is_double()) return plain_number(value.get_double());
  if (const json::array* list = value.if_array()) {
    const bool plain = std::all_of(list->begin(), list->end(), [](const json::value& one) { return one.is_primitive(); });
    if (!plain) return fmt::format("{} entries", list->size());
    std::string text;
    for (const json::value& one : *list) text += (text.empty() ? "" : ", ") + cell(one);
    return text.empty() ? "-" : text;
  }
  return printable(json::serialize(value));
}

/// The cell of a named member: sizes in MiB.
std::string cell_of(std::string_view name, const json::value& value) {
  const bool is_size = (name == "bytes" || name.ends_with("_bytes")) && value.is_number();
  return is_size ? fmt::format("{:.1f} MiB", value.to_number<double>() / (1 << 20)) : cell(value);
}

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  std::string out;
  std::size_t count = 0;
  for (const char c : text) {
    if ((c & 0xC0) != 0x80 && ++count >= width) break;
    out += c;
  }
  return out + "…";
}

/// What a person looks for in a list of memories or hits; of all that they hold, a line has no room. Those that no item fills
/// are left out. Empty: other things are listed.
std::vector<std::string> chosen_columns(const json::array& items) {
  const json::object* first = items.front().if_object();
  std::vector<std::string> names;
  if (first && first->contains("why") && first->contains("score"))
    names = {"id", "text", "source", "score", "at", "speaker"};
  else if (first && first->contains("sources") && first->contains("importance"))
    names = {"id", "text", "kind", "importance", "topics", "people", "valid_from", "valid_to", "superseded_by"};
  std::erase_if(names, [&](const std::string& name) {
    return std::none_of(items.begin(), items.end(), [&](const json::value& item) {
      const json::value* value = item.is_object() ? item.get_object().if_contains(name) : nullptr;
      return value && !value->is_null() && !(value->is_array() && value->get_array().empty());
    });
  });
  return names;
}

std::string table(const json::array& items, std::size_t width) {
  if (items.empty()) return "nothing\n";
  std::vector<std::string> names = chosen_columns(items);
  const bool shows_all = names.empty();
  for (const json::value& item : items) {
    if (!item.is_object() || !shows_all) continue;
    for (const auto& [key, value] : item.get_object()) {
      if (key == "session_id") continue;  // an id that no command line needs; --json has it
      if (value.is_object()) continue;  // too wide for a cell; --json has it
      if (std::find(names.begin(), names.end(), std::string(key)) == names.end()) names.emplace_back(key);
    }
  }
  if (names.empty()) {
    std::string text;
    for (const json::value& item : items) text += cell(item) + "\n";
    return text;
  }
  std::vector<std::vector<std::string>> rows{names};
  for (const json::value& item : items) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& name : names) {
      const json::value* value = item.is_object() ? item.get_object().if_contains(name) : nullptr;
      row.push_back(value ? cell_of(name, *value) : "");
    }
  }
  std::vector<std::size_t> widths(names.size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  // Too wide: the widest column gives way until the table fits.
  const auto total = [&] {
    std::size_t sum = 2 * (widths.size() - 1);
    for (const std::size_t one : widths) sum += one;
    return sum;
  };
  while (total() > width) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= 8) break;
    --*widest;
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string shown = cut(row[i], widths[i]);
      line += shown;
      if (i + 1 < row.size()) line.append(widths[i] + 2 - columns(shown), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

void lines(std::string& text, const json::object& object, std::size_t indent, std::size_t width) {
  std::size_t longest = 0;
  for (const auto& [key, unused] : object) longest = std::max(longest, columns(key));
  for (const auto& [key, value] : object) {
    text.append(indent, ' ');
    const json::array* list = value.if_array();
    const json::object* nested = value.if_object();
    if (!nested && list == nullptr && value.is_string() && std::string_view(value.get_string()).find('\n') != std::string_view::npos) {
      text += fmt::format("{}:\n{}\n", std::string_view(key), printable(value.get_string()));
    } else if (nested && !nested->empty()) {
      const json::array* items = array_at(*nested, "items");
      text += fmt::format("{}:\n", std::string_view(key));
      if (items)
        text += table(*items, width);
      else
        lines(text, *nested, indent + 2, width);
    } else if (list && !list->empty() && list->front().is_object()) {
      text += fmt::format("{}:\n{}", std::string_view(key), table(*list, width));
    } else {
      text += fmt::format("{}:{}{}\n", std::string_view(key), std::string(longest + 1 - columns(key), ' '), cell_of(key, value));
    }
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : to_valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

std::string render(const json::value& value, std::size_t width) {
  if (const json::array* list = value.if_array()) return table(*list, width);
  const json::object* object = value.if_object();
  if (!object) return cell(value) + "\n";
  if (std::optional<std::string> spending = render_spending(*object, width)) return *std::move(spending);
  if (const json::string* text = object->if_contains("text") ? object->at("text").if_string() : nullptr; text && object->size() <= 2)
    return printable(*text) + (text->ends_with("\n") ? "" : "\n");
  if (const json::array* items = array_at(*object, "items")) {
    std::string text = table(*items, width);
    if (const std::string_view next = string_or(*object, "next_cursor"); !next.empty()) text += fmt::format("more: --cursor {}\n", next);
    return text;
  }
  std::string text;
  lines(text, *object, 0, width);
  return text.empty() ? "done\n" : text;
}

std::string render_event(const json::value& event) {
  const json::object* object = event.if_object();
  if (!object) return cell(event);
  const std::string_view at = string_or(*object, "at");
  if (object->contains("level"))
    return fmt::format("{} {:<5} {}: {}", at, string_or(*object, "level"), string_or(*object, "part"), printable(string_or(*object, "text")));
  const json::value* data = object->if_contains("data");
  return fmt::format("{} {} {}", at, string_or(*object, "event"), data ? printable(json::serialize(*data)) : "");
}

}  // namespace hobd::ctl
