// What a detector matched in names and subject must not reach the record by paths, names, evidence
// or reasons, however these were escaped and cut before.
#include "scanners/content_rules/record_mask.h"

#include <string>

#include "base/text.h"
#include "mail/model/tree_builder.h"
#include "rules/rule_set.h"
#include "scanners/content_rules/content_rules_scanner.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

constexpr std::string_view kDigits = "4539578763621486";
constexpr std::string_view kZeroWidth = "4539\u200b5787\u200b6362\u200b1486";

struct Scan {
  explicit Scan(std::shared_ptr<const rules::RuleSet> rules = NoRules())
      : session(std::make_shared<ContentSession>()), scanner(std::move(rules), session) {
    mail::Artifact& root = builder.Add(0, mail::ArtifactKind::kMessage);
    builder.SetPath(root, 0);
  }

  static std::shared_ptr<const rules::RuleSet> NoRules() {
    rules::Bundle bundle;
    bundle.masking_key = std::string(32, 'k');
    return rules::RuleSet::Compile(bundle).value();
  }

  // An attachment of this name; kObject: a part of a document.
  void Add(const std::string& name, mail::ArtifactKind kind = mail::ArtifactKind::kPart) {
    mail::Artifact& artifact = builder.Add(0, kind);
    artifact.claimed_names = {name};
    builder.SetPath(artifact, artifact.id);
    if (kind != mail::ArtifactKind::kObject)
      AddText(mail::TextOrigin::kFilename, name, artifact.id);
  }

  void AddText(mail::TextOrigin origin, const std::string& text, std::uint32_t artifact) {
    mail::TextUnit unit;
    unit.origin = origin;
    unit.artifact = artifact;
    unit.text = text;
    builder.tree().texts.push_back(unit);
  }

  // The record of an analysis in which other scanners told of the last artifact.
  policy::Analysis Record() {
    const mail::ArtifactTree& tree = builder.tree();
    const mail::Artifact& last = tree.artifacts.back();
    policy::Analysis analysis;
    for (const mail::Artifact& artifact : tree.artifacts) {
      policy::ArtifactRecord record;
      record.path = artifact.path;
      if (!artifact.claimed_names.empty()) record.claimed_name = artifact.claimed_names.front();
      analysis.tree.push_back(record);
    }
    policy::Finding finding;
    finding.scanner = "filetype";
    finding.path = last.path;
    if (!last.claimed_names.empty())
      finding.evidence = base::EscapeLine(last.claimed_names.front() + " is text/html", 197);
    analysis.findings.push_back(finding);
    analysis.not_looked.push_back({"clamav", base::EscapeLine(last.path + ": no answer", 500)});
    for (const mail::TextUnit& unit : tree.texts) {
      if (unit.origin == mail::TextOrigin::kSubject) analysis.subject = unit.text;
    }
    scanner.Begin(policy::JobFacts());
    REQUIRE(scanner.Finish(tree, base::Deadline()).ok());
    scanner.Report(analysis);
    return analysis;
  }

  mail::TreeBuilder builder{"", 1 << 20};
  std::shared_ptr<ContentSession> session;
  ContentRulesScanner scanner;
};

std::string AllOf(const policy::Analysis& analysis) {
  std::string out = "subject=" + analysis.subject + "\n";
  for (const auto& record : analysis.tree)
    out += "node=" + record.path + "|" + record.claimed_name + "\n";
  for (const auto& finding : analysis.findings)
    out += "finding=" + finding.path + "|" + finding.evidence + "\n";
  for (const auto& item : analysis.not_looked) out += "reason=" + item.reason + "\n";
  return out;
}

