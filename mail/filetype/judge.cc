#include "mail/filetype/judge.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "mail/filetype/active_content.h"
#include "mail/filetype/dangerous_extensions.h"
#include "mail/filetype/family.h"
#include "mail/filetype/file_name.h"
#include "mail/filetype/mime_database.h"
#include "mail/filetype/text_sniff.h"

namespace lazaret::mail {
namespace {

using Severity = ProblemSeverity;

constexpr std::size_t kMaxDetail = 197;  // EscapeLine adds "..."

// What a double extension pretends to be.
constexpr std::array<std::string_view, 42> kHarmless{
    "pdf",  "doc",  "docx", "xls",  "xlsx", "ppt", "pptx", "odt",  "ods", "rtf", "txt",
    "csv",  "log",  "htm",  "html", "xml",  "jpg", "jpeg", "png",  "gif", "bmp", "tif",
    "tiff", "webp", "svg",  "heic", "mp3",  "mp4", "avi",  "mov",  "wav", "mkv", "zip",
    "rar",  "7z",   "gz",   "eml",  "msg",  "ics", "vcf",  "jfif", "docm"};

bool IsHarmless(std::string_view extension) {
  return std::find(kHarmless.begin(), kHarmless.end(), extension) != kHarmless.end();
}

bool IsTextual(Family family) {
  return family == Family::kText || family == Family::kHtml || family == Family::kScript ||
         family == Family::kMessage || family == Family::kShortcut || family == Family::kCrypto;
}

constexpr std::string_view kBinaryShortcut = "application/x-ms-shortcut";

bool IsActive(Family family) {
  return family == Family::kExecutable || family == Family::kScript || family == Family::kShortcut;
}

Severity SeverityOf(DangerLevel level) {
  switch (level) {
    case DangerLevel::kExecutable:
    case DangerLevel::kScript:
    case DangerLevel::kShortcut:
      return Severity::kHigh;
    case DangerLevel::kContainer:
    case DangerLevel::kMacro:
    case DangerLevel::kDoubtful:
      return Severity::kMedium;
  }
  return Severity::kMedium;
}

class Judge {
 public:
  explicit Judge(const Artifact& artifact)
      : artifact_(artifact), detected_(FamilyOf(artifact.detected_type)) {}

  std::vector<TypeProblem> Run() {
    if (artifact_.multipart) {
      // A message is saved under its name, whatever it holds; a multipart never is.
      const bool message = artifact_.kind == ArtifactKind::kMessage;
      for (const std::string& name : artifact_.claimed_names) {
        if (message) {
          JudgeName(name);
        } else {
          JudgeSpelling(name, ParseFileName(name));
        }
      }
      return std::move(problems_);
    }
    if (artifact_.kind != ArtifactKind::kObject) {
      for (const std::string& name : artifact_.claimed_names) JudgeName(name);
    }
    JudgeContent();
    return std::move(problems_);
  }

 private:
  void Add(const char* code, Severity severity, std::string_view detail) {
    for (TypeProblem& problem : problems_) {
      if (problem.code != code) continue;
      if (problem.severity < severity) {
        problem.severity = severity;
        problem.detail = base::EscapeLine(detail, kMaxDetail);
      }
      return;
    }
    problems_.push_back(TypeProblem{code, base::EscapeLine(detail, kMaxDetail), severity});
  }

  void JudgeName(const std::string& name) {
    const FileName file = ParseFileName(name);
    const auto danger = Danger(name, file);
    JudgeSpelling(name, file);
    if (danger) {
      Add("file.dangerous-extension", SeverityOf(*danger),
          base::Format(".{} ({}): {}", file.extension, DangerName(*danger), name));
      if (IsHarmless(file.inner) && *danger != DangerLevel::kMacro) {
        Add("file.double-extension", Severity::kHigh, name);
      }
      if (file.padded || file.trailing_junk) {
        Add("file.disguised-extension", Severity::kHigh, name);
      }
    }
    JudgeMismatch(name, file, danger);
  }

  // "someone@example.com" is a mailbox used as a file name, not a DOS program.
  static std::optional<DangerLevel> Danger(const std::string& name, const FileName& file) {
    const auto danger = DangerOf(file.extension);
    const bool domain = file.extension == "com" || file.extension == "app";
    if (danger && domain && name.find('@') != std::string::npos) return std::nullopt;
    return danger;
  }

  void JudgeSpelling(const std::string& name, const FileName& file) {
    if (file.reordering) {
      Add("file.bidi-name", Severity::kHigh, name);
    } else if (file.control) {
      Add("file.bidi-name", Severity::kMedium, name);
    } else if (file.invisible) {
      Add("file.bidi-name", Severity::kLow, name);
    }
  }

  void JudgeMismatch(const std::string& name, const FileName& file,
                     std::optional<DangerLevel> danger) {
    if (detected_ == Family::kUnknown || file.extension.empty()) return;
    const auto& types = SystemMimeDatabase().TypesOf(file.extension);
    if (detected_ == Family::kExecutable && !MayBeExecutable(file, danger)) {
      Add("file.executable-disguised", Severity::kCritical,
          base::Format("{} is {}", name, artifact_.detected_type));
      return;
    }
    // An extension that says the worst needs no second finding.
    if (types.empty() || (danger && SeverityOf(*danger) >= Severity::kHigh)) return;
    const bool fits = std::any_of(types.begin(), types.end(),
                                  [&](const std::string& type) { return Fits(type); });
    if (fits) return;
    const Family claimed = FamilyOf(SystemMimeDatabase().Canonical(types.front()));
    Add("file.type-mismatch", MismatchSeverity(claimed),
        base::Format("{} is {} ({})", name, artifact_.detected_type, FamilyName(detected_)));
  }

