#include "config/yaml_tree.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <istream>
#include <map>
#include <optional>
#include <streambuf>

namespace hobd {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 20'000;
constexpr std::size_t kMaxText = 4 << 20;

/// Thrown by the handler through yaml-cpp, which knows no other way to stop; caught in read_yaml.
struct Refused {
  YamlFault fault;
};

/// Builds the tree from yaml-cpp's events. A map's names arrive as values of their own, in turn with theirs.
class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(1, 0, line_of(mark));
    place(leaf(YamlNode::Kind::null, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = leaf(YamlNode::Kind::scalar, mark);
    node.is_plain = tag == "?";
    if (!node.is_plain && tag != "!" && tag != "tag:yaml.org,2002:str") refuse(node.line, tag_message(tag));
    node.text = value;
    count(1, value.size(), node.line);
    place(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end())
      refuse(line_of(mark), "an alias inside the value that it names; write the value out");
    const YamlNode& original = it->second;
    count_tree(original, line_of(mark));
    if (open_.size() + depth(original) > kMaxDepth) refuse_depth(line_of(mark));
    place(YamlNode(original), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  YamlNode take_root() { return std::move(root_); }
  std::vector<YamlFault> take_faults() { return std::move(faults_); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlMember> name;  // of a map: the name whose value comes next
  };

  static int line_of(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }
  [[noreturn]] static void refuse(int line, std::string message) {
    throw Refused{{line, {}, std::move(message)}};
  }
  [[noreturn]] static void refuse_depth(int line) {
    refuse(line, fmt::format("nested deeper than {} levels", kMaxDepth));
  }
  static std::string tag_message(const std::string& tag) {
    return fmt::format("the tag {} is not read here; remove it", tag);
  }

  static YamlNode leaf(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const int line = line_of(mark);
    if (open_.size() >= kMaxDepth) refuse_depth(line);
    if (!tag.empty() && tag != "?" && tag != "!") refuse(line, tag_message(tag));
    count(1, 0, line);
    open_.push_back({leaf(kind, mark), anchor, std::nullopt});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    place(std::move(done.node), done.anchor);
  }

  void place(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_.insert_or_assign(anchor, node);
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.name) {
      if (node.kind != YamlNode::Kind::scalar)
        refuse(node.line, "a key must be a word; is a \":\" or a quote misplaced?");
      parent.name = YamlMember{std::move(node.text), node.line, {}};
    } else {
      add_member(parent, std::move(node));
    }
  }

  void add_member(Open& parent, YamlNode value) {
    YamlMember member = std::move(*parent.name);
    parent.name.reset();
    if (const YamlMember* first = parent.node.find(member.name)) {
      faults_.push_back({member.line, path_of(member.name),
                         fmt::format("given twice, first on line {}; keep one of them", first->line)});
      return;
    }
    member.value = std::move(value);
    parent.node.members.push_back(std::move(member));
  }

  /// The dotted path of `name` in the innermost open map.
  std::string path_of(const std::string& name) const {
    std::string path;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i)
      path += open_[i].name ? open_[i].name->name + "." : fmt::format("[{}].", open_[i].node.items.size());
    return path + name;
  }

  void count(std::size_t nodes, std::size_t bytes, int line) {
    nodes_ += nodes;
    text_ += bytes;
    if (nodes_ > kMaxNodes) refuse(line, fmt::format("more than {} values, aliases followed", kMaxNodes));
    if (text_ > kMaxText) refuse(line, "more than 4 MiB of text, aliases followed");
  }

  void count_tree(const YamlNode& node, int line) {
    count(1, node.text.size(), line);
    for (const YamlNode& item : node.items) count_tree(item, line);
    for (const YamlMember& member : node.members) {
      count(0, member.name.size(), line);
      count_tree(member.value, line);
    }
  }

  static std::size_t depth(const YamlNode& node) {
    std::size_t below = 0;
    for (const YamlNode& item : node.items) below = std::max(below, depth(item));
    for (const YamlMember& member : node.members) below = std::max(below, depth(member.value));
    return below + 1;
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::vector<YamlFault> faults_;
  std::size_t nodes_ = 0, text_ = 0;
};

/// yaml-cpp reads streams only; this one reads the view in place.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written
    setg(begin, begin, begin + text.size());
  }
};

