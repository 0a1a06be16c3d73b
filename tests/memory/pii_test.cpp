// Personal data: what is found, what must not be, and what it costs on hostile texts.
#include "memory/pii.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace {

using hobd::find_pii;

struct Case {
  const char* name;
  const char* text;
  const char* found;  // the very span
};

const Case kPositives[] = {
    {"card", "my visa is 4111 1111 1111 1111, exp 12/27", "4111 1111 1111 1111"},
    {"card", "4111111111111111", "4111111111111111"},
    {"card", "use 5555-5555-5555-4444 please", "5555-5555-5555-4444"},
    {"card", "amex 3782 822463 10005.", "3782 822463 10005"},
    {"card", "diners 3056 930902 5904", "3056 930902 5904"},
    {"card", "discover: 6011111111111117", "6011111111111117"},
    {"card", "jcb 3530 1113 3330 0000", "3530 1113 3330 0000"},
    {"card", "mc 2223 0031 2200 3222", "2223 0031 2200 3222"},
    {"card", "(4111 1111 1111 1111)", "4111 1111 1111 1111"},
    {"card", "card 4111\u00a01111\u00a01111\u00a01111", "4111\u00a01111\u00a01111\u00a01111"},
    {"card", "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
     "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11"},
    {"card", "4111\u200b1111\u200b1111\u200b1111", "4111\u200b1111\u200b1111\u200b1111"},
    {"iban", "IBAN DE89 3704 0044 0532 0130 00 bei der Bank", "DE89 3704 0044 0532 0130 00"},
    {"iban", "GB82WEST12345698765432", "GB82WEST12345698765432"},
    {"iban", "fr1420041010050500013m02606", "fr1420041010050500013m02606"},
    {"iban", "NL91 ABNA 0417 1643 00", "NL91 ABNA 0417 1643 00"},
    {"iban", "send it to CH93 0076 2011 6238 5295 7.", "CH93 0076 2011 6238 5295 7"},
    {"ssn", "my SSN is 536-90-4399", "536-90-4399"},
    {"ssn", "social security number 536904399", "536904399"},
    {"ssn", "Meine Steuer-ID: 86095742719", "86095742719"},
    {"ssn", "Steuer 86 095 742 719", "86 095 742 719"},
    {"ssn", "DNI 12345678Z", "12345678Z"},
    {"ssn", "soy X1234567L", "X1234567L"},
    {"ssn", "numéro de sécu 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"},
    {"ssn", "NINO AB 12 34 56 C", "AB 12 34 56 C"},
    {"ssn", "codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"},
    {"ssn", "mój PESEL 44051401359", "44051401359"},
    {"ssn", "CPF 529.982.247-25", "529.982.247-25"},
    {"ssn", "personnummer 811218-9876", "811218-9876"},
    {"ssn", "11010519491231002X", "11010519491231002X"},
    {"ssn", "my passport number is C01X00T47", "C01X00T47"},
    {"phone", "+1 (415) 555-2671", "+1 (415) 555-2671"},
    {"phone", "reach me under +49 171 2345678 tonight", "+49 171 2345678"},
    {"phone", "+442079460958", "+442079460958"},
    {"phone", "+33 6 12 34 56 78", "+33 6 12 34 56 78"},
    {"phone", "call 555-1234", "555-1234"},
    {"phone", "my number is 415-555-2671", "415-555-2671"},
    {"phone", "(415) 555-2671", "(415) 555-2671"},
    {"phone", "415.555.2671", "415.555.2671"},
    {"phone", "1-800-555-0199", "1-800-555-0199"},
    {"phone", "Telefon 030 1234567", "030 1234567"},
    {"phone", "0171/2345678", "0171/2345678"},
    {"phone", "06 12 34 56 78", "06 12 34 56 78"},
    {"phone", "06.12.34.56.78", "06.12.34.56.78"},
    {"phone", "020 7946 0958", "020 7946 0958"},
    {"phone", "phone: 4155552671", "4155552671"},
    {"phone", "mobile 0412 345 678", "0412 345 678"},
    {"phone", "Handy: 01712345678", "01712345678"},
    {"phone", "móvil 612 345 678", "612 345 678"},
    {"phone", "138-1234-5678", "138-1234-5678"},
    {"phone", "(11) 91234-5678", "(11) 91234-5678"},
    {"phone", "0049 30 123456-78", "0049 30 123456-78"},
    {"phone", "+\u0664\u0669 \u0661\u0667\u0661 \u0662\u0663\u0664\u0665\u0666\u0667\u0668", "+\u0664\u0669 \u0661\u0667\u0661 \u0662\u0663\u0664\u0665\u0666\u0667\u0668"},
    {"email", "write to jane.doe+hob@example.co.uk!", "jane.doe+hob@example.co.uk"},
    {"email", "<a_b@x-y.org>", "a_b@x-y.org"},
    {"email", "mailto:info@m\u00fcller.de", "info@m\u00fcller.de"},
    {"email", "jos\u00e9@correo.es", "jos\u00e9@correo.es"},
    {"address", "I live at 221B Baker Street, London NW1 6XE.", "221B Baker Street, London NW1 6XE"},
    {"address", "ship to 1600 Pennsylvania Ave, Washington, DC 20500", "1600 Pennsylvania Ave, Washington, DC 20500"},
    {"address", "742 Evergreen Terrace", "742 Evergreen Terrace"},
    {"address", "she lives at 12 maple road now", "12 maple road"},
    {"address", "350 5th Avenue", "350 5th Avenue"},
    {"address", "Ich wohne in der Hauptstra\u00dfe 12a, 10117 Berlin", "Hauptstra\u00dfe 12a, 10117 Berlin"},
    {"address", "Berliner Str. 5", "Berliner Str. 5"},
    {"address", "Ich wohne Rosenweg 4", "Rosenweg 4"},
    {"address", "12 rue de la Paix, 75002 Paris", "12 rue de la Paix, 75002 Paris"},
    {"address", "Calle de Alcal\u00e1, 25", "Calle de Alcal\u00e1, 25"},
    {"address", "Abito in Via Roma 10", "Via Roma 10"},
    {"address", "ul. D\u0142uga 7", "ul. D\u0142uga 7"},
    {"address", "Kerkstraat 3", "Kerkstraat 3"},
    {"address", "P.O. Box 123", "P.O. Box 123"},
    {"key", "sk-proj-abcdEFGH1234567890abcdEFGH", "sk-proj-abcdEFGH1234567890abcdEFGH"},
    {"key", "token ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789abcdefghijABCDEFGHIJ012345"},
    {"key", "AKIAIOSFODNN7EXAMPL3", "AKIAIOSFODNN7EXAMPL3"},
    {"key", "xoxb-123456789012-abcdef", "xoxb-123456789012-abcdef"},
    {"key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"},
    {"key", "x\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/==\nabc\n-----END RSA PRIVATE KEY-----\ny",
     "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/==\nabc\n-----END RSA PRIVATE KEY-----"},
    {"key", "the wifi password is hunter2 and", "hunter2"},
    {"key", "password: swordfish", "swordfish"},
    {"key", "My password is swordfish.", "swordfish"},
    {"key", "Mein Passwort lautet Geheim!7", "Geheim!7"},
    {"key", "the PIN is 4711", "4711"},
    {"key", "api key: 9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"},
    {"key", "postgres://hob:s3cret@db.example.org/x", "s3cret"},
    {"key", "Authorization: Bearer 9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"},
};

