// What each stage of the analysis costs, in one unconfined process: for profilers, and to see where
// a change moved time.
//   bench_stages DATABASE RULES FOLDER [COUNT [PASSES [LISTED]]]
// Prints microseconds a message for each stage, the least of the passes for each message, and the
// LISTED dearest messages of each stage with their share of all.
#include <dirent.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "app/analyzer/generation_zygote.h"
#include "app/analyzer/pipeline.h"
#include "app/analyzer/rule_bundle.h"
#include "app/analyzer/scanner_set.h"
#include "app/config/config.h"
#include "base/fd.h"
#include "mail/reader.h"

using namespace lazaret;

namespace {

using Stages = std::map<std::string, std::uint64_t>;

struct Mail {
  std::string name;
  std::string bytes;
  Stages least;
};

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::exit(1);
}

template <typename T>
T Must(base::Result<T> result) {
  if (!result.ok()) Fail(result.error().text);
  return std::move(result).value();
}

std::vector<Mail> ReadFolder(const std::string& folder, std::size_t most) {
  std::vector<Mail> mails;
  DIR* listing = ::opendir(folder.c_str());
  if (listing == nullptr) Fail(folder + ": cannot be listed");
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".eml") == 0)
      mails.push_back({name, "", {}});
  }
  ::closedir(listing);
  std::sort(mails.begin(), mails.end(),
            [](const Mail& a, const Mail& b) { return a.name < b.name; });
  if (mails.size() > most) mails.resize(most);
  for (Mail& mail : mails) mail.bytes = Must(base::ReadFile(folder + "/" + mail.name, 1U << 30));
  return mails;
}

Stages Analyze(analyzer::Pipeline& pipeline, const std::string& bytes) {
  policy::JobFacts facts;
  facts.envelope.sender = "sender@example.net";
  facts.envelope.recipients = {"user@example.com"};
  const policy::Analysis analysis = pipeline.Analyze(bytes, facts, base::Deadline());
  for (const policy::NotLooked& one : analysis.not_looked)
    std::fprintf(stderr, "%s could not look: %s\n", one.scanner.c_str(), one.reason.c_str());
  Stages stages;
  for (const policy::Timing& one : analysis.timing) stages[one.stage] += one.micros;
  return stages;
}

void Report(const std::vector<Mail>& mails, std::size_t listed) {
  Stages sums;
  for (const Mail& mail : mails) {
    for (const auto& [stage, micros] : mail.least) sums[stage] += micros;
  }
  for (const auto& [stage, sum] : sums) {
    std::printf("%-14s %8.1f us a message\n", stage.c_str(),
                static_cast<double>(sum) / static_cast<double>(mails.size()));
    std::vector<std::pair<std::uint64_t, const Mail*>> dearest;
    for (const Mail& mail : mails) dearest.emplace_back(mail.least.at(stage), &mail);
    std::sort(dearest.rbegin(), dearest.rend());
    for (std::size_t i = 0; i < std::min(listed, dearest.size()); ++i) {
      std::printf("    %8lu us  %5.1f %%  %8zu bytes  %s\n",
                  static_cast<unsigned long>(dearest[i].first),
                  100.0 * static_cast<double>(dearest[i].first) / static_cast<double>(sum),
                  dearest[i].second->bytes.size(), dearest[i].second->name.c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) Fail("usage: bench_stages DATABASE RULES FOLDER [COUNT [PASSES [LISTED]]]");
  const auto number = [&](int at, std::size_t otherwise) {
    return argc > at ? static_cast<std::size_t>(std::atoi(argv[at])) : otherwise;
  };
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) Fail("the locale C.UTF-8 is missing");
  const base::Status preloaded = mail::PreloadReaders();
  if (!preloaded.ok()) Fail(preloaded.error().text);
  const config::Config config =
      Must(config::LoadConfigText("", "bench", {std::string("paths.shipped=") + argv[2]}));
  const config::GenerationBundle bundle = Must(config::ReadBundle(config, ""));
  scanners::ClamavOptions options;
  options.database = argv[1];
  options.tmp_dir = "/dev/shm";
  const auto engine = Must(scanners::ClamavEngine::Load(options));
  analyzer::Generation generation;
  generation.config = &config;
  generation.engine = engine.get();
  generation.rules = Must(analyzer::CompileBundle(bundle));
  generation.rules->Warm();
  const auto pipeline = analyzer::MakePipeline(generation, generation.rules);
  std::vector<Mail> mails = ReadFolder(argv[3], number(4, 200));
  for (std::size_t pass = 0; pass < number(5, 3); ++pass) {
    for (Mail& mail : mails) {
      for (const auto& [stage, micros] : Analyze(*pipeline, mail.bytes)) {
        const auto known = mail.least.find(stage);
        if (known == mail.least.end() || micros < known->second) mail.least[stage] = micros;
      }
    }
  }
  Report(mails, number(6, 0));
  return 0;
}
