#include "plugin_kit/check.hpp"
#include "plugin_kit/manifest_text.hpp"
#include "plugin_kit/project.hpp"
#include "plugin_kit/sample.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace hobd::kit {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kLimit{60};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// The code that a project makes: main.lua, or the one library below build/.
Result<fs::path> built_code(const fs::path& project) {
  if (is_file(project / "main.lua")) return project / "main.lua";
  std::error_code ignored;
  for (const fs::path& folder : {project / "build", project})
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".so") return entry.path();
      const fs::path library = entry.path() / (entry.path().filename().string() + ".so");
      if (is_file(library) && is_file(entry.path() / "plugin.json")) return library;
    }
  return Error{Code::not_found, fmt::format("{}: neither main.lua nor build/NAME/NAME.so is there", project.string())};
}

/// A manifest good enough to load the code with: the "tools" block that is to be written may be missing or wrong as yet.
Result<Subject> loose_subject(const fs::path& project, const json::object& document, const fs::path& code) {
  Subject subject;
  subject.folder = project;
  subject.manifest.id = std::string(string_or(document, "id"));
  subject.manifest.code = code;
  subject.manifest.language = code.extension() == ".lua" ? Manifest::Language::lua : Manifest::Language::native;
  if (is_file(project / "check.json")) subject.samples = TRY(parse_json_object(TRY(read_file(project / "check.json"))));
  if (const json::object* config = object_at(subject.samples, "config")) {
    subject.config = *config;
  } else if (const json::value* schema = document.if_contains("config_schema")) {
    const json::value made = sample_of(*schema);
    if (made.is_object()) subject.config = made.get_object();
  }
  return subject;
}

/// Asks the code for its tools, in a process of its own.
Result<std::vector<DescribedTool>> ask_for_tools(const Subject& subject) {
  const int page = ::memfd_create("tools", MFD_CLOEXEC);
  if (page < 0) return Error{Code::unavailable, "no memory file"};
  const Verdict verdict = run_alone(
      [&]() -> Result<Verdict> {
        hob::test::Options options = Bench::options_for(subject);
        options.withheld.clear();
        Bench bench(subject, std::move(options));
        TRY(bench.start());
        json::array list;
        for (const DescribedTool& tool : TRY(described_tools(bench)))
          list.push_back({{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
        const std::string text = json::serialize(list);
        if (::write(page, text.data(), text.size()) != ssize_t(text.size())) return fail("the tools could not be handed over");
        return pass("");
      },
      kLimit);
  std::string text(std::size_t(::lseek(page, 0, SEEK_END)), '\0');
  const bool read = ::pread(page, text.data(), text.size(), 0) == ssize_t(text.size());
  ::close(page);
  if (verdict.outcome != Outcome::pass || !read) return Error{Code::invalid, "ask the code for its tools: " + verdict.reason};
  const json::value parsed = TRY(parse_json(text, 256));
  std::vector<DescribedTool> tools;
  for (const json::value& one : parsed.get_array()) {
    const json::object& entry = one.get_object();
    tools.push_back({std::string(string_or(entry, "name")), std::string(string_or(entry, "description")), entry.at("parameters"), {}});
  }
  return tools;
}

Result<int> write_tools(const fs::path& project, Drift drift) {
  const fs::path manifest = project / "plugin.json";
  const std::string text = TRY(read_file(manifest));
  auto document = parse_json_object(text);
  if (document.has_error()) return document.error().with_context(manifest.string());
  const Subject subject = TRY(loose_subject(project, *document, TRY(built_code(project))));
  const std::vector<DescribedTool> tools = TRY(ask_for_tools(subject));
  const std::string wanted = TRY(with_tools(text, tools));
  if (wanted == text) {
    fmt::print("{}: as the code has it, {} tools\n", manifest.string(), tools.size());
    return 0;
  }
  fmt::print("{}", difference(text, wanted));
  if (drift == Drift::refuse) return Error{Code::invalid, fmt::format("{}: \"tools\" is not what the code has; hobctl plugin build {} writes it", manifest.string(), project.string())};
  const fs::path beside = fs::path(manifest).concat(".new");
  std::ofstream out(beside, std::ios::binary);
  out << wanted;
  out.close();
  std::error_code error;
  if (out) fs::rename(beside, manifest, error);
  if (!out || error) return Error{Code::unavailable, manifest.string() + ": can't be written"};
  fmt::print("{}: \"tools\" written from the code; look at \"effect\": read, write or external\n", manifest.string());
  return 1;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  std::fflush(nullptr);
  std::vector<char*> argv;
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return 127;
  if (pid == 0) {
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int compile(const fs::path& project) {
  const std::string source = project.string(), build = (project / "build").string();
  int code = 0;
  if (!is_file(project / "build/CMakeCache.txt")) {
    // The prefix of this very program, so that the SDK beside it is found wherever it was installed.
    code = run_program({"cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_PREFIX_PATH=" + prefix().string()});
    if (code == 127) fmt::print(stderr, "hobctl plugin build: cmake is not there: apt install cmake g++ (and libboost1.81-dev for C++)\n");
  }
  return code != 0 ? code : run_program({"cmake", "--build", build});
}

int build_command(const fs::path& project, Drift drift) {
  const auto complain = [](const Error& error) {
    fmt::print(stderr, "hobctl plugin build: {}\n", error.message);
    return 1;
  };
  if (!is_file(project / "plugin.json")) return complain({Code::not_found, (project / "plugin.json").string() + ": no such file"});
  const bool compiled = is_file(project / "CMakeLists.txt");
  if (compiled)
    if (const int code = compile(project); code != 0) return complain({Code::invalid, fmt::format("{}: cmake ended with {}", project.string(), code)});
  const auto written = write_tools(project, drift);
  if (written.has_error()) return complain(written.error());
  if (*written == 1 && compiled && compile(project) != 0) return complain({Code::invalid, project.string() + ": the new plugin.json could not be copied"});
  return 0;
}

int test_command(const fs::path& project) {
  if (is_file(project / "test.lua")) {
    const auto subject = read_subject(project, Origin::stranger, {});
    if (subject.has_error()) {
      fmt::print(stderr, "hobctl plugin test: {}\n", subject.error().message);
      return 1;
    }
    return run_lua_tests(*subject, project / "test.lua");
  }
  if (is_file(project / "CMakeLists.txt")) {
    if (const int code = compile(project); code != 0) return code;
    return run_program({"ctest", "--test-dir", (project / "build").string(), "--output-on-failure", "--no-tests=error"});
  }
  fmt::print(stderr, "hobctl plugin test: {}: neither test.lua nor CMakeLists.txt is there\n", project.string());
  return 2;
}

}  // namespace hobd::kit
