// What a hostile or broken script can't do.
#include "plugins_lua/scripted_host.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

LuaLimits tight() { return {.memory = 8u << 20, .slice = std::chrono::milliseconds(60)}; }

}  // namespace

TEST_CASE("nothing of the system is in reach") {
  ScriptedHost host;
  host.write("notes.txt", "text");
  REQUIRE(host.load(tool_script("local ok, v = pcall(load(args.code)) return ok and v == true")).has_value());
  for (const char* code :
       {"io ~= nil", "os.execute ~= nil", "os.exit ~= nil", "os.remove ~= nil", "os.rename ~= nil", "os.tmpname ~= nil",
        "os.getenv ~= nil", "os.setlocale ~= nil", "package ~= nil", "dofile ~= nil", "loadfile ~= nil", "loadstring ~= nil",
        "warn ~= nil", "string.dump ~= nil", "debug.getinfo ~= nil", "debug.sethook ~= nil", "debug.getregistry ~= nil",
        "debug.getmetatable ~= nil", "debug.setmetatable ~= nil", "debug.getupvalue ~= nil", "debug.getlocal ~= nil",
        "debug.upvaluejoin ~= nil", "debug.debug ~= nil", "require 'io' ~= nil", "require 'os'.execute ~= nil",
        "require '../main' ~= nil", "require '/etc/passwd' ~= nil", "require 'a.b' ~= nil", "require '' ~= nil",
        "require 'notes' ~= nil", "require 'a\\0b' ~= nil", "load('\\27Lua', 'x', 'b') ~= nil", "load('\\27Lua') ~= nil",
        "collectgarbage('stop') ~= nil", "collectgarbage('setpause', 1) ~= nil", "getmetatable(require 'hob').__index ~= nil"}) {
    const Answer& answer = host.call_tool("t", json::serialize(json::object{{"code", std::string("return ") + code}}));
    INFO(code << " -> " << answer.result);
    REQUIRE(answer.result == "false");
  }
}

TEST_CASE("a symbolic link is no module") {
  ScriptedHost host;
  std::filesystem::create_symlink("/etc/hostname", host.folder / "link.lua");
  REQUIRE(host.load(tool_script("return require 'link'")).has_value());
  REQUIRE(host.call_tool("t").result.find("link.lua: not a plain file") != std::string::npos);
}

TEST_CASE("what is safe of os, string and math stays") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("return type(os.time()) == 'number' and type(os.clock()) == 'number' and os.date('!%Y', 0) == '1970' "
                                "and ('ab'):rep(3, ',') == 'ab,ab,ab' and utf8.len('grüße') == 5 and #debug.traceback('x') > 1 and ('x'):rep(0) == ''"))
              .has_value());
  REQUIRE(host.call_tool("t").result == "true");
}

TEST_CASE("an endless top level is a timeout") {
  ScriptedHost host;
  const auto loaded = host.load("while true do end", "{}", tight());
  REQUIRE(loaded.error().code == Code::timeout);
  REQUIRE(loaded.error().message == "main.lua:1: ran for more than 60 ms without waiting");
  REQUIRE(host.load("while true do pcall(error) end", "{}", tight()).error().code == Code::timeout);
}

TEST_CASE("an endless call is stopped however it hides, and the next one runs") {
  const char* const bodies[] = {
      "while true do end",
      "while true do pcall(function() while true do end end) end",
      "while true do pcall(pcall, pcall, error) end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "while true do xpcall(function() while true do end end, function(m) return m end) end",
      "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
      "while true do pcall(coroutine.wrap(function() while true do end end)) end",
      "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)()",
      "local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end) "
      "coroutine.resume(co) coroutine.close(co)",
      "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
      "string.gsub('x', 'x', function() while true do end end)",
      "string.gsub(('x'):rep(1000000), '.', function() pcall(function() while true do end end) end)",
      "string.gsub(('x'):rep(1000000), '.', pcall)",
      "return setmetatable({}, {__index = function() while true do end end}).x",
      "return setmetatable({}, {__add = function() while true do end end}) + 1",
      "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
      "table.sort({1,2,3,4}, function() while true do end end)",
      "for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end",
      "for _ in function() return 1 end do end",
      "load(function() while true do end end)",
      "local function f() return f() end f()",
      "goto a ::a:: goto a",
      "return table.concat(setmetatable({}, {__index = function() return 'x' end, __len = function() return 1e15 // 1 | 0 end}))",
      "local s = ('a'):rep(100000) local t = {} for i = 1, 100000 do t[i] = s end while true do table.sort(t) end"};
  for (const char* body : bodies) {
    ScriptedHost host;
    REQUIRE(host.load(tool_script(std::string("if args.fine then return 1 end ") + body), "{}", tight()).has_value());
    const Answer& answer = host.call_tool("t");
    INFO(body << " -> " << answer.result);
    REQUIRE(answer.finishes == 1);
    REQUIRE((answer.status == HOB_TIMEOUT || answer.status == HOB_INTERNAL || answer.status == HOB_OVERLOADED));
    REQUIRE(host.call_tool("t", R"({"fine":true})").result == "1");
  }
}

