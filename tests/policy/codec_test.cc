#include <algorithm>

#include "policy/analysis.h"
#include "policy/decide.h"
#include "tests/policy/generator.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::policy;

namespace {

Analysis FullAnalysis() {
  Analysis analysis = tests::LookedAnalysis();
  ArtifactRecord part;
  part.kind = ArtifactKind::kPart;
  part.path = "message > part 1";
  part.claimed_name = "a.zip";
  part.declared_type = "application/zip";
  part.detected_type = "application/zip";
  part.size = 12;
  part.sha256 = std::string(32, 'h');
  analysis.tree.push_back(part);
  Finding finding = tests::MakeFinding("clamav.signature", Class::kMalicious);
  finding.rule = "Eicar";
  finding.artifact = 1;
  finding.span = Span{SpanUnit::kBytes, 3, 9};
  finding.evidence = "masked";
  finding.proposed = Action::kReject;
  analysis.findings.push_back(finding);
  analysis.not_looked = {{"dlp", "slow"}};
  analysis.timing = {{"mime", 17}};
  analysis.detectors = {{"iban", 2, Confidence::kHigh}};
  analysis.subject = "Grüße";
  analysis.assumed = tests::MakeEnvelope();
  return analysis;
}

}  // namespace

TEST_CASE("codec: what the analyzer says arrives whole", "[policy][codec]") {
  const std::string bytes = EncodeAnalysis(FullAnalysis());
  const auto read = DecodeAnalysis(bytes);
  REQUIRE(read.ok());
  CHECK(EncodeAnalysis(*read) == bytes);
  CHECK(read->findings[0].rule == "Eicar");
  CHECK(read->findings[0].span->end == 9);
  CHECK(read->tree[1].claimed_name == "a.zip");
  CHECK(read->subject == "Grüße");
  CHECK(read->assumed->sender == "a@x.test");
}

TEST_CASE("codec: every truncation and every extension is refused", "[policy][codec]") {
  const std::string bytes = EncodeAnalysis(FullAnalysis());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(DecodeAnalysis(std::string_view(bytes).substr(0, length)).ok());
  }
  CHECK_FALSE(DecodeAnalysis(bytes + "x").ok());
}

TEST_CASE("codec: a parent at or above its own index is refused", "[policy][codec]") {
  Analysis analysis = FullAnalysis();
  analysis.tree[1].parent = 1;
  CHECK_FALSE(DecodeAnalysis(EncodeAnalysis(analysis)).ok());
}

TEST_CASE("codec: a finding about an artifact that is not there is refused", "[policy][codec]") {
  Analysis analysis = FullAnalysis();
  analysis.findings[0].artifact = 2;
  CHECK_FALSE(DecodeAnalysis(EncodeAnalysis(analysis)).ok());
}

TEST_CASE("codec: text over its cap is cut at a character and ill-formed text is replaced",
          "[policy][codec]") {
  Analysis analysis = FullAnalysis();
  analysis.findings[0].evidence = std::string(kMaxNameBytes - 1, 'x') + "é";
  analysis.findings[0].path = "a\xff";
  const auto read = DecodeAnalysis(EncodeAnalysis(analysis));
  REQUIRE(read.ok());
  CHECK(read->findings[0].evidence == std::string(kMaxNameBytes - 1, 'x'));
  CHECK(read->findings[0].path == "a\xEF\xBF\xBD");
}

TEST_CASE("codec: findings above the limit are dropped mildest first, and it is said",
          "[policy][codec]") {
  Analysis analysis = tests::LookedAnalysis();
  for (std::uint32_t i = 0; i < kMaxFindings; ++i)
    analysis.findings.push_back(tests::MakeFinding("x.y", Class::kClean));
  const auto at_limit = DecodeAnalysis(EncodeAnalysis(analysis));
  REQUIRE(at_limit.ok());
  CHECK(at_limit->findings.size() == kMaxFindings);
  CHECK(at_limit->findings.back().code == "x.y");
  analysis.findings.push_back(tests::MakeFinding("clamav.signature", Class::kMalicious));
  const auto above = DecodeAnalysis(EncodeAnalysis(analysis));
  REQUIRE(above.ok());
  CHECK(above->findings.size() == kMaxFindings);
  CHECK(above->findings.front().cls == Class::kMalicious);
  CHECK(above->findings.back().code == "scan.unscannable.findings");
}

