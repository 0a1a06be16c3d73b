// The weights of the scorer, in the order of Trait. Written by tests/models/fit_routing.py; don't edit by hand.
#pragma once

#include "models/routing_features.hpp"

namespace hobd::routing {

inline constexpr double kBias = -0.180;
inline constexpr std::array<double, kTraits> kWeights = {
    3.230,  // proof
    1.830,  // maths
    1.675,  // fault
    2.873,  // program_task
    0.679,  // code_topic
    1.708,  // plan
    1.511,  // constraint
    2.085,  // law
    2.065,  // money
    2.093,  // health
    1.837,  // compare
    1.503,  // digest
    1.757,  // analysis
    1.643,  // long_text
    1.681,  // letter
    2.304,  // architecture
    2.102,  // judgement
    2.210,  // negotiation
    2.630,  // depth
    2.218,  // many_facts
    1.709,  // research
    1.693,  // puzzle
    1.649,  // business
    1.529,  // feelings
    1.144,  // deliberate
    -1.295,  // greeting
    -1.257,  // thanks
    -0.401,  // yes_no
    -2.908,  // reminder
    -2.200,  // list
    -2.482,  // weather
    -2.001,  // device
    -1.289,  // unit
    -1.561,  // quick_question
    -1.777,  // word_help
    -2.208,  // text_fix
    -2.321,  // translate
    -2.150,  // told
    -1.995,  // recall
    -2.044,  // chat
    -1.530,  // house
    -2.353,  // errand
    -2.205,  // about_hob
    -2.401,  // chance
    -0.577,  // follow_up
    -2.048,  // small_request
    1.223,  // why_own
    -0.687,  // how_start
    -2.009,  // short_order
    2.265,  // sum_in_words
    0.682,  // trouble_told
    0.978,  // why_asked
    1.032,  // people_matter
    0.642,  // supposes
    -0.912,  // short_what
    -0.865,  // short_closed
    0.989,  // contrast
    1.233,  // code_order
    1.542,  // two_parts
    1.792,  // imperative_make
    2.500,  // fenced_code
    1.817,  // code_marks
    1.233,  // many_numbers
    0.216,  // some_numbers
    0.459,  // many_sentences
    0.600,  // two_questions
    0.558,  // many_commas
    0.600,  // lines
    -2.565,  // tiny
    -1.721,  // short_one
    0.811,  // middle
    1.293,  // longish
    1.502,  // long_one
    2.500,  // very_long
    -1.715,  // tells_only
    -1.216,  // quoted_payload
    1.765,  // hard_kinds
    0.912,  // hard_many
    -1.312,  // easy_kinds
    0.565,  // unknown_words
};

}  // namespace hobd::routing
