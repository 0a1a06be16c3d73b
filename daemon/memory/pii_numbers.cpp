#include "memory/pii_text.hpp"

#include <algorithm>
#include <initializer_list>

namespace hobd {
namespace {

constexpr std::size_t kLeastDigits = 7, kMostGroups = 64;

bool is_separator(char c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'; }

bool is_in(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Numbers that follow these are of things, not of people.
bool names_a_thing(std::string_view word) {
  return is_in(word, {"order", "orders", "ticket", "tracking", "invoice", "ref", "reference", "isbn", "issn", "ean", "upc", "imei", "version",
                      "serial", "case", "claim", "booking", "confirmation", "part", "model", "sku", "article", "product", "item",
                      "batch", "lot", "parcel", "shipment", "package", "policy", "customer", "member", "transaction", "flight",
                      "build", "commit", "issue", "receipt", "po", "rfc", "timestamp", "size", "population", "error",
                      "bestellung", "bestellnummer", "auftrag", "auftragsnummer", "rechnung", "rechnungsnummer", "sendung",
                      "sendungsnummer", "kundennummer", "vorgang", "commande", "facture", "colis", "pedido", "factura",
                      "ordine", "fattura", "spedizione", "encomenda", "fatura", "bestelling", "factuur", "zamowienie", "faktura"});
}

}  // namespace

std::vector<DigitRun> digit_runs(const PiiText& text) {
  std::vector<DigitRun> runs;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text.chars[i])) {
      ++i;
      continue;
    }
    DigitRun run;
    run.begin = i;
    if (text[i - 1] == '(') --run.begin;
    if (text[run.begin - 1] == '+') {
      --run.begin;
      run.plus = true;
    } else if (text[run.begin - 1] == ' ' && text[run.begin - 2] == '+') {
      run.begin -= 2;
      run.plus = true;
    }
    std::size_t digits = 0;
    for (;;) {
      const std::size_t begin = i;
      while (is_digit(text[i])) ++i;
      run.groups.push_back({begin, i});
      digits += i - begin;
      run.end = i;
      // One separator, or a bracket with a space or another bracket beside it.
      std::size_t next = i;
      while (next < i + 3 && is_separator(text[next]) && next < text.size()) ++next;
      const std::string_view between = std::string_view(text.chars).substr(i, next - i);
      const bool is_joined = between.size() == 1 || (between.size() >= 2 && between.find_first_of("()-/") != std::string_view::npos &&
                                                     between.find("..") == std::string_view::npos);
      if (!is_joined || !is_digit(text[next]) || run.groups.size() == kMostGroups) break;
      i = next;
    }
    if (digits >= kLeastDigits) runs.push_back(std::move(run));
  }
  return runs;
}

std::string digits_of(const PiiText& text, const DigitRun& run, std::size_t from, std::size_t to) {
  std::string digits;
  for (std::size_t i = from; i < to; ++i) digits.append(text.chars, run.groups[i].begin, run.groups[i].size());
  return digits;
}

bool stands_alone(const PiiText& text, std::size_t begin, std::size_t end) {
  const auto joins = [](char c) { return c == '-' || c == '.' || c == '/' || c == ',' || c == ':' || c == '_' || c == '@' || c == '='; };
  const char before = text[begin - 1], after = text[end];
  if (is_alnum(before) || before == '_' || before == '#' || before == '$') return false;
  if (is_alnum(after) || after == '_' || after == '%' || after == '@') return false;
  if (joins(before) && before != ':' && before != '=' && is_alnum(text[begin - 2])) return false;
  if (before == ':' && is_digit(text[begin - 2])) return false;
  return !(joins(after) && is_alnum(text[end + 1]) && after != '/') && !(after == '/' && is_digit(text[end + 1]));
}

Surroundings surroundings(const PiiText& text, std::size_t begin, const std::vector<std::string_view>& in_favour) {
  std::size_t index = text.word_at(begin);
  std::size_t reach = begin;
  for (int words = 0; index > 0 && words < 5; ++words) {
    const PiiText::Word& word = text.words[--index];
    if (reach - word.end > 12 || word.end - word.begin > 24) break;
    reach = word.begin;
    const std::string_view name = text.word(word);
    if (std::find(in_favour.begin(), in_favour.end(), name) != in_favour.end()) return Surroundings::in_favour;
    if (names_a_thing(name)) return Surroundings::against;
    // A sentence that ended says nothing of the number; "no. 5" and "tel. 5" do not end.
    if (text[word.begin - 1] == ' ' && (text[word.begin - 2] == '!' || text[word.begin - 2] == '?' || text[word.begin - 2] == ';')) break;
  }
  return Surroundings::none;
}

