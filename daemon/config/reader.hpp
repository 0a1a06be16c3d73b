// How config.cpp says what may stand in hob.yaml: one line a key, with its type, its range and, as the
// variable's own initial value, its default.
//
//   Section http = root.section("http");
//   http.duration("idle_timeout", config.http.idle_timeout, {1s, 1h});
//   http.done();
//
// Each key that is read also goes into `shown`, as written or with its default. done() reports the keys
// nobody asked for. Faults are collected in the Reader and reading goes on, so one run tells them all.
#pragma once

#include "config/config.hpp"
#include "config/yaml_tree.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hobd {

/// The state of one reading of one file.
struct Reader {
  std::string file;
  const SecretSources& secrets;
  std::vector<ConfigFault> faults;
  std::vector<ConfigFault> warnings = {};

  void warn(int line, std::string key, std::string message);
  /// A text as `shown` may hold it: literal secrets and what is secret in a URL are "***".
  std::string shown_text(const YamlNode& node, const std::string& key);
  void fault(int line, std::string key, std::string message);
  /// The text with its secrets filled in; on a fault it is reported and the result is empty.
  std::optional<std::string> resolve(const YamlNode& node, const std::string& key);
  /// A value of any type for a plugin: secrets filled in here, as references in `shown`.
  json::value to_json(const YamlNode& node, const std::string& key, json::value& shown);
};

/// True for names such as api_key, token, auth_token, secret_key, password: their literal values are hidden
/// in logs and in `shown`.
bool is_secret_name(std::string_view name);

template <class T>
struct Range {
  T least, most;
};

/// A check of a text beyond its type: "" or what to write instead.
using TextCheck = std::string (*)(std::string_view);

class Section {
 public:
  /// `node` may be null (absent) or hold nothing: then all keys have their defaults. A `node` that isn't a
  /// map is a fault.
  Section(Reader& reader, const YamlNode* node, std::string path, json::object& shown);

  void text(std::string_view key, std::string& value, TextCheck check = nullptr);
  /// An absolute path.
  void path(std::string_view key, std::filesystem::path& value);
  void whole(std::string_view key, std::uint32_t& value, Range<std::uint32_t> range);
  void number(std::string_view key, double& value, Range<double> range);
  void flag(std::string_view key, bool& value);
  void duration(std::string_view key, std::chrono::milliseconds& value,
                Range<std::chrono::milliseconds> range);
  void size(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range);
  void texts(std::string_view key, std::vector<std::string>& value, TextCheck check = nullptr);

  template <class Enum>
  using Names = std::initializer_list<std::pair<std::string_view, Enum>>;
  template <class Enum>
  void choice(std::string_view key, Enum& value, Names<Enum> names);

  /// The map under `key`; its part of `shown` is there from now on.
  Section section(std::string_view key);

  /// The member `key` as it stands, now known, or null. For what has a form of its own; the caller fills
  /// shown().
  const YamlMember* take(std::string_view key);
  /// Calls `each` with every member that has not been taken, in the file's order.
  void rest(const std::function<void(const YamlMember&)>& each);

  void fault(const YamlMember& member, std::string message);
  /// Reports the members that nobody asked for.
  void done();

  std::string dotted(std::string_view key) const;
  /// Of the member, or of the section when it has none of that name.
  int line_of(std::string_view key) const;
  json::object& shown() { return *shown_; }
  Reader& reader() { return *reader_; }

 private:
  /// The member's resolved text when it is text. Null: absent, or a fault that is reported.
  std::optional<std::string> text_of(std::string_view key, std::string_view what);
  std::optional<std::size_t> choice_of(std::string_view key, std::size_t fallback,
                                       const std::vector<std::string>& names);

  Reader* reader_;
  const YamlNode* node_;
  std::string path_;
  json::object* shown_;  // in the caller's `shown`, whose members don't move: see section()
  std::vector<std::string> known_;
};

template <class Enum>
void Section::choice(std::string_view key, Enum& value, Names<Enum> names) {
  std::vector<std::string> words;
  std::size_t fallback = 0;
  for (const auto& [word, meaning] : names) {
    if (meaning == value) fallback = words.size();
    words.emplace_back(word);
  }
  if (const auto chosen = choice_of(key, fallback, words)) value = (names.begin() + *chosen)->second;
}

/// How a duration or a size is written: "90s", "2m", "1MiB".
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::uint64_t bytes);

}  // namespace hobd
