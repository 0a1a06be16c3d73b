// The layout of every public struct against the snapshots of the releases: lines may only be added, each behind the last
// of its struct.
#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

extern "C" void hob_print_layout(FILE* out);

namespace {

std::vector<std::string> lines_of(std::istream& in) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string printed() {
  char* text = nullptr;
  std::size_t size = 0;
  FILE* out = open_memstream(&text, &size);
  hob_print_layout(out);
  std::fclose(out);
  std::string copy(text, size);
  std::free(text);
  return copy;
}

struct Layout {
  std::map<std::string, unsigned long> sizes;                // of structs
  std::map<std::string, std::vector<std::string>> fields;    // lines, in order
  std::map<std::string, std::string> rest;                   // "number HOB_OK" -> "0"
};

Layout read(const std::vector<std::string>& lines) {
  Layout out;
  for (const std::string& line : lines) {
    std::istringstream words(line);
    std::string kind, name, word;
    words >> kind >> name;
    if (kind == "struct") words >> word >> out.sizes[name];
    else if (kind == "field") out.fields[name.substr(0, name.find('.'))].push_back(line);
    else std::getline(words, out.rest[kind + " " + name]);
  }
  return out;
}

/// What is different in a way that breaks plugins of `old`.
std::vector<std::string> broken(const Layout& old, const Layout& now) {
  std::vector<std::string> out;
  for (const auto& [name, size] : old.sizes) {
    const auto found = now.sizes.find(name);
    if (found == now.sizes.end()) {
      out.push_back(name + " is gone");
      continue;
    }
    if (found->second < size) out.push_back(name + " is smaller");
    const auto& before = old.fields.at(name);
    const auto& after = now.fields.at(name);
    if (after.size() == before.size() && found->second != size) out.push_back(name + " has another size and no new field");
    for (std::size_t i = 0; i < before.size(); ++i)
      if (i >= after.size() || after[i] != before[i]) out.push_back(before[i] + " is now: " + (i < after.size() ? after[i] : "gone"));
  }
  for (const auto& [name, value] : old.rest) {
    const auto found = now.rest.find(name);
    if (name == "number HOB_ABI_MINOR") continue;  // for logs
    if (found == now.rest.end()) out.push_back(name + " is gone");
    else if (found->second != value) out.push_back(name + " was" + value + ", is" + found->second);
  }
  return out;
}

}  // namespace

TEST_CASE("no struct, number or id of a release has changed") {
  if (sizeof(void*) != 8) {
    WARN("the snapshots are of machines with 64-bit pointers");
    return;
  }
  std::istringstream text(printed());
  const Layout now = read(lines_of(text));
  int snapshots = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(HOB_SDK) / "abi")) {
    if (!entry.path().filename().string().starts_with("layout-")) continue;
    ++snapshots;
    INFO(entry.path());
    std::ifstream file(entry.path());
    CHECK(broken(read(lines_of(file)), now) == std::vector<std::string>{});
  }
  CHECK(snapshots >= 1);
}

TEST_CASE("the comparison lets fields be appended and nothing else") {
  const auto layout = [](const std::string& text) {
    std::istringstream in(text);
    return read(lines_of(in));
  };
  const std::string old = "number HOB_OK 0\nstruct t size 16\nfield t.a offset 0 size 8\nfield t.b offset 8 size 8\n";
  CHECK(broken(layout(old), layout(old)).empty());
  CHECK(broken(layout(old), layout("number HOB_OK 0\nstruct t size 24\nfield t.a offset 0 size 8\nfield t.b offset 8 size 8\nfield t.c offset 16 size 8\n")).empty());
  for (const char* bad : {"number HOB_OK 1\nstruct t size 16\nfield t.a offset 0 size 8\nfield t.b offset 8 size 8\n",
                          "number HOB_OK 0\nstruct t size 16\nfield t.b offset 0 size 8\nfield t.a offset 8 size 8\n",
                          "number HOB_OK 0\nstruct t size 24\nfield t.a offset 0 size 8\nfield t.b offset 8 size 8\n",
                          "number HOB_OK 0\nstruct t size 8\nfield t.a offset 0 size 8\n", "number HOB_OK 0\n",
                          "struct t size 16\nfield t.a offset 0 size 8\nfield t.b offset 8 size 8\n"})
    CHECK_FALSE(broken(layout(old), layout(bad)).empty());
}
