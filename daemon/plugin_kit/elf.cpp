#include "plugin_kit/elf.hpp"

#include "plugin_kit/subject.hpp"

#include <elf.h>

#include <cstring>

namespace hobd::kit {
namespace {

/// The struct of type T at `at`; invalid when it lies outside the file.
template <class T>
Result<T> at(const std::string& bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return Error{Code::invalid, "the ELF file is cut short"};
  T out;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

}  // namespace

Result<DynamicSymbols> read_dynamic_symbols(const std::filesystem::path& file) {
  const std::string bytes = TRY(read_file(file));
  const auto header = TRY(at<Elf64_Ehdr>(bytes, 0));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return Error{Code::invalid, "not a 64-bit little-endian ELF file"};
  if (header.e_type != ET_DYN) return Error{Code::invalid, "not a shared library"};
  DynamicSymbols out;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = TRY(at<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr)));
    if (section.sh_type != SHT_DYNSYM) continue;
    const auto names = TRY(at<Elf64_Shdr>(bytes, header.e_shoff + section.sh_link * sizeof(Elf64_Shdr)));
    for (std::size_t n = 1; n < section.sh_size / sizeof(Elf64_Sym); ++n) {
      const auto symbol = TRY(at<Elf64_Sym>(bytes, section.sh_offset + n * sizeof(Elf64_Sym)));
      const std::size_t begin = names.sh_offset + symbol.st_name;
      if (begin >= bytes.size()) return Error{Code::invalid, "the ELF file is cut short"};
      const std::string name = bytes.substr(begin, std::min(bytes.find('\0', begin), bytes.size()) - begin);
      if (symbol.st_shndx == SHN_UNDEF) {
        out.imported.push_back(name);
      } else if (ELF64_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT && ELF64_ST_TYPE(symbol.st_info) != STT_SECTION) {
        if (symbol.st_shndx == SHN_ABS && symbol.st_size == 0) continue;  // the name of a symbol version
        out.exported.push_back(name);
        if (ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE) out.unique.push_back(name);
      }
    }
  }
  return out;
}

}  // namespace hobd::kit
