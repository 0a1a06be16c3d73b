// The part of Hugging Face's tokenizer.json that static models use: the normalizer BertNormalizer, the pre-tokenizer
// BertPreTokenizer, the model WordPiece, and added tokens (https://huggingface.co/docs/tokenizers/api).
#pragma once

#include "vocabulary.hpp"

#include <hob/cpp/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace embedder_static {

class Tokenizer {
 public:
  /// Reads the text of a tokenizer.json. Throws hob::Error: unsupported names the part that is of another kind, invalid
  /// what is broken.
  static Tokenizer read(std::string_view json);

  /// Appends the tokens of `text`, at most `limit`, without the unknown one. Any UTF-8 is taken; what is none is skipped.
  void encode(std::string_view text, std::size_t limit, std::vector<std::uint32_t>& ids) const;
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Added {
    std::string content;
    std::uint32_t id;
    bool single_word;
  };
  struct Rules {
    bool clean_text = false, chinese = false, strip_accents = false, lowercase = false;
  };

  void read_normalizer(hob::JsonRef normalizer, int depth);
  void read_model(hob::JsonRef model);
  void read_added(hob::JsonRef list);
  std::string normalised(std::string_view text) const;
  void encode_words(std::string_view normal, std::size_t limit, std::vector<std::uint32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<std::uint32_t>& ids) const;
  template <class Rest>
  void split(std::string_view text, const std::vector<Added>& added, std::vector<std::uint32_t>& ids, Rest rest) const;

  Rules rules_;
  Vocabulary vocabulary_;
  std::vector<Added> raw_, normal_;  // longest first: looked for before, and after, the text is normalised
  std::string prefix_ = "##";
  std::size_t max_word_ = 100;  // characters
  std::uint32_t unknown_ = std::numeric_limits<std::uint32_t>::max();
};

}  // namespace embedder_static
