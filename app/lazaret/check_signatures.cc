#include "app/lazaret/check_signatures.h"

#include <filesystem>
#include <string>
#include <string_view>

#include "app/lazaret/analyzer_session.h"
#include "base/crypto.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMaxShownBytes = 400;
constexpr std::size_t kKeyBytes = 32;

// What libclamav would load as a database.
bool HoldsSignatures(const std::string& folder) {
  static constexpr std::string_view kEndings[] = {".cvd", ".cld", ".cud",  ".hdb", ".hsb",
                                                  ".mdb", ".msb", ".ndb",  ".ldb", ".cdb",
                                                  ".ftm", ".yar", ".yara", ".db"};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string ending = entry.path().extension().string();
    for (const std::string_view known : kEndings) {
      if (ending == known) return true;
    }
  }
  return false;
}

// Nothing but the built-in policy: a wrong rule is said elsewhere and must not hide a signature.
config::GenerationBundle WithoutRules() {
  config::GenerationBundle bundle;
  bundle.documents.push_back({config::DocumentKind::kPolicy, "policy.yaml", "shipped policy.yaml",
                              std::string(config::ShippedPolicyText())});
  bundle.masking_key = base::RandomBytes(kKeyBytes);
  bundle.masking_key_id = "00000000";
  return bundle;
}

}  // namespace

void CheckSignatures(const config::Config& config, bool load, std::ostream& out,
                     CheckNotes& notes) {
  const bool database = HoldsSignatures(config.clamav.database);
  const std::string folder = base::EscapeLine(config.clamav.database, kMaxShownBytes);
  if (!database && !config.clamav.builtin_only) {
    notes.faults.push_back(folder +
                           ": no signature database (run freshclam, set clamav.database, or "
                           "clamav.builtin_only: true for a trial)");
    return;
  }
  const std::string what =
      database ? folder : "built-in test signatures only (clamav.builtin_only)";
  if (!load) {
    out << "signatures: " << what << "; not loaded (--no-signatures), so not judged\n";
    return;
  }
  const auto session =
      AnalyzerSession::Start(config, WithoutRules(), AnalyzerSession::Words::kReturned);
  if (session.ok()) {
    out << "signatures: " << what << "; loaded, with those of "
        << base::EscapeLine(config.clamav.signatures_dir, kMaxShownBytes) << "\n";
  } else {
    notes.faults.push_back("signatures: " + session.error().text);
  }
}

}  // namespace lazaret::cli
