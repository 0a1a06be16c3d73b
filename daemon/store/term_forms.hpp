// English words that a stemmer can't bring together: irregular forms ("went"), other spellings ("colour"), short forms ("photo").
#pragma once

#include <string_view>

namespace hobd {

/// The form that stands for all of them: "go" of the stem "went"; the stem itself where there is none.
std::string_view base_form(std::string_view stem);

}  // namespace hobd
