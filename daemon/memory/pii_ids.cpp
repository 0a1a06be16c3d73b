// National ids: numbers with a checksum or a strict shape. Where neither is strong, words near it must name what it is.
#include "memory/pii_text.hpp"

#include <array>

namespace hobd {
namespace {

int value(char digit) { return digit - '0'; }

/// The sum of digits times weights.
template <std::size_t N>
int weighted(std::string_view digits, const std::array<int, N>& weights) {
  int sum = 0;
  for (std::size_t i = 0; i < N; ++i) sum += value(digits[i]) * weights[i];
  return sum;
}

bool is_day(int month, int day) { return month >= 1 && month <= 12 && day >= 1 && day <= 31; }
int pair(std::string_view digits, std::size_t i) { return value(digits[i]) * 10 + value(digits[i + 1]); }

/// US social security number: areas 000, 666 and 9xx were never given out.
bool is_social_security(std::string_view d) {
  return d.substr(0, 3) != "000" && d.substr(0, 3) != "666" && d[0] != '9' && d.substr(3, 2) != "00" && d.substr(5) != "0000";
}

/// German Steuer-ID: ISO 7064 MOD 11,10; of the first ten digits one comes twice or thrice, and no other.
bool is_german_tax_id(std::string_view d) {
  if (d[0] == '0') return false;
  std::array<int, 10> times{};
  for (std::size_t i = 0; i < 10; ++i) ++times[std::size_t(value(d[i]))];
  int repeated = 0;
  for (const int n : times) {
    if (n > 3) return false;
    if (n > 1) ++repeated;
  }
  if (repeated != 1) return false;
  int product = 10;
  for (std::size_t i = 0; i < 10; ++i) {
    int sum = (value(d[i]) + product) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  const int check = 11 - product;
  return (check == 10 ? 0 : check) == value(d[10]);
}

/// Polish PESEL: the century is in the month.
bool is_pesel(std::string_view d) {
  if (!is_day(pair(d, 2) % 20, pair(d, 4)) || pair(d, 2) > 92) return false;
  return (weighted(d, std::array<int, 10>{1, 3, 7, 9, 1, 3, 7, 9, 1, 3}) + value(d[10])) % 10 == 0;
}

/// French NIR without letters: sex, year, month, ..., and the key 97 - number mod 97.
bool is_french_nir(std::string_view d) {
  if (d[0] != '1' && d[0] != '2') return false;
  const int month = pair(d, 3);
  if (month < 1 || (month > 12 && month < 20) || (month > 42 && month < 50)) return false;
  int rest = 0;
  for (std::size_t i = 0; i < 13; ++i) rest = (rest * 10 + value(d[i])) % 97;
  return 97 - rest == pair(d, 13);
}

/// Brazilian CPF: two check digits by 11.
bool is_cpf(std::string_view d) {
  if (d.find_first_not_of(d[0]) == std::string_view::npos) return false;
  for (const std::size_t length : {std::size_t{9}, std::size_t{10}}) {
    int sum = 0;
    for (std::size_t i = 0; i < length; ++i) sum += value(d[i]) * int(length + 1 - i);
    if (sum * 10 % 11 % 10 != value(d[length])) return false;
  }
  return true;
}

/// Dutch BSN: the eleven-test.
bool is_bsn(std::string_view d) {
  const int sum = weighted(d, std::array<int, 8>{9, 8, 7, 6, 5, 4, 3, 2}) - value(d[8]);
  return sum != 0 && sum % 11 == 0;
}

const std::vector<std::string_view>& id_words() {
  static const std::vector<std::string_view> kWords = {"ssn",    "social",   "security", "tin",      "taxpayer", "tax",     "steuer",   "steuerid", "idnr",
                                                       "steueridentifikationsnummer", "identifikationsnummer",   "national", "nationality", "pesel", "bsn",
                                                       "burgerservicenummer", "sofinummer", "cpf",      "secu",     "nir",      "nino",    "insurance", "sozialversicherungsnummer",
                                                       "personnummer", "sin", "itin", "dni", "nie"};
  return kWords;
}

bool has_sizes(const DigitRun& run, std::initializer_list<std::size_t> sizes) {
  if (run.groups.size() != sizes.size()) return false;
  std::size_t i = 0;
  for (const std::size_t size : sizes)
    if (run.groups[i++].size() != size) return false;
  return true;
}

bool is_all(const PiiText& text, const DigitRun& run, char separator) {
  for (std::size_t i = 0; i + 1 < run.groups.size(); ++i)
    if (text[run.groups[i].end] != separator) return false;
  return true;
}

bool is_id_number(const PiiText& text, const DigitRun& run) {
  const std::string d = digits_of(text, run, 0, run.groups.size());
  const std::size_t begin = run.groups.front().begin;
  const Surroundings around = surroundings(text, begin, id_words());
  const bool is_named = around == Surroundings::in_favour;
  if (around == Surroundings::against) return false;
  switch (d.size()) {
    case 9:
      if (has_sizes(run, {3, 2, 4}) && is_social_security(d) && (is_named || is_all(text, run, '-'))) return true;
      return is_named && run.groups.size() <= 3 && (is_social_security(d) || is_bsn(d));
    case 10: {  // Sweden: YYMMDD-NNNN
      const bool is_swedish = has_sizes(run, {6, 4}) && is_all(text, run, '-') && is_day(pair(d, 2), pair(d, 4)) && luhn(d);
      return is_swedish;
    }
    case 11:
      if (has_sizes(run, {3, 3, 3, 2}) && is_cpf(d) && text[run.groups[2].end] == '-') return true;
      if (has_sizes(run, {2, 3, 3, 3}) && is_all(text, run, ' ') && is_german_tax_id(d)) return true;
      return is_named && (is_german_tax_id(d) || is_pesel(d) || is_cpf(d));
    case 15: return is_french_nir(d);
    default: return false;
  }
}

/// Spain: eight digits, or X, Y, Z and seven, and the letter of the number modulo 23.
bool is_spanish_id(std::string_view id) {
  if (id.size() != 9 || !is_alpha(id[8])) return false;
  const std::size_t foreign = std::string_view("xyz").find(id[0]);
  if (foreign == std::string_view::npos && !is_digit(id[0])) return false;
  int number = foreign == std::string_view::npos ? value(id[0]) : int(foreign);
  for (std::size_t i = 1; i < 8; ++i) {
    if (!is_digit(id[i])) return false;
    number = number * 10 + value(id[i]);
  }
  return std::string_view("trwagmyfpdxbnjzsqvhlcke")[std::size_t(number % 23)] == id[8];
}

/// Italy: six letters, year, month letter, day, place, check letter.
bool is_codice_fiscale(std::string_view id) {
  static constexpr std::string_view kShape = "llllllddlddldddl";
  static constexpr int kOdd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  if (id.size() != kShape.size()) return false;
  int sum = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool wants_digit = kShape[i] == 'd';
    if (wants_digit ? !is_digit(id[i]) : !(id[i] >= 'a' && id[i] <= 'z')) return false;
    const int number = wants_digit ? value(id[i]) : id[i] - 'a';
    if (i < 15) sum += i % 2 == 0 ? kOdd[number] : number;
  }
  return sum % 26 == id[15] - 'a';
}

/// UK national insurance number: prefixes that were never given out are refused.
bool is_national_insurance(std::string_view id) {
  if (id.size() != 9 || id[8] < 'a' || id[8] > 'd') return false;
  for (std::size_t i = 2; i < 8; ++i)
    if (!is_digit(id[i])) return false;
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (!is_letter(id[0]) || !is_letter(id[1])) return false;
  if (std::string_view("dfiquv").find(id[0]) != std::string_view::npos || std::string_view("dfioquv").find(id[1]) != std::string_view::npos) return false;
  for (const std::string_view never : {"bg", "gb", "kn", "nk", "nt", "tn", "zz"})
    if (id.starts_with(never)) return false;
  return true;
}

/// China: area, birth date, sequence, ISO 7064 MOD 11-2.
bool is_chinese_id(std::string_view id) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  if (id.size() != 18 || id[0] == '0') return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    if (!is_digit(id[i])) return false;
    sum += value(id[i]) * kWeights[i];
  }
  const int year = pair(id, 6);
  return (year == 19 || year == 20) && is_day(pair(id, 10), pair(id, 12)) && std::string_view("10x98765432")[std::size_t(sum % 11)] == id[17];
}

