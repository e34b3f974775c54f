// Plays an MTA with many connections towards a milter and prints one JSON object of what came of
// it.
//   bench_load send SOCKET FOLDER CONNECTIONS MESSAGES   sends the first MESSAGES files of FOLDER
//   (again
//                                                        from the first when there are fewer), each
//                                                        on a connection of its own, as Postfix
//                                                        does
//   bench_load idle SOCKET SESSIONS                      opens sessions, says "open", holds them
//   until
//                                                        its standard input ends
// SOCKET is unix:PATH or inet:PORT@HOST. Exit code 1 when a message got no reply.
#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/format.h"
#include "base/json.h"
#include "tests/bench/mta_side.h"

using namespace lazaret;

namespace {

using Clock = std::chrono::steady_clock;

double MillisSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::vector<bench::MailFile> ReadFolder(const std::string& folder, std::size_t most) {
  std::vector<std::string> names;
  DIR* listing = ::opendir(folder.c_str());
  if (listing == nullptr) {
    std::fprintf(stderr, "%s: cannot be listed\n", folder.c_str());
    std::exit(2);
  }
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".eml") == 0) names.push_back(name);
  }
  ::closedir(listing);
  std::sort(names.begin(), names.end());
  if (names.size() > most) names.resize(most);
  std::vector<bench::MailFile> mails;
  for (const std::string& name : names) mails.push_back(bench::ReadMail(folder + "/" + name));
  return mails;
}

struct Tally {
  std::vector<double> millis;
  std::map<char, std::size_t> replies;
};

struct Work {
  const std::string socket;
  const std::vector<bench::MailFile> mails;
  const std::size_t messages;
  std::atomic<std::size_t> next{0};
};

void Sender(Work& work, Tally& tally) {
  for (std::size_t i = work.next++; i < work.messages; i = work.next++) {
    const auto begin = Clock::now();
    bench::MtaSide mta(work.socket);
    const char reply =
        mta.Greet() ? mta.Send(work.mails[i % work.mails.size()], base::Format("4L{:08X}", i)) : 0;
    tally.millis.push_back(MillisSince(begin));
    ++tally.replies[reply];
    mta.Quit();
  }
}

// A milter's reply letters in words.
std::string ReplyName(char letter) {
  switch (letter) {
    case 'c':
    case 'a':
      return "accept";
    case 'r':
    case '5':
      return "reject";
    case 't':
    case '4':
      return "tempfail";
    case 0:
      return "lost";
    default:
      return std::string(1, letter);
  }
}

int Report(std::vector<Tally> tallies, double wall_millis) {
  Tally all;
  for (const Tally& one : tallies) {
    all.millis.insert(all.millis.end(), one.millis.begin(), one.millis.end());
    for (const auto& [letter, count] : one.replies) all.replies[letter] += count;
  }
  std::sort(all.millis.begin(), all.millis.end());
  std::map<std::string, std::size_t> named;
  for (const auto& [letter, count] : all.replies) named[ReplyName(letter)] += count;
  base::JsonWriter json;
  json.BeginObject();
  json.Field("messages", all.millis.size());
  json.Field("wall_s", wall_millis / 1000);
  json.Field("per_s", static_cast<double>(all.millis.size()) / wall_millis * 1000);
  json.Field("p50_ms", all.millis[all.millis.size() / 2]);
  json.Field("p99_ms", all.millis[all.millis.size() * 99 / 100]);
  json.Key("replies");
  json.BeginObject();
  for (const auto& [name, count] : named) json.Field(name, count);
  json.EndObject();
  json.EndObject();
  std::puts(json.text().c_str());
  return all.replies.count(0) != 0 ? 1 : 0;
}

int SendAll(char** argv) {
  const auto connections = static_cast<std::size_t>(std::atoi(argv[4]));
  const auto messages = static_cast<std::size_t>(std::atoi(argv[5]));
  Work work{argv[2], ReadFolder(argv[3], messages), messages};
  if (work.mails.empty() || connections == 0) return 2;
  std::vector<Tally> tallies(connections);
  std::vector<std::thread> running;
  const auto begin = Clock::now();
  for (Tally& one : tallies) running.emplace_back([&work, &one] { Sender(work, one); });
  for (std::thread& thread : running) thread.join();
  return Report(std::move(tallies), MillisSince(begin));
}

int HoldIdle(char** argv) {
  const int sessions = std::atoi(argv[3]);
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  std::vector<std::unique_ptr<bench::MtaSide>> open;
  for (int i = 0; i < sessions; ++i) {
    open.push_back(std::make_unique<bench::MtaSide>(argv[2]));
    if (open.back()->Greet()) continue;
    std::fprintf(stderr, "session %d was refused\n", i);
    return 1;
  }
  std::puts("open");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "send" && argc == 6) return SendAll(argv);
  if (mode == "idle" && argc == 4) return HoldIdle(argv);
  std::fputs("usage: bench_load send SOCKET FOLDER CONNECTIONS MESSAGES | idle SOCKET SESSIONS\n",
             stderr);
  return 2;
}
