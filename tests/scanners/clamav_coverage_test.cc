// Nothing that was found excuses what was not looked at, and every leaf of the tree is looked at.
#include <algorithm>
#include <optional>

#include "policy/decide.h"
#include "scanners/clamav/clamav_scanner.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

using mail::ArtifactKind;

// Only the message itself is within the recursion limit: its text is found, its parts are not seen.
std::unique_ptr<TestEngine> ShallowEngine() {
  ClamavOptions options;
  options.max_recursion = 1;
  return MakeEngine({}, options);
}

std::string MarkerInBody() { return TextMail(Eicar() + "\r\n"); }

policy::Analysis AnalysisOf(ClamavEngine& engine, const mail::ArtifactTree& tree) {
  ClamavScanner scanner(engine);
  scanner.Begin(policy::JobFacts());
  policy::Analysis analysis;
  auto findings = scanner.Finish(tree, base::Deadline());
  REQUIRE(findings.ok());
  analysis.findings = std::move(findings).value();
  analysis.looked = {"clamav"};
  policy::ArtifactRecord root;
  root.kind = policy::ArtifactKind::kMessage;
  root.path = "message";
  analysis.tree = {root};
  scanner.Report(analysis);
  return analysis;
}

policy::Verdict DecideBy(const policy::Analysis& analysis, const policy::Policy& policy) {
  policy::Envelope envelope;
  return policy::Decide({envelope, analysis, policy, base::UnixTime()});
}

}  // namespace

TEST_CASE("clamav: an object that was not looked at is not excused by a signature elsewhere") {
  const auto engine = ShallowEngine();
  const std::string zip = EicarZip();
  const std::string message = MarkerInBody();
  const auto tree = TreeOf(message, {{0, ArtifactKind::kPart, "other.zip", zip}});
  const auto result = JudgeTree(*engine->engine, tree);
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasCode(*result, "clamav.signature"));
  CHECK(HasCode(*result, "scan.error.clamav"));
  const auto error = std::find_if(
      result->begin(), result->end(),
      [](const policy::Finding& finding) { return finding.cls == policy::Class::kError; });
  REQUIRE(error != result->end());
  CHECK(error->evidence.find("other.zip") != std::string::npos);
}

TEST_CASE("clamav: a limit is kept beside could-not-look") {
  const auto engine = ShallowEngine();
  const std::string zip = EicarZip();
  const std::string message = Multipart({Part("other.zip", zip)}, "signed");
  const auto tree = TreeOf(message, {{0, ArtifactKind::kPart, "other.zip", zip}});
  const auto result = JudgeTree(*engine->engine, tree);
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasCode(*result, "scan.error.clamav"));
  CHECK(HasCode(*result, "scan.unscannable.maxrecursion"));
}

TEST_CASE("clamav: found and not looked at: the scanner stands under not_looked, once") {
  const auto engine = ShallowEngine();
  const std::string zip = EicarZip();
  const std::string message = MarkerInBody();
  const policy::Analysis analysis =
      AnalysisOf(*engine->engine, TreeOf(message, {{0, ArtifactKind::kPart, "other.zip", zip}}));
  CHECK(analysis.looked.empty());
  REQUIRE(analysis.not_looked.size() == 1);
  CHECK(analysis.not_looked.front().scanner == "clamav");
  CHECK(HasCode(analysis.findings, "clamav.signature"));
  const policy::Verdict verdict = DecideBy(analysis, [] {
    policy::Policy policy;
    policy.mandatory_scanners = {"clamav"};
    return policy;
  }());
  CHECK(verdict.cls == policy::Class::kMalicious);
  CHECK(std::count_if(verdict.findings.begin(), verdict.findings.end(),
                      [](const policy::Finding& finding) {
                        return finding.code == "scan.error.clamav";
                      }) == 1);
}

TEST_CASE("clamav: with a policy that accepts the signature the unseen object still defers") {
  const auto engine = ShallowEngine();
  const std::string zip = EicarZip();
  const std::string message = MarkerInBody();
  const policy::Analysis analysis =
      AnalysisOf(*engine->engine, TreeOf(message, {{0, ArtifactKind::kPart, "other.zip", zip}}));
  policy::Policy policy;
  policy.mandatory_scanners = {"clamav"};
  policy.defaults = policy::DefaultClassActions();
  policy.defaults[policy::Class::kMalicious] = policy::Action::kAccept;
  policy.defaults[policy::Class::kUnscannable] = policy::Action::kAccept;
  CHECK(DecideBy(analysis, policy).action == policy::Action::kTempfail);
  policy::Analysis seen = analysis;
  seen.not_looked.clear();
  seen.looked = {"clamav"};
  CHECK(DecideBy(seen, policy).action == policy::Action::kAccept);
}

TEST_CASE("clamav: a scanner used again remembers no failure of the message before") {
  const auto engine = ShallowEngine();
  const std::string zip = EicarZip();
  const std::string message = MarkerInBody();
  ClamavScanner scanner(*engine->engine);
  scanner.Begin(policy::JobFacts());
  const auto bad = TreeOf(message, {{0, ArtifactKind::kPart, "other.zip", zip}});
  REQUIRE(scanner.Finish(bad, base::Deadline()).ok());
  scanner.Begin(policy::JobFacts());
  const auto again = scanner.Finish(TreeOf(message, {}), base::Deadline());
  REQUIRE(again.ok());
  CHECK_FALSE(HasCode(*again, "scan.error.clamav"));
  policy::Analysis analysis;
  analysis.looked = {"clamav"};
  scanner.Report(analysis);
  CHECK(analysis.looked.size() == 1);
  CHECK(analysis.not_looked.empty());
}