bool Shows(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("record mask: a value whose characters were escaped in a path is hidden") {
  Scan scan;
  scan.Add("card " + std::string(kZeroWidth) + ".txt");
  const std::string all = AllOf(scan.Record());
  INFO(all);
  CHECK_FALSE(Shows(all, "5787"));
  CHECK_FALSE(Shows(all, "6362"));
  CHECK(Shows(all, "[payment_card].txt"));
  CHECK(Shows(all, "message > card "));
}

TEST_CASE("record mask: a value that a length limit cut is hidden, wherever the cut falls") {
  for (std::size_t before : {160U, 175U, 180U, 184U, 188U, 192U, 195U, 199U, 200U}) {
    Scan scan;
    // "x" would adjoin the number: a blank stands before it.
    scan.Add(std::string(before - 6, 'x') + " card " + std::string(kDigits) + " list.txt");
    const std::string all = AllOf(scan.Record());
    INFO(before << " " << all);
    CHECK_FALSE(Shows(all, kDigits.substr(0, 8)));
  }
}

TEST_CASE("record mask: a value escaped twice and cut is hidden in the reason") {
  Scan scan;
  scan.Add("a\\b\u200b card " + std::string(kZeroWidth) + "\\.txt");
  policy::Analysis record = scan.Record();
  INFO(AllOf(record));
  CHECK_FALSE(Shows(AllOf(record), "5787"));
  CHECK(Shows(record.not_looked.front().reason, "[payment_card]"));
}

TEST_CASE("record mask: full-width digits and the other case of an IBAN are hidden") {
  Scan scan;
  scan.Add("card \uFF14\uFF15\uFF13\uFF19 5787 6362 1486, iban de79 6639 2332 1468 8197 36.txt");
  policy::Analysis record = scan.Record();
  const std::string all = AllOf(record);
  INFO(all);
  CHECK_FALSE(Shows(all, "5787"));
  CHECK_FALSE(Shows(all, "6639"));
}

TEST_CASE("record mask: values that overlap are hidden as one") {
  RecordMask mask;
  mask.Add("12345678", "[a]");
  mask.Add("1234567890", "[b]");
  policy::Analysis analysis;
  analysis.subject = "x 1234567890 y 12345678 z";
  mask.Apply(analysis);
  CHECK(analysis.subject == "x [b] y [a] z");
}

TEST_CASE(
    "record mask: what a rule and a detector match in one text overlaps and is hidden whole") {
  rules::Bundle bundle;
  bundle.masking_key = std::string(32, 'k');
  bundle.rules.push_back({"t.yaml",
                          "id: R\nname: r\nscope: [filename]\n"
                          "match: {regex: 'd [0-9]{4} [0-9]{4} ', entropy: 0.1}\n",
                          false});
  auto rules = rules::RuleSet::Compile(bundle);
  REQUIRE(rules.ok());
  Scan scan(*rules);
  scan.Add("card 4539 5787 6362 1486.txt");
  const policy::Analysis record = scan.Record();
  INFO(AllOf(record));
  CHECK(record.tree[1].claimed_name == "car[rule.R].txt");
}

TEST_CASE("record mask: values are kept up to the cap, beyond it all digits go") {
  for (const std::size_t count :
       {RecordMask::kMaxValues - 1, RecordMask::kMaxValues, RecordMask::kMaxValues + 1}) {
    RecordMask mask;
    for (std::size_t i = 0; i < count; ++i) mask.Add("v" + std::to_string(100'000 + i), "[v]");
    mask.Add("v100000", "[v]");
    policy::Analysis analysis;
    analysis.subject = "9 v100000";
    mask.Apply(analysis);
    CHECK(analysis.subject == (count > RecordMask::kMaxValues ? "# [v]" : "9 [v]"));
  }
}

TEST_CASE("record mask: the name of a document's part with many digits is hidden") {
  Scan scan;
  scan.Add("word/" + std::string(kDigits) + ".xml", mail::ArtifactKind::kObject);
  const std::string all = AllOf(scan.Record());
  INFO(all);
  CHECK_FALSE(Shows(all, kDigits));
  Scan plain;
  plain.Add("word/document1.xml", mail::ArtifactKind::kObject);
  CHECK(Shows(AllOf(plain.Record()), "message > word/document1.xml"));
}

TEST_CASE(
    "record mask: text that was cut hides the digits of subject, names, paths, evidence, reasons") {
  Scan scan;
  scan.AddText(mail::TextOrigin::kSubject, "order 12 \u0661\u0662", 0);
  scan.Add("plan 2027.txt");
  scan.builder.tree().texts.back().truncated = true;
  const policy::Analysis record = scan.Record();
  CHECK(record.subject == "order ## ##");
  CHECK(record.tree[1].path == "message > plan ####.txt");
  CHECK(record.tree[1].claimed_name == "plan ####.txt");
  CHECK(record.findings[0].path == "message > plan ####.txt");
  CHECK(record.findings[0].evidence == "plan ####.txt is text/html");
  CHECK(record.not_looked[0].reason == "message > plan ####.txt: no answer");
}

TEST_CASE("record mask: a path keeps the numbers of parts, and a number hidden in one") {
  Scan scan;
  mail::Artifact& part = scan.builder.Add(0, mail::ArtifactKind::kPart);
  scan.builder.SetPath(part, 12);
  scan.AddText(mail::TextOrigin::kBody, "cut", part.id);
  scan.builder.tree().texts.back().truncated = true;
  scan.Add("part 123456");
  const policy::Analysis record = scan.Record();
  CHECK(record.tree[1].path == "message > part 12");
  CHECK(record.tree[2].path == "message > part ######");
}

TEST_CASE("record mask: text that was looked at whole keeps its harmless digits") {
  Scan scan;
  scan.AddText(mail::TextOrigin::kSubject, "order 12", 0);
  scan.Add("plan 2027.txt");
  const policy::Analysis record = scan.Record();
  CHECK(record.subject == "order 12");
  CHECK(record.findings[0].path == "message > plan 2027.txt");
  CHECK(record.findings[0].evidence == "plan 2027.txt is text/html");
}

namespace {

// Names that almost equal long values, each of which is compared with them at each byte.
struct AlmostEqual {
  AlmostEqual() {
    for (std::size_t i = 0; i < 10; ++i)
      mask.Add(std::string(400, 'a') + std::to_string(1'000'000'000 + i), "[v]");
    analysis.subject = "order 12";
    analysis.not_looked.push_back({"clamav", "message > part 2 > secret: no answer"});
    policy::Finding finding;
    finding.path = "message > part 2 > secret";
    finding.evidence = "secret";
    analysis.findings.push_back(finding);
    for (std::size_t i = 0; i < 10; ++i) {
      policy::ArtifactRecord record;
      record.path = "message > part 2 > " + Name();
      record.claimed_name = Name();
      analysis.tree.push_back(record);
    }
    analysis.tree[0].path = "message";
    analysis.tree[0].claimed_name = "";
  }
  static std::string Name() { return std::string(500, 'a') + "b"; }

  RecordMask mask;
  policy::Analysis analysis;
};

}  // namespace

TEST_CASE("record mask: names that almost equal many values cost no more than the budget") {
  constexpr std::uint64_t kSteps = 10'000;
  AlmostEqual made;
  CHECK(made.mask.Apply(made.analysis, kSteps) <= kSteps + AlmostEqual::Name().size());
  CHECK(made.analysis.subject == "order 12");
  CHECK(made.analysis.findings[0].path == "message > part 2 > secret");
  CHECK(made.analysis.tree[0].path == "message");
  CHECK(made.analysis.tree[0].claimed_name.empty());
  CHECK(made.analysis.tree[1].path == "message > part 2 > [name]");
  CHECK(made.analysis.tree[9].claimed_name == "[name]");
}

TEST_CASE("record mask: at its budget of steps all is shown, one step below the last text is not") {
  AlmostEqual whole;
  const std::uint64_t steps = whole.mask.Apply(whole.analysis);
  REQUIRE(steps > 1'000'000);
  for (const std::uint64_t max : {steps - 1, steps, steps + 1}) {
    AlmostEqual made;
    CHECK(made.mask.Apply(made.analysis, max) == steps);
    CHECK(made.analysis.tree[9].path == "message > part 2 > " + AlmostEqual::Name());
    CHECK(made.analysis.tree[9].claimed_name == (max < steps ? "[name]" : AlmostEqual::Name()));
  }
}

TEST_CASE("record mask: without steps left neither subject, evidence nor reason is shown") {
  AlmostEqual made;
  made.analysis.subject = "aaaa";
  made.mask.Apply(made.analysis, 0);
  CHECK(made.analysis.subject == "[hidden]");
  CHECK(made.analysis.not_looked[0].reason == "[hidden]");
  CHECK(made.analysis.findings[0].evidence == "[hidden]");
  CHECK(made.analysis.findings[0].path == "message > part 2 > [name]");
}

}  // namespace lazaret::scanners::test
