#include <algorithm>
#include <vector>

#include "app/lazaret/log_parts.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

// Deep enough for every real message; deeper nodes are shown at this indentation.
constexpr std::size_t kDeepestIndent = 20;

class Explanation {
 public:
  Explanation(const db::StoredVerdict& stored, LogStreams& streams)
      : event_(stored.event), streams_(streams) {}

  void Write() {
    WriteHead();
    WriteTree();
    WriteLooked();
    for (const policy::RecipientVerdict& one : event_.verdict.recipients) WriteRecipient(one);
  }

 private:
  void WriteHead() {
    const policy::Verdict& verdict = event_.verdict;
    streams_.out << base::EscapeLine(event_.verdict_id) << "  " << streams_.paint.Class(verdict.cls)
                 << " -> " << streams_.paint.Bold(policy::Name(verdict.action)) << "\n";
    streams_.out << WhySentence(verdict) << "\n";
    if (verdict.observed && verdict.wanted != verdict.action) {
      streams_.out << "observed: without observe mode it would have been "
                   << policy::Name(verdict.wanted) << "\n";
    }
    if (!verdict.reason.empty()) {
      streams_.out << "reason: " << base::EscapeLine(verdict.reason) << "\n";
    }
    streams_.out << "judged by generation " << Shown(event_.generation) << ", engine "
                 << Shown(event_.engine) << ", confinement " << Shown(event_.confinement) << "\n";
  }

  std::size_t DepthOf(std::size_t node) const {
    std::size_t depth = 0;
    while (node != 0 && depth < kDeepestIndent) {
      node = event_.analysis.tree[node].parent;
      if (node >= event_.analysis.tree.size()) break;
      ++depth;
    }
    return depth;
  }

  void WriteTree() {
    streams_.out << "\n" << streams_.paint.Bold("What was found where") << "\n";
    const auto& tree = event_.analysis.tree;
    std::vector<std::vector<const policy::Finding*>> at(tree.size());
    for (const policy::Finding& finding : event_.verdict.findings) {
      if (finding.artifact < tree.size()) at[finding.artifact].push_back(&finding);
    }
    for (std::size_t i = 0; i < tree.size(); ++i) {
      const std::string indent(2 + 2 * DepthOf(i), ' ');
      streams_.out << indent << Shown(LastStep(tree[i])) << "  "
                   << streams_.paint.Dim(TypeOf(tree[i])) << "\n";
      for (const policy::Finding* finding : at[i]) WriteFinding(indent + "  ", *finding);
    }
    for (const policy::Finding& finding : event_.verdict.findings) {
      if (finding.artifact >= tree.size()) WriteFinding("  ", finding);
    }
    if (tree.empty() && event_.verdict.findings.empty()) streams_.out << "  nothing\n";
  }

  static std::string LastStep(const policy::ArtifactRecord& node) {
    const std::size_t arrow = node.path.rfind(" > ");
    return arrow == std::string::npos ? node.path : node.path.substr(arrow + 3);
  }

  static std::string TypeOf(const policy::ArtifactRecord& node) {
    return base::Format("{} bytes, declared {}, detected {}", node.size, Shown(node.declared_type),
                        Shown(node.detected_type));
  }

  void WriteFinding(const std::string& indent, const policy::Finding& finding) {
    // The class is that of the worst finding; a shadow rule never counts.
    const bool decides = finding.cls == event_.verdict.cls && !finding.shadow;
    streams_.out << indent << (decides ? "! " : "- ") << base::EscapeLine(finding.code) << "  "
                 << streams_.paint.Class(finding.cls) << "  " << policy::Name(finding.severity)
                 << "/" << policy::Name(finding.confidence);
    if (!finding.rule.empty()) streams_.out << "  rule " << base::EscapeLine(finding.rule);
    if (finding.count > 1) streams_.out << "  x" << finding.count;
    if (finding.shadow) streams_.out << "  (shadow)";
    if (!finding.evidence.empty()) {
      // Words from the mail stand in quotes of their own already.
      const char* quote = finding.evidence[0] == '"' ? "" : "\"";
      streams_.out << "  " << quote << base::EscapeLine(finding.evidence, 200) << quote;
    }
    streams_.out << "\n";
  }

  void WriteLooked() {
    streams_.out << "\n" << streams_.paint.Bold("Who looked") << "\n  looked:";
    for (const std::string& one : event_.analysis.looked) {
      streams_.out << " " << base::EscapeLine(one);
    }
    if (event_.analysis.looked.empty()) streams_.out << " none";
    streams_.out << "\n";
    for (const policy::NotLooked& one : event_.analysis.not_looked) {
      streams_.out << "  " << streams_.paint.Bad("could not look") << ": "
                   << base::EscapeLine(one.scanner) << ": " << Shown(one.reason) << "\n";
    }
  }

  void WriteRecipient(const policy::RecipientVerdict& one) {
    streams_.out << "\n"
                 << streams_.paint.Bold(Shown(one.recipient)) << ": " << policy::Name(one.action)
                 << ", by "
                 << (one.block.empty() ? std::string("the defaults")
                                       : base::Format("block {} ({})", base::EscapeLine(one.block),
                                                      Shown(one.block_origin)))
                 << (one.observed ? ", observed only" : "") << "\n";
    if (one.steps.empty()) streams_.out << "  no finding asked for anything\n";
    for (const policy::Step& step : one.steps) WriteStep(one, step);
    const policy::Action carried_out = event_.verdict.action;
    if (one.action == carried_out) return;
    streams_.out << "  the message got " << policy::Name(carried_out)
                 << (one.observed ? ": for this one observe mode is on\n"
                                  : ": the strictest recipient decides for all\n");
  }

  void WriteStep(const policy::RecipientVerdict& one, const policy::Step& step) {
    const bool shadow = step.source == policy::StepSource::kShadow;
    const bool wins = step.action == one.action && !shadow;
    const auto& findings = event_.verdict.findings;
    const std::string code =
        step.finding < findings.size() ? Shown(findings[step.finding].code) : "-";
    const bool by_itself = step.source == policy::StepSource::kRule && step.key.empty();
    const std::string who =
        by_itself ? "Lazaret itself"
                  : base::Format("{} {}", policy::Name(step.source), base::EscapeLine(step.key));
    streams_.out << (wins ? "  wins   " : "  loses  ")
                 << base::Format("{:<10}  {}  by {}\n", policy::Name(step.action), code, who);
  }

  const db::DecisionEvent& event_;
  LogStreams& streams_;
};

}  // namespace

int RunExplain(const db::StoredVerdict& stored, LogStreams& streams) {
  if (!stored.fault.empty()) {
    streams.err << "lazaret: event " << stored.seq << " cannot be read: " << stored.fault << "\n";
    return kLogUsage;
  }
  Explanation(stored, streams).Write();
  return kLogFine;
}

}  // namespace lazaret::cli