/// The letters and digits from `begin` on, over single spaces, dots and dashes; `size` of them. Gives their end, 0 for none.
std::size_t collect(const PiiText& text, std::size_t begin, std::size_t size, std::string& id) {
  id.clear();
  std::size_t i = begin;
  for (; id.size() < size; ++i) {
    if (is_alnum(text[i])) {
      id += text.lowered[i];
    } else if ((text[i] != ' ' && text[i] != '-' && text[i] != '.') || !is_alnum(text[i + 1])) {
      return 0;
    }
  }
  return is_alnum(text[i]) ? 0 : i;
}

void find_lettered(PiiText& text) {
  static const std::vector<std::string_view> kDocuments = {"passport", "reisepass", "passnummer", "ausweis", "personalausweis", "pasaporte", "passeport",
                                                           "passaporto", "licence", "license", "fuhrerschein", "licencia"};
  std::string id;
  for (const PiiText::Word& word : text.words) {
    const std::size_t begin = word.begin;
    if (text[begin - 1] == '_' || (text[begin - 1] == '-' && is_alnum(text[begin - 2]))) continue;
    const bool begins_with_digit = is_digit(text[begin]);
    const bool is_long_enough = word.end - begin >= 2 || text[begin] == 'X' || text[begin] == 'Y' || text[begin] == 'Z';
    if (!is_long_enough && !begins_with_digit) continue;
    const auto accept = [&](std::size_t size, bool (*is_one)(std::string_view)) {
      const std::size_t end = collect(text, begin, size, id);
      return end != 0 && is_one(id) && surroundings(text, begin, id_words()) != Surroundings::against && text.add("ssn", begin, end);
    };
    if (accept(9, is_spanish_id) || accept(16, is_codice_fiscale) || accept(9, is_national_insurance) || accept(18, is_chinese_id)) continue;
    // A passport's or a licence's number has no checksum in common: the word before must say it.
    const std::size_t length = word.end - begin;
    if (length < 6 || length > 12) continue;
    std::size_t digits = 0;
    for (std::size_t i = begin; i < word.end; ++i) digits += is_digit(text[i]);
    if (digits >= 4 && surroundings(text, begin, kDocuments) == Surroundings::in_favour && !text.is_plain(begin, word.end)) text.add("ssn", begin, word.end);
  }
}

}  // namespace

void find_national_ids(PiiText& text, const std::vector<DigitRun>& runs) {
  find_lettered(text);
  for (const DigitRun& run : runs) {
    const std::size_t begin = run.groups.front().begin, end = run.groups.back().end;
    if (run.plus || run.groups.size() > 7 || end - begin > 24 || text.is_plain(begin, end)) continue;
    if (stands_alone(text, begin, end) && is_id_number(text, run)) text.add("ssn", begin, end);
  }
}

}  // namespace hobd
