// An embedder that needs no model: counts groups of three letters. Good enough to find spelling variants; put your own
// model in place of embed_one().
#include <hob/plugin.hpp>

#include <cctype>
#include <cmath>

namespace {

constexpr int kDimension = 64;

void embed_one(std::string_view text, float* row) {
  std::string letters = " ";
  for (const unsigned char c : text) letters += static_cast<char>(std::tolower(c));
  letters += ' ';
  for (std::size_t i = 0; i + 3 <= letters.size(); ++i) {
    unsigned hash = 2166136261u;
    for (std::size_t k = i; k < i + 3; ++k) hash = (hash ^ static_cast<unsigned char>(letters[k])) * 16777619u;
    row[hash % kDimension] += 1;
  }
  float length = 0;
  for (int i = 0; i < kDimension; ++i) length += row[i] * row[i];
  for (int i = 0; i < kDimension && length > 0; ++i) row[i] /= std::sqrt(length);
}

class @CLASS@ final : public hob::Plugin {
  void setup() override {
    embedder(
        // The name changes whenever the vectors do: Hob never compares vectors of two names.
        [] { return hob::Json{{"model", "@NAME@-letters-1"}, {"dimension", kDimension}, {"max_batch", 256}}; },
        [](const hob::Json& request) {
          if (!request["input"].is_array()) throw hob::Error{hob::invalid, "\"input\" must be a list of texts"};
          const auto& texts = request["input"].items();
          std::vector<float> rows(texts.size() * kDimension);
          for (std::size_t i = 0; i < texts.size(); ++i) embed_one(hob::JsonRef(texts[i]).text(), &rows[i * kDimension]);
          return rows;
        });
  }
};

}  // namespace
HOB_PLUGIN("@ID@", @CLASS@)
