#include "store/term_forms.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

struct Form {
  std::string_view stem, base;
};

/// Sorted by stem; both sides are stems of the English stemmer.
constexpr std::array<Form, 170> kForms = {{
      {"aeroplan", "plane"}, {"airplan", "plane"}, {"apologis", "apolog"}, {"ate", "eat"}, {"became", "becom"},
      {"began", "begin"}, {"begun", "begin"}, {"behaviour", "behavior"}, {"bent", "bend"}, {"bicycl", "bike"}, {"bit", "bite"},
      {"bitten", "bite"}, {"bled", "bleed"}, {"blew", "blow"}, {"blown", "blow"}, {"bought", "buy"}, {"bred", "breed"},
      {"broke", "break"}, {"broken", "break"}, {"brought", "bring"}, {"built", "build"}, {"came", "come"},
      {"cancell", "cancel"}, {"caught", "catch"}, {"centr", "center"}, {"children", "child"}, {"chose", "choos"},
      {"chosen", "choos"}, {"colour", "color"}, {"dad", "father"}, {"daddi", "father"}, {"dealt", "deal"}, {"drawn", "draw"},
      {"dreamt", "dream"}, {"drew", "draw"}, {"driven", "drive"}, {"drove", "drive"}, {"dug", "dig"}, {"eaten", "eat"},
      {"fallen", "fall"}, {"favourit", "favorit"}, {"fed", "feed"}, {"feet", "foot"}, {"fell", "fall"}, {"felt", "feel"},
      {"flavour", "flavor"}, {"flew", "fli"}, {"flown", "fli"}, {"forgav", "forgiv"}, {"forgiven", "forgiv"},
      {"forgot", "forget"}, {"forgotten", "forget"}, {"fought", "fight"}, {"found", "find"}, {"froze", "freez"},
      {"frozen", "freez"}, {"gave", "give"}, {"given", "give"}, {"gone", "go"}, {"got", "get"}, {"gotten", "get"},
      {"grandma", "grandmoth"}, {"grandpa", "grandfath"}, {"granni", "grandmoth"}, {"grew", "grow"}, {"grey", "gray"},
      {"grown", "grow"}, {"gymnasium", "gym"}, {"heard", "hear"}, {"held", "hold"}, {"hid", "hide"}, {"hidden", "hide"},
      {"honour", "honor"}, {"humour", "humor"}, {"hung", "hang"}, {"jewelleri", "jewelri"}, {"kept", "keep"}, {"kid", "child"},
      {"knew", "know"}, {"knive", "knife"}, {"known", "know"}, {"laboratori", "lab"}, {"labour", "labor"}, {"laid", "lay"},
      {"learnt", "learn"}, {"led", "lead"}, {"left", "leav"}, {"lent", "lend"}, {"lost", "lose"}, {"made", "make"},
      {"meant", "mean"}, {"men", "man"}, {"met", "meet"}, {"mice", "mous"}, {"mom", "mother"}, {"mommi", "mother"},
      {"mum", "mother"}, {"mummi", "mother"}, {"neighbour", "neighbor"}, {"neighbourhood", "neighborhood"},
      {"organis", "organ"}, {"paid", "pay"}, {"peopl", "person"}, {"photograph", "photo"}, {"pic", "pictur"}, {"ran", "run"},
      {"realis", "realiz"}, {"recognis", "recogn"}, {"refriger", "fridg"}, {"ridden", "ride"}, {"risen", "rise"},
      {"rode", "ride"}, {"rose", "rise"}, {"said", "say"}, {"sang", "sing"}, {"sank", "sink"}, {"sat", "sit"}, {"saw", "see"},
      {"seen", "see"}, {"sent", "send"}, {"shaken", "shake"}, {"shone", "shine"}, {"shook", "shake"}, {"shot", "shoot"},
      {"shown", "show"}, {"slept", "sleep"}, {"sold", "sell"}, {"sought", "seek"}, {"spent", "spend"}, {"spoke", "speak"},
      {"spoken", "speak"}, {"stole", "steal"}, {"stolen", "steal"}, {"stood", "stand"}, {"struck", "strike"},
      {"stuck", "stick"}, {"stung", "sting"}, {"sung", "sing"}, {"sunk", "sink"}, {"swam", "swim"}, {"swept", "sweep"},
      {"swore", "swear"}, {"sworn", "swear"}, {"swum", "swim"}, {"taken", "take"}, {"taught", "teach"}, {"teeth", "tooth"},
      {"telephon", "phone"}, {"televis", "tv"}, {"theatr", "theater"}, {"thought", "think"}, {"threw", "throw"},
      {"thrown", "throw"}, {"took", "take"}, {"tore", "tear"}, {"torn", "tear"}, {"travell", "travel"}, {"tyre", "tire"},
      {"understood", "understand"}, {"veterinarian", "vet"}, {"went", "go"}, {"wive", "wife"}, {"woke", "wake"},
      {"woken", "wake"}, {"women", "woman"}, {"won", "win"}, {"wore", "wear"}, {"worn", "wear"}, {"written", "write"},
      {"wrote", "write"}}};
static_assert(std::is_sorted(kForms.begin(), kForms.end(), [](const Form& a, const Form& b) { return a.stem < b.stem; }));

}  // namespace

std::string_view base_form(std::string_view stem) {
  const auto found = std::lower_bound(kForms.begin(), kForms.end(), stem, [](const Form& form, std::string_view s) { return form.stem < s; });
  return found != kForms.end() && found->stem == stem ? found->base : stem;
}

}  // namespace hobd
