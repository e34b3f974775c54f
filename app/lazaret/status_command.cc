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

// "clean 12, malicious 1": the counters of one kind, in the order of their names.
std::string Divided(const base::JsonValue& counters, std::string_view prefix) {
  constexpr std::string_view kEnd = "_total";
  std::string text;
  for (const auto& [name, value] : counters.fields) {
    if (name.size() <= prefix.size() + kEnd.size() || name.rfind(prefix, 0) != 0) continue;
    const std::string part = name.substr(prefix.size(), name.size() - prefix.size() - kEnd.size());
    text += base::Format("{}{} {}", text.empty() ? "" : ", ", base::EscapeLine(part), value.Int());
  }
  return text.empty() ? "none yet" : text;
}

void ShowMail(const base::JsonValue& counters, std::ostream& out) {
  out << base::Format("messages    {} answered since the front started\n",
                      counters["messages_total"].Int());
  out << "  class     " << Divided(counters, "messages_class_") << "\n";
  out << "  answer    " << Divided(counters, "messages_action_") << "\n";
  out << base::Format(
      "  trouble   {} aborted, {} refused for a limit, {} refused at MAIL, {} not looked at, {} "
      "not "
      "recorded\n",
      counters["messages_aborted_total"].Int(), counters["messages_refused_total"].Int(),
      counters["messages_refused_at_mail_total"].Int(),
      counters["messages_not_looked_at_total"].Int(),
      counters["verdicts_not_recorded_total"].Int());
}

std::string Amount(std::string_view name, std::int64_t amount) {
  constexpr std::string_view kBytes = "_bytes";
  const bool bytes =
      name.size() > kBytes.size() && name.substr(name.size() - kBytes.size()) == kBytes;
  return bytes && amount >= 1 << 20 ? base::Format("{} MiB", amount >> 20)
                                    : base::Format("{}", amount);
}

// Each limit of a role that fills up, with what is used of it now.
void ShowLimits(const base::JsonValue& role, std::ostream& out) {
  for (const base::JsonValue& one : role["limits"].items) {
    const std::int64_t used = one["used"].Int();
    const std::int64_t limit = one["limit"].Int();
    const std::string& name = one["name"].text;
    out << base::Format("  {:<27} {} of {} ({} %)\n", base::EscapeLine(name), Amount(name, used),
                        Amount(name, limit), limit > 0 ? used * 100 / limit : 0);
  }
}

void ShowFront(const base::JsonValue& front, std::ostream& out) {
  const base::JsonValue& generation = front["generation"];
  const std::string id = generation["id"].text;
  out << "milter      " << base::EscapeLine(front["listen"].text) << "\n";
  out << "mode        " << base::EscapeLine(front["mode"].text) << "\n";
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
  if (front["in_flight"].Int() > 0)
    out << base::Format("oldest      waits {} s for its answer\n",
                        front["oldest_millis"].Int() / 1000);
  out << "limits      used now\n";
  ShowLimits(front, out);
  ShowMail(front["counters"], out);
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
    err << "lazaret status: " << WhyNoAnswer("status", answer.error()) << "\n";
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
