// A handful of checks and a main(), for those who want no test framework. Any framework works as well: hob::test::Host
// does not know these.
//
//   HOB_TEST("a die shows at least one") {
//     hob::test::Host host;
//     HOB_CHECK(host.tool("roll_die", "{}").status == HOB_OK);
//   }
//   HOB_TEST_MAIN
#pragma once

#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace hob::test {

struct Case {
  const char* name;
  void (*body)();
};
inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
struct AddCase {
  AddCase(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

/// Ends the test it is thrown in.
struct Failed : std::exception {
  explicit Failed(std::string what) : message(std::move(what)) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string message;
};

template <class A, class B>
void check_equal(const A& a, const B& b, const char* text, const char* file, int line) {
  if (a == b) return;
  std::ostringstream out;
  out << file << ':' << line << ": " << text << ": " << a << " is not " << b;
  throw Failed(out.str());
}
inline void check(bool holds, const char* text, const char* file, int line) {
  if (!holds) throw Failed(std::string(file) + ':' + std::to_string(line) + ": does not hold: " + text);
}

/// Runs every test, or those whose name holds the first argument. The number of failed ones.
inline int run_cases(int argc, char** argv) {
  int failed = 0, ran = 0;
  for (const Case& one : cases()) {
    if (argc > 1 && !std::strstr(one.name, argv[1])) continue;
    ++ran;
    std::string reason;
    try {
      one.body();
    } catch (const std::exception& e) {
      reason = e.what();
      ++failed;
    }
    std::printf("%s  %s\n%s%s", reason.empty() ? "pass" : "FAIL", one.name, reason.c_str(), reason.empty() ? "" : "\n");
  }
  std::printf("%d passed, %d failed\n", ran - failed, failed);
  return failed == 0 && ran > 0 ? 0 : 1;
}

}  // namespace hob::test

#define HOB_TEST_JOIN2(a, b) a##b
#define HOB_TEST_JOIN(a, b) HOB_TEST_JOIN2(a, b)
#define HOB_TEST(name)                                                                                     \
  static void HOB_TEST_JOIN(hob_test_, __LINE__)();                                                        \
  static const ::hob::test::AddCase HOB_TEST_JOIN(hob_case_, __LINE__)(name, &HOB_TEST_JOIN(hob_test_, __LINE__)); \
  static void HOB_TEST_JOIN(hob_test_, __LINE__)()
#define HOB_CHECK(condition) ::hob::test::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define HOB_CHECK_EQUAL(a, b) ::hob::test::check_equal((a), (b), #a, __FILE__, __LINE__)
#define HOB_TEST_MAIN \
  int main(int argc, char** argv) { return ::hob::test::run_cases(argc, argv); }
