#include "app/config/load.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "app/config/key_table.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"
#include "base/yaml/yaml.h"

namespace lazaret::config {
namespace {

namespace fs = std::filesystem;
namespace yaml = base::yaml;

constexpr std::string_view kDefaultFile = "/etc/lazaret/lazaret.yaml";
constexpr std::string_view kDefaultSocket = "/var/spool/postfix/lazaret/milter.sock";
constexpr std::string_view kSetPlace = "--set";
constexpr std::size_t kMaxShownBytes = 100;

base::Error Invalid(std::string text) {
  return base::Error{base::ErrorCode::kInvalid, std::move(text)};
}

// Carries file and settings into one Config.
class Loader {
 public:
  explicit Loader(std::string origin) : origin_(std::move(origin)) { config_.origin = origin_; }

  base::Status ReadText(std::string_view text);
  base::Status ReadSet(const std::string& set);
  base::Result<Config> Finish() &&;

 private:
  base::Status Walk(const yaml::Node& mapping, const std::string& prefix);
  base::Status Value(const Found& found, const std::string& name, const yaml::Node& node);
  void DerivePaths();
  bool IsWritten(std::string_view name) const { return config_.written.count(name) != 0; }

  std::string origin_;
  Config config_;
};

base::Status Loader::ReadText(std::string_view text) {
  LAZARET_ASSIGN(const yaml::Node document, yaml::ParseDocument(text, origin_));
  if (document.kind != yaml::Kind::kMapping)
    return yaml::ErrorAt(origin_, document, "sections with keys are expected");
  return Walk(document, "");
}

base::Status Loader::Walk(const yaml::Node& mapping, const std::string& prefix) {
  for (const yaml::Field& field : mapping.fields) {
    const std::string& word = field.key.text;
    const std::string name = prefix + word;
    const base::Error unknown =
        yaml::ErrorAt(origin_, field.key,
                      base::Format("unknown key \"{}\"", base::EscapeLine(name, kMaxShownBytes)));
    // A dot inside a word would be a second way to write a key, and so a way to write it twice.
    if (word.find('.') != std::string::npos) return unknown;
    const Found found = FindKey(name);
    if (found.key != nullptr) {
      LAZARET_TRY(Value(found, name, field.value));
      continue;
    }
    const bool section = prefix.empty() ? IsSection(word) : HasKeysBelow(name);
    if (!section) return unknown;
    if (field.value.IsNull()) continue;
    if (field.value.kind != yaml::Kind::kMapping)
      return yaml::ErrorAt(origin_, field.value, base::Format("\"{}\" holds keys", name));
    LAZARET_TRY(Walk(field.value, name + "."));
  }
  return base::Ok();
}

base::Status Loader::Value(const Found& found, const std::string& name, const yaml::Node& node) {
  std::vector<const yaml::Node*> nodes;
  std::vector<std::string> values;
  const bool list = found.key->IsList();
  if (list && node.kind == yaml::Kind::kSequence) {
    for (const yaml::Node& item : node.items) nodes.push_back(&item);
  } else {
    nodes.push_back(&node);
  }
  for (const yaml::Node* item : nodes) {
    if (item->kind != yaml::Kind::kScalar || item->IsNull()) {
      return yaml::ErrorAt(
          origin_, *item,
          base::Format("{}: {} is expected", name, list ? "a list of texts" : "one value"));
    }
    values.push_back(item->text);
  }
  if (const auto fault = Apply(found, values, config_)) {
    const yaml::Node& at = fault->index < nodes.size() ? *nodes[fault->index] : node;
    return yaml::ErrorAt(origin_, at, base::Format("{}: {}", name, fault->why));
  }
  config_.written[name] = base::Format("{}:{}:{}", origin_, node.line, node.column);
  return base::Ok();
}

std::vector<std::string> SplitCommas(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    out.emplace_back(base::TrimAscii(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

base::Status Loader::ReadSet(const std::string& set) {
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos) {
    return Invalid(
        base::Format("--set {}: KEY=VALUE is expected", base::EscapeLine(set, kMaxShownBytes)));
  }
  const std::string name = set.substr(0, equals);
  const Found found = FindKey(name);
  if (found.key == nullptr) {
    return Invalid(
        base::Format("--set: unknown key \"{}\"", base::EscapeLine(name, kMaxShownBytes)));
  }
  std::vector<std::string> values = {set.substr(equals + 1)};
  if (found.key->IsList()) values = SplitCommas(values[0]);
  if (found.key->form == Form::kPath) {
    for (std::string& value : values) {
      std::error_code error;
      if (!value.empty()) value = fs::absolute(value, error).lexically_normal().string();
    }
  }
  if (const auto fault = Apply(found, values, config_))
    return Invalid(base::Format("--set {}: {}", name, fault->why));
  config_.written[name] = kSetPlace;
  return base::Ok();
}

// A root without the slash at its end, so that <root>/etc has one.
std::string TrimSlashes(std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  return path;
}

std::string ShippedRulesFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path staged = program.parent_path().parent_path() / "share/lazaret/rules";
    if (fs::is_directory(staged, error)) return staged.string();
  }
  return "/usr/share/lazaret/rules";
}

void Loader::DerivePaths() {
  Paths& paths = config_.paths;
  paths.root = TrimSlashes(paths.root);
  const auto derive = [this](std::string_view key, std::string& value, const std::string& derived) {
    if (!IsWritten(key) || value.empty()) value = derived;
  };
  derive("paths.etc", paths.etc, paths.root + "/etc/lazaret");
  derive("paths.state", paths.state, paths.root + "/var/lib/lazaret");
  derive("paths.run", paths.run, paths.root + "/run/lazaret");
  derive("paths.shipped", paths.shipped, ShippedRulesFolder());
  derive("log.database", config_.log.database, paths.state + "/db/verdicts.db");
  derive("clamav.signatures_dir", config_.clamav.signatures_dir, paths.etc + "/signatures.d");
  derive("milter.listen", config_.milter.listen,
         base::Format("unix:{}{}", paths.root, kDefaultSocket));
}

base::Result<Config> Loader::Finish() && {
  DerivePaths();
  if (config_.clamav.database.empty()) config_.clamav.database = Clamav{}.database;
  const Found listen = FindKey("milter.listen");
  const std::string address = config_.milter.listen;
  if (const auto fault = Apply(listen, {address}, config_))
    return Invalid(base::Format("milter.listen: \"{}\": {}", address, fault->why));
  FillTemplates(config_.reply);
  const std::string& language = config_.reply.language;
  if (config_.reply.reject.count(language) == 0 || config_.reply.tempfail.count(language) == 0) {
    return Invalid(base::Format(
        "{}: reply.language: no templates reject and tempfail for \"{}\"",
        IsWritten("reply.language") ? config_.written["reply.language"] : origin_, language));
  }
  return std::move(config_);
}

base::Result<Config> Load(std::string_view text, const std::string& origin,
                          const std::vector<std::string>& sets) {
  Loader loader(origin);
  LAZARET_TRY(loader.ReadText(text));
  for (const std::string& set : sets) LAZARET_TRY(loader.ReadSet(set));
  return std::move(loader).Finish();
}

// The root that --set gives, without looking at anything else.
std::string RootOf(const std::vector<std::string>& sets) {
  constexpr std::string_view kPrefix = "paths.root=";
  std::string root;
  for (const std::string& set : sets) {
    if (set.rfind(kPrefix, 0) == 0) root = set.substr(kPrefix.size());
  }
  return TrimSlashes(std::move(root));
}

}  // namespace

std::string PlaceOf(const Config& config, std::string_view key) {
  const auto found = config.written.find(key);
  if (found == config.written.end()) return std::string(key);
  const bool place = found->second != kSetPlace;
  return base::Format("{}{} {}", found->second, place ? ":" : "", key);
}

base::Result<Config> LoadConfigText(std::string_view text, const std::string& origin,
                                    const std::vector<std::string>& sets) {
  return Load(text, origin, sets);
}

base::Result<Config> LoadConfig(const std::string& file, const std::vector<std::string>& sets) {
  std::string path = file;
  if (path.empty()) {
    path = RootOf(sets) + std::string(kDefaultFile);
    // Only a file that is not there means defaults; one that cannot be read is an error below.
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT)
      return Load("", "embedded defaults", sets);
  }
  LAZARET_ASSIGN(const std::string text, base::ReadFile(path, yaml::kMaxBytes));
  return Load(text, path, sets);
}

}  // namespace lazaret::config
