#include "memory/ranking.hpp"

#include "store/terms.hpp"

#include <algorithm>
#include <iterator>

namespace hobd {
namespace {

/// How alike two sets of terms are to be nearly the same, and how much of a person's words an echo holds.
constexpr double kAlike = 0.9, kEchoed = 0.8;
/// Too few words to call two texts alike that are not the same.
constexpr std::size_t kLeastTerms = 4;

struct Face {
  std::vector<std::string> words;  // in order
  std::vector<std::string> set;    // content terms, sorted
};

Face face_of(std::string_view text) {
  Face face;
  face.words = terms(text);
  for (const std::string& word : face.words)
    if (!is_stop_term(word)) face.set.push_back(word);
  std::sort(face.set.begin(), face.set.end());
  face.set.erase(std::unique(face.set.begin(), face.set.end()), face.set.end());
  return face;
}

std::size_t shared(const Face& a, const Face& b) {
  std::vector<std::string> both;
  std::set_intersection(a.set.begin(), a.set.end(), b.set.begin(), b.set.end(), std::back_inserter(both));
  return both.size();
}

bool says_the_same(const Face& a, const Face& b) {
  if (a.words == b.words) return !a.words.empty();
  const std::size_t both = shared(a, b), all = a.set.size() + b.set.size() - both;
  return std::min(a.set.size(), b.set.size()) >= kLeastTerms && double(both) >= kAlike * double(all);
}

/// Whether `answer` repeats what `person` said and adds little.
bool echoes(const Face& answer, const Face& person) {
  return person.set.size() >= 2 && answer.set.size() <= 2 * person.set.size() && double(shared(answer, person)) >= kEchoed * double(person.set.size());
}

}  // namespace

void fold_messages(std::vector<Ranked>& ranked, const std::vector<MessageCandidate>& items, std::size_t limit) {
  std::vector<Ranked> kept;
  std::vector<Face> faces;
  for (const Ranked& hit : ranked) {
    const MessageCandidate& item = items[hit.index];
    Face face = face_of(item.text);
    bool is_new = true;
    for (std::size_t i = 0; i < kept.size() && is_new; ++i) {
      const MessageCandidate& other = items[kept[i].index];
      // The same words of another person are another statement.
      if (item.speaker == other.speaker && item.role == other.role) is_new = !says_the_same(face, faces[i]);
      if (item.session != other.session || item.role == other.role) continue;
      if (item.role == "assistant" && other.role == "user") is_new = is_new && !echoes(face, faces[i]);
      if (item.role == "user" && other.role == "assistant" && echoes(faces[i], face)) {
        // The person's own words take the place of Hob's echo.
        kept[i].index = hit.index;
        kept[i].why = hit.why;
        faces[i] = face;
        is_new = false;
      }
    }
    if (!is_new) continue;
    if (kept.size() == limit) break;
    kept.push_back(hit);
    faces.push_back(std::move(face));
  }
  ranked = std::move(kept);
}

}  // namespace hobd
