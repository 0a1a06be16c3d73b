// The weights of the scorer, in the order of Trait. Written by tests/models/fit_routing.py; don't edit by hand.
#pragma once

#include "models/routing_features.hpp"

namespace hobd::routing {

inline constexpr double kBias = -0.154;
inline constexpr std::array<double, kTraits> kWeights = {
    3.233,  // proof
    1.830,  // maths
    1.672,  // fault
    2.879,  // program_task
    0.680,  // code_topic
    1.703,  // plan
    1.478,  // constraint
    2.092,  // law
    2.018,  // money
    2.095,  // health
    1.838,  // compare
    1.514,  // digest
    1.781,  // analysis
    1.636,  // long_text
    1.686,  // letter
    2.304,  // architecture
    2.113,  // judgement
    2.206,  // negotiation
    2.598,  // depth
    2.223,  // many_facts
    1.710,  // research
    1.690,  // puzzle
    1.647,  // business
    1.539,  // feelings
    1.143,  // deliberate
    -1.299,  // greeting
    -1.258,  // thanks
    -0.402,  // yes_no
    -2.905,  // reminder
    -2.181,  // list
    -2.457,  // weather
    -2.010,  // device
    -1.279,  // unit
    -1.525,  // quick_question
    -1.784,  // word_help
    -2.208,  // text_fix
    -2.325,  // translate
    -2.164,  // told
    -1.879,  // recall
    -2.053,  // chat
    -1.528,  // house
    -2.357,  // errand
    -2.206,  // about_hob
    -2.401,  // chance
    -0.571,  // follow_up
    -2.045,  // small_request
    1.225,  // why_own
    -0.694,  // how_start
    -1.979,  // short_order
    2.267,  // sum_in_words
    0.695,  // trouble_told
    0.955,  // why_asked
    1.035,  // people_matter
    0.648,  // supposes
    -0.887,  // short_what
    -0.870,  // short_closed
    0.905,  // contrast
    1.233,  // code_order
    1.788,  // imperative_make
    2.500,  // fenced_code
    1.815,  // code_marks
    1.229,  // many_numbers
    0.199,  // some_numbers
    0.449,  // many_sentences
    0.600,  // two_questions
    0.570,  // many_commas
    0.600,  // lines
    -2.570,  // tiny
    -1.709,  // short_one
    0.684,  // middle
    1.424,  // longish
    1.518,  // long_one
    2.500,  // very_long
    -1.711,  // tells_only
    -1.217,  // quoted_payload
    1.766,  // hard_kinds
    0.902,  // hard_many
    -1.167,  // easy_kinds
    0.499,  // unknown_words
};

}  // namespace hobd::routing