TEST_CASE("a coroutine that was stopped can't be closed later either") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script(R"(if args.close then return { coroutine.close(co) } end
    co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)
    coroutine.resume(co))"), "{}", tight()).has_value());
  REQUIRE(host.call_tool("t").status == HOB_TIMEOUT);
  REQUIRE(host.call_tool("t", R"({"close":true})").result == R"([false,"the coroutine was stopped"])");
}

TEST_CASE("finalizers are refused: no hook runs in them") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("setmetatable({}, {__gc = function() while true do end end})"), "{}", tight()).has_value());
  REQUIRE(host.call_tool("t").result.find("finalizers (__gc) are not available") != std::string::npos);
}

TEST_CASE("library functions that could work for ever are bounded at once") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("local ok = pcall(load(args.code)) return ok"), "{}", tight()).has_value());
  for (const char* code : {"table.move({}, 1, 1 << 60, 1, {})", "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)",
                           "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)", "(('x'):rep(1 << 40))",
                           "('xx'):rep(1 << 62)", "('x'):rep(1 << 20):rep(1 << 20)", "load(('x = 1 '):rep(1000000))()", "table.unpack({}, 1, 1 << 30)"}) {
    INFO(code);
    REQUIRE(host.call_tool("t", json::serialize(json::object{{"code", code}})).result != "null");
  }
  REQUIRE(host.call_tool("t", R"~({"code":"return #(''):rep(1 << 60)"})~").result == "true");
}

TEST_CASE("a memory bomb is overloaded and leaves the plugin working") {
  for (const char* body : {"local t = {} for i = 1, 1e9 do t[i] = { i } end", "local s = 'x' while true do s = s .. s end",
                           "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end",
                           "return ('x'):rep(5 << 20) .. ('y'):rep(5 << 20)"}) {
    ScriptedHost host;
    REQUIRE(host.load(tool_script(std::string("if args.fine then return 1 end ") + body), "{}",
                      {.memory = 8u << 20, .slice = std::chrono::seconds(20)}).has_value());
    const Answer& answer = host.call_tool("t");
    INFO(body << " -> " << answer.result);
    REQUIRE(answer.status == HOB_OVERLOADED);
    REQUIRE(answer.result == "not enough memory: the plugin may hold 8 MiB");
    REQUIRE(host.call_tool("t", R"({"fine":true})").result == "1");
  }
}

TEST_CASE("a state too small for the script is refused as overloaded") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("return 1"), "{}", {.memory = 40'000}).error().code == Code::overloaded);
}

TEST_CASE("deep recursion is an error, not a crash") {
  for (const char* body : {"local function f() return 1 + f() end f()",
                           "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k + 1] end return t[1]",
                           "local function f() return coroutine.wrap(f)() end f()", "local function f() return pcall(f) end error(select(2, f()))",
                           "local function f(s) return (string.gsub('x', 'x', f)) end f()",
                           "error(select(2, load('return ' .. ('('):rep(300) .. '1' .. (')'):rep(300))))",
                           "local t = {} for i = 1, 1000 do t = { t } end return t"}) {
    ScriptedHost host;
    REQUIRE(host.load(tool_script(body), "{}", {.memory = 64u << 20, .slice = std::chrono::seconds(20)}).has_value());
    const Answer& answer = host.call_tool("t");
    INFO(body << " -> " << answer.result);
    REQUIRE(answer.finishes == 1);
    REQUIRE(answer.status != HOB_OK);
  }
}

TEST_CASE("a pattern bomb is stopped by the slice") {
  for (const char* body : {"return (('x'):rep(400)):find('(.-)(.-)(.-)(.-)(.-)y')", "return (('a'):rep(500000)):match('.-b')",
                           "for _ in (('a'):rep(1000000)):gmatch('a*a*a*b') do end", "return (('('):rep(500000)):gsub('%b()', '')",
                           "return (('a'):rep(3000)):match('^(a*)(a*)%1%2%1b')"}) {
    ScriptedHost host;
    REQUIRE(host.load(tool_script(body), "{}", tight()).has_value());
    const Answer& answer = host.call_tool("t");
    INFO(body << " -> " << answer.result);
    REQUIRE(answer.status == HOB_TIMEOUT);
  }
}

TEST_CASE("patterns beyond the limits are refused with the limit") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("if args.long then return ('x'):find(('x'):rep(300) .. '+') end return ('x'):rep(2 << 20):find('x+')")).has_value());
  REQUIRE(host.call_tool("t").result.find("at most 1048576 bytes") != std::string::npos);
  REQUIRE(host.call_tool("t", R"({"long":true})").result.find("pattern of more than 256 bytes") != std::string::npos);
}

