#include "memory/dates.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

/// Said on Wednesday, 16 August 2023, at noon.
const Time kSaid = parse_time("2023-08-16T12:00:00Z").value();

std::string days_of(const DateMention& mention) {
  return format_time(mention.from).substr(0, 10) + ".." + format_time(mention.to).substr(0, 10) + (mention.is_range ? " range" : "");
}

/// The one date of a text; "" when there is none, all of them otherwise.
std::string date_of(const std::string& text) {
  std::string all;
  for (const DateMention& mention : find_dates(text, kSaid)) all += (all.empty() ? "" : ", ") + days_of(mention);
  return all;
}

std::string day(const std::string& from) { return from + ".." + format_time(parse_time(from).value() + std::chrono::days(1)).substr(0, 10); }

}  // namespace

TEST_CASE("a day is read in the forms people write") {
  for (const char* text : {"on 2023-05-08", "8 May 2023", "8th of May, 2023", "May 8th, 2023", "May 8 2023", "may 8", "the 8th of May", "5/8/2023", "8.5.2023",
                           "8-5-2023", "05/08/23", "2023/05/08"})
    CHECK((std::string(text) + " " + date_of(text)) == std::string(text) + " " + day("2023-05-08"));
  CHECK(date_of("25/12/2022") == day("2022-12-25"));
  CHECK(date_of("12.25.2022") == day("2022-12-25"));
}

TEST_CASE("months, years and seasons are spans") {
  CHECK(date_of("in May 2022") == "2022-05-01..2022-06-01");
  CHECK(date_of("2022-05") == "2022-05-01..2022-06-01");
  CHECK(date_of("in may") == "2023-05-01..2023-06-01");
  CHECK(date_of("in December") == "2022-12-01..2023-01-01");
  CHECK(date_of("we will marry in December") == "2023-12-01..2024-01-01");
  CHECK(date_of("in 2019") == "2019-01-01..2020-01-01");
  CHECK(date_of("the summer of 2022") == "2022-06-01..2022-09-01");
  CHECK(date_of("last winter") == "2022-12-01..2023-03-01");
  CHECK(date_of("last summer") == "2022-06-01..2022-09-01");
  CHECK(date_of("this summer") == "2023-06-01..2023-09-01");
}

TEST_CASE("days are counted from when it was said") {
  CHECK(date_of("today") == day("2023-08-16"));
  CHECK(date_of("I went yesterday") == day("2023-08-15"));
  CHECK(date_of("the day before yesterday") == day("2023-08-14"));
  CHECK(date_of("tomorrow") == day("2023-08-17"));
  CHECK(date_of("last night") == day("2023-08-15"));
  CHECK(date_of("three days ago") == day("2023-08-13"));
  CHECK(date_of("in two days") == day("2023-08-18"));
}

TEST_CASE("weekdays lie behind unless the sentence looks ahead") {
  CHECK(date_of("I saw her on Tuesday") == day("2023-08-15"));
  CHECK(date_of("On Wednesday I saw her") == day("2023-08-09"));
  CHECK(date_of("See you on Friday!") == day("2023-08-18"));
  CHECK(date_of("last Friday") == day("2023-08-11"));
  CHECK(date_of("next Friday") == day("2023-08-18"));
  CHECK(date_of("this Friday") == day("2023-08-18"));
  CHECK(date_of("the Friday before last") == day("2023-08-04"));
}

TEST_CASE("last, this and next choose a piece of the calendar") {
  CHECK(date_of("last week") == "2023-08-07..2023-08-14");
  CHECK(date_of("this month") == "2023-08-01..2023-09-01");
  CHECK(date_of("next year") == "2024-01-01..2025-01-01");
  CHECK(date_of("last weekend") == "2023-08-12..2023-08-14");
  CHECK(date_of("this weekend") == "2023-08-19..2023-08-21");
  CHECK(date_of("last May") == "2023-05-01..2023-06-01");
  CHECK(date_of("last August") == "2022-08-01..2022-09-01");
  CHECK(date_of("next may") == "2024-05-01..2024-06-01");
  CHECK(date_of("the week before last") == "2023-07-31..2023-08-07");
}

TEST_CASE("so much ago is as wide as its unit") {
  CHECK(date_of("two weeks ago") == "2023-07-31..2023-08-07");
  CHECK(date_of("a couple of months ago") == "2023-06-01..2023-07-01");
  CHECK(date_of("a year ago") == "2022-01-01..2023-01-01");
  CHECK(date_of("in 2 weeks") == "2023-08-28..2023-09-04");
  CHECK(date_of("a month from now") == "2023-09-01..2023-10-01");
}

TEST_CASE("a day may hang on another") {
  CHECK(date_of("the week before 9 June 2023") == "2023-06-02..2023-06-09");
  CHECK(date_of("the weekend before 17 July 2023") == "2023-07-15..2023-07-17");
  CHECK(date_of("the Friday before 22 October 2022") == day("2022-10-21"));
  CHECK(date_of("two days after May 8") == day("2023-05-10"));
  CHECK(date_of("the weekend before") == "2023-08-12..2023-08-14");
}

TEST_CASE("from and since are ranges") {
  CHECK(date_of("since May") == "2023-05-01..2023-08-17 range");
  CHECK(date_of("from May to July") == "2023-05-01..2023-08-01 range");
  CHECK(date_of("between 2 May and 5 May 2023") == "2023-05-02..2023-05-06 range");
  CHECK(date_of("the last two weeks") == "2023-08-02..2023-08-17 range");
}

TEST_CASE("words and numbers that are no dates are none") {
  for (const char* text : {"", "May I ask?", "I may come", "march on", "she sat in the sun", "20,000 years", "call 555-1234", "2023 bottles", "version 1.2.3",
                           "99/99/2023", "30.2.2023", "on the 2nd floor", "half a week", "second to none", "a year", "in 20 minutes", "Jan and Mark",
                           "2023-13-45", "🙂", "\xff\xfe", "last", "the day before", "0 days ago", "99999999999999 days ago"})
    CHECK((std::string(text) + ": " + date_of(text)) == std::string(text) + ": ");
}

TEST_CASE("a date is where it stands in the text") {
  const auto found = find_dates("On 8 May 2023 and again last week.", kSaid);
  REQUIRE(found.size() == 2);
  CHECK(found[0].at == 3);
  CHECK(found[0].size == 10);
  CHECK(found[1].at == 24);
  CHECK(found[1].size == 9);
}

TEST_CASE("a day begins when it does for the speaker") {
  const auto found = find_dates("yesterday", parse_time("2023-08-16T23:30:00Z").value(), std::chrono::hours(2));
  REQUIRE(found.size() == 1);
  CHECK(format_time(found[0].from) == "2023-08-15T22:00:00Z");
}

TEST_CASE("no text and no clock breaks the reading of dates") {
  CHECK(find_dates("last week", Time::max()).empty());
  CHECK(find_dates("last week", Time::min()).empty());
  std::string huge;
  while (huge.size() < 1 << 20) huge += "the week before the day after ";
  (void)find_dates(huge, kSaid);
  while (huge.size() < 3 << 20) huge += "2 days before ";
  (void)find_dates(huge, kSaid);
}
