#include "net/address_policy.hpp"
#include "net/http_client.hpp"
#include "net/http_parser.hpp"
#include "net/http_syntax.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace hobd;

namespace {

std::vector<SseParser::Event> parse_sse(std::string_view bytes, std::size_t step) {
  SseParser parser;
  std::vector<SseParser::Event> events;
  for (std::size_t i = 0; i < bytes.size(); i += step)
    parser.feed(bytes.substr(i, step), [&](SseParser::Event e) { events.push_back(std::move(e)); }).value();
  return events;
}

}  // namespace

TEST_CASE("header names compare without case") {
  HttpHeaders headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  REQUIRE(headers.get("content-TYPE") == "a");
  REQUIRE(headers.get("X") == "1");
  REQUIRE(headers.get("none").empty());
  headers.set("x", "3");
  REQUIRE(headers.fields().size() == 2);
  REQUIRE(headers.get("X") == "3");
}

TEST_CASE("outcomes and statuses map both ways") {
  REQUIRE(http_status(Code::overloaded) == 429);
  REQUIRE(http_status(Code::denied) == 403);
  REQUIRE(code_from_http_status(204) == Code::ok);
  REQUIRE(code_from_http_status(401) == Code::denied);
  REQUIRE(code_from_http_status(413) == Code::invalid);
  REQUIRE(code_from_http_status(418) == Code::invalid);
  REQUIRE(code_from_http_status(501) == Code::unsupported);
  REQUIRE(code_from_http_status(502) == Code::unavailable);
}

TEST_CASE("a query is split and decoded") {
  const auto pairs = parse_query("a=1&b=%20x+y&&c&=d&e=%zz");
  const std::vector<std::pair<std::string, std::string>> expected{
      {"a", "1"}, {"b", " x y"}, {"c", ""}, {"", "d"}, {"e", "%zz"}};
  REQUIRE(pairs == expected);
  REQUIRE(percent_encode("a b/ü") == "a%20b%2F%C3%BC");
  REQUIRE(percent_decode(percent_encode("a+b\n")) == "a+b\n");
}

TEST_CASE("chunk extensions are checked") {
  for (const auto* good : {"", ";a", ";a=b", "; a = b ;c", ";a=\"q;\\\"x\""}) CHECK(are_chunk_extensions(good));
  for (const auto* bad : {"x", ";", ";;", ";a=", ";a=\"b", ";a=\"b\\", ";a b", ";a=\"\x01\""})
    CHECK_FALSE(are_chunk_extensions(bad));
}

TEST_CASE("hosts are checked") {
  for (const auto* good : {"a", "a.b:80", "127.0.0.1", "[::1]", "[::1]:8080", "a:"}) CHECK(is_host(good));
  for (const auto* bad : {"", ":80", "a b", "a/b", "u@h", "[::1", "[x]", "a:b", "a:123456", "[]"}) CHECK_FALSE(is_host(bad));
}

TEST_CASE("only addresses of the open Internet are public") {
  for (const auto* text : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8",
                           "64:ff9b::808:808", "2002:808:808::1"})
    CHECK(is_public_address(boost::asio::ip::make_address(text)));
  for (const auto* text :
       {"0.0.0.0", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.127.255.255", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1",
        "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::808:808",
        "2002:7f00:1::1", "2001:db8::1", "2001::1", "fec0::1"})
    CHECK_FALSE(is_public_address(boost::asio::ip::make_address(text)));
}

TEST_CASE("server-sent events are read in any cut") {
  const std::string_view stream =
      "\xEF\xBB\xBF: comment\n\ndata: one\n\nevent: named\r\nid: 7\r\ndata:two\r\ndata:  three\r\n\r\n"
      "data\rdata\r\rid: 8\n\nevent: no data\n\nretry: 5\nunknown: x\ndata: last\n\ndata: incomplete";
  const auto step = GENERATE(1u, 2u, 3u, 7u, 1000u);
  const auto events = parse_sse(stream, step);
  REQUIRE(events.size() == 4);
  CHECK(events[0].name == "message");
  CHECK(events[0].data == "one");
  CHECK(events[1].name == "named");
  CHECK(events[1].data == "two\n three");
  CHECK(events[1].id == "7");
  CHECK(events[2].data == "\n");
  CHECK(events[3].data == "last");
  CHECK(events[3].name == "message");
  CHECK(events[3].id == "8");
}

TEST_CASE("an event without end is refused at 8 MiB") {
  SseParser parser;
  const std::string piece = "data: " + std::string(1 << 20, 'x') + "\n";
  Result<void> result;
  int pieces = 0;
  for (; result && pieces < 20; ++pieces) result = parser.feed(piece, [](SseParser::Event) {});
  REQUIRE(result.error().code == Code::overloaded);
  REQUIRE(pieces <= 9);
}

TEST_CASE("what is formatted as an event is read back") {
  const auto text = format_sse("named", "two\nlines\r\nthree\r");
  REQUIRE(text == "event: named\ndata: two\ndata: lines\ndata: three\ndata: \n\n");
  REQUIRE(format_sse("", "x") == "data: x\n\n");
  REQUIRE(parse_sse(text, 1).at(0).data == "two\nlines\nthree\n");
}

TEST_CASE("the request parser survives damaged requests") {
  const std::string good =
      "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
      "5;x=\"y\"\r\nhello\r\n0\r\nT: v\r\n\r\n";
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    RequestParser parser(1024, 100);
    std::string held;
    const std::size_t step = 1 + random() % 40;
    for (std::size_t at = 0; at < bytes.size() && parser.state() < RequestParser::State::complete; at += step) {
      held.append(bytes, at, step);
      held.erase(0, parser.feed(held));
    }
    if (parser.state() == RequestParser::State::failed) REQUIRE(parser.error_status() >= 400);
    if (parser.state() == RequestParser::State::complete) REQUIRE(parser.take().body.size() <= 100);
  }
}
