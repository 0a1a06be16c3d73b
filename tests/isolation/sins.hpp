// The broken plugins, one a sin, and what has to become of each. Shared by the test and the containment bench.
#pragma once

#include <string_view>

namespace hobd::fakes {

struct Sin {
  std::string_view name;     // of the file in broken/
  /// What its call ends with: an error's code, or the start of its result; "no start" when it must not come up.
  std::string_view outcome;
  std::string_view rule;     // what the log must name; "" when no rule of the supervision is broken
  std::string_view says;     // words of the log line, or of the reason why it doesn't start
  bool needs_deadline = false;  // only a deadline ends the call
};

inline constexpr Sin kSins[] = {
    {"no_entry", "no start", "", "exports no hob_plugin_entry"},
    {"wrong_major", "no start", "", "plugin ABI 9"},
    {"short_entry", "no start", "", "struct_size 12"},
    {"short_plugin", "no start", "", "struct_size 16"},
    {"wrong_id", "no start", "", "somebody_else"},
    {"create_fails", "no start", "", "create() failed: unavailable"},
    {"activate_fails", "no start", "", "activate() failed: invalid"},
    {"segfault_load", "no start", "crash", "Segmentation fault"},
    {"segfault_create", "no start", "crash", "Segmentation fault"},
    {"segfault_activate", "no start", "crash", "Segmentation fault"},
    {"activate_hangs", "no start", "start", "not ready"},
    {"segfault_invoke", "unavailable", "crash", "Segmentation fault"},
    {"segfault_cancel", "unavailable", "crash", "Segmentation fault", true},
    {"segfault_timer", "\"done\"", "crash", "Segmentation fault"},
    {"segfault_result", "unavailable", "crash", "Segmentation fault"},
    {"segfault_destroy", "\"done\"", "", ""},
    {"aborts", "unavailable", "crash", "Aborted"},
    {"throws", "internal", "exceptions", "thrown by the plugin"},
    {"throws_in_thread", "unavailable", "crash", "Aborted"},
    {"exits", "unavailable", "exit", "status 3"},
    {"loops", "timeout", "hang", "did not answer", true},
    {"sleeps", "timeout", "hang", "did not answer", true},
    {"never_answers", "timeout", "hang", "did not answer", true},
    {"overflows_stack", "unavailable", "crash", "Segmentation fault"},
    {"leaks_memory", "unavailable", "memory", "MiB"},
    {"leaks_slowly", "\"done\"", "memory", "MiB"},
    {"opens_descriptors", "\"opened 5", "descriptors", "opened all 64"},
    {"bombs_threads", "unavailable", "threads", "are the most"},
    {"leaks_threads", "\"done\"", "threads", "threads"},
    {"forks", "\"refused\"", "processes", "it called clone()"},
    {"runs_programs", "\"refused\"", "processes", "it called execve()"},
    {"kills_the_daemon", "\"refused\"", "processes", "it called kill()"},
    {"opens_sockets", "\"refused\"", "network", "it called socket()"},
    {"writes_files", "\"refused\"", "files", "it called openat()"},
    {"reads_files", "\"refused\"", "", ""},
    {"prints_rubbish", "\"done\"", "output", "is dropped"},
    {"answers_twice", "\"first\"", "answers", "twice"},
    {"answers_others", "\"done\"", "answers", "never given"},
    {"answers_invalid_utf8", "\"\xff", "text", "not UTF-8"},
    {"answers_100mib", "overloaded", "size", "104857600 bytes"},
    {"floods_emit", "timeout", "hang", "did not answer", true},
    {"floods_log", "\"done\"", "log", "1000 lines"},
    {"floods_frames", "unavailable", "flood", "in a second"},
    {"sends_huge_frame", "unavailable", "frames", "length 4294967295"},
    {"sends_short_frame", "unavailable", "frames", "length 3"},
    {"sends_unknown_frame", "unavailable", "frames", "kind 120"},
    {"sends_empty_answer", "unavailable", "frames", "malformed answer"},
    {"sends_false_blob", "unavailable", "frames", "without its descriptor"},
    {"sends_open_blob", "unavailable", "frames", "isn't sealed"},
    {"takes_what_was_not_granted", "unavailable", "frames", "hob.host.kv/1"},
    {"closes_socket", "unavailable", "frames", "closed its socket"},
    {"lies_about_tools", "\"done\"", "", "is refused"},
};

}  // namespace hobd::fakes