namespace {

// Few kinds of findings many times, so that a record must drop most of them.
Analysis Crowd(tests::Generator& generator, std::size_t count, std::size_t text_bytes) {
  Analysis analysis = generator.AnyAnalysis();
  std::vector<Finding> kinds;
  for (int i = 0; i < 12; ++i) kinds.push_back(generator.AnyFinding());
  while (analysis.findings.size() < count) {
    const bool rare = analysis.findings.size() + kinds.size() >= count;
    const int most = static_cast<int>(kinds.size());
    Finding finding = kinds[static_cast<std::size_t>(generator.Below(rare ? most : most / 2))];
    finding.evidence = std::string(text_bytes, 'e');
    finding.path = std::string(text_bytes, 'p');
    finding.rule = finding.code + std::string(text_bytes, 'r');
    analysis.findings.push_back(std::move(finding));
  }
  return analysis;
}

int Weakened(unsigned seed, int rounds, std::size_t count, std::size_t text_bytes) {
  tests::Generator generator(seed);
  const Envelope envelope = tests::TwoRecipients();
  int weakened = 0;
  for (int round = 0; round < rounds; ++round) {
    const Analysis analysis = Crowd(generator, count, text_bytes);
    const auto read = DecodeAnalysis(EncodeAnalysis(analysis));
    REQUIRE(read.ok());
    REQUIRE(read->findings.size() < analysis.findings.size());
    for (int policies = 0; policies < 10; ++policies) {
      const Policy policy = generator.AnyPolicy();
      const Verdict before = Decide({envelope, analysis, policy, base::UnixTime{0}});
      if (tests::Weaker(Decide({envelope, *read, policy, base::UnixTime{0}}), before)) ++weakened;
    }
  }
  return weakened;
}

}  // namespace

TEST_CASE("codec: findings dropped by number weaken neither class nor action, for any policy",
          "[policy][codec][property]") {
  CHECK(Weakened(3, 4, kMaxFindings + 4000, 0) == 0);
}

TEST_CASE("codec: findings dropped by size weaken neither class nor action, for any policy",
          "[policy][codec][property]") {
  CHECK(Weakened(4, 4, 1500, kMaxNameBytes) == 0);
}

TEST_CASE("codec: a strict code is kept among worse findings that the policy lets pass",
          "[policy][codec]") {
  Analysis analysis = tests::LookedAnalysis();
  for (std::uint32_t i = 0; i < kMaxFindings; ++i)
    analysis.findings.push_back(tests::MakeFinding("clamav.signature", Class::kMalicious));
  analysis.findings.push_back(tests::MakeFinding("file.x", Class::kSuspicious));
  Finding proposing = tests::MakeFinding("file.x", Class::kSuspicious);
  proposing.proposed = Action::kHold;
  analysis.findings.push_back(proposing);
  const auto read = DecodeAnalysis(EncodeAnalysis(analysis));
  REQUIRE(read.ok());
  CHECK(read->findings.size() == kMaxFindings);
  const auto kept = [&](std::optional<Action> proposed) {
    return std::count_if(read->findings.begin(), read->findings.end(), [&](const Finding& one) {
      return one.code == "file.x" && one.proposed == proposed;
    });
  };
  CHECK(kept(std::nullopt) == 1);
  CHECK(kept(Action::kHold) == 1);
  CHECK(read->findings.back().cls == Class::kUnscannable);
}

TEST_CASE(
    "codec: more kinds of findings than a record holds is could-not-look, not a milder answer",
    "[policy][codec]") {
  for (const bool above : {false, true}) {
    Analysis analysis = tests::LookedAnalysis();
    // One place is for the note.
    const std::uint32_t kinds = kMaxFindings - (above ? 0 : 1);
    for (std::uint32_t i = 0; i < kinds; ++i)
      analysis.findings.push_back(tests::MakeFinding("x.a" + std::to_string(i), Class::kClean));
    while (analysis.findings.size() <= kMaxFindings)
      analysis.findings.push_back(analysis.findings.front());
    const auto read = DecodeAnalysis(EncodeAnalysis(analysis));
    REQUIRE(read.ok());
    REQUIRE(read->findings.size() == kMaxFindings);
    CHECK(read->findings.back().code ==
          (above ? "scan.error.findings" : "scan.unscannable.findings"));
    CHECK(read->findings.back().cls == (above ? Class::kError : Class::kUnscannable));
  }
}

TEST_CASE("codec: a result too large keeps as many findings as fit", "[policy][codec]") {
  tests::Generator generator(5);
  const Analysis analysis = Crowd(generator, 1500, kMaxNameBytes);
  const std::string bytes = EncodeAnalysis(analysis);
  CHECK(bytes.size() <= kMaxResultBytes);
  CHECK(bytes.size() > kMaxResultBytes - 8 * kMaxNameBytes);
}

TEST_CASE("codec: a tree above the limit is left out, findings stay", "[policy][codec]") {
  Analysis analysis = FullAnalysis();
  analysis.tree.resize(kMaxTreeNodes + 1);
  const auto read = DecodeAnalysis(EncodeAnalysis(analysis));
  REQUIRE(read.ok());
  CHECK(read->tree.size() == 1);
  CHECK(read->findings[0].rule == "Eicar");
}

TEST_CASE("codec: facts arrive whole and a cut one is refused", "[policy][codec]") {
  JobFacts facts;
  facts.envelope = tests::MakeEnvelope();
  facts.envelope.tls.version = "TLSv1.3";
  facts.assume_envelope = true;
  facts.sender_seen_before = true;
  facts.budget_millis = 1000;
  facts.plain = true;
  const std::string bytes = EncodeFacts(facts);
  const auto read = DecodeFacts(bytes);
  REQUIRE(read.ok());
  CHECK(EncodeFacts(*read) == bytes);
  CHECK(read->envelope.tls.version == "TLSv1.3");
  CHECK(read->plain);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(DecodeFacts(std::string_view(bytes).substr(0, length)).ok());
  }
}
