// The weights of the scorer, in the order of Trait. Written by tests/models/fit_routing.py; don't edit by hand.
#pragma once

#include "models/routing_features.hpp"

namespace hobd::routing {

inline constexpr double kBias = -0.350;
inline constexpr std::array<double, kTraits> kWeights = {
    3.200,  // proof
    1.800,  // maths
    1.900,  // fault
    2.600,  // program_task
    0.800,  // code_topic
    1.700,  // plan
    0.700,  // constraint
    1.900,  // law
    1.900,  // money
    1.800,  // health
    1.700,  // compare
    1.500,  // digest
    1.700,  // analysis
    1.800,  // long_text
    2.000,  // letter
    2.300,  // architecture
    2.100,  // judgement
    2.200,  // negotiation
    1.600,  // depth
    2.200,  // many_facts
    1.700,  // research
    1.800,  // puzzle
    1.500,  // business
    1.600,  // feelings
    1.400,  // deliberate
    -1.200,  // greeting
    -1.200,  // thanks
    -0.400,  // yes_no
    -3.000,  // reminder
    -2.200,  // list
    -2.400,  // weather
    -2.000,  // device
    -1.200,  // unit
    -1.500,  // quick_question
    -2.200,  // word_help
    -2.200,  // text_fix
    -2.200,  // translate
    -2.000,  // told
    -2.000,  // recall
    -1.700,  // chat
    -1.300,  // house
    -2.000,  // errand
    -2.200,  // about_hob
    -2.400,  // chance
    -0.500,  // follow_up
    -2.000,  // small_request
    1.200,  // why_own
    -0.400,  // how_start
    -1.600,  // short_order
    2.200,  // sum_in_words
    1.000,  // trouble_told
    1.200,  // imperative_make
    2.500,  // fenced_code
    1.800,  // code_marks
    1.200,  // many_numbers
    0.300,  // some_numbers
    0.500,  // many_sentences
    0.600,  // two_questions
    0.500,  // many_commas
    0.600,  // lines
    -2.200,  // tiny
    -0.700,  // short_one
    0.200,  // middle
    0.800,  // longish
    1.500,  // long_one
    2.500,  // very_long
    -1.300,  // tells_only
    -1.200,  // quoted_payload
    0.900,  // hard_kinds
    1.000,  // hard_many
    -1.000,  // easy_kinds
    0.300,  // unknown_words
};

}  // namespace hobd::routing