  static bool MayBeExecutable(const FileName& file, std::optional<DangerLevel> danger) {
    if (danger == DangerLevel::kExecutable) return true;
    constexpr std::array<std::string_view, 12> kPrograms{
        "so", "o", "bin", "class", "dylib", "war", "ear", "efi", "wasm", "swf", "tmp", "dat"};
    const bool known =
        std::find(kPrograms.begin(), kPrograms.end(), file.extension) != kPrograms.end();
    // An unknown extension hides nothing that its owner could not see: JudgeContent still reports
    // it.
    return known || (!danger && SystemMimeDatabase().TypesOf(file.extension).empty());
  }

  // May a file of `type` look like this content?
  bool Fits(const std::string& type) const {
    const MimeDatabase& database = SystemMimeDatabase();
    const std::string& detected = artifact_.detected_type;
    if (database.IsA(type, detected) || database.IsA(detected, type)) return true;
    const Family family = FamilyOf(database.Canonical(type));
    if (family == Family::kUnknown || family == detected_) return true;
    if (IsTextual(family) && IsTextual(detected_) && detected != kBinaryShortcut) return true;
    const bool documents = (family == Family::kDocument || family == Family::kMacroDocument) &&
                           (detected_ == Family::kDocument || detected_ == Family::kMacroDocument);
    const bool media = (family == Family::kAudio || family == Family::kVideo) &&
                       (detected_ == Family::kAudio || detected_ == Family::kVideo);
    // Svg, vector and icon sources are text; signatures come bare or armoured.
    const bool vector = family == Family::kImage && detected_ == Family::kText && artifact_.text;
    const bool package = family == Family::kArchive && detected_ == Family::kExecutable;
    return documents || media || vector || package || family == Family::kCrypto;
  }

  Severity MismatchSeverity(Family claimed) const {
    const bool binary = artifact_.detected_type == kBinaryShortcut;
    if (IsActive(detected_) && (binary || !IsTextual(claimed))) return Severity::kHigh;
    if (detected_ == Family::kHtml || detected_ == Family::kArchive ||
        detected_ == Family::kDiskImage) {
      return Severity::kMedium;
    }
    return Severity::kLow;
  }

  void JudgeContent() {
    if (detected_ == Family::kMacroDocument) {
      Add("file.macro-document", Severity::kMedium, artifact_.detected_type);
    }
    const Family declared = FamilyOf(artifact_.declared_type);
    const bool program =
        detected_ == Family::kExecutable || artifact_.detected_type == kBinaryShortcut;
    const bool passive = declared == Family::kImage || declared == Family::kAudio ||
                         declared == Family::kVideo || declared == Family::kPdf ||
                         declared == Family::kText;
    if (passive && program) {
      Add("file.executable-disguised", Severity::kCritical,
          base::Format("declared {}, is {}", artifact_.declared_type, artifact_.detected_type));
    }
    // A program that no name gives away.
    if (program && problems_.empty()) {
      Add("file.executable-content", Severity::kHigh, artifact_.detected_type);
    }
    JudgeMarkup();
    JudgeScript();
  }

  bool HasExtension(std::initializer_list<std::string_view> extensions) const {
    return std::any_of(artifact_.claimed_names.begin(), artifact_.claimed_names.end(),
                       [&](const std::string& name) {
                         const std::string extension = ParseFileName(name).extension;
                         return std::find(extensions.begin(), extensions.end(), extension) !=
                                extensions.end();
                       });
  }

  // A file of its own, not a body that the mail program shows without its scripts.
  bool IsAttached() const {
    return artifact_.kind == ArtifactKind::kMember || artifact_.disposition == "attachment" ||
           (artifact_.kind == ArtifactKind::kPart && !artifact_.claimed_names.empty());
  }

  void JudgeMarkup() {
    if (!artifact_.text) return;
    const bool svg = artifact_.detected_type == "image/svg+xml" ||
                     artifact_.declared_type == "image/svg+xml" || HasExtension({"svg"});
    const bool html = detected_ == Family::kHtml ||
                      FamilyOf(artifact_.declared_type) == Family::kHtml ||
                      HasExtension({"htm", "html", "shtml", "xhtml", "xht"});
    if (!svg && !(html && IsAttached())) return;
    const std::string what = FindActiveMarkup(artifact_.content);
    if (what.empty()) return;
    Add(svg ? "file.active-svg" : "file.active-html", Severity::kMedium, what);
  }

  void JudgeScript() {
    if (detected_ != Family::kScript && detected_ != Family::kShortcut) return;
    if (!artifact_.text ||
        !HasExtension({"txt", "text", "log", "csv", "asc", "ini", "cfg", "dat"})) {
      return;
    }
    if (!BeginsAsProgram(artifact_.content)) return;
    Add("file.script-as-text", Severity::kLow,
        base::Format("{} is {}", artifact_.claimed_names.front(), artifact_.detected_type));
  }

  const Artifact& artifact_;
  Family detected_;
  std::vector<TypeProblem> problems_;
};

}  // namespace

std::vector<TypeProblem> JudgeType(const Artifact& artifact) { return Judge(artifact).Run(); }

}  // namespace lazaret::mail