const char* kNegatives[] = {
    "4111 1111 1111 1112", "1234 5678 9012 3456", "0000 0000 0000 0000", "order 4111111111111111x", "1699999999999", "978-3-16-148410-0", "ISBN 9783161484100",
    "DE89 3704 0044 0532 0130 01", "DEAD BEEF 0000", "DE00", "666-12-3456 is no SSN", "000-12-3456", "12345678A", "a12345678Z", "AB123456E", "GB123456A",
    "RSSMRA85T10A562X", "44051401359", "86095742719 rows", "order 555-123-4567", "order number 5551234567", "Order #12345678", "ticket 0171 2345678",
    "my tracking number is 9400 1000 0000 0000 0000 00", "1Z999AA10123456784", "invoice 2023-001234", "on 2023-05-08", "08.05.2023", "5/8/2023", "8-5-2023 at 14:30",
    "05.08.2023 14:30", "at 14:30:15", "2019-2023", "192.168.100.200", "10.0.0.1:8080", "version 1.2.3.4", "v12.34.5678", "it cost $1,234,567.89",
    "1 234 567 km", "1.234.567,89 EUR", "52.5200, 13.4050", "3.14159265358979", "0.123456789", "pi is 3.1415926535", "550e8400-e29b-41d4-a716-446655440000",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "commit 41f12584", "1234567", "12345678", "1234567890", "2,147,483,647",
    "call me at 14:30 on 2023-05-08", "call about order 12345678", "call 911", "in 1999 and 2000", "Room 101, floor 5", "2023-05-08T14:30:15Z", "20230508143015",
    "@handle", "user@host", "icon@2x.png", "git@github.com:user/repo.git", "a @ b.com", "root@server.local", "2 blocks down the road", "a 5 minute drive",
    "we took 3 streets", "Heimweg 5 Minuten", "Der Weg 5", "flying via Paris 3 times", "I walked 10 miles", "10 Ways to Win", "100 Years of Solitude",
    "sk-learn is a library", "task-force-meeting-for-the-long-weekend", "my password is wrong", "the password is the same as before", "password is required",
    "I forgot my password", "reset the password", "the key is under the mat", "the key to happiness is patience", "pin it on the wall", "token ring networks",
    "password: ${env:PASSWORD}", "https://example.org/path:80@x", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "", " ", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\xff\xfe\x80",
    "\u4eca\u65e5\u306f2023\u5e745\u67088\u65e5\u3067\u3059", "chapter 3, verse 16", "+12", "a+b+1234567", "score 3-2, 21-15, 25-23", "ratio 1:1000000", "e=2.718281828",
    "the population is 8 336 817", "rfc 2119 8174 3986", "1 000 000 000", "error 0x80070005", "June 5 2021 10 15 pm", "I ran 5 km in 25:30", "temperature -12.5 to 36.6",
    "Battery CR2032 3V", "EAN 4006381333931", "IMEI 490154203237518", "3 2 1 go", "Flight LH 1234", "A4 297 x 210 mm", "room 0171, 2345 seats",
};

