#include "app/config/config.h"
#include "tests/support/catch.h"

using namespace lazaret;
using config::ReplyKind;

namespace {

config::Config Loaded(const std::string& text) {
  auto loaded = config::LoadConfigText(text, "l.yaml", {});
  INFO((loaded.ok() ? std::string() : loaded.error().text));
  REQUIRE(loaded.ok());
  return *loaded;
}

std::string ErrorOf(const std::string& text) {
  const auto loaded = config::LoadConfigText(text, "l.yaml", {});
  return loaded.ok() ? "no error" : loaded.error().text;
}

}  // namespace

TEST_CASE("reply: the built-in text carries the verdict id and no more", "[config][reply]") {
  CHECK(config::ReplyText(Loaded(""), ReplyKind::kReject, "abc") ==
        "Message refused by content policy, reference abc");
  CHECK(config::ReplyText(Loaded(""), ReplyKind::kTempfail, "abc") ==
        "Message could not be checked now, try again later, reference abc");
}

TEST_CASE("reply: the contact stands in the built-in text when it is set", "[config][reply]") {
  const auto config = Loaded("reply: {contact: help@example.org}\n");
  CHECK(config::ReplyText(config, ReplyKind::kReject, "abc") ==
        "Message refused by content policy, reference abc; questions: help@example.org");
}

TEST_CASE("reply: own templates of the chosen language are used", "[config][reply]") {
  const auto config = Loaded(
      "reply:\n  language: de\n  contact: x\n  templates:\n    de:\n"
      "      reject: 'Abgelehnt {id} {contact} {id}'\n      tempfail: 'Spaeter {id}'\n");
  CHECK(config::ReplyText(config, ReplyKind::kReject, "q") == "Abgelehnt q x q");
  CHECK(config::ReplyText(config, ReplyKind::kTempfail, "q") == "Spaeter q");
}

TEST_CASE("reply: a language without templates is refused", "[config][reply][errors]") {
  CHECK(ErrorOf("reply:\n  language: zh\n") ==
        "l.yaml:2:13: reply.language: no templates reject and tempfail for \"zh\"");
  CHECK(ErrorOf("reply:\n  language: de\n  templates: {de: {reject: 'x {id}'}}\n") ==
        "l.yaml:2:13: reply.language: no templates reject and tempfail for \"de\"");
}

TEST_CASE("reply: what cannot stand in an SMTP reply is refused with its place",
          "[config][reply][errors]") {
  const auto with = [](const std::string& text) {
    return ErrorOf("reply:\n  templates:\n    en:\n      reject: \"" + text + "\"\n");
  };
  const std::string place = "l.yaml:4:15: reply.templates.en.reject: ";
  CHECK(with("no {id}") == "no error");
  CHECK(with("拒绝 {id}") == place + "SMTP replies are ASCII: other characters cannot stand here");
  CHECK(with("a\\nb {id}") == place + "SMTP replies are ASCII: other characters cannot stand here");
  CHECK(with("100% {id}") == place + "% cannot stand in an SMTP reply");
  CHECK(with("no") == place + "{id} is missing");
  CHECK(with("{id} {rule}") == place + "only {id} and {contact} can stand in braces");
  CHECK(with("{id}" + std::string(296, 'x')) == "no error");
  CHECK(with("{id}" + std::string(297, 'x')) == place + "longer than 300 bytes");
}
