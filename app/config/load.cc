#include "app/config/load.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "app/config/faults.h"
#include "app/config/key_table.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/suggest.h"
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

// Why a key is refused, the key that was probably meant, and those that stand in its section.
std::string UnknownKey(const std::string& name, const std::string& prefix) {
  std::string why = base::Format("unknown key \"{}\"", base::EscapeLine(name, kMaxShownBytes));
  const std::vector<std::string> known = WordsBelow(prefix);
  if (known.empty()) return why + "; nothing stands below it in this version";
  if (FindKey(name).key != nullptr) return why + ": write its last word below its section";
  const std::string word = name.substr(prefix.size());
  const std::string elsewhere =
      base::Nearest(word, known).empty() ? KeyEndingWith(word) : std::string();
  why += prefix.empty() ? "; " : base::Format("; in \"{}\" ", prefix.substr(0, prefix.size() - 1));
  if (!elsewhere.empty()) why += base::Format("did you mean \"{}\"? ", elsewhere);
  return why + base::UnknownHint(word, known);
}

// Carries file and settings into one Config.
class Loader {
 public:
  explicit Loader(std::string origin) : origin_(std::move(origin)), faults_(origin_) {
    config_.origin = origin_;
  }

  // Faults are collected; what is right is taken over all the same.
  void ReadText(std::string_view text);
  void TakeSet(const std::string& set);
  base::Result<Config> Finish(std::vector<std::string>* faults) &&;

 private:
  base::Status ReadSet(const std::string& set);
  void Walk(const yaml::Node& mapping, const std::string& prefix);
  void WalkField(const yaml::Field& field, const std::string& prefix);
  base::Status CheckWhole();
  base::Status Value(const Found& found, const std::string& name, const yaml::Node& node);
  void DerivePaths();
  bool IsWritten(std::string_view name) const { return config_.written.count(name) != 0; }

  std::string origin_;
  Config config_;
  FaultList faults_;
};

void Loader::ReadText(std::string_view text) {
  auto document = yaml::ParseDocument(text, origin_);
  if (!document.ok()) return faults_.Add(std::move(document).error());
  if (document->kind != yaml::Kind::kMapping) {
    return faults_.Add(yaml::ErrorAt(origin_, *document, "sections with keys are expected"));
  }
  Walk(*document, "");
}

void Loader::Walk(const yaml::Node& mapping, const std::string& prefix) {
  for (const yaml::Field& field : mapping.fields) WalkField(field, prefix);
}

void Loader::WalkField(const yaml::Field& field, const std::string& prefix) {
  const std::string& word = field.key.text;
  const std::string name = prefix + word;
  const auto unknown = [&] {
    faults_.Add(yaml::ErrorAt(origin_, field.key, UnknownKey(name, prefix)));
  };
  // A dot inside a word would be a second way to write a key, and so a way to write it twice.
  if (word.find('.') != std::string::npos) return unknown();
  const Found found = FindKey(name);
  if (found.key != nullptr) return faults_.Take(Value(found, name, field.value));
  const bool section = prefix.empty() ? IsSection(word) : HasKeysBelow(name);
  if (!section) return unknown();
  if (field.value.IsNull()) return;
  if (field.value.kind != yaml::Kind::kMapping) {
    return faults_.Add(
        yaml::ErrorAt(origin_, field.value, base::Format("\"{}\" holds keys", name)));
  }
  Walk(field.value, name + ".");
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

void Loader::TakeSet(const std::string& set) {
  auto taken = ReadSet(set);
  if (!taken.ok()) faults_.Add(std::move(taken).error());
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
    const std::size_t dot = name.rfind('.');
    const std::string prefix = dot == std::string::npos ? "" : name.substr(0, dot + 1);
    return Invalid("--set: " + UnknownKey(name, HasKeysBelow(name.substr(0, dot)) ? prefix : ""));
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

// What only all keys together tell.
base::Status Loader::CheckWhole() {
  const Found listen = FindKey("milter.listen");
  const std::string address = config_.milter.listen;
  if (const auto fault = Apply(listen, {address}, config_))
    return Invalid(base::Format("milter.listen: \"{}\": {}", address, fault->why));
  const std::string& language = config_.reply.language;
  if (config_.reply.reject.count(language) != 0 && config_.reply.tempfail.count(language) != 0)
    return base::Ok();
  const std::string place = IsWritten("reply.language") ? PlaceOf(config_, "reply.language")
                                                        : origin_ + ": reply.language";
  return Invalid(base::Format("{}: no templates reject and tempfail for \"{}\"", place, language));
}

base::Result<Config> Loader::Finish(std::vector<std::string>* faults) && {
  DerivePaths();
  if (config_.clamav.database.empty()) config_.clamav.database = Clamav{}.database;
  FillTemplates(config_.reply);
  auto whole = CheckWhole();
  // After another fault it may be a mere consequence.
  if (!whole.ok() && faults_.empty()) faults_.Add(std::move(whole).error());
  if (faults_.empty()) return std::move(config_);
  if (faults != nullptr) *faults = faults_.Lines();
  return faults_.First();
}

base::Result<Config> Load(std::string_view text, const std::string& origin,
                          const std::vector<std::string>& sets, std::vector<std::string>* faults) {
  Loader loader(origin);
  loader.ReadText(text);
  for (const std::string& set : sets) loader.TakeSet(set);
  return std::move(loader).Finish(faults);
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
                                    const std::vector<std::string>& sets,
                                    std::vector<std::string>* faults) {
  return Load(text, origin, sets, faults);
}

base::Result<Config> LoadConfig(const std::string& file, const std::vector<std::string>& sets,
                                std::vector<std::string>* faults) {
  std::string path = file;
  if (path.empty()) {
    path = RootOf(sets) + std::string(kDefaultFile);
    // Only a file that is not there means defaults; one that cannot be read is an error below.
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT)
      return Load("", "embedded defaults", sets, faults);
  }
  auto text = base::ReadFile(path, yaml::kMaxBytes);
  if (text.ok()) return Load(*text, path, sets, faults);
  if (faults != nullptr) *faults = {text.error().text};
  return std::move(text).error();
}

}  // namespace lazaret::config
