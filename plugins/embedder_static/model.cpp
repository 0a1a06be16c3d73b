#include "model.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace embedder_static {
namespace {

using hob::Error;
using hob::JsonRef;

constexpr std::uint64_t kMaxText = 64 << 20;  // of a JSON file
constexpr std::uint64_t kMaxSide = 256 << 20; // of the tensors that are held in memory

std::string read_text(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Error{error == std::errc::no_such_file_or_directory ? hob::not_found : hob::unavailable, "open " + path + ": " + error.message()};
  if (size > kMaxText) throw Error{hob::unsupported, path + " has " + std::to_string(size) + " bytes, this plugin reads up to 64 MiB"};
  std::ifstream in(path, std::ios::binary);
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in || in.gcount() != static_cast<std::streamsize>(size)) throw Error{hob::unavailable, "can't read " + path};
  return text;
}

Tokenizer read_tokenizer(const std::string& folder, const std::string& text) {
  try {
    return Tokenizer::read(text);
  } catch (const Error& error) {
    throw Error{error.code, folder + ": " + error.message};
  }
}

std::uint64_t fnv(std::uint64_t h, std::string_view bytes) {
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

std::string shape_text(const Tensor& tensor) {
  std::string out = tensor.type_name + "[";
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) out += (i ? "," : "") + std::to_string(tensor.shape[i]);
  return out + "]";
}

}  // namespace

Model::Model(const std::string& folder, std::size_t max_tokens) : file_(folder + "/model.safetensors"), max_tokens_(max_tokens) {
  const std::string config_text = read_text(folder + "/config.json");
  try {
    const hob::Json config = hob::Json::parse(config_text);
    if (!config.is_object()) throw Error{hob::invalid, "it is no JSON object"};
    normalize_ = config.get("normalize", false);
  } catch (const Error& error) {
    throw Error{error.code, folder + "/config.json: " + error.message};
  }
  const std::string tokens = read_text(folder + "/tokenizer.json");
  tokenizer_ = read_tokenizer(folder, tokens);
  read_shapes(folder);
  max_characters_ = max_tokens_ * std::max<std::size_t>(1, tokenizer_.vocabulary().median_length());
  name_ = std::filesystem::path(folder).lexically_normal().filename().string();
  if (name_.empty()) name_ = std::filesystem::path(folder).lexically_normal().parent_path().filename().string();
  name_ += "-" + digest(tokens);
}

void Model::read_shapes(const std::string& folder) {
  const auto refuse = [&](const std::string& why) -> Error { return {hob::unsupported, folder + "/model.safetensors: " + why}; };
  embeddings_ = file_.find("embeddings");
  if (!embeddings_) embeddings_ = file_.find("embedding.weight");  // as sentence-transformers names it
  if (!embeddings_) throw refuse("there is no tensor \"embeddings\"");
  const Tensor& vectors = *embeddings_;
  const bool is_known = vectors.type == NumberType::f64 || vectors.type == NumberType::f32 || vectors.type == NumberType::f16 ||
                        vectors.type == NumberType::bf16 || vectors.type == NumberType::i8;
  if (!is_known || vectors.shape.size() != 2) throw refuse("embeddings are " + shape_text(vectors) + ", this plugin reads F32, F16, BF16, F64 and I8 of two dimensions");
  if (vectors.shape[0] == 0 || vectors.shape[0] > 16'000'000 || vectors.shape[1] == 0 || vectors.shape[1] > 8192)
    throw refuse("embeddings are " + shape_text(vectors) + ": out of range");
  rows_ = vectors.shape[0];
  dimension_ = vectors.shape[1];
  if (const Tensor* weights = file_.find("weights")) read_weights(*weights);
  if (const Tensor* mapping = file_.find("mapping")) read_mapping(*mapping);
  const std::size_t tokens = std::size_t(tokenizer_.vocabulary().highest_id()) + 1;
  if (mapping_.empty() && tokens > rows_)
    throw refuse("the tokenizer has " + std::to_string(tokens) + " tokens, the embeddings " + std::to_string(rows_) + " rows");
  if (!mapping_.empty() && tokens > mapping_.size())
    throw refuse("the tokenizer has " + std::to_string(tokens) + " tokens, the mapping " + std::to_string(mapping_.size()));
  if (!weights_.empty() && tokens > weights_.size())
    throw refuse("the tokenizer has " + std::to_string(tokens) + " tokens, the weights " + std::to_string(weights_.size()));
  if (mapping_.empty() && weights_.empty() && tokenizer_.vocabulary().size() != rows_)
    throw refuse("the tokenizer has " + std::to_string(tokenizer_.vocabulary().size()) + " tokens, the embeddings " + std::to_string(rows_) + " rows: the files belong to different models");
}