std::string spans_of(const std::string& text) {
  std::string all;
  for (const hobd::PiiSpan& span : find_pii(text)) all += std::string(span.name) + "=" + text.substr(span.at, span.size) + ";";
  return all;
}

TEST_CASE("personal data is found, whole and no more") {
  for (const Case& one : kPositives) {
    CAPTURE(one.text);
    CHECK(spans_of(one.text) == std::string(one.name) + "=" + one.found + ";");
  }
}

TEST_CASE("numbers and words of other things are nobody's data") {
  for (const char* text : kNegatives) {
    CAPTURE(text);
    CHECK(spans_of(text) == "");
  }
}

TEST_CASE("the tables are as long as they should be") {
  CHECK(std::size(kPositives) >= 60);
  CHECK(std::size(kNegatives) >= 60);
}

TEST_CASE("several finds in one text come in its order and never overlap") {
  const std::string text = "I'm Ana, a@b.org, +49 171 2345678, card 4111 1111 1111 1111, IBAN DE89370400440532013000";
  std::size_t end = 0;
  std::string names;
  for (const hobd::PiiSpan& span : find_pii(text)) {
    CHECK(span.at >= end);
    end = span.at + span.size;
    names += std::string(span.name) + " ";
  }
  CHECK(names == "email phone card iban ");
}

TEST_CASE("classes are sorted and said once") {
  CHECK(hobd::pii_classes("a@b.org, c@d.org, call 555-1234") == std::vector<std::string>{"email", "phone"});
}

TEST_CASE("redaction takes the classes that are named and leaves the rest") {
  CHECK(hobd::redact_pii("pay 4111 1111 1111 1111, mail a@b.org", {"card"}) == "pay [card], mail a@b.org");
  CHECK(hobd::redact_pii("pay 4111 1111 1111 1111", {}) == "pay 4111 1111 1111 1111");
}

TEST_CASE("redacted text has nothing more to redact") {
  for (const Case& one : kPositives) {
    CAPTURE(one.text);
    const std::string once = hobd::redact_pii(one.text, hobd::pii_class_names());
    CHECK(hobd::redact_pii(once, hobd::pii_class_names()) == once);
  }
}


TEST_CASE("hostile texts take time in proportion to their size") {
  const char* pieces[] = {"1", "1 ", "1-", "4111 ", "4111 1111 1111 1111 ", "0171/", "+1", "a@", "@", "a.b@c.", "eyJ.", "sk-", "sk-a1", "DE89", "DE89 ", "A1 ", "password ", "password is ",
                          "password: ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "://a:", "1 A ", "1 Baker ", "12 rue de ", "Calle de ", "Calle ", "P.O. ", "(1) ", "call ", "is is ",
                          "Stra\u00dfe ", "Ab", "X1", "1.1.", "10:10:", "\u200b", "\xff"};
  for (const char* piece : pieces) {
    // Quadratic work would take minutes on this and end the test.
    std::string text;
    while (text.size() < (200u << 10)) text += piece;
    CAPTURE(piece);
    (void)find_pii(text);
    SUCCEED();
  }
}

TEST_CASE("a mebibyte of prose with everything in it is read") {
  std::string text;
  while (text.size() < (1u << 20)) text += "Call me at 555-1234 or write to a@b.org, I live at 12 Baker Street; card 4111 1111 1111 1111. ";
  CHECK(find_pii(text).size() > 40'000);
}

}  // namespace
