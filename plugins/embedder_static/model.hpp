// A static embedding model in the format of model2vec (https://github.com/MinishLab/model2vec): a folder of config.json,
// tokenizer.json and model.safetensors. A text's vector is the mean of its tokens' vectors.
#pragma once

#include "safetensors.hpp"
#include "tokenizer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace embedder_static {

/// Immutable; embed() may run on any thread. Memory: the vocabulary, and a few bytes a token; the vectors stay in the file.
class Model {
 public:
  /// Opens the folder. Throws hob::Error naming the file and what is wrong with it.
  Model(const std::string& folder, std::size_t max_tokens);

  std::size_t dimension() const { return dimension_; }
  /// The folder's name and a digest of what is in it: another model under the same name is told apart.
  const std::string& name() const { return name_; }
  /// Writes the vector of a text; all zero when the model knows none of its words. Throws unavailable: the file can't be read.
  void embed(std::string_view text, std::span<float> out) const;

 private:
  void read_shapes(const std::string& folder);
  void read_weights(const Tensor& tensor);
  void read_mapping(const Tensor& tensor);
  std::string digest(std::string_view tokenizer_json) const;
  std::vector<unsigned char> bytes_of(const Tensor& tensor) const;

  TensorFile file_;
  Tokenizer tokenizer_;
  const Tensor* embeddings_ = nullptr;
  std::vector<float> weights_;           // one a token; empty: all 1
  std::vector<std::uint32_t> mapping_;   // token -> row; empty: the same
  std::size_t rows_ = 0, dimension_ = 0, max_tokens_ = 0, max_characters_ = 0;
  bool normalize_ = false;
  std::string name_;
};

}  // namespace embedder_static
