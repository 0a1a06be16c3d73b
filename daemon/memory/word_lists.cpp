#include "memory/phrase.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace hobd {
namespace {

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr auto kRelations = std::to_array<std::string_view>(
    {"mother", "mom", "mum", "mama", "father", "dad", "papa", "parent", "brother", "sister", "sibling", "son", "daughter", "kid",
     "child", "wife", "husband", "spouse", "partner", "girlfriend", "boyfriend", "fiancé", "fiancée", "fiance", "fiancee", "ex",
     "ex-wife", "ex-husband", "aunt", "uncle", "cousin", "niece", "nephew", "grandmother", "grandma", "granny", "grandfather",
     "grandpa", "grandson", "granddaughter", "stepmother", "stepfather", "stepson", "stepdaughter", "stepbrother", "stepsister",
     "mother-in-law", "father-in-law", "brother-in-law", "sister-in-law", "friend", "colleague", "coworker", "co-worker", "boss",
     "manager", "neighbour", "neighbor", "roommate", "flatmate", "housemate", "teacher", "doctor", "dentist", "therapist",
     "landlord", "landlady", "godmother", "godfather", "goddaughter", "godson", "twin", "coach", "mentor", "tutor", "hairdresser",
     "lawyer", "nanny", "babysitter", "vet"});
constexpr auto kPets = std::to_array<std::string_view>(
    {"dog", "cat", "puppy", "kitten", "hamster", "rabbit", "parrot", "horse", "pony", "bird", "fish", "goldfish", "turtle",
     "tortoise", "snake", "lizard", "gecko", "ferret", "chicken", "hen", "goat", "budgie", "canary", "pig", "labrador", "poodle",
     "retriever", "terrier", "beagle", "dachshund", "corgi", "spaniel", "shepherd", "collie", "pet"});
constexpr auto kEvents = std::to_array<std::string_view>(
    {"appointment", "meeting", "interview", "exam", "test", "flight", "wedding", "concert", "party", "dinner", "lunch", "call",
     "trip", "conference", "surgery", "operation", "checkup", "check-up", "class", "lesson", "presentation", "deadline", "date",
     "reservation", "game", "match", "race", "marathon", "visit", "holiday", "vacation", "audition", "recital", "graduation",
     "ceremony", "funeral", "reunion", "workshop", "barbecue", "bbq", "train", "anniversary", "viewing", "session", "shift",
     "hearing", "gig", "show", "baptism", "festival", "move", "brunch", "breakfast", "picnic", "rehearsal", "tournament", "cruise",
     "booking", "event", "webinar", "seminar", "scan"});
constexpr auto kThings = std::to_array<std::string_view>(
    {"car", "bike", "bicycle", "motorbike", "motorcycle", "scooter", "van", "truck", "house", "flat", "apartment", "garden",
     "boat", "yacht", "sailboat", "piano", "guitar", "violin", "drum", "cello", "flute", "camera", "cabin", "cottage", "caravan",
     "camper", "campervan", "motorhome", "farm", "vineyard", "greenhouse", "allotment", "laptop", "macbook", "phone", "iphone",
     "tablet", "ipad", "kindle", "printer", "telescope", "drone", "tesla", "toyota", "honda", "volvo", "bmw", "audi", "ford",
     "volkswagen", "golf", "subaru", "mazda", "fiat", "renault", "peugeot", "skoda", "kayak", "canoe", "surfboard", "snowboard",
     "espresso", "oven", "server", "nas", "playstation", "xbox", "switch", "shop", "bakery", "restaurant", "café", "cafe",
     "company", "business", "startup", "studio", "gallery", "pool", "sauna", "pond", "twin", "tattoo", "pacemaker"});
constexpr auto kJobs = std::to_array<std::string_view>(
    {"nurse", "teacher", "doctor", "engineer", "developer", "programmer", "designer", "student", "lawyer", "architect", "chef",
     "cook", "baker", "writer", "author", "journalist", "editor", "artist", "painter", "musician", "singer", "actor", "actress",
     "photographer", "accountant", "pilot", "driver", "plumber", "electrician", "carpenter", "mechanic", "farmer", "gardener",
     "scientist", "researcher", "professor", "lecturer", "librarian", "pharmacist", "dentist", "surgeon", "vet", "veterinarian",
     "therapist", "psychologist", "psychiatrist", "consultant", "manager", "director", "analyst", "administrator", "assistant",
     "secretary", "receptionist", "cashier", "waiter", "waitress", "barista", "bartender", "hairdresser", "barber", "policeman",
     "policewoman", "officer", "firefighter", "soldier", "paramedic", "midwife", "translator", "interpreter", "freelancer",
     "entrepreneur", "founder", "ceo", "cto", "cfo", "economist", "biologist", "chemist", "physicist", "mathematician",
     "statistician", "geologist", "historian", "philosopher", "priest", "pastor", "judge", "politician", "salesman", "salesperson",
     "realtor", "banker", "trader", "butcher", "tailor", "welder", "builder", "technician", "coach", "trainer", "instructor",
     "tutor", "nanny", "babysitter", "caretaker", "cleaner", "postman", "courier", "sailor", "captain", "animator", "illustrator",
     "composer", "dancer", "producer", "filmmaker", "recruiter", "paralegal", "auditor", "actuary", "optician", "radiologist",
     "cardiologist", "neurologist", "pediatrician", "paediatrician", "physiotherapist", "dietitian", "nutritionist", "florist",
     "beekeeper", "fisherman", "ranger", "lifeguard", "detective", "intern", "apprentice", "homemaker", "housewife", "pensioner",
     "retiree", "widow", "widower", "vegetarian", "vegan", "pescatarian", "diabetic", "muslim", "christian", "catholic", "buddhist",
     "hindu", "jew", "atheist", "twin", "citizen"});
constexpr auto kNoNames = std::to_array<std::string_view>(
    {"the", "a", "an", "and", "or", "but", "so", "well", "yes", "no", "not", "i", "my", "me", "we", "our", "us", "you", "your", "he",
     "she", "it", "they", "his", "her", "their", "them", "him", "this", "that", "these", "those", "there", "here", "what", "who",
     "when", "where", "why", "how", "which", "everyone", "everybody", "nobody", "someone", "somebody", "anyone", "people", "in", "on",
     "at", "to", "of", "for", "from", "with", "by", "as", "is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does",
     "did", "will", "can", "just", "now", "today", "tomorrow", "yesterday", "tonight", "also", "too", "very", "really", "still",
     "always", "never", "back", "home", "fine", "good", "ok", "okay", "sorry", "glad", "happy", "sad", "tired", "busy", "sick", "ill",
     "hungry", "bored", "ready", "sure", "afraid", "lost", "late", "here", "done", "off", "out", "up", "down", "new", "old", "all",
     "some", "any", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "monday", "tuesday", "wednesday",
     "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july", "august",
     "september", "october", "november", "december", "'s", "who's", "called", "named", "coming", "going", "getting", "loves", "likes",
     "lives", "works", "hates", "says", "said", "thinks", "moved", "wants", "about", "because", "if", "then", "than", "more", "less",
     "actually", "please", "hi", "hello", "hey", "thanks", "god", "dear", "later", "again", "great", "nice", "funny", "amazing",
     "annoying", "german", "french", "english", "spanish", "italian", "dutch", "polish", "canadian", "american", "british", "single",
     "married", "divorced", "vegan", "vegetarian", "pregnant", "retired", "allergic", "unemployed", "excited", "worried", "stressed",
     "confused", "curious", "into", "trying", "looking", "thinking", "feeling", "working", "having", "stuck", "alone", "aware",
     "only", "almost", "currently", "currently", "spelled", "wrong", "right", "true", "awesome", "cute", "dead", "gone",
     "better", "best", "worse", "different", "same", "unknown", "secret", "private", "important", "hard", "easy"});
constexpr auto kNumbers = std::to_array<std::string_view>({"zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
                                                           "nine", "ten", "eleven", "twelve"});

}  // namespace

bool is_relation_word(std::string_view word) { return holds(kRelations, word); }
bool is_pet_word(std::string_view word) { return holds(kPets, word); }
bool is_event_word(std::string_view word) { return holds(kEvents, word); }
bool is_thing_word(std::string_view word) { return holds(kThings, word); }
bool is_job_word(std::string_view word) { return holds(kJobs, word); }
bool is_no_name(std::string_view word) { return holds(kNoNames, word); }

std::optional<int> number_of(std::string_view word) {
  const auto found = std::find(kNumbers.begin(), kNumbers.end(), word);
  if (found != kNumbers.end()) return static_cast<int>(found - kNumbers.begin());
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

std::string singular_of(std::string_view word) {
  if (word == "wives") return "wife";
  if (word == "children") return "child";
  if (word == "puppies") return "puppy";
  if (word.ends_with("ies") && word.size() > 4) return std::string(word.substr(0, word.size() - 3)) + "y";
  if (word.ends_with("ches") || word.ends_with("sses")) return std::string(word.substr(0, word.size() - 2));
  if (word.ends_with('s') && !word.ends_with("ss") && word.size() > 3) return std::string(word.substr(0, word.size() - 1));
  return std::string(word);
}

}  // namespace hobd
