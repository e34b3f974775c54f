#include "app/lazaret/status_command.h"

#include <unistd.h>

#include "app/lazaret/ask_supervisor.h"
#include "base/clock.h"
#include "base/format.h"
#include "base/json_value.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kProblems = 1;
constexpr int kNoAnswer = 2;

std::string Span(std::int64_t seconds) {
  if (seconds < 120) return base::Format("{} s", seconds);
  if (seconds < 7200) return base::Format("{} min", seconds / 60);
  if (seconds < 172'800) return base::Format("{} h", seconds / 3600);
  return base::Format("{} days", seconds / 86'400);
}

void ShowFront(const base::JsonValue& front, std::ostream& out) {
  const base::JsonValue& generation = front["generation"];
  const std::string id = generation["id"].text;
  out << "milter      " << base::EscapeLine(front["listen"].text) << "\n";
  out << "generation  " << (id.empty() ? "none" : id.substr(0, 16)) << "\n";
  out << "engine      " << base::EscapeLine(generation["engine"].text) << "\n";
  const std::int64_t time = generation["signatures_time"].Int();
  out << "signatures  "
      << (time == 0 ? std::string("no database file")
                    : Span(base::RealtimeNow().micros / 1'000'000 - time) + " old")
      << "\n";
  out << "confinement " << base::EscapeLine(generation["confinement"].text) << "\n";
  out << base::Format("workers     {} ready, {} busy, {} deaths\n", front["workers"].Int(),
                      front["busy"].Int(), front["worker_deaths"].Int());
  out << base::Format("queue       {} waiting, {} in flight, {} sessions\n", front["waiting"].Int(),
                      front["in_flight"].Int(), front["sessions"].Int());
}

void ShowAnalyzer(const base::JsonValue& analyzer, std::ostream& out) {
  const std::string& last = analyzer["last_worker_end"].text;
  if (!last.empty()) {
    out << base::Format("worker ends {}, the last: {}\n", analyzer["worker_ends"].Int(),
                        base::EscapeLine(last));
  }
}

void ShowRoles(const base::JsonValue& status, std::ostream& out) {
  for (const base::JsonValue& role : status["roles"].items) {
    out << base::Format("{:<11} {:<9} pid {:<8} up {:<9} restarts {}\n",
                        base::EscapeLine(role["name"].text), base::EscapeLine(role["state"].text),
                        role["pid"].Int(), Span(role["uptime_seconds"].Int()),
                        role["restarts"].Int());
    if (!role["problem"].text.empty())
      out << "            " << base::EscapeLine(role["problem"].text) << "\n";
  }
}

}  // namespace

int RunStatus(const config::Config& config, bool json, std::ostream& out, std::ostream& err) {
  auto answer = AskSupervisor(config, "status");
  if (!answer.ok()) {
    err << "lazaret status: no daemon answers: " << base::EscapeLine(answer.error().text) << "\n";
    return kNoAnswer;
  }
  auto status = base::ParseJson(*answer);
  if (!status.ok()) {
    err << "lazaret status: " << status.error().text << "\n";
    return kNoAnswer;
  }
  const std::vector<base::JsonValue>& problems = (*status)["problems"].items;
  if (json) {
    out << *answer << "\n";
  } else {
    out << base::Format("node        {}, supervisor pid {}\n",
                        base::EscapeLine((*status)["node"].text), (*status)["pid"].Int());
    for (const base::JsonValue& problem : problems)
      out << "PROBLEM     " << base::EscapeLine(problem.text) << "\n";
    const std::string& reload = (*status)["last_reload"].text;
    if (!reload.empty()) out << "last reload " << base::EscapeLine(reload, 4096) << "\n";
    ShowRoles(*status, out);
    for (const base::JsonValue& role : (*status)["roles"].items) {
      if (role["name"].text == "front") ShowFront(role["status"], out);
      if (role["name"].text == "analyzer") ShowAnalyzer(role["status"], out);
    }
  }
  return problems.empty() ? 0 : kProblems;
}

}  // namespace lazaret::cli
