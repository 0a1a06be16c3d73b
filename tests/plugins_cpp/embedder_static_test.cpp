// embedder_static against models written here, their vectors worked out by hand.
#include "embedder_host.hpp"

#include "fakes/temp_folder.hpp"

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace embedders;
using hob::test::Host;

namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

struct TensorText {
  std::string name, type, shape, bytes;
};

std::string safetensors(const std::vector<TensorText>& tensors) {
  std::string header = R"({"__metadata__":{"format":"pt"})", data;
  for (const auto& t : tensors) {
    header += ",\"" + t.name + R"(":{"dtype":")" + t.type + R"(","shape":[)" + t.shape + R"(],"data_offsets":[)" + std::to_string(data.size()) +
              "," + std::to_string(data.size() + t.bytes.size()) + "]}";
    data += t.bytes;
  }
  header += "}";
  while (header.size() % 8 != 0) header += ' ';
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + data;
}

// tokens 0..9; row i of the embeddings is (i, -i, 1)
const char* kTokenizer = R"({"version":"1.0","truncation":null,"padding":null,
 "added_tokens":[{"id":0,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
                 {"id":1,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
 "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
 "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
 "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":20,
  "vocab":{"[PAD]":0,"[UNK]":1,"cafe":2,"garden":3,"##er":4,"##ing":5,",":6,"里":7,"昂":8,"a":9}}})";
constexpr std::size_t kTokens = 10;

std::vector<float> table() {
  std::vector<float> rows;
  for (std::size_t i = 0; i < kTokens; ++i) rows.insert(rows.end(), {float(i), -float(i), 1});
  return rows;
}

struct Folder {
  hobd::fakes::TempFolder folder;
  std::string tokenizer = kTokenizer, config = R"({"normalize":false})";
  std::string tensors = safetensors({{"embeddings", "F32", "10,3", bytes_of(table())}});

  json::object write() const {
    for (const auto& [name, text] : {std::pair{"tokenizer.json", &tokenizer}, {"config.json", &config}, {"model.safetensors", &tensors}})
      if (*text != "absent") std::ofstream(folder.path() / name, std::ios::binary) << *text;
    return {{"path", folder.path().string()}};
  }
  Vector vector(const std::string& text) const {
    Host host(plugin("embedder_static", write()));
    return embed(host, text);
  }
  /// What the plugin says when it refuses to start.
  std::string refusal() const {
    const json::object config_json = write();
    try {
      Host host(plugin("embedder_static", config_json));
    } catch (const std::exception& error) {
      return error.what();
    }
    return "it started";
  }
};

/// The mean of rows of table().
Vector mean(const std::vector<int>& ids) {
  double sum = 0;
  for (const int id : ids) sum += id;
  const auto value = static_cast<float>(sum / double(ids.size()));
  return {value, -value, 1};
}

}  // namespace

