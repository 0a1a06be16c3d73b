// Ranking: in which order candidates answer a question. Pure; thread: any.
//
// The words: BM25F (Robertson, Zaragoza and Taylor, "Simple BM25 Extension to Multiple Weighted Fields", 2004) over a message's
// own text and its neighbours', each term counted once a place, its rarity to a power above one. Then what is known of
// conversations: the session's three best, dates that the question names, the person asked about, questions (which ask and don't
// answer), and empty talk. Importance, recency and use are one factor between 0.9 and 1: enough to choose among equals, too
// little to bury an old answer.
#pragma once

#include "memory/question.hpp"
#include "store/searches.hpp"

#include <unordered_map>

namespace hobd {

/// Why a hit stands where it does: the parts of its score.
struct HitReasons {
  double lexical = 0;  // of its own words, 0..1 of the best
  double dense = 0;    // of its vector, 0..1 of the best
  double context = 0;  // what its neighbours and its session add
  double speaker = 0;  // what the person asked about adds
  double date = 0;     // what a date in the question adds
  double factor = 1;   // importance, recency, use, questions, length
};

/// The numbers of the formula.
struct RankingWeights {
  double own = 1, previous = 0.5, second = 0.25, next = 0.25;
  double saturation = 1.0;      // k1
  double length_share = 0.35;   // b
  double usual_length = 120;    // characters
  double rarity = 1.5;          // the power of idf
  double name = 0.3;            // how much the name of somebody who speaks counts as a word
  double date_word = 0.3;       // and how much a word of a date does
  double session = 0.3, date = 0.6;
  double when = 1.2, speaker = 1.8;
  double question = 0.4, empty = 1.2;
  double assistant = 0.8, assistant_of_self = 0.6, assistant_asked = 1.5;
  bool has_factor = true;       // importance, recency, use
};

/// What the dense side found: rows and their cosines, and how much they may weigh.
struct DenseScores {
  std::unordered_map<std::int64_t, double> cosines;
  double weight = 0;  // 0..1
};

struct Ranked {
  std::size_t index = 0;  // among the candidates
  double score = 0;       // comparable between messages and memories of one question
  HitReasons why;
};

/// Best first; what neither word, vector nor date connects with the question is left out.
std::vector<Ranked> rank_messages(const Question& question, const MessageCandidates& candidates, const DenseScores& dense, Time now,
                                  const RankingWeights& weights = {});
std::vector<Ranked> rank_memories(const Question& question, const MemoryCandidates& candidates, const DenseScores& dense, Time now,
                                  const RankingWeights& weights = {});

/// Leaves of messages that say the same the best one: copies, the same words, nearly the same, and Hob's echo of a person's words.
/// Keeps at most `limit`.
void fold_messages(std::vector<Ranked>& ranked, const std::vector<MessageCandidate>& items, std::size_t limit);

}  // namespace hobd
