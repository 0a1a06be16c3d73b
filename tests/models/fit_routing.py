#!/usr/bin/env python3
"""Fits the weights of the router's scorer: a logistic regression with the standard library alone.

    build/tests/bench/routing --features tests/models/routing_set/{dev,more}.jsonl > dev.csv
    tests/models/fit_routing.py dev.csv > daemon/models/routing_weights.hpp

The weights are held near a starting point chosen by hand (kStart): a trait that the development half shows seldom keeps
it, so that a few hundred messages do not decide what a word means. A hard message counts more than a simple one: sending
it to the fast tier costs an answer, the other way round costs a fraction of a cent. The held half is never read here.
"""
import csv
import math
import sys

BIAS = 0.1
kStart = {
    "proof": 3.2, "maths": 1.8, "fault": 1.9, "program_task": 2.6, "code_topic": 0.8, "plan": 1.7, "constraint": 0.7, "law": 1.9,
    "money": 1.9, "health": 1.8, "compare": 1.7, "digest": 1.5, "analysis": 1.7, "long_text": 1.8, "letter": 2.0, "architecture": 2.3,
    "judgement": 2.1, "negotiation": 2.2, "depth": 1.6, "many_facts": 2.2, "research": 1.7, "puzzle": 1.8, "business": 1.5,
    "feelings": 1.6, "deliberate": 1.4,
    "greeting": -1.2, "thanks": -1.2, "yes_no": -0.4, "reminder": -3.0, "list": -2.2, "weather": -2.4, "device": -2.0, "unit": -1.2,
    "quick_question": -1.5, "word_help": -2.2, "text_fix": -2.2, "translate": -2.2, "told": -2.0, "recall": -2.0, "chat": -1.7,
    "house": -1.3, "errand": -2.0, "about_hob": -2.2, "chance": -2.4, "follow_up": -0.5, "small_request": -2.0,
    "why_own": 1.2, "how_start": -0.4, "short_order": -1.6, "sum_in_words": 2.2, "trouble_told": 1.0, "why_asked": 0.9, "people_matter": 1.0, "supposes": 0.6, "short_what": -0.9, "short_closed": -0.9, "contrast": 0.5, "code_order": 1.2, "two_parts": 1.3, "imperative_make": 1.2, "fenced_code": 2.5, "code_marks": 1.8, "many_numbers": 1.2,
    "some_numbers": 0.3, "many_sentences": 0.5, "two_questions": 0.6, "many_commas": 0.5, "lines": 0.6,
    "tiny": -2.2, "short_one": -0.7, "middle": 0.2, "longish": 0.8, "long_one": 1.5, "very_long": 2.5,
    "tells_only": -1.3, "quoted_payload": -1.2, "hard_kinds": 0.9, "hard_many": 1.0, "easy_kinds": -1.0, "unknown_words": 0.3,
}
HARD_WEIGHT = 2.0   # what a hard message counts beside a simple one
HOLD = 2.5          # how firmly the starting point is held
STEPS, RATE = 3000, 0.02


def main() -> None:
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    names, rows = rows[0][2:], rows[1:]
    xs = [[float(v) for v in row[2:]] for row in rows]
    ys = [1.0 if row[1] == "smart" else 0.0 for row in rows]
    start = [kStart[name] for name in names]
    weights, bias = list(start), BIAS
    for _ in range(STEPS if len(sys.argv) < 3 else 0):  # a second argument: the starting point as it is
        grad, grad_bias = [HOLD * (w - s) for w, s in zip(weights, start)], HOLD * (bias - BIAS)
        for x, y in zip(xs, ys):
            z = bias + sum(w * v for w, v in zip(weights, x) if v)
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            slope = (p - y) * (HARD_WEIGHT if y else 1.0)
            grad_bias += slope
            for i, v in enumerate(x):
                if v:
                    grad[i] += slope * v
        bias -= RATE * grad_bias
        weights = [w - RATE * g for w, g in zip(weights, grad)]
    print("// The weights of the scorer, in the order of Trait. Written by tests/models/fit_routing.py; don't edit by hand.")
    print("#pragma once\n\n#include \"models/routing_features.hpp\"\n\nnamespace hobd::routing {\n")
    print(f"inline constexpr double kBias = {bias:.3f};")
    print("inline constexpr std::array<double, kTraits> kWeights = {")
    for name, weight in zip(names, weights):
        print(f"    {weight:.3f},  // {name}")
    print("};\n\n}  // namespace hobd::routing")


main()
