#include "hobctl/render.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "hobctl/render_spending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

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

/// As the daemon writes it: "2026-11-21T08:30:00.123456Z", the fraction where there is one.
bool is_time(std::string_view text) { return text.size() >= 20 && text[4] == '-' && text[10] == 'T' && (text[19] == '.' || text[19] == 'Z') && text.ends_with('Z'); }

/// The fraction tells people nothing.
std::string without_fraction(std::string text) {
  if (is_time(text)) text.replace(19, std::string::npos, "Z");
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

/// In a table there is room for the minute of the terminal's own time.
std::string table_cell(std::string_view name, const json::value& value) {
  return value.is_string() && is_time(value.get_string()) ? local_time(value.get_string()) : cell_of(name, value);
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

/// What a person looks for in a list of memories or hits; of all that they hold, a line has no room. Empty: other things are
/// listed.
std::vector<std::string> chosen_columns(const json::array& items) {
  const json::object* first = items.front().if_object();
  std::vector<std::string> names;
  if (first && first->contains("why") && first->contains("score"))
    names = {"id", "text", "source", "score", "at", "speaker"};
  else if (first && first->contains("sources") && first->contains("importance"))
    names = {"id", "text", "kind", "importance", "topics", "people", "valid_from", "valid_to", "superseded_by"};
  return names;
}

/// Whether a row has something under `name`.
bool is_filled(const json::array& items, const std::string& name) {
  return std::any_of(items.begin(), items.end(), [&](const json::value& item) {
    const json::value* value = item.is_object() ? item.get_object().if_contains(name) : nullptr;
    if (!value || value->is_null() || (value->is_array() && value->get_array().empty())) return false;
    return !value->is_string() || !value->get_string().empty();
  });
}

/// How a time looks in a table.
constexpr std::string_view kMinute = "2026-11-21 09:30";

/// Too wide: ids of other things go, the last first, then the widest column gives way until the table fits. The rows' own ids
/// stay whole: they are what the next command line is given; so do times, which half of is no use.
void fit(std::vector<std::string>& names, std::vector<std::vector<std::string>>& rows, std::vector<std::size_t>& widths, std::size_t width) {
  const auto total = [&] {
    std::size_t sum = 2 * (widths.size() - 1);
    for (const std::size_t one : widths) sum += one;
    return sum;
  };
  for (std::size_t i = names.size(); i-- > 1 && total() > width;) {
    if (!names[i].ends_with("_id")) continue;
    names.erase(names.begin() + std::ptrdiff_t(i));
    widths.erase(widths.begin() + std::ptrdiff_t(i));
    for (auto& row : rows) row.erase(row.begin() + std::ptrdiff_t(i));
  }
  std::vector<std::size_t> may_shrink;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] != "id" && rows.back()[i].size() != kMinute.size()) may_shrink.push_back(i);
  while (total() > width && !may_shrink.empty()) {
    std::size_t& widest = widths[*std::max_element(may_shrink.begin(), may_shrink.end(), [&](std::size_t a, std::size_t b) { return widths[a] < widths[b]; })];
    if (widest <= 8) break;
    --widest;
  }
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
  if (names.size() > 1) std::erase_if(names, [&](const std::string& name) { return name != names.front() && !is_filled(items, name); });
  std::vector<std::vector<std::string>> rows{names};
  for (const json::value& item : items) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& name : names) {
      const json::value* value = item.is_object() ? item.get_object().if_contains(name) : nullptr;
      row.push_back(value ? table_cell(name, *value) : "");
    }
  }
  std::vector<std::size_t> widths(names.size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  fit(names, rows, widths, width);
  // Numbers stand by their last digit.
  std::vector<bool> is_number(names.size(), true);
  for (std::size_t row = 1; row < rows.size(); ++row)
    for (std::size_t i = 0; i < names.size(); ++i) is_number[i] = is_number[i] && rows[row][i].find_first_not_of("0123456789.-") == std::string::npos;
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string shown = cut(row[i], widths[i]);
      const std::string gap(widths[i] - columns(shown), ' ');
      line += is_number[i] ? gap + shown : shown + gap;
      line += "  ";
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

std::string local_time(std::string_view text) {
  const Result<Time> at = parse_time(text);
  if (at.has_error()) return printable(text);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(*at));
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char shown[32];
  return std::string(shown, std::strftime(shown, sizeof shown, "%Y-%m-%d %H:%M", &parts));
}

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
