#include "policy/analysis.h"
#include "policy/decide.h"
#include "tests/policy/builders.h"
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
  const std::string bytes = EncodeFacts(facts);
  const auto read = DecodeFacts(bytes);
  REQUIRE(read.ok());
  CHECK(EncodeFacts(*read) == bytes);
  CHECK(read->envelope.tls.version == "TLSv1.3");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(DecodeFacts(std::string_view(bytes).substr(0, length)).ok());
  }
}