TEST_CASE("patterns mean what the reference manual says") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("return { load('return ' .. args.code)() }")).has_value());
  const std::pair<const char*, const char*> cases[] = {
      {"('hello world'):find('o w')", "[5,7]"},
      {"('hello'):find('l+')", "[3,4]"},
      {"('hello'):find('(l)(l)')", R"([3,4,"l","l"])"},
      {"('a.b'):find('.', 1, true)", "[2,2]"},
      {"('hello'):find('', 10)", "{}"},
      {"('hello'):find('', 6)", "[6,5]"},
      {"('hello'):find('l', -2)", "[4,4]"},
      {"('  trim  '):match('^%s*(.-)%s*$')", R"(["trim"])"},
      {"('key = value'):match('(%w+)%s*=%s*(%w+)')", R"(["key","value"])"},
      {"('x'):match('()x()')", "[1,2]"},
      {"('2026-11-21'):match('^(%d%d%d%d)-(%d%d)-(%d%d)$')", R"(["2026","11","21"])"},
      {"('f(a(b)c)d'):match('%b()')", R"~(["(a(b)c)"])~"},
      {"('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", "[1,3]"},
      {"('\"it\\'s\"'):match('([\"\\'])(.-)%1')", R"(["\"","it's"])"},
      {"('abc'):gsub('', '-')", R"(["-a-b-c-",4])"},
      {"('hello world'):gsub('o', '0', 1)", R"(["hell0 world",1])"},
      {"('hello'):gsub('(h)(e)', '%2%1%0%%')", R"(["ehhe%llo",1])"},
      {"('$name is $age'):gsub('%$(%w+)', { name = 'Bo' })", R"(["Bo is $age",2])"},
      {"('abc'):gsub('%w', function(c) if c == 'b' then return 'X' end end)", R"(["aXc",3])"},
      {"('abc'):gsub('^a', 'x')", R"(["xbc",1])"},
      {"('a,b,,c'):gsub(',', ';')", R"(["a;b;;c",3])"},
      {"('a-b'):match('[a%-]+')", R"(["a-"])"},
      {"('a]b'):match('[]]')", R"(["]"])"},
      {"('x^y'):match('[%^x]+')", R"(["x^"])"},
      {"('ab12'):match('[^%d]+')", R"(["ab"])"},
      {"('colour color'):gsub('colou?r', 'C')", R"(["C C",2])"},
      {"('a$'):match('a$')", "{}"},
      {"('a$b'):match('a$b')", R"(["a$b"])"},
      {"(function() local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, ' ') end)()", R"(["a1 b2"])"},
      {"(function() local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n end)()", "[4]"},
      {"select(2, pcall(string.find, 'x', '[a'))", R"~(["malformed pattern (missing ']')"])~"},
      {"select(2, pcall(string.find, 'x', '%'))", R"~(["malformed pattern (ends with '%')"])~"},
      {"select(2, pcall(string.find, 'x', '(x'))", R"(["unfinished capture"])"},
      {"select(2, pcall(string.match, 'x', 'x)'))", R"(["invalid pattern capture"])"},
      {"select(2, pcall(string.gsub, 'x', 'x', '%2'))", R"(["invalid capture index %2"])"}};
  for (const auto& [code, expected] : cases) {
    const Answer& answer = host.call_tool("t", json::serialize(json::object{{"code", code}}));
    INFO(code);
    REQUIRE(answer.result == expected);
  }
}

TEST_CASE("a cancelled call that computes is stopped") {
  ScriptedHost host;
  REQUIRE(host.load(tool_script("while true do pcall(error) end")).has_value());
  host.cancelled.insert(host.last_call + 1);
  REQUIRE(host.call_tool("t").status == HOB_CANCELLED);
}