int line_at(std::string_view text, std::size_t offset) {
  return 1 +
         static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

/// What yaml-cpp would misread without a word: it takes byte 4 for the end of the file.
std::optional<YamlFault> refuse_text(std::string_view text) {
  if (text.size() > kMaxYamlBytes) return YamlFault{1, {}, "larger than 1 MiB; is this the right file?"};
  if (!is_valid_utf8(text)) {
    const std::string fixed = to_valid_utf8(text);
    const auto bad = std::mismatch(text.begin(), text.end(), fixed.begin(), fixed.end()).first;
    return YamlFault{
        line_at(text, static_cast<std::size_t>(bad - text.begin())), {}, "not UTF-8; save the file as UTF-8"};
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f)
      return YamlFault{line_at(text, i), {}, fmt::format("a control character (0x{:02x}); remove it", byte)};
  }
  return std::nullopt;
}

/// The first line that is indented with a tab, which YAML knows under many odd names; 0: none is.
int tab_line(std::string_view text) {
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const std::size_t word = line.find_first_not_of(" \t\r");
    if (word != std::string_view::npos && line.substr(0, word).find('\t') != std::string_view::npos) return number;
  }
  return 0;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_number_text(std::string_view text) {
  // [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  const auto sign = [&] { at += at < text.size() && (text[at] == '-' || text[at] == '+'); };
  sign();
  const std::size_t whole = digits();
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    sign();
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
    if (text.empty() || text[0] == '-') return std::nullopt;
  } else if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

const YamlMember* YamlNode::find(std::string_view name) const {
  const auto it =
      std::find_if(members.begin(), members.end(), [&](const YamlMember& m) { return m.name == name; });
  return it == members.end() ? nullptr : &*it;
}

YamlTree read_yaml(std::string_view text) {
  YamlTree tree;
  if (auto fault = refuse_text(text)) {
    tree.faults.push_back(std::move(*fault));
    return tree;
  }
  TreeBuilder builder;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) {
      tree.root = builder.take_root();
      tree.faults = builder.take_faults();
      TreeBuilder second;
      if (parser.HandleNextDocument(second)) {
        const YamlNode extra = second.take_root();
        tree.faults.push_back({extra.line, {}, "a second document (\"---\"); one file holds one"});
      }
    }
  } catch (const Refused& refused) {
    tree.root = {};
    tree.faults.push_back(refused.fault);
  } catch (const YAML::Exception& e) {
    tree.root = {};
    if (const int line = tab_line(text); line > 0)
      tree.faults.push_back({line, {}, "a tab; YAML is indented with spaces"});
    else
      tree.faults.push_back({std::max(e.mark.line, 0) + 1, {}, "not YAML: " + e.msg});
  } catch (const std::exception& e) {
    tree.root = {};
    tree.faults.push_back({1, {}, std::string("not YAML: ") + e.what()});
  }
  return tree;
}

Result<json::value> scalar_to_json(const YamlNode& node) {
  const std::string& text = node.text;
  if (!node.is_plain) return json::value(text);
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return json::value(nullptr);
  if (is_one_of(text, {"true", "True", "TRUE"})) return json::value(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return json::value(false);
  if (const auto number = whole_number(text)) return json::value(*number);
  if (is_one_of(text, {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf", "-.INF"}))
    return Error{Code::invalid, text + " is not a number that can be used; write a finite one"};
  if (!is_number_text(text)) return json::value(text);
  double number = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, fault] = std::from_chars(begin, text.data() + text.size(), number);
  if (fault != std::errc{} || !std::isfinite(number))
    return Error{Code::invalid, text + " is too large for a number; put it in quotes if it is text"};
  return json::value(number);
}

}  // namespace hobd
