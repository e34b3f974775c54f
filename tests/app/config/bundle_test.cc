#include <algorithm>
#include <filesystem>

#include "app/config/config.h"
#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

using namespace lazaret;
using config::BundleDocument;
using config::DocumentKind;
using config::GenerationBundle;

namespace {

config::Config ConfigIn(const tests::TempFolder& folder, std::vector<std::string> sets = {}) {
  sets.push_back("paths.root=" + folder.path());
  sets.push_back("paths.shipped=" + folder.path() + "/shipped");
  std::filesystem::create_directories(folder.path() + "/shipped");
  auto loaded = config::LoadConfigText("", "l.yaml", sets);
  REQUIRE(loaded.ok());
  return *loaded;
}

GenerationBundle Read(const config::Config& config, const std::string& key = "") {
  auto bundle = config::ReadBundle(config, key);
  INFO((bundle.ok() ? std::string() : bundle.error().text));
  REQUIRE(bundle.ok());
  return *bundle;
}

std::vector<std::string> Names(const GenerationBundle& bundle, DocumentKind kind) {
  std::vector<std::string> names;
  for (const BundleDocument& document : bundle.documents) {
    if (document.kind == kind) names.push_back(document.name);
  }
  return names;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("bundle: policy, shipped and site rules and lists are read, sorted by name",
          "[config][bundle]") {
  const tests::TempFolder folder;
  folder.Write("shipped/b.yaml", "b");
  folder.Write("shipped/a.yaml", "a");
  folder.Write("shipped/readme.md", "x");
  folder.Write("etc/lazaret/rules.d/site.yaml", "s");
  folder.Write("etc/lazaret/rules.d/.hidden.yaml", "h");
  folder.Write("etc/lazaret/lists.d/words.txt", "w");
  folder.Write("more/z.yaml", "z");
  const std::string single = folder.Write("single.rules", "one");
  const GenerationBundle bundle =
      Read(ConfigIn(folder, {"rules.paths=" + folder.path() + "/more," + single}));
  CHECK(Names(bundle, DocumentKind::kShippedRules) == Strings{"a.yaml", "b.yaml"});
  CHECK(Names(bundle, DocumentKind::kSiteRules) == Strings{"site.yaml", "z.yaml", "single.rules"});
  CHECK(Names(bundle, DocumentKind::kList) == Strings{"words"});
  CHECK(Names(bundle, DocumentKind::kPolicy) == Strings{"policy.yaml"});
  CHECK(bundle.documents.front().origin == "shipped policy.yaml");
}

TEST_CASE("bundle: a rule file that is named and lies in rules.d counts once", "[config][bundle]") {
  const tests::TempFolder folder;
  folder.Write("etc/lazaret/rules.d/mine.yaml", "id: A\n");
  const std::string file = folder.path() + "/etc/lazaret/rules.d/mine.yaml";
  const config::GenerationBundle bundle = Read(ConfigIn(folder, {"rules.paths=" + file}));
  CHECK(Names(bundle, DocumentKind::kSiteRules) == Strings{"mine.yaml"});
}

TEST_CASE("bundle: a policy file of the site takes the shipped one's place", "[config][bundle]") {
  const tests::TempFolder folder;
  folder.Write("etc/lazaret/policy.yaml", "version: 1\ndefaults: {suspicious: hold}\n");
  const config::Config config = ConfigIn(folder, {"policy.mode=observe"});
  const auto policy = config::PolicyOf(config, Read(config));
  REQUIRE(policy.ok());
  CHECK(policy->defaults.at(policy::Class::kSuspicious) == policy::Action::kHold);
  CHECK(policy->blocks.empty());
  CHECK(policy->mode == policy::Mode::kObserve);
  CHECK(policy->mandatory_scanners == config.mandatory);
}

TEST_CASE("bundle: the policy section of the configuration is applied", "[config][bundle]") {
  const tests::TempFolder folder;
  const config::Config config =
      ConfigIn(folder, {"policy.observe_daemons=trial", "policy.observe_domains=a.test,b.test",
                        "policy.observe_errors=accept", "scanners.mandatory=clamav"});
  const auto policy = config::PolicyOf(config, Read(config));
  REQUIRE(policy.ok());
  CHECK(policy->mode == policy::Mode::kEnforce);
  CHECK(policy->observe.daemons == Strings{"trial"});
  CHECK(policy->observe.domains == Strings{"a.test", "b.test"});
  CHECK(policy->observe_errors == policy::Action::kAccept);
  CHECK(policy->mandatory_scanners == Strings{"clamav"});
}

TEST_CASE("bundle: what is named and missing is an error that names it",
          "[config][bundle][errors]") {
  const tests::TempFolder folder;
  const auto error = [&](const std::string& set) {
    const auto bundle = config::ReadBundle(ConfigIn(folder, {set}), "");
    return bundle.ok() ? std::string("no error") : bundle.error().text;
  };
  CHECK(error("rules.paths=/nonexistent/rules").find("/nonexistent/rules") != std::string::npos);
  CHECK(error("policy.file=/nonexistent/p.yaml").find("/nonexistent/p.yaml") != std::string::npos);
  config::Config config = ConfigIn(folder);
  config.paths.shipped = "/nonexistent/shipped";
  CHECK_FALSE(config::ReadBundle(config, "").ok());
  config.rules_shipped = false;
  CHECK(config::ReadBundle(config, "").ok());
}

TEST_CASE("bundle: a policy path that is no file is an error, never the shipped policy",
          "[config][bundle][errors]") {
  const tests::TempFolder folder;
  std::filesystem::create_directories(folder.path() + "/etc/lazaret/policy.yaml");
  CHECK_FALSE(config::ReadBundle(ConfigIn(folder), "").ok());
}

TEST_CASE("bundle: a rule file is taken at its limit and refused above it, and so is bad UTF-8",
          "[config][bundle][errors]") {
  const tests::TempFolder folder;
  const std::string path =
      folder.Write("etc/lazaret/rules.d/a.yaml", std::string(config::kMaxRuleFileBytes, 'x'));
  CHECK(config::ReadBundle(ConfigIn(folder), "").ok());
  folder.Write("etc/lazaret/rules.d/a.yaml", std::string(config::kMaxRuleFileBytes + 1, 'x'));
  CHECK_FALSE(config::ReadBundle(ConfigIn(folder), "").ok());
  folder.Write("etc/lazaret/rules.d/a.yaml", "a: \xff");
  const auto bad = config::ReadBundle(ConfigIn(folder), "");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().text == path + ":1:1: not valid UTF-8");
}

TEST_CASE("bundle: files are taken up to their number and refused above it",
          "[config][bundle][errors]") {
  const tests::TempFolder folder;
  const auto file = [&](std::size_t i) {
    return folder.Write("etc/lazaret/rules.d/" + std::to_string(i) + ".yaml", "");
  };
  for (std::size_t i = 1; i < config::kMaxBundleDocuments; ++i) file(i);
  CHECK(config::ReadBundle(ConfigIn(folder), "").ok());
  file(0);
  const auto bundle = config::ReadBundle(ConfigIn(folder), "");
  REQUIRE_FALSE(bundle.ok());
  CHECK(bundle.error().code == base::ErrorCode::kLimit);
}

TEST_CASE("bundle: all files together are taken up to their size and refused above it",
          "[config][bundle][errors]") {
  const tests::TempFolder folder;
  const auto list = [&](const std::string& name, std::size_t size) {
    return folder.Write("etc/lazaret/lists.d/" + name + ".txt", std::string(size, 'x'));
  };
  const std::size_t rest = config::kMaxListFileBytes - config::ShippedPolicyText().size();
  for (const char* name : {"a", "b", "c"}) list(name, config::kMaxListFileBytes);
  list("d", rest);
  CHECK(config::ReadBundle(ConfigIn(folder), "").ok());
  list("d", rest + 1);
  const auto above = config::ReadBundle(ConfigIn(folder), "");
  REQUIRE_FALSE(above.ok());
  CHECK(above.error().text.find("larger than 67108864 bytes together") != std::string::npos);
  list("d", 1);
  list("a", config::kMaxListFileBytes + 1);
  CHECK_FALSE(config::ReadBundle(ConfigIn(folder), "").ok());
}

TEST_CASE("bundle: the masking key is a subkey, random when none is given", "[config][bundle]") {
  const tests::TempFolder folder;
  const config::Config config = ConfigIn(folder);
  const std::string master(32, 'm');
  const GenerationBundle a = Read(config, master);
  const GenerationBundle b = Read(config, master);
  CHECK(a.masking_key == b.masking_key);
  CHECK(a.masking_key != master);
  CHECK(a.masking_key.size() == 32);
  CHECK(a.masking_key_id.size() == 8);
  CHECK(Read(config).masking_key != Read(config).masking_key);
  CHECK_FALSE(config::ReadBundle(config, "short").ok());
}

TEST_CASE("bundle: its hash covers kinds, names and texts and not the key", "[config][bundle]") {
  const tests::TempFolder folder;
  folder.Write("etc/lazaret/rules.d/a.yaml", "a");
  const config::Config config = ConfigIn(folder);
  const std::string hash = config::BundleSha256(Read(config));
  CHECK(hash.size() == 64);
  CHECK(hash == config::BundleSha256(Read(config)));
  GenerationBundle changed = Read(config);
  changed.documents.back().text = "b";
  CHECK(config::BundleSha256(changed) != hash);
  changed = Read(config);
  changed.documents.back().name = "b.yaml";
  CHECK(config::BundleSha256(changed) != hash);
  changed = Read(config);
  changed.documents.back().kind = DocumentKind::kShippedRules;
  CHECK(config::BundleSha256(changed) != hash);
}

TEST_CASE("bundle: what is encoded decodes to the same, all else is refused",
          "[config][bundle][codec]") {
  const tests::TempFolder folder;
  folder.Write("etc/lazaret/rules.d/a.yaml", "a");
  const GenerationBundle bundle = Read(ConfigIn(folder));
  const std::string bytes = config::EncodeBundle(bundle);
  const auto decoded = config::DecodeBundle(bytes);
  REQUIRE(decoded.ok());
  CHECK(config::EncodeBundle(*decoded) == bytes);
  CHECK(decoded->documents.back().origin == bundle.documents.back().origin);
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    REQUIRE_FALSE(config::DecodeBundle(bytes.substr(0, size)).ok());
  CHECK_FALSE(config::DecodeBundle(bytes + "x").ok());
  std::string kind = bytes;
  kind[5] = 5;
  CHECK_FALSE(config::DecodeBundle(kind).ok());
  GenerationBundle bad = bundle;
  bad.masking_key.pop_back();
  CHECK_FALSE(config::DecodeBundle(config::EncodeBundle(bad)).ok());
  bad = bundle;
  bad.masking_key_id = "ABCDEFGH";
  CHECK_FALSE(config::DecodeBundle(config::EncodeBundle(bad)).ok());
}

TEST_CASE("bundle: what is lost by accident is named, what was removed on purpose is not",
          "[config][bundle]") {
  const tests::TempFolder folder;
  const std::string etc = folder.path() + "/etc/lazaret";
  const config::Config config = ConfigIn(folder);
  folder.Write("etc/lazaret/policy.yaml", "error: hold\n");
  folder.Write("etc/lazaret/rules.d/a.yaml", "a");
  folder.Write("etc/lazaret/rules.d/b.yaml", "b");
  folder.Write("etc/lazaret/lists.d/words.txt", "w");
  const GenerationBundle before = Read(config);
  const auto lost = [&] { return config::LostSource(before, Read(config)).text; };
  CHECK(lost().empty());

  std::filesystem::remove(etc + "/rules.d/b.yaml");
  CHECK(lost().empty());
  folder.Write("etc/lazaret/rules.d/a.yaml", " \n");
  CHECK(lost() == etc + "/rules.d/a.yaml: is empty now");
  folder.Write("etc/lazaret/rules.d/a.yaml", "# none\n");
  CHECK(lost().empty());

  for (const std::string name : {"/rules.d", "/lists.d"}) {
    std::filesystem::rename(etc + name, etc + "/away");
    CHECK(lost() == etc + name + ": the folder is gone; restart lazaretd to go on without it");
    std::filesystem::rename(etc + "/away", etc + name);
  }
  std::filesystem::remove(etc + "/policy.yaml");
  CHECK(lost() == etc + "/policy.yaml: is gone, the shipped policy takes its place");
  CHECK_FALSE(config::LostSource(before, Read(config)).folder);
}

TEST_CASE("bundle: a file that was always empty or never there is not lost", "[config][bundle]") {
  const tests::TempFolder folder;
  const config::Config config = ConfigIn(folder);
  folder.Write("etc/lazaret/rules.d/a.yaml", "");
  const GenerationBundle before = Read(config);
  CHECK(config::LostSource(before, Read(config)).text.empty());
}
