#include "scanners/clamav/engine.h"

#include <clamav.h>
#include <unistd.h>

#include <fstream>

#include "base/crypto.h"
#include "base/format.h"
#include "base/signature_files.h"
#include "scanners/clamav/huge_pages.h"
#include "scanners/clamav/scan_call.h"

namespace lazaret::scanners {
namespace {

using base::Error;
using base::ErrorCode;
using base::HashSignatures;
using base::ListSignatures;
using base::NoDatabase;
using base::SignatureFile;
using base::Status;

// Assembled at run time, so that neither this source nor the program is taken for the test file.
std::string TestFileHex() {
  const std::string text = std::string("X5O!P%@AP[4\\PZX54(P^)7CC)7}$") + "EICAR-STANDARD-" +
                           "ANTIVIRUS-TEST-FILE!$H+H*";
  return base::Hex(text);
}

// The test file near the start of any object (people paste it below a line of text), and the hash
// of the file in Debian's package clamav-testfiles.
Status LoadBuiltin(cl_engine* engine, const std::string& tmp_dir, unsigned& count) {
  struct Builtin {
    const char* name;
    std::string line;
  };
  const Builtin files[] = {
      {"/lazaret-builtin.ndb", "Eicar-Test-Signature:0:0,4096:" + TestFileHex() + "\n"},
      {"/lazaret-builtin.hdb", "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File\n"},
  };
  for (const Builtin& file : files) {
    const std::string path = tmp_dir + file.name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << file.line << std::flush;
    const cl_error_t code = cl_load(path.c_str(), engine, &count, CL_DB_STDOPT);
    ::unlink(path.c_str());
    if (code != CL_SUCCESS)
      return Error{ErrorCode::kInternal, "built-in signatures: " + std::string(cl_strerror(code))};
  }
  return base::Ok();
}

enum class Faults { kLibraryDecides, kRefused };

// libclamav leaves out a YARA rule that it cannot read, and says so on its error channel alone.
Status LoadPlace(cl_engine* engine, const std::string& place, unsigned& count, Faults faults) {
  TakeLibraryErrors();
  const cl_error_t code = cl_load(place.c_str(), engine, &count, CL_DB_STDOPT);
  const std::string detail = TakeLibraryErrors();
  if (code == CL_SUCCESS && (faults == Faults::kLibraryDecides || detail.empty()))
    return base::Ok();
  std::string why = code == CL_SUCCESS ? "" : std::string(cl_strerror(code));
  if (!detail.empty()) why += (why.empty() ? "" : ": ") + detail;
  return Error{ErrorCode::kInvalid, place + ": libclamav refuses it: " + why};
}

Status ApplyLimits(cl_engine* engine, const ClamavOptions& options) {
  const struct {
    cl_engine_field field;
    long long value;
  } settings[] = {
      {CL_ENGINE_MAX_SCANSIZE, static_cast<long long>(options.max_scan_bytes)},
      {CL_ENGINE_MAX_FILESIZE, static_cast<long long>(options.max_file_bytes)},
      {CL_ENGINE_MAX_FILES, options.max_files},
      {CL_ENGINE_MAX_RECURSION, options.max_recursion},
      {CL_ENGINE_MAX_SCANTIME, options.max_scan_millis},
      // Its clean cache hides objects inside containers it has seen before.
      {CL_ENGINE_DISABLE_CACHE, 1},
      {CL_ENGINE_FORCETODISK, 0},
  };
  for (const auto& setting : settings) {
    if (cl_engine_set_num(engine, setting.field, setting.value) != CL_SUCCESS) {
      return Error{ErrorCode::kInternal, "libclamav refuses a limit"};
    }
  }
  return base::Ok();
}

std::string LimitsText(const ClamavOptions& options) {
  return base::Format("{} {} {} {} {}", options.max_scan_bytes, options.max_file_bytes,
                      options.max_files, options.max_recursion, options.max_scan_millis);
}

}  // namespace

struct ClamavEngine::Sources {
  std::vector<SignatureFile> database;
  std::vector<SignatureFile> own;
};

base::Result<ClamavEngine::Sources> ClamavEngine::FindSources(const ClamavOptions& options) {
  Sources sources;
  LAZARET_ASSIGN(sources.database, ListSignatures(options.database));
  LAZARET_ASSIGN(sources.own, ListSignatures(options.signatures_dir));
  if (sources.database.empty() && !options.builtin_only) return NoDatabase(options.database);
  return sources;
}

ClamavEngine::~ClamavEngine() {
  if (engine_ != nullptr) cl_engine_free(engine_);
}

Status ClamavEngine::LoadSignatures(const Sources& sources) {
  engine_ = cl_engine_new();
  if (engine_ == nullptr)
    return Error{ErrorCode::kUnavailable, "libclamav: no memory for an engine"};
  LAZARET_TRY(ApplyLimits(engine_, options_));
  if (options_.matcher == Matcher::kAutomaton &&
      cl_engine_set_num(engine_, CL_ENGINE_AC_ONLY, 1) != CL_SUCCESS)
    return Error{ErrorCode::kInternal, "libclamav refuses its automaton alone"};
  LAZARET_TRY(UseTempDir(options_.tmp_dir));
  LAZARET_TRY(LoadBuiltin(engine_, options_.tmp_dir, count_));
  if (!sources.database.empty())
    LAZARET_TRY(LoadPlace(engine_, options_.database, count_, Faults::kLibraryDecides));
  if (!sources.own.empty())
    LAZARET_TRY(LoadPlace(engine_, options_.signatures_dir, count_, Faults::kRefused));
  return base::Ok();
}

Status ClamavEngine::NoteContents(const Sources& sources) {
  std::vector<SignatureFile> all = sources.database;
  all.insert(all.end(), sources.own.begin(), sources.own.end());
  LAZARET_ASSIGN(const std::string hash, HashSignatures(all));
  LAZARET_ASSIGN(const Sources after, FindSources(options_));
  if (after.database != sources.database || after.own != sources.own) {
    return Error{ErrorCode::kUnavailable, options_.database + ": changed while it was read"};
  }
  contents_ = hash;
  snapshot_id_ = base::Hex(base::AsBytes(base::Sha256(hash + LimitsText(options_) + cl_retver())));
  for (const SignatureFile& file : sources.database)
    newest_ = std::max(newest_, file.modified_nanos / 1'000'000'000);
  return base::Ok();
}

base::Result<std::unique_ptr<ClamavEngine>> ClamavEngine::Load(const ClamavOptions& options) {
  if (const cl_error_t code = cl_init(CL_INIT_DEFAULT); code != CL_SUCCESS) {
    return Error{ErrorCode::kInternal, std::string("cl_init: ") + cl_strerror(code)};
  }
  ListenToLibrary();
  LAZARET_ASSIGN(const Sources sources, FindSources(options));
  std::unique_ptr<ClamavEngine> loaded(new ClamavEngine());
  loaded->options_ = options;
  LAZARET_TRY(loaded->LoadSignatures(sources));
  if (const cl_error_t code = cl_engine_compile(loaded->engine_); code != CL_SUCCESS) {
    return Error{ErrorCode::kInvalid,
                 std::string("libclamav cannot compile the signatures: ") + cl_strerror(code)};
  }
  LAZARET_TRY(loaded->NoteContents(sources));
  InstallCallbacks(loaded->engine_);
  if (options.huge_pages) CollapseHeapIntoHugePages();
  loaded->description_ =
      base::Format("libclamav {}, {} signatures{}", cl_retver(), loaded->count_,
                   sources.database.empty() ? ", built-in test signatures only" : "");
  return loaded;
}

Status ClamavEngine::UseTempDir(const std::string& folder) {
  if (cl_engine_set_str(engine_, CL_ENGINE_TMPDIR, folder.c_str()) != CL_SUCCESS) {
    return Error{ErrorCode::kInternal, "libclamav refuses the temporary folder " + folder};
  }
  return base::Ok();
}

}  // namespace lazaret::scanners
