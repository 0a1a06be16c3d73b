#!/usr/bin/env python3
"""Fits the weights of the router's scorer: a logistic regression over traits and grams, with the standard library alone.

    build/tests/bench/routing --features tests/models/routing_set/{dev,more,people,contrasts}.jsonl > features.csv
    tests/models/fit_routing.py features.csv > daemon/models/routing_weights.hpp

Two minutes. The weights are held near zero, those of traits more firmly: many people's words were read for them, and the grams
know better what other people write. A hard message counts more than a simple one: sending it to the fast tier costs an answer, the
other way round costs a fraction of a cent. The held halves are never read here.
"""
import math
import sys

BUCKETS = 1 << 15
HARD_WEIGHT = 2.0               # what a hard message counts beside a simple one
HOLD_TRAITS, HOLD_GRAMS = 10.0, 0.3
STEPS, RATE = 300, 0.05
LEVELS = 16                     # a gram's weight is one of -16 .. 16 times a step, a letter each
MIDDLE = ord("]") + LEVELS      # neither a quote, a backslash nor a trigraph among the letters


class Adam:
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015; on all messages at once."""

    def __init__(self, size):
        self.weights, self.mean, self.square = [0.0] * size, [0.0] * size, [0.0] * size

    def step(self, slopes, number):
        rate = RATE * (0.1 if number > STEPS * 0.7 else 1.0)
        level, level2 = 1 - 0.9**number, 1 - 0.99**number
        for i, slope in enumerate(slopes):
            if slope == 0.0 and self.square[i] == 0.0:
                continue
            self.mean[i] += 0.1 * (slope - self.mean[i])
            self.square[i] += 0.01 * (slope * slope - self.square[i])
            self.weights[i] -= rate * (self.mean[i] / level) / (math.sqrt(self.square[i] / level2) + 1e-8)


def read(path):
    """The traits' names; per message whether it is hard, and its sparse features: traits first, then grams, the bias last."""
    with open(path, encoding="utf-8") as file:
        names = file.readline().rstrip("\n").split(",")[2:-1]
        messages = []
        for line in file:
            cells = line.rstrip("\n").split(",")
            features = [(i, float(cell)) for i, cell in enumerate(cells[2:-1]) if cell != "0"]
            for gram in cells[-1].split():
                bucket, value = gram.split(":")
                features.append((len(names) + int(bucket), float(value)))
            features.append((len(names) + BUCKETS, 1.0))
            messages.append((cells[1] == "smart", features))
    return names, messages


def fit(traits, messages):
    adam = Adam(traits + BUCKETS + 1)
    weights = adam.weights
    for number in range(1, STEPS + 1):
        slopes = [HOLD_TRAITS * w for w in weights[:traits]] + [HOLD_GRAMS * w for w in weights[traits:-1]] + [0.0]
        for is_hard, features in messages:
            z = sum(weights[i] * value for i, value in features)
            slope = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            if is_hard:
                slope = (slope - 1) * HARD_WEIGHT
            for i, value in features:
                slopes[i] += slope * value
        adam.step(slopes, number)
    return weights


def main():
    names, messages = read(sys.argv[1])
    weights = fit(len(names), messages)
    grams = weights[len(names):-1]
    step = max(abs(w) for w in grams) / LEVELS
    letters = "".join(chr(MIDDLE + round(w / step)) for w in grams)
    print("// The weights of the scorer. Written by tests/models/fit_routing.py; don't edit by hand.")
    print('#pragma once\n\n#include "models/routing_grams.hpp"\n\nnamespace hobd::routing {\n')
    print(f"inline constexpr double kBias = {weights[-1]:.3f};\n")
    print("/// In the order of Trait.")
    print("inline constexpr std::array<double, kTraits> kWeights = {")
    for name, weight in zip(names, weights):
        print(f"    {weight:.3f},  // {name}")
    print("};\n\n/// Of each bucket of grams: how far its letter is from kGramMiddle, times kGramStep.")
    print(f"inline constexpr char kGramMiddle = '{chr(MIDDLE)}';\ninline constexpr double kGramStep = {step:.6f};")
    print("inline constexpr std::string_view kGramWeights =")
    lines = [letters[i:i + 160] for i in range(0, BUCKETS, 160)]
    print("\n".join(f'    "{line}"' for line in lines) + ";")
    print("static_assert(kGramWeights.size() == kBuckets);\n\n}  // namespace hobd::routing")


main()
