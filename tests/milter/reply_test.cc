#include "milter/reply.h"

#include "tests/support/catch.h"

namespace lazaret::milter {
namespace {

TEST_CASE("reply: the text becomes one line of printable ASCII with doubled percent signs") {
  CHECK(SanitizeReplyText("a\r\nb\tc") == "a  b c");
  CHECK(SanitizeReplyText("50% of 100%") == "50%% of 100%%");
  CHECK(SanitizeReplyText(std::string("\x1b[31m\0\x7f\xc3\xa4", 9)) == "?[31m????");
  CHECK(SanitizeHeaderValue("50%\n") == "50% ");
}

TEST_CASE("reply: the length limit holds at, below and above it and never splits a percent pair") {
  CHECK(SanitizeReplyText(std::string(979, 'a')).size() == 979);
  CHECK(SanitizeReplyText(std::string(980, 'a')).size() == 980);
  CHECK(SanitizeReplyText(std::string(981, 'a')).size() == 980);
  const std::string cut = SanitizeReplyText(std::string(979, 'a') + "%");
  CHECK(cut == std::string(979, 'a'));
}

TEST_CASE("reply: codes of the wrong class or form are replaced") {
  const auto line = [](const Reply& reply) { return reply.code + " " + reply.enhanced; };
  CHECK(line(CheckedReply({"554", "5.6.0", "x"}, false)) == "554 5.6.0");
  CHECK(line(CheckedReply({"452", "4.3.1", "x"}, true)) == "452 4.3.1");
  CHECK(line(CheckedReply({"550", "5.7.1", "x"}, true)) == "451 4.7.1");
  CHECK(line(CheckedReply({"250", "2.0.0", "x"}, false)) == "550 5.7.1");
  CHECK(line(CheckedReply({"5500", "5.7", "x"}, false)) == "550 5.7.1");
  CHECK(line(CheckedReply({"550", "5.7.1.1", "x"}, false)) == "550 5.7.1");
  CHECK(line(CheckedReply({"550", "5.1234.1", "x"}, false)) == "550 5.7.1");
  CHECK(line(CheckedReply({"", "", ""}, true)) == "451 4.7.1");
  CHECK_FALSE(CheckedReply({"", "", ""}, true).text.empty());
}

}  // namespace
}  // namespace lazaret::milter