bool luhn(std::string_view digits) {
  int sum = 0;
  bool doubled = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, doubled = !doubled) {
    const int value = (*digit - '0') * (doubled ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 == 0;
}

// --- dates, times, addresses of machines ---------------------------------------------------------------------------------

namespace {

int number_at(const PiiText& text, const DigitRun::Group& group) {
  int value = 0;
  for (std::size_t i = group.begin; i < group.end && value < 100'000; ++i) value = value * 10 + (text.chars[i] - '0');
  return value;
}

bool is_year(const PiiText& text, const DigitRun::Group& group) {
  return group.size() == 4 && number_at(text, group) >= 1800 && number_at(text, group) < 2200;
}

/// d.m.y, m/d/y, y-m-d with one separator throughout.
bool is_date(const PiiText& text, const DigitRun::Group& a, const DigitRun::Group& b, const DigitRun::Group& c) {
  const char mark = text[a.end];
  if (text[b.end] != mark || mark == '(' || mark == ')' || b.begin != a.end + 1 || c.begin != b.end + 1) return false;
  const int x = number_at(text, a), y = number_at(text, b), z = number_at(text, c);
  const auto fits = [](int day, int month) { return day >= 1 && day <= 31 && month >= 1 && month <= 12; };
  if (is_year(text, a)) return b.size() <= 2 && c.size() <= 2 && (fits(z, y) || fits(y, z));
  if (a.size() > 2 || b.size() > 2 || (!is_year(text, c) && (c.size() != 2 || mark == ' '))) return false;
  // Five pairs of digits ("06.12.34.56.78") are a telephone number in France.
  if (c.size() == 2 && text[c.end] == mark && is_digit(text[c.end + 1])) return false;
  return fits(x, y) || fits(y, x);
}

}  // namespace

void mark_plain_numbers(PiiText& text) {
  std::vector<DigitRun::Group> groups;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text.chars[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (is_digit(text[i])) ++i;
    groups.push_back({begin, i});
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const DigitRun::Group& group = groups[i];
    const bool has_second = i + 1 < groups.size();
    if (has_second && text[group.end] == ':' && groups[i + 1].begin == group.end + 1 && group.size() <= 2 && groups[i + 1].size() == 2)
      text.mark_plain(group.begin, groups[i + 1].end);
    if (i + 2 < groups.size() && is_date(text, group, groups[i + 1], groups[i + 2])) text.mark_plain(group.begin, groups[i + 2].end);
    if (i + 3 < groups.size()) {
      bool is_address = true;
      for (std::size_t k = i; k < i + 4; ++k)
        is_address = is_address && groups[k].size() <= 3 && number_at(text, groups[k]) <= 255 &&
                     (k == i + 3 || (text[groups[k].end] == '.' && groups[k + 1].begin == groups[k].end + 1));
      const bool goes_on = (text[groups[i + 3].end] == '.' && is_digit(text[groups[i + 3].end + 1])) ||
                           (text[group.begin - 1] == '.' && is_digit(text[group.begin - 2]));
      if (is_address && !goes_on) text.mark_plain(group.begin, groups[i + 3].end);
    }
  }
}

// --- cards ---------------------------------------------------------------------------------------------------------------

namespace {

/// Issuers' prefixes and lengths (ISO/IEC 7812, the issuers' own pages).
struct Issuer {
  int digits, from, to;  // the first `digits` digits are in [from, to]
  std::size_t least, most;
};
constexpr Issuer kIssuers[] = {
    {1, 4, 4, 13, 19},      {2, 51, 55, 16, 16},       {4, 2221, 2720, 16, 16},   {2, 34, 34, 15, 15},
    {2, 37, 37, 15, 15},    {4, 6011, 6011, 16, 19},   {3, 644, 649, 16, 19},     {2, 65, 65, 16, 19},
    {3, 300, 305, 14, 19},  {2, 36, 36, 14, 19},       {2, 38, 39, 14, 19},       {4, 3528, 3589, 16, 19},
    {2, 62, 62, 16, 19},    {2, 50, 50, 13, 19},       {2, 56, 58, 13, 19},       {4, 6304, 6304, 13, 19},
    {4, 6759, 6763, 13, 19}, {4, 2200, 2204, 16, 19},  {2, 60, 60, 16, 16},
};

bool is_card_number(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19 || !luhn(digits)) return false;
  if (digits.find_first_not_of(digits[0]) == std::string_view::npos) return false;
  if (digits[0] == '4') return digits.size() == 13 || digits.size() == 16 || digits.size() == 18 || digits.size() == 19;
  for (const Issuer& issuer : kIssuers) {
    int prefix = 0;
    for (int i = 0; i < issuer.digits; ++i) prefix = prefix * 10 + (digits[std::size_t(i)] - '0');
    if (prefix >= issuer.from && prefix <= issuer.to && digits.size() >= issuer.least && digits.size() <= issuer.most) return true;
  }
  return false;
}

/// How cards are written: in fours with a shorter last group, as Amex and Diners do, or without a break.
bool is_card_shape(const DigitRun& run, std::size_t from, std::size_t to) {
  const auto size = [&](std::size_t i) { return run.groups[i].size(); };
  if (to - from == 1) return true;
  if (to - from == 3 && size(from) == 4 && size(from + 1) == 6) return true;
  if (to - from == 2) return size(from) == 8 && size(from + 1) >= 8;
  for (std::size_t i = from; i + 1 < to; ++i)
    if (size(i) != 4) return false;
  return size(to - 1) <= 4;
}

}  // namespace

void find_cards(PiiText& text, const std::vector<DigitRun>& runs) {
  const std::vector<std::string_view> in_favour = {"card", "visa", "mastercard", "amex", "karte", "kreditkarte", "carte", "tarjeta", "carta"};
  for (const DigitRun& run : runs) {
    for (std::size_t from = 0; from < run.groups.size(); ++from) {
      std::size_t digits = 0, best = 0;
      for (std::size_t to = from + 1; to <= run.groups.size(); ++to) {
        digits += run.groups[to - 1].size();
        if (digits > 19) break;
        if (to - from > 1 && text[run.groups[to - 2].end] != ' ' && text[run.groups[to - 2].end] != '-' && text[run.groups[to - 2].end] != '.') break;
        if (digits >= 13 && is_card_shape(run, from, to) && is_card_number(digits_of(text, run, from, to))) best = to;
      }
      if (best == 0) continue;
      const std::size_t begin = run.groups[from].begin, end = run.groups[best - 1].end;
      // A neighbour group that is a year or "12/27" may follow; letters may not touch.
      if (is_alnum(text[begin - 1]) || is_alnum(text[end]) || text[begin - 1] == '_' || text.is_plain(begin, end)) continue;
      if (best - from == 1 && (!stands_alone(text, begin, end) || surroundings(text, begin, in_favour) == Surroundings::against)) continue;
      if (text.add("card", begin, end)) from = best - 1;
    }
  }
}

// --- IBAN ----------------------------------------------------------------------------------------------------------------

namespace {

/// Lengths by country (the SWIFT IBAN registry).
constexpr std::pair<std::string_view, std::size_t> kIbanLengths[] = {
    {"ad", 24}, {"ae", 23}, {"al", 28}, {"at", 20}, {"az", 28}, {"ba", 20}, {"be", 16}, {"bg", 22}, {"bh", 22}, {"bi", 27}, {"br", 29},
    {"by", 28}, {"ch", 21}, {"cr", 22}, {"cy", 28}, {"cz", 24}, {"de", 22}, {"dj", 27}, {"dk", 18}, {"do", 28}, {"ee", 20}, {"eg", 29},
    {"es", 24}, {"fi", 18}, {"fk", 18}, {"fo", 18}, {"fr", 27}, {"gb", 22}, {"ge", 22}, {"gi", 23}, {"gl", 18}, {"gr", 27}, {"gt", 28},
    {"hr", 21}, {"hu", 28}, {"ie", 22}, {"il", 23}, {"iq", 23}, {"is", 26}, {"it", 27}, {"jo", 30}, {"kw", 30}, {"kz", 20}, {"lb", 28},
    {"lc", 32}, {"li", 21}, {"lt", 20}, {"lu", 20}, {"lv", 21}, {"ly", 25}, {"mc", 27}, {"md", 24}, {"me", 22}, {"mk", 19}, {"mn", 20},
    {"mr", 27}, {"mt", 31}, {"mu", 30}, {"ni", 28}, {"nl", 18}, {"no", 15}, {"om", 23}, {"pk", 24}, {"pl", 28}, {"ps", 29}, {"pt", 25},
    {"qa", 29}, {"ro", 24}, {"rs", 22}, {"ru", 33}, {"sa", 24}, {"sc", 31}, {"sd", 18}, {"se", 24}, {"si", 19}, {"sk", 24}, {"sm", 27},
    {"so", 23}, {"st", 25}, {"sv", 28}, {"tl", 23}, {"tn", 24}, {"tr", 26}, {"ua", 29}, {"va", 22}, {"vg", 24}, {"xk", 20},
};

std::size_t iban_length(std::string_view country) {
  for (const auto& [name, length] : kIbanLengths)
    if (name == country) return length;
  return 0;
}

/// ISO 13616: moved round, letters as 10..35, the rest by 97 is 1.
bool has_iban_checksum(std::string_view iban) {
  unsigned rest = 0;
  for (std::size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    const unsigned value = is_digit(c) ? unsigned(c - '0') : unsigned(c - 'a' + 10);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

}  // namespace

void find_ibans(PiiText& text) {
  for (const PiiText::Word& word : text.words) {
    const std::size_t begin = word.begin;
    if (word.end - begin < 4 || !is_digit(text[begin + 2]) || !is_digit(text[begin + 3])) continue;
    const std::size_t length = iban_length(std::string_view(text.lowered).substr(begin, 2));
    if (length == 0) continue;
    std::string iban;
    std::size_t i = begin;
    for (; iban.size() < length; ++i) {
      if (is_alnum(text[i]) && text[i] != kOtherLetter) {
        iban += text.lowered[i];
      } else if ((text[i] != ' ' && text[i] != '-') || !is_alnum(text[i + 1])) {
        break;
      }
    }
    if (iban.size() == length && !is_alnum(text[i]) && has_iban_checksum(iban)) text.add("iban", begin, i);
  }
}

// --- telephones ----------------------------------------------------------------------------------------------------------

namespace {

const std::vector<std::string_view>& phone_words() {
  static const std::vector<std::string_view> kWords = {
      "call", "phone", "tel", "telephone", "mobile", "cell", "cellphone", "fax", "whatsapp", "sms", "landline", "hotline", "ring", "dial", "ph",
      "telefon", "telefonnummer", "handy", "handynummer", "rufnummer", "mobil", "mobilnummer", "anrufen", "nummer", "ruf",
      "portable", "telephoner", "appelez", "appelle", "numero", "fixe", "movil", "telefono", "celular", "llama", "llamar",
      "cellulare", "chiama", "chiamami", "telefone", "telemovel", "liga", "telefoon", "mobiel", "bel", "komorka", "zadzwon", "puhelin", "telefonnr"};
  return kWords;
}

std::size_t digit_count(const DigitRun& run, std::size_t from, std::size_t to) {
  std::size_t digits = 0;
  for (std::size_t i = from; i < to; ++i) digits += run.groups[i].size();
  return digits;
}

bool has_sizes(const DigitRun& run, std::size_t from, std::initializer_list<std::size_t> sizes) {
  if (run.groups.size() - from < sizes.size()) return false;
  for (const std::size_t size : sizes)
    if (run.groups[from++].size() != size) return false;
  return true;
}

char separator_after(const PiiText& text, const DigitRun& run, std::size_t group) { return text[run.groups[group].end]; }

/// Three, three and four digits as North America writes them; area and exchange begin with 2..9.
bool is_north_american(const PiiText& text, const DigitRun& run, std::size_t from) {
  return has_sizes(run, from, {3, 3, 4}) && text[run.groups[from].begin] >= '2' && text[run.groups[from + 1].begin] >= '2';
}

/// A national number whose grouping alone says what it is. Groups [from, to).
bool is_phone_shape(const PiiText& text, const DigitRun& run, std::size_t from, std::size_t to) {
  const std::size_t count = to - from, digits = digit_count(run, from, to);
  const DigitRun::Group& first = run.groups[from];
  if (count == 3 && is_north_american(text, run, from)) return true;
  if (count == 4 && has_sizes(run, from, {1, 3, 3, 4}) && text[first.begin] == '1' && is_north_american(text, run, from + 1)) return true;
  // China's mobiles.
  if (count == 3 && has_sizes(run, from, {3, 4, 4}) && text[first.begin] == '1' && text[first.begin + 1] >= '3') return true;
  // "(11) 91234-5678": an area in brackets.
  if (text[first.begin - 1] == '(' && text[first.end] == ')' && count >= 2 && digits >= 8 && digits <= 12 && first.size() <= 5 && !is_year(text, first))
    return true;
  // A trunk 0: "030 1234567", "06 12 34 56 78", "0171/2345678". "0.123" is a number, "007 ..." nobody's.
  if (text[first.begin] != '0' || text[first.begin + 1] == '0' || first.size() < 2 || first.size() > 6) return false;
  if (count < 2 || count > 5 || digits < 9 || digits > 12) return false;
  if (count == 2 && separator_after(text, run, from) == '.') return false;
  for (std::size_t i = from + 1; i < to; ++i)
    if (run.groups[i].size() < 2) return false;
  return true;
}

/// Money and measures: "1 234 567 km", "$ 555 123 4567".
bool is_amount(const PiiText& text, std::size_t begin, std::size_t end) {
  const std::size_t before = text[begin - 1] == ' ' ? begin - 2 : begin - 1;
  if (text[before] == '$' || text[before] == kOtherSign) return true;
  std::size_t after = end;
  if (text[after] == ' ') ++after;
  if (text[after] == '$' || text[after] == '%') return true;
  const std::size_t index = text.word_at(after);
  if (index == text.words.size() || text.words[index].begin != after) return false;
  return is_in(text.word(text.words[index]), {"usd", "eur", "gbp", "chf", "jpy", "euro", "euros", "dollars", "pounds", "km", "kg", "m", "cm", "mm", "ms", "bytes",
                                              "kb", "mb", "gb", "years", "people", "miles", "steps", "views", "users", "rows", "items", "lines", "inhabitants"});
}

bool is_international(const PiiText& text, const DigitRun& run, std::size_t& to) {
  const DigitRun::Group& first = run.groups[0];
  std::size_t digits = 0;
  to = 0;
  for (std::size_t i = 0; i < run.groups.size(); ++i) {
    digits += run.groups[i].size();
    if (digits > 15) break;
    to = i + 1;
  }
  while (to > 0 && text.is_plain(run.groups[to - 1].begin, run.groups[to - 1].end)) --to;
  if (to == 0 || text[first.begin] == '0') return false;
  return digit_count(run, 0, to) >= 8 && !is_alnum(text[run.begin - 1]);
}

/// The run as a whole, or a part of it that dashes or brackets hold together.
bool add_national(PiiText& text, const DigitRun& run, std::size_t from, std::size_t to) {
  const std::size_t end = run.groups[to - 1].end;
  std::size_t begin = run.groups[from].begin;
  if (text[begin - 1] == '(' && text[run.groups[from].end] == ')') --begin;
  const std::size_t digits = digit_count(run, from, to);
  if (digits < 7 || digits > 14 || !stands_alone(text, begin, end) || text.is_plain(begin, end) || is_amount(text, begin, end)) return false;
  const Surroundings around = surroundings(text, begin, phone_words());
  if (around == Surroundings::against) return false;
  const std::size_t first = text[run.groups[from].begin] == '0' && text[run.groups[from].begin + 1] == '0' ? 2 : 0;
  const bool is_prefixed = first == 2 && text[run.groups[from].begin + 2] != '0' && digits >= 11 && to - from >= 2;  // "0049 ..."
  if (around != Surroundings::in_favour && !is_prefixed && !is_phone_shape(text, run, from, to)) return false;
  return text.add("phone", begin, end);
}

/// Where a part of the run that stands between spaces ends: its separators are others than a lone space.
std::size_t part_end(const PiiText& text, const DigitRun& run, std::size_t from) {
  std::size_t to = from + 1;
  while (to < run.groups.size() && (separator_after(text, run, to - 1) != ' ')) ++to;
  return to;
}

}  // namespace

void find_phones(PiiText& text, const std::vector<DigitRun>& runs) {
  for (const DigitRun& run : runs) {
    if (run.plus) {
      std::size_t to = 0;
      if (is_international(text, run, to) && !is_amount(text, run.begin, run.groups[to - 1].end) && !is_alnum(text[run.groups[to - 1].end]))
        text.add("phone", run.begin, run.groups[to - 1].end);
      continue;
    }
    if (add_national(text, run, 0, run.groups.size())) continue;
    for (std::size_t from = 0; from < run.groups.size();) {
      const std::size_t to = part_end(text, run, from);
      if (to - from < run.groups.size()) add_national(text, run, from, to);
      from = to;
    }
  }
}

}  // namespace hobd
