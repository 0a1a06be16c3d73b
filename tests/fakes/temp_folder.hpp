// A folder that goes with the test.
#pragma once

#include "base/id.hpp"

#include <filesystem>

namespace hobd::fakes {

class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / ("hob-test-" + random_hex(8))) {
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hobd::fakes
