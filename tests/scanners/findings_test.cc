// The scanners that turn what mail/ and rules/ say into findings, over trees made by hand.
#include <algorithm>

#include "rules/rule_set.h"
#include "scanners/ambiguity/ambiguity_scanner.h"
#include "scanners/clamav/hit_findings.h"
#include "scanners/confined_scanners.h"
#include "scanners/content_rules/content_rules_scanner.h"
#include "scanners/dlp/dlp_scanner.h"
#include "scanners/filetype/filetype_scanner.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

constexpr const char* kRules = R"(id: T-1
name: cards
status: enforce
severity: high
code: dlp.payment_card
class: policy
match:
  detector: payment_card
thresholds:
  - {distinct: 1, action: hold, severity: high}
---
id: T-2
name: shadowed word
status: shadow
severity: low
match:
  keywords: [zqword]
)";

std::shared_ptr<const rules::RuleSet> Rules(const char* text) {
  rules::Bundle bundle;
  bundle.rules.push_back({"t.yaml", text, false});
  bundle.masking_key = std::string(32, 'k');
  auto compiled = rules::RuleSet::Compile(bundle);
  if (!compiled.ok()) base::Fail(__FILE__, __LINE__, compiled.error().text.c_str());
  return std::move(compiled).value();
}

mail::ArtifactTree Tree() {
  mail::ArtifactTree tree;
  mail::Artifact root;
  root.kind = mail::ArtifactKind::kMessage;
  root.path = "message";
  tree.artifacts.push_back(root);
  mail::Artifact part;
  part.id = 1;
  part.path = "message > part 1";
  tree.artifacts.push_back(part);
  return tree;
}

void AddText(mail::ArtifactTree& tree, mail::TextOrigin origin, std::string text) {
  mail::TextUnit unit;
  unit.origin = origin;
  unit.artifact = origin == mail::TextOrigin::kSubject ? 0 : 1;
  unit.text = std::move(text);
  tree.texts.push_back(unit);
}

constexpr const char* kCard = "credit card 4539 5787 6362 1486";

struct Content {
  explicit Content(const char* rules, bool report_all = false)
      : session(std::make_shared<ContentSession>()),
        content(Rules(rules), session),
        dlp(session, report_all) {}
  std::shared_ptr<ContentSession> session;
  ContentRulesScanner content;
  DlpScanner dlp;
};

}  // namespace

TEST_CASE("ambiguity: two readings are ambiguous, one broken reading is only recorded") {
  mail::ArtifactTree tree = Tree();
  tree.differences.push_back(
      {"mime.duplicate-boundary", mail::DifferenceLevel::kAmbiguous, 1, 7, "a"});
  tree.differences.push_back({"mime.bare-cr", mail::DifferenceLevel::kBroken, 0, 9, "b"});
  tree.unreadable.push_back({"scan.unscannable.encrypted", 1, "a.zip"});
  AmbiguityScanner scanner;
  const auto result = scanner.Finish(tree, base::Deadline());
  REQUIRE(result.ok());
  REQUIRE(result->size() == 3);
  CHECK((*result)[0].cls == policy::Class::kAmbiguous);
  CHECK((*result)[0].path == "message > part 1");
  CHECK((*result)[1].cls == policy::Class::kClean);
  CHECK((*result)[1].severity == policy::Severity::kInfo);
  CHECK((*result)[2].cls == policy::Class::kUnscannable);
}