TEST_CASE("a text's vector is the mean of its tokens") {
  CHECK(Folder().vector("garden cafe") == mean({3, 2}));
  CHECK(Folder().vector("gardener, gardening") == mean({3, 4, 6, 3, 5}));
}
TEST_CASE("texts are normalised as BERT does") {
  CHECK(Folder().vector("CAFÉ") == mean({2}));
  CHECK(Folder().vector("Cafe\xCC\x81") == mean({2}));
  CHECK(Folder().vector("ca\xE2\x80\x8B" "fe\xE2\x80\x8D") == mean({2}));  // zero-width signs are control characters
  CHECK(Folder().vector("garden\xC2\xA0" "cafe\xE3\x80\x80" "a") == mean({3, 2, 9}));
  CHECK(Folder().vector("a里昂a") == mean({9, 7, 8, 9}));
}
TEST_CASE("unknown words count for nothing") {
  CHECK(Folder().vector("garden zzz") == mean({3}));
  CHECK(Folder().vector("gardenzzz cafe") == mean({2}));
  CHECK(Folder().vector("zzz") == Vector{0, 0, 0});
  CHECK(Folder().vector("") == Vector{0, 0, 0});
  CHECK(Folder().vector("a" + std::string(30, 'b')) == Vector{0, 0, 0});  // longer than max_input_chars_per_word
}
TEST_CASE("added tokens are found in the raw text") { CHECK(Folder().vector("garden[PAD] [UNK]") == mean({3, 0})); }
TEST_CASE("an accent stays where the tokenizer wants it") {
  Folder model;
  model.tokenizer.replace(model.tokenizer.find("\"strip_accents\":null"), 20, "\"strip_accents\":false");
  CHECK(model.vector("café cafe") == mean({2}));
}
TEST_CASE("normalize scales to length 1") {
  Folder model;
  model.config = R"({"normalize":true})";
  const auto vector = model.vector("garden");
  CHECK(vector[0] == Approx(3 / std::sqrt(19.0)));
  CHECK(vector[2] == Approx(1 / std::sqrt(19.0)));
}
TEST_CASE("weights multiply the tokens") {
  Folder model;
  std::vector<double> weights(kTokens, 1.0);
  weights[3] = 0.5;
  model.tensors = safetensors({{"embeddings", "F32", "10,3", bytes_of(table())}, {"weights", "F64", "10", bytes_of(weights)}});
  CHECK(model.vector("garden cafe") == Vector{(1.5f + 2) / 2, -(1.5f + 2) / 2, 0.75f});
}
TEST_CASE("a mapping sends tokens to rows") {
  Folder model;
  const std::vector<std::int64_t> mapping{0, 0, 1, 1, 0, 0, 0, 0, 0, 0};
  model.tensors = safetensors({{"embeddings", "F32", "2,2", bytes_of(std::vector<float>{0, 1, 8, 4})}, {"mapping", "I64", "10", bytes_of(mapping)}});
  CHECK(model.vector("garden cafe") == Vector{8, 4});
  CHECK(model.vector("garden a") == Vector{4, 2.5});
}
TEST_CASE("every number type of an embedding is read") {
  std::vector<std::uint16_t> half, brain;
  std::vector<std::int8_t> small;
  std::vector<double> wide;
  for (const float value : table()) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    brain.push_back(static_cast<std::uint16_t>(bits >> 16));
    half.push_back(value == 0 ? std::uint16_t((bits >> 16) & 0x8000)
                              : static_cast<std::uint16_t>(((bits >> 16) & 0x8000) | ((((bits >> 23) & 0xff) - 112) << 10) | ((bits >> 13) & 0x3ff)));
    small.push_back(static_cast<std::int8_t>(value));
    wide.push_back(value);
  }
  const TensorText kTables[] = {{"embeddings", "F16", "10,3", bytes_of(half)}, {"embeddings", "BF16", "10,3", bytes_of(brain)},
                                {"embeddings", "I8", "10,3", bytes_of(small)}, {"embeddings", "F64", "10,3", bytes_of(wide)},
                                {"embedding.weight", "F32", "10,3", bytes_of(table())}};
  for (const auto& one : kTables) {
    INFO(one.type);
    Folder model;
    model.tensors = safetensors({one});
    CHECK(model.vector("garden cafe") == mean({3, 2}));
  }
}
TEST_CASE("a row with NaN counts as zeros") {
  Folder model;
  auto rows = table();
  rows[9] = std::nanf("");
  model.tensors = safetensors({{"embeddings", "F32", "10,3", bytes_of(rows)}});
  CHECK(model.vector("garden cafe") == Vector{1, -1, 0.5});
}
TEST_CASE("what lies behind max_tokens doesn't count") {
  const Folder model;
  json::object config = model.write();
  config["max_tokens"] = 2;
  Host host(plugin("embedder_static", config));
  CHECK(embed(host, "a a garden garden") == mean({9, 9}));
}
TEST_CASE("a model's name changes with its files") {
  const auto name = [](const Folder& model) {
    Host host(plugin("embedder_static", model.write()));
    return std::string(json::parse(host.embedder().result).at("model").as_string());
  };
  Folder model;
  const std::string first = name(model);
  CHECK(name(model) == first);
  auto rows = table();
  rows[14] = 2;
  model.tensors = safetensors({{"embeddings", "F32", "10,3", bytes_of(rows)}});
  CHECK(name(model) != first);
}
TEST_CASE("a file cut short while it is open is an error, not a crash") {
  const Folder model;
  Host host(plugin("embedder_static", model.write()));
  std::filesystem::resize_file(model.folder.path() / "model.safetensors", 40);
  const auto& answer = host.embed(request({"garden"}));
  CHECK(answer.status == HOB_UNAVAILABLE);
  CHECK_THAT(answer.result, Catch::Contains("shorter"));
}
TEST_CASE("tokenizers of other kinds are refused by name") {
  Folder model;
  model.tokenizer.replace(model.tokenizer.find("\"WordPiece\""), 11, "\"Unigram\"");
  CHECK_THAT(model.refusal(), Catch::Contains("the model is a Unigram") && Catch::Contains("WordPiece"));
  model.tokenizer = kTokenizer;
  model.tokenizer.replace(model.tokenizer.find("\"BertPreTokenizer\""), 18, "\"Metaspace\"");
  CHECK_THAT(model.refusal(), Catch::Contains("Metaspace"));
  model.tokenizer = kTokenizer;
  model.tokenizer.replace(model.tokenizer.find("\"BertNormalizer\""), 16, "\"Precompiled\"");
  CHECK_THAT(model.refusal(), Catch::Contains("Precompiled"));
}
TEST_CASE("files that don't fit are refused with the reason") {
  const auto tensors = [](const std::vector<TensorText>& list) {
    Folder model;
    model.tensors = safetensors(list);
    return model.refusal();
  };
  const std::string rows = bytes_of(table());
  CHECK_THAT(tensors({{"vectors", "F32", "10,3", rows}}), Catch::Contains("no tensor \"embeddings\""));
  CHECK_THAT(tensors({{"embeddings", "U8", "10,12", rows}}), Catch::Contains("U8[10,12]"));
  CHECK_THAT(tensors({{"embeddings", "F32", "30", rows}}), Catch::Contains("F32[30]"));
  CHECK_THAT(tensors({{"embeddings", "F32", "9,3", rows.substr(0, 108)}}), Catch::Contains("the tokenizer has 10 tokens"));
  CHECK_THAT(tensors({{"embeddings", "F32", "15,2", rows}}), Catch::Contains("different models"));
  CHECK_THAT(tensors({{"embeddings", "F32", "10,3", rows}, {"weights", "F32", "2", std::string(8, 'x')}}), Catch::Contains("weights 2"));
  CHECK_THAT(tensors({{"embeddings", "F32", "10,3", rows}, {"mapping", "I64", "10", bytes_of(std::vector<std::int64_t>(10, 10))}}), Catch::Contains("row 10"));
  CHECK_THAT(tensors({{"embeddings", "F32", "10,3", rows}, {"mapping", "I64", "10", bytes_of(std::vector<std::int64_t>(10, -1))}}), Catch::Contains("row -1"));
}
TEST_CASE("safetensors headers that lie are refused") {
  const std::string rows = bytes_of(table());
  const auto with_header = [&](const std::string& header, std::uint64_t size) {
    Folder model;
    model.tensors = std::string(reinterpret_cast<const char*>(&size), 8) + header + rows;
    return model.refusal();
  };
  const auto claims = [&](const std::string& entry) {
    const std::string header = R"({"embeddings":)" + entry + "}";
    return with_header(header, header.size());
  };
  CHECK_THAT(with_header("{}", ~std::uint64_t(0)), Catch::Contains("its header is said to have"));
  CHECK_THAT(with_header("{}", 100'000), Catch::Contains("longer than the file"));
  CHECK_THAT(with_header("[]", 2), Catch::Contains("no JSON object"));
  CHECK_THAT(with_header("{oh}", 4), Catch::Contains("not JSON"));
  CHECK_THAT(with_header("", 0), Catch::Contains("no JSON object"));
  CHECK_THAT(claims("7"), Catch::Contains("lacks"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,3],"data_offsets":[0,121]})"), Catch::Contains("ends at byte 121"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,3],"data_offsets":[120,0]})"), Catch::Contains("ends at byte 0"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,3],"data_offsets":[-4,116]})"), Catch::Contains("no whole number"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,4],"data_offsets":[0,120]})"), Catch::Contains("its shape asks for others"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,120]})"), Catch::Contains("too large"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,2],"data_offsets":[0,80]})"), Catch::Contains("longer than its header"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,2],"data_offsets":[40,120]})"), Catch::Contains("belong to no tensor"));
  CHECK_THAT(claims(R"({"dtype":"F32","shape":[10,3],"data_offsets":[0,120]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), Catch::Contains("overlap"));
}
TEST_CASE("a truncated or missing file is named") {
  Folder model;
  model.tensors.resize(model.tensors.size() - 30);
  CHECK_THAT(model.refusal(), Catch::Contains("is the download whole?"));
  model.tensors.resize(5);
  CHECK_THAT(model.refusal(), Catch::Contains("only 5 bytes"));
  Folder none;
  none.tokenizer = "absent";
  CHECK_THAT(none.refusal(), Catch::Contains("tokenizer.json") && Catch::Contains("No such file"));
  Folder plain;
  plain.config = "[]";
  CHECK_THAT(plain.refusal(), Catch::Contains("config.json"));
}
TEST_CASE("a path must be absolute") {
  try {
    Host host(plugin("embedder_static", {{"path", "models/x"}}));
    FAIL("it started");
  } catch (const std::runtime_error& error) {
    CHECK_THAT(error.what(), Catch::Contains("absolute"));
  }
}
TEST_CASE("embedder_static passes the plugin check when it has a model") {
  const Folder model;
  const json::object config = model.write();
  hobd::fakes::TempFolder copy;
  const std::filesystem::path built = std::string(HOB_PLUGINS) + "/embedder_static", target = copy.path() / "embedder_static";
  std::filesystem::copy(built, target);
  std::ofstream(target / "check.json") << json::serialize(json::object{{"config", config}, {"texts", {"garden", "cafe"}}});
  const std::string command = std::string(HOB_HOBCTL) + " plugin check " + target.string() + " > " + (copy.path() / "out").string() + " 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream out(copy.path() / "out");
  INFO(std::string(std::istreambuf_iterator<char>(out), {}));
  CHECK(status == 0);
}
TEST_CASE("spoilt model files never crash the embedder") {
  Folder model;
  std::uint32_t random = 12345;
  const auto next = [&] { return random = random * 1664525 + 1013904223; };
  for (int round = 0; round < 600; ++round) {
    Folder spoilt;
    std::string& file = round % 2 ? spoilt.tokenizer : spoilt.tensors;
    for (std::uint32_t edits = 1 + (next() >> 16) % 3; edits > 0; --edits) {
      const std::size_t at = (next() >> 8) % std::min<std::size_t>(file.size(), round % 4 == 0 ? 90 : file.size());
      if (next() & 0x10000) file[at] = static_cast<char>(next() >> 16);
      else file.erase(at, 1 + (next() >> 16) % 5);
    }
    try {
      Host host(plugin("embedder_static", spoilt.write()));
      const auto& answer = host.embed(request({"garden, cafe gardener 里昂 [PAD]"}));
      for (const float value : floats(answer.status == HOB_OK ? answer.result : "")) REQUIRE(std::isfinite(value));
    } catch (const std::runtime_error&) {
    }
  }
}
