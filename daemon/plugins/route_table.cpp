#include "plugins/route_table.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hobd {
namespace {

using Segments = std::vector<std::string>;

enum class Kind { literal, parameter, rest };

Kind kind_of(std::string_view segment) {
  if (segment.size() < 2 || segment.front() != '{') return Kind::literal;
  return segment.ends_with("*}") ? Kind::rest : Kind::parameter;
}

Segments split_path(std::string_view path) {
  Segments out;
  for (const std::string_view part : split(path.substr(path.starts_with('/') ? 1 : 0), '/')) out.emplace_back(part);
  return out;
}

/// Orders by the first segment that differs in kind: literal, parameter, rest.
bool better(const Segments& a, const Segments& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (kind_of(a[i]) != kind_of(b[i])) return kind_of(a[i]) < kind_of(b[i]);
  return a.size() > b.size();
}

bool same_shape(const Segments& a, const Segments& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (kind_of(a[i]) != kind_of(b[i]) || (kind_of(a[i]) == Kind::literal && a[i] != b[i])) return false;
  return true;
}

using Params = std::vector<std::pair<std::string, std::string>>;

bool matches(const Segments& pattern, const Segments& path, Params& params) {
  params.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const Kind kind = kind_of(pattern[i]);
    const std::string name = kind == Kind::literal     ? std::string()
                             : kind == Kind::parameter ? pattern[i].substr(1, pattern[i].size() - 2)
                                                       : pattern[i].substr(1, pattern[i].size() - 3);
    if (i >= path.size()) return false;
    if (kind == Kind::rest) {
      params.emplace_back(name, fmt::format("{}", fmt::join(path.begin() + std::ptrdiff_t(i), path.end(), "/")));
      return true;
    }
    if (kind == Kind::literal ? pattern[i] != path[i] : path[i].empty()) return false;
    if (kind == Kind::parameter) params.emplace_back(name, path[i]);
  }
  return pattern.size() == path.size();
}

}  // namespace

Result<void> RouteTable::add(const RouteManifest& route, Instance& instance) {
  Entry entry{&route, &instance, split_path(route.path)};
  for (const Entry& other : entries_)
    if (same_shape(entry.segments, other.segments))
      for (const std::string& method : route.methods)
        if (std::find(other.route->methods.begin(), other.route->methods.end(), method) != other.route->methods.end())
          return Error{Code::invalid, fmt::format("route {} {} of {} is served by {} already ({}); it is left out", method,
                                                  route.path, instance.name(), other.instance->name(), other.route->path)};
  const auto place = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& other) { return better(entry.segments, other.segments); });
  entries_.insert(place, std::move(entry));
  return {};
}

Result<RouteEntry> RouteTable::match(std::string_view method, std::string_view path) const {
  const Segments segments = split_path(path);
  Params params;
  const Segments* best = nullptr;  // only the best shape counts: a literal hides a parameter, whatever its methods
  for (const Entry& entry : entries_) {
    if (best && !same_shape(*best, entry.segments)) continue;
    if (!matches(entry.segments, segments, params)) continue;
    best = &entry.segments;
    const auto& methods = entry.route->methods;
    if (std::find(methods.begin(), methods.end(), method) != methods.end())
      return RouteEntry{entry.route, entry.instance, std::move(params)};
  }
  if (best) return Error{Code::unsupported, fmt::format("{} is not allowed for {}", method, path)};
  return Error{Code::not_found, fmt::format("no route {}", path)};
}

std::vector<std::string> RouteTable::methods(std::string_view path) const {
  const Segments segments = split_path(path);
  std::set<std::string> found;
  Params params;
  const Segments* best = nullptr;
  for (const Entry& entry : entries_) {
    if (best && !same_shape(*best, entry.segments)) continue;
    if (!matches(entry.segments, segments, params)) continue;
    best = &entry.segments;
    found.insert(entry.route->methods.begin(), entry.route->methods.end());
  }
  return {found.begin(), found.end()};
}

std::vector<RouteEntry> RouteTable::all() const {
  std::vector<RouteEntry> out;
  for (const Entry& entry : entries_) out.push_back({entry.route, entry.instance, {}});
  return out;
}

}  // namespace hobd