TEST_CASE("filetype: a program named as a document is policy, an honest text nothing") {
  mail::Artifact artifact;
  artifact.id = 1;
  artifact.path = "message > part 1";
  const std::string program = "MZ" + std::string(200, '\0');
  artifact.content = program;
  artifact.claimed_names = {"invoice.pdf"};
  artifact.declared_type = "application/pdf";
  artifact.detected_type = "application/vnd.microsoft.portable-executable";
  FiletypeScanner scanner;
  const auto result = scanner.Scan(artifact, base::Deadline());
  REQUIRE(result.ok());
  INFO(Show(result));
  CHECK(HasCode(*result, "file.executable-disguised"));
  CHECK(std::any_of(result->begin(), result->end(),
                    [](const policy::Finding& f) { return f.cls == policy::Class::kPolicy; }));
  mail::Artifact honest;
  honest.id = 1;
  honest.content = "plain words\n";
  honest.text = true;
  honest.claimed_names = {"notes.txt"};
  honest.declared_type = honest.detected_type = "text/plain";
  const auto none = scanner.Scan(honest, base::Deadline());
  REQUIRE(none.ok());
  CHECK(none->empty());
}

TEST_CASE("filetype: an attached page with a script is suspicious, the same as a body nothing") {
  mail::Artifact artifact;
  artifact.id = 1;
  artifact.text = true;
  artifact.content = "<html><script>x()</script></html>";
  artifact.declared_type = artifact.detected_type = "text/html";
  FiletypeScanner scanner;
  const auto body = scanner.Scan(artifact, base::Deadline());
  REQUIRE(body.ok());
  CHECK(body->empty());
  artifact.disposition = "attachment";
  const auto attached = scanner.Scan(artifact, base::Deadline());
  REQUIRE(attached.ok());
  REQUIRE(attached->size() == 1);
  CHECK(attached->front().code == "file.active-html");
  CHECK(attached->front().cls == policy::Class::kSuspicious);
}

TEST_CASE("filetype: documents whose text nobody read are noted once, and the note has no weight") {
  mail::ArtifactTree tree = Tree();
  FiletypeScanner scanner;
  auto result = scanner.Finish(tree, base::Deadline());
  REQUIRE(result.ok());
  CHECK(result->empty());
  for (const char* type : {"application/pdf", "text/plain", "application/rtf"}) {
    mail::Artifact part = tree.artifacts.back();
    ++part.id;
    part.content = "x";
    part.detected_type = type;
    tree.artifacts.push_back(part);
  }
  result = scanner.Finish(tree, base::Deadline());
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  CHECK(result->front().code == "scan.not-looked.text");
  CHECK(result->front().cls == policy::Class::kClean);
  CHECK(result->front().severity == policy::Severity::kInfo);
  CHECK(result->front().count == 2);
  CHECK(result->front().artifact == 2);
}

TEST_CASE("content_rules: a match carries code, rule, class, proposed action and masked evidence") {
  Content scanners(kRules);
  mail::ArtifactTree tree = Tree();
  AddText(tree, mail::TextOrigin::kBody, kCard);
  AddText(tree, mail::TextOrigin::kBody, "a zqword here");
  scanners.content.Begin(policy::JobFacts());
  const auto result = scanners.content.Finish(tree, base::Deadline());
  REQUIRE(result.ok());
  INFO(Show(result));
  REQUIRE(result->size() == 2);
  const policy::Finding& card = result->front();
  CHECK(card.code == "dlp.payment_card");
  CHECK(card.rule == "T-1");
  CHECK(card.cls == policy::Class::kPolicy);
  CHECK(card.proposed == policy::Action::kHold);
  CHECK(card.count == 1);
  CHECK_FALSE(card.shadow);
  CHECK(card.evidence.find("4539578763621486") == std::string::npos);
  CHECK(card.evidence.find("4539 5787 6362 1486") == std::string::npos);
  CHECK(result->back().shadow);
}

TEST_CASE("dlp: a detector a rule reported is not reported twice, counts always are") {
  mail::ArtifactTree tree = Tree();
  AddText(tree, mail::TextOrigin::kBody, kCard);
  for (const bool with_rule : {true, false}) {
    Content scanners(with_rule ? kRules : "", true);
    scanners.content.Begin(policy::JobFacts());
    REQUIRE(scanners.content.Finish(tree, base::Deadline()).ok());
    const auto result = scanners.dlp.Finish(tree, base::Deadline());
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "dlp.payment_card") == !with_rule);
    policy::Analysis analysis;
    scanners.dlp.Report(analysis);
    REQUIRE(analysis.detectors.size() == 1);
    CHECK(analysis.detectors.front().detector == "payment_card");
    CHECK(analysis.detectors.front().distinct == 1);
  }
}