std::vector<unsigned char> Model::bytes_of(const Tensor& tensor) const {
  if (tensor.shape.size() != 1 || tensor.size > kMaxSide) throw Error{hob::unsupported, "weights and mapping have one dimension, here one is " + shape_text(tensor)};
  std::vector<unsigned char> bytes(tensor.size);
  file_.read(tensor.offset, bytes);
  return bytes;
}

void Model::read_weights(const Tensor& tensor) {
  if (tensor.type == NumberType::other) throw Error{hob::unsupported, "weights are " + shape_text(tensor)};
  const auto bytes = bytes_of(tensor);
  weights_.resize(tensor.shape[0]);
  to_floats(tensor.type, bytes.data(), weights_);
  if (!std::all_of(weights_.begin(), weights_.end(), [](float w) { return std::isfinite(w); }))
    throw Error{hob::invalid, "model.safetensors: a weight is no number"};
}

void Model::read_mapping(const Tensor& tensor) {
  if (tensor.type != NumberType::i64 && tensor.type != NumberType::i32) throw Error{hob::unsupported, "the mapping is " + shape_text(tensor)};
  const auto bytes = bytes_of(tensor);
  const std::size_t each = size_of(tensor.type);
  mapping_.resize(tensor.shape[0]);
  for (std::size_t i = 0; i < mapping_.size(); ++i) {
    std::int64_t row = 0;
    if (each == 8) std::memcpy(&row, bytes.data() + i * 8, 8);
    std::int32_t narrow = 0;
    if (each == 4) std::memcpy(&narrow, bytes.data() + i * 4, 4), row = narrow;
    if (row < 0 || static_cast<std::uint64_t>(row) >= rows_)
      throw Error{hob::invalid, "model.safetensors: the mapping sends token " + std::to_string(i) + " to row " + std::to_string(row) + ", there are " + std::to_string(rows_)};
    mapping_[i] = static_cast<std::uint32_t>(row);
  }
}

/// Of everything small, and of 64 places of the vectors: reading all of a large model would cost the start of the daemon.
std::string Model::digest(std::string_view tokenizer_json) const {
  std::uint64_t h = fnv(0xcbf29ce484222325, tokenizer_json);
  h = fnv(h, file_.header());
  h = fnv(h, std::to_string(file_.size()) + (normalize_ ? "n" : "-") + std::to_string(max_tokens_));
  for (const float weight : weights_) h = fnv(h, {reinterpret_cast<const char*>(&weight), sizeof weight});
  for (const std::uint32_t row : mapping_) h = fnv(h, {reinterpret_cast<const char*>(&row), sizeof row});
  std::vector<unsigned char> page(std::min<std::uint64_t>(4096, embeddings_->size));
  const std::uint64_t last = embeddings_->size - page.size();
  for (std::uint64_t i = 0; i < 64; ++i) {
    file_.read(embeddings_->offset + last / 63 * i, page);
    h = fnv(h, {reinterpret_cast<const char*>(page.data()), page.size()});
  }
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(h));
  return text;
}

void Model::embed(std::string_view text, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0f);
  std::size_t end = 0, characters = 0;
  while (end < text.size() && characters < max_characters_) {
    ++end, ++characters;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  }
  std::vector<std::uint32_t> ids;
  tokenizer_.encode(text.substr(0, end), max_tokens_, ids);
  if (ids.empty()) return;
  const std::size_t each = dimension_ * size_of(embeddings_->type);
  std::vector<unsigned char> bytes(each);
  std::vector<float> row(dimension_);
  std::vector<double> sum(dimension_, 0.0);
  for (const std::uint32_t id : ids) {
    const std::uint64_t place = mapping_.empty() ? id : mapping_[id];
    file_.read(embeddings_->offset + place * each, bytes);
    to_floats(embeddings_->type, bytes.data(), row);
    // A row that is damaged counts as zeros: one NaN would make the text unfindable.
    if (!std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); })) continue;
    const double weight = weights_.empty() ? 1.0 : weights_[id];
    for (std::size_t i = 0; i < dimension_; ++i) sum[i] += weight * row[i];
  }
  double squares = 0;
  for (double& value : sum) {
    value /= static_cast<double>(ids.size());
    squares += value * value;
  }
  const double scale = normalize_ && squares > 0 ? 1 / std::sqrt(squares) : 1.0;
  for (std::size_t i = 0; i < dimension_; ++i) {
    const double value = sum[i] * scale;
    out[i] = std::abs(value) <= std::numeric_limits<float>::max() ? static_cast<float>(value) : 0.0f;
  }
}

}  // namespace embedder_static
