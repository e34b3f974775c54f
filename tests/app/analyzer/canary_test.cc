// Each canary fails when its cause is taken away: a worker in that state is not ready. Locale,
// loaded tables and mounts belong to a whole process, so every case runs in a child of its own.
#include "app/analyzer/canary.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>
#include <filesystem>
#include <fstream>
#include <functional>

#include "app/analyzer/pipeline.h"
#include "base/fd.h"
#include "scanners/confined_scanners.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

// What a case breaks, and when.
struct Breakage {
  const char* locale = "C.UTF-8";
  std::function<base::Status()> before_preload;  // in the child
  std::function<base::Status(scanners::ClamavEngine&, const std::string&)>
      after_load;  // gets the tmp folder
  bool with_canary_rules = true;
};

base::Result<std::shared_ptr<const rules::RuleSet>> OtherRules() {
  rules::Bundle bundle;
  bundle.rules.push_back(
      {"other",
       "id: OTHER\nname: Never matches\ndescription: Nothing.\nstatus: enforce\nseverity: info\n"
       "direction: any\nscope: [body]\nmatch: {keywords: [neverinanymail]}\n",
       false});
  return rules::RuleSet::Compile(bundle);
}

// The order of a worker: locale, preload, engine, then the canaries.
base::Status Prepare(const Breakage& breakage, const std::string& tmp) {
  if (std::setlocale(LC_ALL, breakage.locale) == nullptr)
    return base::Error{base::ErrorCode::kInternal, "setlocale"};
  if (breakage.before_preload) LAZARET_TRY(breakage.before_preload());
  LAZARET_TRY(mail::PreloadReaders());
  scanners::ClamavOptions options;
  options.builtin_only = true;
  options.tmp_dir = tmp;
  LAZARET_ASSIGN(const auto engine, scanners::ClamavEngine::Load(options));
  if (breakage.after_load) LAZARET_TRY(breakage.after_load(*engine, tmp));
  scanners::ConfinedDependencies dependencies;
  dependencies.engine = engine.get();
  LAZARET_ASSIGN(dependencies.rules,
                 breakage.with_canary_rules ? analyzer::CanaryRules() : OtherRules());
  analyzer::Pipeline pipeline(scanners::MakeConfinedScanners(std::move(dependencies)),
                              mail::ReadLimits{});
  return analyzer::RunCanaries(pipeline, analyzer::MakeCanaries(),
                               base::Deadline::AfterMillis(60'000));
}

// "ready", or why not.
std::string Outcome(const Breakage& breakage) {
  char folder[] = "/tmp/lazaret-canary-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const base::Status ready = Prepare(breakage, folder);
    const std::string text = ready.ok() ? "ready" : ready.error().text;
    ::_exit(base::WriteAll(ends[1], text).ok() ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char chunk[4096];
  for (ssize_t got = ::read(ends[0], chunk, sizeof chunk); got > 0;
       got = ::read(ends[0], chunk, sizeof chunk)) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  std::filesystem::remove_all(folder);
  CAPTURE(text);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return text;
}

// Puts empty folders over `paths` in a mount namespace of the calling process.
base::Status Hide(const std::vector<const char*>& paths) {
  const std::string uid = std::to_string(::geteuid());
  const bool root = uid == "0";
  if (::unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) != 0) return base::ErrnoError("unshare");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return base::ErrnoError("mount");
  for (const char* path : paths) {
    if (::mount("none", path, "tmpfs", 0, "size=4k") != 0) return base::ErrnoError(path);
  }
  return base::Ok();
}

bool Names(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("canary: with everything in place all are seen", "[app][canary]") {
  CHECK(Outcome({}) == "ready");
}

TEST_CASE("canary: in the C locale the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.locale = "C";
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(outcome != "ready");
  CHECK((Names(outcome, "name") || Names(outcome, "locale")));
}

TEST_CASE("canary: a temporary folder that went away is noticed", "[app][canary]") {
  Breakage breakage;
  breakage.after_load = [](scanners::ClamavEngine& engine, const std::string& tmp) {
    return engine.UseTempDir(tmp + "/gone");
  };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(Names(outcome, "canary eicar-plain"));
  CHECK(Names(outcome, "not-looked clamav"));
}

TEST_CASE("canary: a file in place of the temporary folder is noticed", "[app][canary]") {
  Breakage breakage;
  breakage.after_load = [](scanners::ClamavEngine& engine, const std::string& tmp) {
    std::ofstream(tmp + "/file") << "x";
    return engine.UseTempDir(tmp + "/file");
  };
  CHECK(Names(Outcome(breakage), "canary eicar-plain"));
}

TEST_CASE("canary: without the table of types the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.before_preload = [] { return Hide({"/usr/share/mime"}); };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(Names(outcome, "/usr/share/mime"));
}

TEST_CASE("canary: without libmagic's database the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.before_preload = [] { return Hide({"/usr/lib/file", "/usr/share/misc"}); };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(outcome != "ready");
  CHECK(Names(outcome, "magic"));
}

TEST_CASE("canary: a rule set that cannot see them is noticed", "[app][canary]") {
  Breakage breakage;
  breakage.with_canary_rules = false;
  CHECK(Names(Outcome(breakage), "canary gb18030-subject"));
}