TEST_CASE("dlp: without an evaluation it could not look") {
  Content scanners(kRules, true);
  mail::ArtifactTree tree = Tree();
  scanners.content.Begin(policy::JobFacts());
  CHECK_FALSE(scanners.dlp.Finish(tree, base::Deadline()).ok());
}

TEST_CASE("content_rules: subject and names reach the record masked, also without an evaluation") {
  for (const bool evaluate : {true, false}) {
    Content scanners(kRules);
    mail::ArtifactTree tree = Tree();
    AddText(tree, mail::TextOrigin::kSubject, kCard);
    AddText(tree, mail::TextOrigin::kFilename, std::string(kCard) + ".txt");
    scanners.content.Begin(policy::JobFacts());
    if (evaluate) REQUIRE(scanners.content.Finish(tree, base::Deadline()).ok());
    policy::Analysis analysis;
    analysis.subject = kCard;
    analysis.tree.resize(2);
    analysis.tree[1].claimed_name = std::string(kCard) + ".txt";
    scanners.content.Report(analysis);
    INFO(analysis.subject);
    CHECK(analysis.subject.find("4539 5787") == std::string::npos);
    CHECK(analysis.tree[1].claimed_name.find("4539 5787") == std::string::npos);
    CHECK(analysis.subject.rfind("credit card ", 0) == 0);
  }
}

TEST_CASE("clamav: what a hit's name means") {
  const auto kind = [](const char* name) { return KindOf(Hit{name, std::nullopt}); };
  CHECK(kind("Win.Test.EICAR_HDB-1") == HitKind::kSignature);
  CHECK(kind("Own.Thing.UNOFFICIAL") == HitKind::kSignature);
  CHECK(kind("Heuristics.W32.Parite.B") == HitKind::kSignature);
  CHECK(kind("Heuristics.Exploit.CVE-2010-1205") == HitKind::kSignature);
  CHECK(kind("") == HitKind::kUnscannable);
  CHECK(kind("Heuristics.Limits.Exceeded.MaxFiles") == HitKind::kUnscannable);
  CHECK(kind("Heuristics.Limits.Exceeded.MaxScanTime") == HitKind::kOutOfTime);
  CHECK(kind("Heuristics.Encrypted.Zip") == HitKind::kUnscannable);
  CHECK(kind("Heuristics.OLE2.ContainsMacros.VBA") == HitKind::kSuspicious);
  CHECK(kind("Heuristics.Phishing.Email.SpoofedDomain") == HitKind::kSuspicious);
  CHECK(IsLimit(Hit{"", std::nullopt}));
  CHECK(IsLimit(Hit{"Heuristics.Limits.Exceeded.MaxFiles", std::nullopt}));
  CHECK_FALSE(IsLimit(Hit{"Heuristics.Encrypted.Zip", std::nullopt}));
  CHECK_FALSE(IsLimit(Hit{"Heuristics.Limits.Exceeded.MaxScanTime", std::nullopt}));
}

TEST_CASE("scanners: the table makes one of each name, in order") {
  const auto engine = MakeEngine();
  ConfinedDependencies dependencies;
  dependencies.engine = engine->engine.get();
  dependencies.rules = Rules(kRules);
  const auto made = MakeConfinedScanners(dependencies);
  const auto names = ConfinedScannerNames();
  REQUIRE(made.size() == names.size());
  for (std::size_t i = 0; i < made.size(); ++i) CHECK(made[i]->Name() == names[i]);
  const auto at = [&](const char* name) { return std::find(names.begin(), names.end(), name); };
  CHECK(at("content_rules") < at("dlp"));
}

}  // namespace lazaret::scanners::test