TEST_CASE("clamav: leaves of mails inside octet-stream, zip, gzip and mbox are looked at") {
  const auto engine = MakeEngine();
  const std::string leaf = EicarZip();
  for (const char* subtype : {"mixed", "parallel", "signed"}) {
    const std::string mail = Multipart({Part("inner.zip", leaf)}, subtype);
    const std::string box = "From a@b.test Thu Jan  1 00:00:00 1970\r\n" + mail +
                            "\r\nFrom a@b.test Thu Jan  1 00:00:00 1970\r\n" + mail;
    const std::vector<std::pair<std::string, std::string>> containers = {
        {"m.bin", mail},
        {"m.zip", Zip({{"m.eml", mail, false}})},
        {"m.gz", Gzip(mail)},
        {"m.mbox", box},
        {"m.zip.gz", Gzip(Zip({{"m.eml", mail, false}}))}};
    for (const auto& [name, bytes] : containers) {
      const std::string message = Multipart({Part(name, bytes)});
      const auto tree = TreeOf(message, {{0, ArtifactKind::kPart, name, bytes},
                                         {1, ArtifactKind::kMember, "m.eml", {}},
                                         {2, ArtifactKind::kMessage, "mail", {}},
                                         {3, ArtifactKind::kPart, "inner.zip", leaf}});
      const auto result = JudgeTree(*engine->engine, tree);
      INFO(subtype << " in " << name << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasCode(*result, "clamav.signature"));
      CHECK(std::any_of(result->begin(), result->end(), [](const policy::Finding& finding) {
        return finding.path.find("inner.zip") != std::string::npos;
      }));
    }
  }
}

TEST_CASE("clamav: a nested mail whose own bytes are kept is looked at as them") {
  const std::string mail = "X-Zq: 1\r\n" + TextMail("text\r\n\r\n\r\nmore\r\n");
  const auto engine = MakeEngine({{"own.hsb", Sha256Signature(mail, "Own.Mail")}});
  const std::string message = Multipart({"Content-Type: message/rfc822\r\n\r\n" + mail});
  const auto tree = TreeOf(message, {{0, ArtifactKind::kMessage, "a.eml", mail}});
  const auto result = JudgeTree(*engine->engine, tree);
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasRule(*result, "Own.Mail"));
}

TEST_CASE("clamav: many objects of one size are told apart") {
  std::vector<std::string> contents;
  for (int i = 0; i < 40; ++i) {
    std::string content(2000, 'a');
    content.back() = static_cast<char>('A' + i);
    contents.push_back(content);
  }
  const auto engine = MakeEngine({{"own.hsb", Sha256Signature(contents.back(), "Own.Last")}});
  std::vector<Node> nodes;
  for (const std::string& content : contents)
    nodes.push_back({0, ArtifactKind::kPart, "a.bin", content});
  const std::string message = TextMail("text\r\n");
  const auto result = JudgeTree(*engine->engine, TreeOf(message, nodes));
  INFO(Show(result));
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  CHECK(result->front().artifact == 40);
}

TEST_CASE("clamav: more objects than one canonical message takes are looked at, all of them") {
  std::vector<std::string> contents;
  std::vector<Node> nodes;
  for (int i = 0; i < 1'300; ++i) contents.push_back("content number " + std::to_string(i));
  for (const std::string& content : contents)
    nodes.push_back({0, ArtifactKind::kPart, "a.bin", content});
  const auto engine = MakeEngine({{"own.hsb", Sha256Signature(contents.back(), "Own.Last")}});
  const std::string message = TextMail("text\r\n");
  const auto result = JudgeTree(*engine->engine, TreeOf(message, nodes));
  INFO(Show(result));
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  CHECK(result->front().artifact == 1'300);
}

TEST_CASE("clamav: only multiparts that stand in the message by name count as known") {
  const auto engine = MakeEngine();
  const std::string message = Multipart({Part("a.zip", EicarZip())}, "signed");
  const std::size_t name = message.find("multipart/signed");
  REQUIRE(name != std::string::npos);
  const std::size_t body = message.find("\r\n\r\n") + 4;
  // What the reader knows of the skipped multipart: itself, one in decoded bytes, or one whose
  // header does not write the name as libclamav's reading of it does.
  struct Known {
    std::optional<mail::ByteRange> header;
    std::optional<mail::ByteRange> body;
    bool found = false;
  };
  const mail::ByteRange all{body, message.size()};
  for (const Known& known : {Known{mail::ByteRange{0, body}, all, false}, Known{{}, {}, true},
                             Known{mail::ByteRange{0, name}, all, true}}) {
    mail::ArtifactTree tree = TreeOf(message, {{0, mail::ArtifactKind::kPart, "", ""}});
    mail::Artifact& part = tree.artifacts.back();
    part.multipart = true;
    part.declared_type = "multipart/signed";
    part.raw_header = known.header;
    part.raw_body = known.body;
    const auto result = JudgeTree(*engine->engine, tree);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature") == known.found);
  }
}

}  // namespace lazaret::scanners::test
