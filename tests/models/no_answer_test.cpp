#include "models/no_answer.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

ModelFailure failed(std::string model, Code code, std::string words) {
  Error error{code, std::move(words)};
  const ModelFault fault = read_fault(error);
  return {std::move(model), std::move(error), fault};
}

}  // namespace

TEST_CASE("of one model the server's words stand, and one advice instead of two") {
  const Error error = no_answer({failed("a/m", Code::denied, "the model server answered 401: Bad key. (check the API key)")}, ChosenBy::caller);
  CHECK(error == Error{Code::unavailable, "No answer from a/m: the model server answered 401: Bad key. For Hob's owner: check "
                                          "models.providers.a.api_key, Hob's own key at this provider."});
}

TEST_CASE("a key that a network rule refuses is no matter of the caller's rights either") {
  CHECK(no_answer({failed("a/m", Code::denied, "connect to 10.0.0.1:80: not an allowed address")}, ChosenBy::caller).code == Code::unavailable);
}

TEST_CASE("of several, those with the same trouble stand together and the same advice stands once") {
  const Error error = no_answer({failed("a/m", Code::overloaded, "the model server answered 429: slow down"),
                                 failed("b/m", Code::overloaded, "the model server answered 429: slow down"),
                                 failed("b/n", Code::overloaded, "the model server answered 429: slow down")},
                                ChosenBy::config);
  CHECK(error == Error{Code::overloaded, "No model answered: a/m, b/m and b/n took no more requests. Try again in a little while. For Hob's "
                                         "owner: `hobctl doctor` and the log say more."});
}

TEST_CASE("many models that failed alike are counted, not listed") {
  std::vector<ModelFailure> failures;
  for (const char* model : {"a/1", "b/1", "c/1", "d/1", "e/1"})
    failures.push_back(failed(model, Code::unavailable, "connect to 127.0.0.1:1: connection refused"));
  CHECK_THAT(no_answer(failures, ChosenBy::config).message, Catch::StartsWith("No model answered: a, b, c and 2 more could not be reached. For"));
  CHECK_THAT(failure_details(failures), Catch::Contains("; e/1: connect to 127.0.0.1:1: connection refused"));
}
