// What a message states: its words, cut into clauses, each marked with how it is meant.
//
// Only a clause that the writer states as their own, about the world as it is, may teach anything. Questions, ifs and
// wishes, jests, fiction, what others are quoted with, pasted code, logs, mails and chats are told apart here, by their
// looks, in English; of other languages the words stay words and match nothing. Pure; thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

/// How a clause is meant.
enum class Sense {
  stated,
  asked,     // a question
  supposed,  // if, would, wish, maybe
  reported,  // what somebody else said
  jest,      // sarcasm, or taken back as a joke
  fiction    // a story, a role play
};
std::string_view sense_name(Sense sense) noexcept;

struct Word {
  std::string text;      // lower-case; contractions are opened: "don't" is "do", "not"
  std::size_t at = 0, size = 0;  // in the message, bytes; size 0: understood, not written
  bool is_capital = false;       // begins with a capital letter
  bool is_mark = false;          // a comma, a colon, a dash
};

struct Clause {
  std::vector<Word> words;  // without lead-ins ("well,", "by the way")
  Sense sense = Sense::stated;
  std::size_t at = 0, size = 0;  // of the whole sentence, in the message
  bool corrects = false;         // the sentence begins as a correction: "no, ...", "actually ..."
  bool also = false;             // "also", "too": beside what was there, not in its place
  bool to_keep = false;          // "remember that ..."
  bool greets = false;           // "hi, ..."
  bool now = false;              // "now ...": in place of what was
  std::size_t sentence = 0;      // clauses of one sentence share it
};

/// The clauses of what the writer says, in order; foreign parts (see foreign_bytes) are left out. Of a longer message only the
/// first 16 KiB are looked at.
std::vector<Clause> clauses_of(std::string_view message);

/// For each byte of `message`, whether it is somebody else's: quoted lines, words in quotation marks, forwarded mail, pasted
/// chats, code and logs.
std::vector<bool> foreign_bytes(std::string_view message);

/// The words of a text, marks too.
std::vector<Word> words_of_text(std::string_view text);

/// Whether the text asks for one piece of fiction or wording ("write a story", "translate"), begins a role play that goes on
/// over messages ("pretend you are"), or ends one ("stop the role play").
enum class FictionTurn { none, once, begins, ends };
FictionTurn fiction_turn(std::string_view message);

/// How the words at [at, at + size) of the message are meant: the least trustworthy sense of the clauses they touch;
/// Sense::reported for foreign bytes.
Sense sense_at(std::string_view message, std::size_t at, std::size_t size);

/// Whether a model is worth asking what is to be learned from this: there is a statement of some words in it.
bool may_teach(std::string_view message);

}  // namespace hobd
