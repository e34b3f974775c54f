// What is wrong between an artifact's names, its declared type and its content. Pure: no I/O after
// PreloadFileTypes. A scanner turns problems into findings.
#ifndef LAZARET_MAIL_FILETYPE_JUDGE_H_
#define LAZARET_MAIL_FILETYPE_JUDGE_H_

#include <string>
#include <vector>

#include "mail/model/artifact.h"

namespace lazaret::mail {

enum class ProblemSeverity { kLow, kMedium, kHigh, kCritical };

// Codes: file.executable-disguised, file.dangerous-extension, file.double-extension,
// file.bidi-name, file.disguised-extension, file.type-mismatch, file.macro-document,
// file.executable-content, file.active-html, file.active-svg, file.script-as-text.
struct TypeProblem {
  std::string code;
  std::string detail;  // one line, escaped
  ProblemSeverity severity = ProblemSeverity::kLow;
};

// At most one problem of each code, the worst over all claimed names. Multiparts are judged by
// the spelling of their names only, messages by their names, members of documents (kind object) by
// content only.
std::vector<TypeProblem> JudgeType(const Artifact& artifact);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_JUDGE_H_
