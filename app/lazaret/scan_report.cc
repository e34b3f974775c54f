#include "app/lazaret/scan_report.h"

#include "app/lazaret/shown_action.h"
#include "base/format.h"
#include "base/json.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

bool IsUnscanned(const policy::Finding& finding) {
  return finding.cls == policy::Class::kUnscannable || finding.cls == policy::Class::kError;
}

void WriteFinding(base::JsonWriter& json, const policy::Finding& finding) {
  json.BeginObject();
  json.Field("code", finding.code);
  json.Field("rule", finding.rule);
  json.Field("scanner", finding.scanner);
  json.Field("path", finding.path);
  json.Field("class", policy::Name(finding.cls));
  json.Field("severity", policy::Name(finding.severity));
  json.Field("confidence", policy::Name(finding.confidence));
  json.Field("count", finding.count);
  json.Field("evidence", finding.evidence);
  if (finding.shadow) json.Field("shadow", true);
  json.EndObject();
}

void WriteUnscanned(base::JsonWriter& json, const policy::Finding& finding) {
  json.BeginObject();
  json.Field("path", finding.path);
  json.Field("reason",
             finding.evidence.empty() ? finding.code : finding.code + ": " + finding.evidence);
  json.Field("kind", policy::Name(finding.cls));
  json.EndObject();
}

const char* ColorOf(policy::Class cls) {
  switch (cls) {
    case policy::Class::kClean:
      return "\x1b[32m";
    case policy::Class::kSuspicious:
    case policy::Class::kAmbiguous:
    case policy::Class::kPolicy:
      return "\x1b[33m";
    case policy::Class::kUnscannable:
    case policy::Class::kError:
    case policy::Class::kMalicious:
      return "\x1b[31m";
  }
  return "";
}

}  // namespace

std::string ScanJson(const ScanOutcome& outcome) {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("v", 1);
  json.Field("file", outcome.file);
  json.Field("class", policy::Name(outcome.verdict.cls));
  json.Field("action", policy::Name(outcome.verdict.action));
  json.Key("findings");
  json.BeginArray();
  for (const policy::Finding& finding : outcome.verdict.findings) WriteFinding(json, finding);
  json.EndArray();
  json.Key("unscanned");
  json.BeginArray();
  for (const policy::Finding& finding : outcome.verdict.findings) {
    if (IsUnscanned(finding)) WriteUnscanned(json, finding);
  }
  json.EndArray();
  json.Field("generation", outcome.generation);
  json.Field("ms", outcome.millis);
  json.EndObject();
  return json.text() + "\n";
}

std::string ScanText(const ScanOutcome& outcome, bool color) {
  const char* on = color ? ColorOf(outcome.verdict.cls) : "";
  const char* off = color ? "\x1b[0m" : "";
  std::string out =
      base::Format("{}: {}{}{}, {}\n", base::EscapeLine(outcome.file, 4096), on,
                   policy::Name(outcome.verdict.cls), off, ShownAction(outcome.verdict));
  for (const policy::Finding& finding : outcome.verdict.findings) {
    std::string rule = finding.rule.empty() ? "" : " " + base::EscapeLine(finding.rule, 200);
    std::string evidence =
        finding.evidence.empty() ? "" : ": " + base::EscapeLine(finding.evidence, 300);
    out += base::Format("  {} {}{} [{}, {}{}] in {}{}\n", policy::Name(finding.cls), finding.code,
                        rule, policy::Name(finding.severity), policy::Name(finding.confidence),
                        finding.shadow ? ", shadow" : "", base::EscapeLine(finding.path, 500),
                        evidence);
  }
  return out;
}

int ScanExitCode(policy::Class cls) {
  switch (cls) {
    case policy::Class::kClean:
      return 0;
    case policy::Class::kError:
      return 3;
    case policy::Class::kSuspicious:
    case policy::Class::kAmbiguous:
    case policy::Class::kPolicy:
    case policy::Class::kUnscannable:
    case policy::Class::kMalicious:
      return 1;
  }
  return 3;
}

int WorseExitCode(int a, int b) {
  const auto rank = [](int code) { return code == 2 ? 3 : code == 3 ? 2 : code; };
  return rank(a) >= rank(b) ? a : b;
}

}  // namespace lazaret::cli
