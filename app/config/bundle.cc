#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>

#include "app/config/config.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMasterKeyBytes = 32;
constexpr int kReads = 5;  // of files that change while they are read

// Whether a missing path is fine.
enum class Missing { kAllowed, kError };

class BundleReader {
 public:
  base::Status AddFile(DocumentKind kind, const std::string& path);
  base::Status AddFolder(DocumentKind kind, const std::string& folder, Missing missing);
  // A file, or a folder of rules.
  base::Status AddPath(const std::string& path);
  base::Status Add(BundleDocument document);
  GenerationBundle Take() { return std::move(bundle_); }
  // kUnavailable when a file is not what it was when it was read.
  base::Status CheckUnchanged() const;

 private:
  bool IsNew(const std::string& path);

  struct Read {
    std::string path;
    struct stat status {};
  };

  GenerationBundle bundle_;
  std::vector<Read> read_;
  std::set<std::pair<dev_t, ino_t>> files_;
  std::size_t bytes_ = 0;
};

base::Status BundleReader::Add(BundleDocument document) {
  bytes_ += document.text.size();
  if (bundle_.documents.size() >= kMaxBundleDocuments) {
    return base::Error{base::ErrorCode::kLimit,
                       base::Format("{}: more than {} files of rules and lists", document.origin,
                                    kMaxBundleDocuments)};
  }
  if (bytes_ > kMaxBundleBytes) {
    return base::Error{base::ErrorCode::kLimit,
                       base::Format("{}: rules and lists are larger than {} bytes together",
                                    document.origin, kMaxBundleBytes)};
  }
  bundle_.documents.push_back(std::move(document));
  return base::Ok();
}

// A file reached by two ways (its folder and its name) is one file.
bool BundleReader::IsNew(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return true;
  read_.push_back({path, status});
  return files_.emplace(status.st_dev, status.st_ino).second;
}

base::Status BundleReader::CheckUnchanged() const {
  for (const Read& read : read_) {
    struct stat now {};
    const bool same = stat(read.path.c_str(), &now) == 0 && now.st_dev == read.status.st_dev &&
                      now.st_ino == read.status.st_ino && now.st_size == read.status.st_size &&
                      now.st_mtim.tv_sec == read.status.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == read.status.st_mtim.tv_nsec;
    if (!same)
      return base::Error{base::ErrorCode::kUnavailable, read.path + ": changed while it was read"};
  }
  return base::Ok();
}

base::Status BundleReader::AddFile(DocumentKind kind, const std::string& path) {
  if (!IsNew(path)) return base::Ok();
  const std::size_t most = kind == DocumentKind::kList ? kMaxListFileBytes : kMaxRuleFileBytes;
  BundleDocument document;
  document.kind = kind;
  const fs::path name(path);
  document.name = (kind == DocumentKind::kList ? name.stem() : name.filename()).string();
  document.origin = path;
  LAZARET_ASSIGN(document.text, base::ReadFile(path, most));
  if (!base::IsValidUtf8(document.text))
    return base::Error{base::ErrorCode::kInvalid, path + ":1:1: not valid UTF-8"};
  return Add(std::move(document));
}

base::Status BundleReader::AddFolder(DocumentKind kind, const std::string& folder,
                                     Missing missing) {
  const std::string ending = kind == DocumentKind::kList ? ".txt" : ".yaml";
  std::vector<std::string> paths;
  std::error_code error;
  fs::directory_iterator it(folder, error);
  if (error == std::errc::no_such_file_or_directory && missing == Missing::kAllowed)
    return base::Ok();
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->path().extension() == ending && name[0] != '.') paths.push_back(it->path().string());
    if (paths.size() > kMaxBundleDocuments) break;
  }
  if (error) return base::ErrnoError(folder, error.value());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) LAZARET_TRY(AddFile(kind, path));
  return base::Ok();
}

base::Status BundleReader::AddPath(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return AddFolder(DocumentKind::kSiteRules, path, Missing::kError);
  return AddFile(DocumentKind::kSiteRules, path);
}

base::Status AddPolicy(const Config& config, BundleReader& reader) {
  if (!config.policy_file.empty()) return reader.AddFile(DocumentKind::kPolicy, config.policy_file);
  const std::string path = config.paths.etc + "/policy.yaml";
  struct stat status {};
  // Only a file that is not there means the shipped policy; one that cannot be read is an error.
  if (stat(path.c_str(), &status) == 0 || errno != ENOENT)
    return reader.AddFile(DocumentKind::kPolicy, path);
  return reader.Add({DocumentKind::kPolicy, "policy.yaml", "shipped policy.yaml",
                     std::string(ShippedPolicyText())});
}

base::Result<GenerationBundle> ReadDocuments(const Config& config) {
  BundleReader reader;
  LAZARET_TRY(AddPolicy(config, reader));
  if (config.rules_shipped) {
    LAZARET_TRY(
        reader.AddFolder(DocumentKind::kShippedRules, config.paths.shipped, Missing::kError));
  }
  LAZARET_TRY(
      reader.AddFolder(DocumentKind::kSiteRules, config.paths.etc + "/rules.d", Missing::kAllowed));
  for (const std::string& path : config.rules_paths) LAZARET_TRY(reader.AddPath(path));
  LAZARET_TRY(
      reader.AddFolder(DocumentKind::kList, config.paths.etc + "/lists.d", Missing::kAllowed));
  LAZARET_TRY(reader.CheckUnchanged());
  return reader.Take();
}

bool WasChanged(const base::Result<GenerationBundle>& documents) {
  return !documents.ok() && documents.error().code == base::ErrorCode::kUnavailable;
}

std::string Subkey(std::string_view master, std::string_view use) {
  const base::Sha256Digest digest = base::HmacSha256(master, use);
  return std::string(base::AsBytes(digest));
}

}  // namespace

base::Result<GenerationBundle> ReadBundle(const Config& config, std::string masking_key) {
  if (masking_key.empty()) masking_key = base::RandomBytes(kMasterKeyBytes);
  if (masking_key.size() != kMasterKeyBytes)
    return base::Error{base::ErrorCode::kInvalid, "masking key: 32 bytes are expected"};
  auto documents = ReadDocuments(config);
  for (int more = kReads - 1; more > 0 && WasChanged(documents); --more)
    documents = ReadDocuments(config);
  LAZARET_ASSIGN(GenerationBundle bundle, std::move(documents));
  bundle.masking_key = Subkey(masking_key, "lazaret masking 1");
  bundle.masking_key_id = base::Hex(Subkey(masking_key, "lazaret masking id 1").substr(0, 4));
  return bundle;
}

base::Result<policy::Policy> PolicyOf(const Config& config, const GenerationBundle& bundle,
                                      std::vector<std::string>* faults) {
  const auto document =
      std::find_if(bundle.documents.begin(), bundle.documents.end(),
                   [](const BundleDocument& d) { return d.kind == DocumentKind::kPolicy; });
  if (document == bundle.documents.end())
    return base::Error{base::ErrorCode::kInvalid, "generation bundle: holds no policy"};
  LAZARET_ASSIGN(policy::Policy policy, ParsePolicy(document->text, document->origin, faults));
  policy.mode = config.policy_mode == "observe" ? policy::Mode::kObserve : policy::Mode::kEnforce;
  policy.observe.daemons = config.observe_daemons;
  policy.observe.domains = config.observe_domains;
  policy.observe_errors =
      config.observe_errors == "accept" ? policy::Action::kAccept : policy::Action::kTempfail;
  policy.mandatory_scanners = config.mandatory;
  return policy;
}

}  // namespace lazaret::config
