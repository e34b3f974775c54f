// One loaded libclamav engine: loaded in the engine zygote, shared by fork with every worker. Not
// thread-safe; each process has one thread. libclamav's own types do not leave this folder.
#ifndef LAZARET_SCANNERS_CLAMAV_ENGINE_H_
#define LAZARET_SCANNERS_CLAMAV_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct cl_engine;

namespace lazaret::scanners {

// How libclamav looks for byte patterns of files in general and of programs. kAutomaton puts all
// into its automaton: one pass. kCombined is its own default: a pass more, by Boyer-Moore, for
// fixed patterns. Both see the same; which is cheaper: docs/decisions/005-matcher.md.
enum class Matcher : std::uint8_t { kAutomaton, kCombined };

// Limits keep one message from costing minutes; libclamav reports each one reached, and the scanner
// turns that into class unscannable (or error for time). Figures: docs/operations.md.
struct ClamavOptions {
  std::string database;        // folder of freshclam, or one file
  std::string signatures_dir;  // own signatures and YARA files beside it; may be absent
  bool builtin_only = false;   // go on without a database
  std::string tmp_dir;  // exists and is writable; holds the built-in signatures while loading
  std::uint64_t max_scan_bytes = 400U << 20;
  std::uint64_t max_file_bytes = 100U << 20;
  std::uint32_t max_files = 2000;  // stops 9 000 tiny files in a zip (13 s of CPU)
  std::uint32_t max_recursion = 17;
  std::uint32_t max_scan_millis = 20'000;  // of all calls for one message together
  Matcher matcher = Matcher::kAutomaton;
  bool huge_pages =
      true;  // collapse the engine into huge pages after loading, where the kernel can
};

class ClamavEngine {
 public:
  // kNotFound when there is no database and builtin_only is not set; kInvalid when libclamav
  // refuses a file, or when the folder changed while it was read. The built-in test signatures are
  // always there.
  static base::Result<std::unique_ptr<ClamavEngine>> Load(const ClamavOptions& options);
  ClamavEngine(const ClamavEngine&) = delete;
  ClamavEngine& operator=(const ClamavEngine&) = delete;
  ~ClamavEngine();

  // Where this process puts temporary files. An unusable folder makes libclamav answer "clean" for
  // everything; the scanner's witness is what notices.
  base::Status UseTempDir(const std::string& folder);

  // "libclamav 1.4.6, 4680002 signatures", for people.
  const std::string& Description() const { return description_; }
  // Newest file of the database, seconds since 1970; 0 without one. Own signatures do not count:
  // one written today makes no old database young.
  std::int64_t NewestSignatureTime() const { return newest_; }
  // Hex SHA-256 over names and contents of all files loaded: HashSignatures.
  const std::string& ContentsHash() const { return contents_; }
  // SHA-256 over that and the limits.
  const std::string& SnapshotId() const { return snapshot_id_; }

  const ClamavOptions& options() const { return options_; }
  cl_engine* raw() const { return engine_; }

 private:
  ClamavEngine() = default;
  struct Sources;
  static base::Result<Sources> FindSources(const ClamavOptions& options);
  base::Status LoadSignatures(const Sources& sources);
  base::Status NoteContents(const Sources& sources);

  cl_engine* engine_ = nullptr;
  ClamavOptions options_;
  unsigned count_ = 0;
  std::string description_;
  std::string contents_;
  std::string snapshot_id_;
  std::int64_t newest_ = 0;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_ENGINE_H_
