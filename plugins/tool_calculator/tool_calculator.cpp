// The tool "calculate": one arithmetic expression, worked out by muparser.
#include <hob/plugin.hpp>

#include <muParser.h>

#include <charconv>
#include <cmath>
#include <regex>
#include <utility>

namespace {

constexpr std::size_t kMaxExpression = 1000;  // bytes; also bounds muparser's recursion

double percent(double value) { return value / 100; }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

double factorial(double value) {
  if (value < 0 || value != std::floor(value)) return std::nan("");
  return value > 170 ? HUGE_VAL : std::round(std::tgamma(value + 1));
}

/// What people type, as muparser reads it. Byte positions may shift, so positions in errors are of this text.
std::string normalised(std::string_view typed) {
  std::string text(typed);
  replace_all(text, "×", "*");
  replace_all(text, "·", "*");
  replace_all(text, "÷", "/");
  replace_all(text, "−", "-");
  replace_all(text, "**", "^");
  replace_all(text, "π", "_pi");
  static const std::pair<const char*, const char*> kWords[] = {
      {" plus ", " + "},       {" minus ", " - "},    {" times ", " * "},   {" multiplied by ", " * "},
      {" divided by ", " / "}, {" to the power of ", " ^ "}, {" squared", "^2"}, {" cubed", "^3"},
      {" percent", "%"}};
  for (const auto& [word, sign] : kWords) replace_all(text, word, sign);
  replace_all(text, "% of ", "% * ");
  static const std::regex kRoot(R"((the )?square root of\s*([0-9.]+|\([^()]*\)))"), kCross(R"(([0-9)])\s+x\s+(?=[0-9(]))");
  text = std::regex_replace(text, kRoot, "sqrt($2)");
  return std::regex_replace(text, kCross, "$1 * ");
}

constexpr double kMaxExact = 9007199254740992;  // 2^53: up to here a double holds every whole number

/// Whether a whole number in the text is larger than a double can hold, so that even a small result may be off.
bool has_large_number(std::string_view text) {
  for (std::size_t at = 0; (at = text.find_first_of("0123456789", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    double value = 0;
    std::from_chars(text.data() + at, text.data() + end, value);
    if (value > kMaxExact) return true;
    at = end;
  }
  return false;
}

/// Whole numbers without a fraction, others with at most 12 significant digits, which hides the noise of
/// binary fractions (0.1 + 0.2 is 0.3).
std::string number_text(double value) {
  char buffer[40];
  const bool is_whole = std::abs(value) <= kMaxExact && value == std::floor(value);
  const auto end = is_whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<long long>(value))
                            : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 12);
  return {buffer, end.ptr};
}

hob::Error syntax_error(const mu::Parser::exception_type& error) {
  std::string message = "can't read the expression: " + error.GetMsg();
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  if (error.GetPos() >= 0 && message.find("position") == std::string::npos) {
    message += " at position " + std::to_string(error.GetPos());
  }
  return {hob::invalid, message};
}

class Calculator final : public hob::Plugin {
  void setup() override {
    parser_.DefinePostfixOprt("%", percent);
    parser_.DefinePostfixOprt("!", factorial);
    parser_.DefineConst("pi", M_PI);
    parser_.DefineConst("e", M_E);
    tool("calculate",
         {{"expression", "string", "For example: 2 * (3 + 4), 15% of 80, 2^10, sqrt(2), 5!, max(3, 5), sin(pi/2)."}},
         "Work out an arithmetic expression. Use it for any calculation.",
         [this](const hob::Json& args) { return calculate(args.get<std::string>("expression")); });
  }

  hob::Json calculate(const std::string& expression) {
    if (expression.size() > kMaxExpression) {
      throw hob::Error{hob::invalid, "the expression is longer than " + std::to_string(kMaxExpression) + " bytes"};
    }
    if (expression.find_first_not_of(" \t\r\n") == std::string::npos) {
      throw hob::Error{hob::invalid, "the expression is empty"};
    }
    const std::string text_read = normalised(expression);
    const double value = evaluate(text_read);
    if (std::isnan(value)) throw hob::Error{hob::invalid, "the result is not a real number"};
    if (std::isinf(value)) {
      const bool divides = expression.find('/') != std::string::npos || expression.find("÷") != std::string::npos;
      throw hob::Error{hob::invalid, divides ? "division by zero" : "the result is too large"};
    }
    const std::string text = number_text(value);
    const bool is_whole = text.find_first_not_of("-0123456789") == std::string::npos;
    const bool is_rounded = std::abs(value) > kMaxExact || has_large_number(text_read);
    hob::Json result{{"text", is_rounded ? "about " + text + " (rounded: beyond 2^53 not every whole number is exact)" : text}};
    if (is_rounded) result.set("rounded", true);
    if (is_whole) {
      result.set("value", static_cast<std::int64_t>(value));
    } else {
      result.set("value", value);
    }
    return result;
  }

  double evaluate(const std::string& text) {
    try {
      parser_.SetExpr(text);
      int results = 0;
      const double* values = parser_.Eval(results);
      if (results != 1) {
        throw hob::Error{hob::invalid, "there is a comma between numbers: write 1000 for 1,000 and 1.5 for 1,5"};
      }
      return values[0];
    } catch (const mu::Parser::exception_type& error) {
      throw syntax_error(error);
    }
  }

  mu::Parser parser_;  // kept: building one costs more than using it
};

}  // namespace
HOB_PLUGIN("tool_calculator", Calculator)
