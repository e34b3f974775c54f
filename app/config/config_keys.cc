// The table. docs/config-keys.md says the same in prose; a test holds the two together.
#include "app/config/checks.h"
#include "app/config/key_table.h"

namespace lazaret::config {
namespace {

constexpr std::uint64_t kKib = 1U << 10;
constexpr std::uint64_t kMib = 1U << 20;
constexpr std::uint64_t kGib = 1U << 30;

#define LAZARET_AT(type, member) \
  static_cast<type& (*)(Config&)>([](Config& c) -> type& { return c.member; })

Key Text(std::string_view name, TextRef field, Check check, std::string_view doc) {
  return {name, field, Form::kText, 0, 0, check, doc};
}
Key Path(std::string_view name, TextRef field, std::string_view doc) {
  return {name, field, Form::kPath, 0, 0, nullptr, doc};
}
Key List(std::string_view name, ListRef field, Check check, std::string_view doc) {
  return {name, field, Form::kText, 0, 0, check, doc};
}
Key Bool(std::string_view name, BoolRef field, std::string_view doc) {
  return {name, field, Form::kBool, 0, 0, nullptr, doc};
}
struct Range {
  std::uint64_t min;
  std::uint64_t max;
};
Key Number(std::string_view name, U32Ref field, Range range, std::string_view doc) {
  return {name, field, Form::kNumber, range.min, range.max, nullptr, doc};
}
Key Size(std::string_view name, U64Ref field, Range range, std::string_view doc) {
  return {name, field, Form::kSize, range.min, range.max, nullptr, doc};
}

using Str = std::string;
using U32 = std::uint32_t;
using U64 = std::uint64_t;
using Strs = std::vector<std::string>;
using StrMap = std::map<std::string, std::string>;
using Nets = std::vector<policy::Network>;

std::vector<Key> GeneralKeys() {
  return {
      Text("node", LAZARET_AT(Str, node), CheckNode, "name of this machine in the verdict log"),
      Path("paths.root", LAZARET_AT(Str, paths.root), "folder that all others lie below"),
      Path("paths.etc", LAZARET_AT(Str, paths.etc), "policy.yaml, rules.d, lists.d, keys"),
      Path("paths.state", LAZARET_AT(Str, paths.state), "db, spool, generations, quarantine"),
      Path("paths.run", LAZARET_AT(Str, paths.run), "control sockets"),
      Path("paths.shipped", LAZARET_AT(Str, paths.shipped), "shipped rules"),
      Text("users.front", LAZARET_AT(Str, users.front), CheckUser, "user of lazaret-front"),
      Text("users.scan", LAZARET_AT(Str, users.scan), CheckUser, "user of lazaret-analyzer"),
      Text("users.outbound", LAZARET_AT(Str, users.outbound), CheckUser,
           "user of lazaret-outbound"),
      Text("users.admin", LAZARET_AT(Str, users.admin), CheckUser, "user of lazaret-admin"),
      Text("log.target", LAZARET_AT(Str, log.target), CheckLogTarget, "stderr or syslog"),
      Text("log.level", LAZARET_AT(Str, log.level), CheckLogLevel, "debug, info, warning or error"),
      Path("log.database", LAZARET_AT(Str, log.database), "the verdict log"),
      Number("log.keep_days", LAZARET_AT(U32, log.keep_days), {0, 36'500},
             "verdicts older than this are removed; 0 keeps them for ever"),
      Text("confine.level", LAZARET_AT(Str, confine.level), CheckConfineLevel, "full or reduced"),
      Size("confine.tmpfs_bytes", LAZARET_AT(U64, confine.tmpfs_bytes), {16 * kMib, 64 * kGib},
           "temporary folder of a worker; stops archive floods"),
      Size("confine.address_space_bytes", LAZARET_AT(U64, confine.address_space_bytes),
           {256 * kMib, 256 * kGib}, "memory of a worker above its zygote's; stops memory floods"),
  };
}

std::vector<Key> LimitKeys() {
  return {
      Number("limits.deadline_seconds", LAZARET_AT(U32, limits.deadline_seconds), {5, 3600},
             "from the end of a message to the reply"),
      Size("limits.message_bytes", LAZARET_AT(U64, limits.message_bytes), {64 * kKib, 2 * kGib - 1},
           "larger messages are answered 552"),
      Size("limits.memory_bytes", LAZARET_AT(U64, limits.memory_bytes), {0, kGib},
           "larger messages are spooled to an unlinked file"),
      Size("limits.spool_bytes", LAZARET_AT(U64, limits.spool_bytes), {kMib, 512 * kGib},
           "all spooled messages together; above it 452"),
      Number("limits.sessions", LAZARET_AT(U32, limits.sessions), {1, 100'000},
             "open milter sessions; above it 451"),
      Number("limits.idle_seconds", LAZARET_AT(U32, limits.idle_seconds), {10, 86'400},
             "a peer silent for so long is dropped"),
      Number("limits.half_open_seconds", LAZARET_AT(U32, limits.half_open_seconds), {1, 3600},
             "a peer that connects and does not negotiate"),
      Number("limits.header_fields", LAZARET_AT(U32, limits.header_fields), {1000, 10'000'000},
             "header fields of a message"),
      Number("limits.recipients", LAZARET_AT(U32, limits.recipients), {1, 50'000},
             "recipients of a message"),
      Number("limits.queue_messages", LAZARET_AT(U32, limits.queue_messages), {0, 100'000},
             "messages that wait for a worker; 0: 16 for each worker"),
      Number("limits.queue_wait_percent", LAZARET_AT(U32, limits.queue_wait_percent), {1, 90},
             "of the deadline; who would wait longer for a worker gets 451 at once"),
      Size("limits.queue_bytes", LAZARET_AT(U64, limits.queue_bytes), {kMib, 64 * kGib},
           "bytes of the messages that wait for a worker"),
      Number("limits.drain_seconds", LAZARET_AT(U32, limits.drain_seconds), {1, 7200},
             "for messages in flight when stopping"),
      Number("limits.workers", LAZARET_AT(U32, limits.workers), {0, 1024}, "0: as many as cores"),
      Number("limits.worker_messages", LAZARET_AT(U32, limits.worker_messages), {1, 1'000'000},
             "a worker is replaced after so many"),
      Size("limits.worker_growth_bytes", LAZARET_AT(U64, limits.worker_growth_bytes),
           {kMib, 64 * kGib}, "or when its heap grew by more"),
      Number("limits.worker_seconds", LAZARET_AT(U32, limits.worker_seconds), {1, 604'800},
             "or with the first answer after so long"),
      Number("limits.canary_messages", LAZARET_AT(U32, limits.canary_messages), {1, 1'000'000},
             "a worker proves itself again after so many"),
      Number("limits.canary_seconds", LAZARET_AT(U32, limits.canary_seconds), {1, 86'400},
             "or after so long"),
  };
}

std::vector<Key> MilterKeys() {
  return {
      Text("milter.listen", LAZARET_AT(Str, milter.listen), CheckListen,
           "unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST"),
      {"milter.socket_mode", LAZARET_AT(U32, milter.socket_mode), Form::kMode, 0, 0777, nullptr,
       "permissions of a unix socket"},
      Text("milter.socket_group", LAZARET_AT(Str, milter.socket_group), CheckUser,
           "group of a unix socket"),
      Text("reply.language", LAZARET_AT(Str, reply.language), CheckLanguage,
           "which templates replies use"),
      Text("reply.contact", LAZARET_AT(Str, reply.contact), CheckContact,
           "whom a refused sender may ask"),
      {"reply.templates.*.reject", LAZARET_AT(StrMap, reply.reject), Form::kText, 0, 0,
       CheckTemplate, "reply text of a 5xx"},
      {"reply.templates.*.tempfail", LAZARET_AT(StrMap, reply.tempfail), Form::kText, 0, 0,
       CheckTemplate, "reply text of a 4xx"},
  };
}

std::vector<Key> ScanKeys() {
  return {
      Path("clamav.database", LAZARET_AT(Str, clamav.database), "folder of the signatures"),
      Path("clamav.signatures_dir", LAZARET_AT(Str, clamav.signatures_dir),
           "own signatures and YARA files"),
      Bool("clamav.builtin_only", LAZARET_AT(bool, clamav.builtin_only),
           "start without a database, on test signatures"),
      Size("clamav.max_scan_bytes", LAZARET_AT(U64, clamav.max_scan_bytes), {kMib, 4 * kGib - 1},
           "all that is unpacked from a message"),
      Size("clamav.max_file_bytes", LAZARET_AT(U64, clamav.max_file_bytes), {kMib, 2 * kGib - 1},
           "one file in it"),
      Number("clamav.max_files", LAZARET_AT(U32, clamav.max_files), {1, 100'000}, "files in it"),
      Number("clamav.max_recursion", LAZARET_AT(U32, clamav.max_recursion), {1, 100},
             "containers within containers"),
      Number("clamav.max_scan_millis", LAZARET_AT(U32, clamav.max_scan_millis), {100, 600'000},
             "time of one scan"),
      Bool("clamav.huge_pages", LAZARET_AT(bool, clamav.huge_pages), "signatures in huge pages"),
      Text("clamav.matcher", LAZARET_AT(Str, clamav.matcher), CheckMatcher,
           "automaton or combined: how byte patterns are looked for"),
      {"clamav.max_age", LAZARET_AT(U32, clamav.max_age_seconds), Form::kDuration, 0, 315'360'000,
       nullptr, "older signatures are a problem; 0 is off"},
      Text("clamav.max_age_action", LAZARET_AT(Str, clamav.max_age_action), CheckMaxAgeAction,
           "warn or tempfail"),
      Size("clamav.reload_reserve_bytes", LAZARET_AT(U64, clamav.reload_reserve_bytes),
           {0, 1024 * kGib}, "memory that must stay free beside a second engine"),
      Bool("reload.watch", LAZARET_AT(bool, reload_watch), "a change on disk is a reload"),
      {"rules.paths", LAZARET_AT(Strs, rules_paths), Form::kPath, 0, 0, nullptr,
       "files or folders of more rules"},
      Bool("rules.shipped", LAZARET_AT(bool, rules_shipped), "load the shipped rules"),
      Bool("dlp.report_all", LAZARET_AT(bool, dlp_report_all),
           "findings of all detectors, whatever rules say"),
      {"scanners.mandatory", LAZARET_AT(Strs, mandatory), Form::kText, 1, 0, CheckScanner,
       "scanners whose failure is class error"},
  };
}

std::vector<Key> PolicyKeys() {
  return {
      Path("policy.file", LAZARET_AT(Str, policy_file), "the policy"),
      Text("policy.mode", LAZARET_AT(Str, policy_mode), CheckMode, "enforce or observe"),
      Text("policy.observe_errors", LAZARET_AT(Str, observe_errors), CheckObserveErrors,
           "tempfail or accept"),
      List("policy.observe_daemons", LAZARET_AT(Strs, observe_daemons), CheckDaemon,
           "daemon names that only observe"),
      List("policy.observe_domains", LAZARET_AT(Strs, observe_domains), CheckDomain,
           "recipient domains that only observe"),
      {"policy.daemons.inbound", DaemonsOf{policy::Direction::kInbound}, Form::kText, 0, 0,
       CheckDaemon, "daemon names of inbound mail"},
      {"policy.daemons.outbound", DaemonsOf{policy::Direction::kOutbound}, Form::kText, 0, 0,
       CheckDaemon, "daemon names of outbound mail"},
      {"policy.daemons.local", DaemonsOf{policy::Direction::kLocal}, Form::kText, 0, 0, CheckDaemon,
       "daemon names of local mail"},
      {"policy.internal_networks", LAZARET_AT(Nets, directions.internal_networks), Form::kText, 0,
       0, nullptr, "clients whose mail is outbound"},
      List("policy.local_domains", LAZARET_AT(Strs, directions.local_domains), CheckDomain,
           "outbound mail only to these is local"),
  };
}

}  // namespace

const std::vector<Key>& AllKeys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all;
    for (const auto& part : {GeneralKeys(), LimitKeys(), MilterKeys(), ScanKeys(), PolicyKeys()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

}  // namespace lazaret::config
