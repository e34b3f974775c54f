// The configuration: read and checked once by the supervisor (or the CLI), handed to each role as a
// sealed memory file. A folder owns its options; only app/config reads files and fills them.
// docs/operations.md documents each key; a test holds that page against the table in
// config_keys.cc.
#ifndef LAZARET_APP_CONFIG_CONFIG_H_
#define LAZARET_APP_CONFIG_CONFIG_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/policy.h"

namespace lazaret::config {

struct Paths {
  std::string root;     // moves everything below (demo, tests, unprivileged use); empty = "/"
  std::string etc;      // <root>/etc/lazaret: policy.yaml, rules.d, lists.d, keys
  std::string state;    // <root>/var/lib/lazaret: db, spool, generations, quarantine
  std::string run;      // <root>/run/lazaret: sockets
  std::string shipped;  // shipped rules; empty = ../share/lazaret/rules beside the executable, else
                        // /usr/share
};

struct Users {  // empty = stay the user that started lazaretd
  std::string front;
  std::string scan;
  std::string outbound;
  std::string admin;
};

struct Limits {
  std::uint32_t deadline_seconds = 120;      // D, from the end-of-message callback to the reply
  std::uint64_t message_bytes = 100U << 20;  // larger is answered 552 at once
  std::uint64_t memory_bytes = 4U << 20;     // larger messages are spooled to an unlinked file
  std::uint64_t spool_bytes = 2ULL << 30;    // of all spooled messages; above it 452
  std::uint32_t sessions = 1000;             // open milter sessions; above it new ones get 451
  std::uint32_t idle_seconds = 900;          // a peer silent for so long is dropped
  std::uint32_t half_open_seconds = 10;      // a peer that connected and does not negotiate
  std::uint32_t header_fields = 500'000;
  std::uint32_t recipients = 50'000;
  std::uint32_t queue_messages = 0;       // waiting for a worker; 0 = 16 for each worker
  std::uint32_t queue_wait_percent = 30;  // of the deadline; who would wait longer gets 451 at once
  std::uint64_t queue_bytes = 256U << 20;  // of the messages waiting for a worker
  std::uint32_t drain_seconds = 150;
  std::uint32_t workers = 0;                      // 0 = as many as cores
  std::uint32_t worker_messages = 500;            // a worker is replaced after so many
  std::uint64_t worker_growth_bytes = 64U << 20;  // ... or when its heap grew by more than this
  std::uint32_t worker_seconds = 600;             // ... or after its first answer later than this
  std::uint32_t canary_messages = 200;            // canaries run again after so many messages
  std::uint32_t canary_seconds = 10;              // ... or after so long without one
};

struct Milter {
  std::string listen =
      "unix:/var/spool/postfix/lazaret/milter.sock";  // unix:PATH, inet:PORT@HOST, inet6:PORT@HOST
  std::uint32_t socket_mode = 0660;
  std::string socket_group = "postfix";  // ignored when it does not exist
};

struct Reply {
  std::string language = "en";                // templates key used in SMTP replies
  std::string contact;                        // "postmaster@example.org", shown in replies when set
  std::map<std::string, std::string> reject;  // language -> template with {id} and {contact}
  std::map<std::string, std::string> tempfail;
};

struct Clamav {
  std::string database = "/var/lib/clamav";
  std::string signatures_dir;  // own signatures and YARA; empty = <etc>/signatures.d
  bool builtin_only = false;   // start without a database, on the built-in test signatures
  std::uint64_t max_scan_bytes = 400U << 20;
  std::uint64_t max_file_bytes = 100U << 20;
  std::uint32_t max_files = 2000;
  std::uint32_t max_recursion = 17;
  std::uint32_t max_scan_millis = 20'000;
  bool huge_pages = true;
  std::string matcher = "automaton";    // automaton or combined
  std::uint32_t max_age_seconds = 0;    // clamav.max_age: of the database's newest file; 0 = off
  std::string max_age_action = "warn";  // warn or tempfail
  // Must stay free beside a second engine: its workers, and what the estimate of its size misses.
  // Stops a reload from pushing the machine into swap or the kernel into killing.
  std::uint64_t reload_reserve_bytes = 256U << 20;
};

struct Log {
  std::string database;           // empty = <state>/db/verdicts.db
  std::string target = "stderr";  // stderr or syslog
  std::string level = "info";
  std::uint32_t keep_days = 0;  // verdicts older than so many days are removed; 0 = none
};

struct Confine {
  std::string level = "full";  // full or reduced
  std::uint64_t tmpfs_bytes = 512U << 20;
  std::uint64_t address_space_bytes = 4ULL << 30;  // above what the zygote has
};

struct Config {
  std::string origin;  // file it came from, or "embedded defaults"
  std::string node = "lazaret";
  Paths paths;
  Users users;
  Limits limits;
  Milter milter;
  Reply reply;
  Clamav clamav;
  bool reload_watch = true;  // reload.watch: a change on disk is a reload
  std::vector<std::string>
      rules_paths;              // rules.paths: files or folders, added to shipped and <etc>/rules.d
  bool rules_shipped = true;    // rules.shipped: load the shipped rules
  bool dlp_report_all = false;  // dlp.report_all: findings of all detectors whatever rules say
  std::string policy_mode = "enforce";       // policy.mode: enforce or observe
  std::string observe_errors = "tempfail";   // policy.observe_errors: tempfail or accept
  std::vector<std::string> observe_daemons;  // policy.observe_daemons
  std::vector<std::string> observe_domains;  // policy.observe_domains
  std::string policy_file;  // policy.file; empty = <etc>/policy.yaml, else the embedded one
  policy::DirectionRules directions;  // policy.daemons.{inbound,outbound,local},
                                      // policy.internal_networks, policy.local_domains
  std::vector<std::string> mandatory = {"clamav", "filetype", "ambiguity", "content_rules", "dlp"};
  Log log;
  Confine confine;
  // Where each written key stands: "lazaret.yaml:3:5" or "--set". Not handed to the roles.
  std::map<std::string, std::string, std::less<>> written;
};

// "lazaret.yaml:3:5: users.front", or the key alone when nobody wrote it: begins what is said about
// a value.
std::string PlaceOf(const Config& config, std::string_view key);

// One `--set KEY=VALUE`, or one scalar of the file. Lists are comma-separated in --set.
struct Setting {
  std::string key;  // dotted: "clamav.database"
  std::string value;
  std::string origin;  // "lazaret.yaml:3:5" or "--set"
};

// `file` empty: /etc/lazaret/lazaret.yaml when it exists, else embedded defaults. Unknown or
// duplicate keys, wrong types and values out of range are errors "file:line:column: why". Derived
// paths are filled. A root given by --set also moves the default file. Paths in the file are
// absolute; relative ones in
// --set are taken from the working folder.
// Reading goes on after a fault: `faults` gets all of them, one line each, in the file's order; the
// error is the first.
base::Result<Config> LoadConfig(const std::string& file, const std::vector<std::string>& sets,
                                std::vector<std::string>* faults = nullptr);
// The same on text that was read already; `origin` names it in errors.
base::Result<Config> LoadConfigText(std::string_view text, const std::string& origin,
                                    const std::vector<std::string>& sets,
                                    std::vector<std::string>* faults = nullptr);

// Names of the keys whose values differ, in the table's order.
std::vector<std::string> ChangedKeys(const Config& before, const Config& after);

// SMTP reply text of one verdict, without code: the template of reply.language, ASCII, neutral.
enum class ReplyKind : std::uint8_t { kReject = 0, kTempfail = 1 };
std::string ReplyText(const Config& config, ReplyKind kind, std::string_view verdict_id);

// The sealed memory file: schema version, then the settings; DecodeConfig fills the same Config.
std::string EncodeConfig(const Config& config);
base::Result<Config> DecodeConfig(std::string_view bytes);

// --- What one generation is made of: policy.yaml, rules, lists, read once.
enum class DocumentKind : std::uint8_t {
  kPolicy = 1,
  kShippedRules = 2,
  kSiteRules = 3,
  kList = 4
};

struct BundleDocument {
  DocumentKind kind = DocumentKind::kSiteRules;
  std::string name;    // list name, or file name
  std::string origin;  // path as shown in errors
  std::string text;
};

struct GenerationBundle {
  std::vector<BundleDocument> documents;
  std::string masking_key;     // 32 bytes: subkey of the front's masking key
  std::string masking_key_id;  // epoch id, 8 hex digits
};

// Caps of a bundle; each stops a folder of rubbish from filling memory.
inline constexpr std::size_t kMaxRuleFileBytes = 1U << 20;
inline constexpr std::size_t kMaxListFileBytes = 16U << 20;
inline constexpr std::size_t kMaxBundleBytes = 64U << 20;
inline constexpr std::size_t kMaxBundleDocuments = 2000;

// Reads all files; an unreadable one is an error naming it. `masking_key` is the master key of 32
// bytes, of which the bundle gets a subkey; empty = random.
// All files are of one moment: when one changes meanwhile they are read again, and kUnavailable
// says which one when that does not end.
base::Result<GenerationBundle> ReadBundle(const Config& config, std::string masking_key);
// What `now` has lost against the bundle in force by what may be an accident (a folder moved away,
// a file that an editor has just emptied), in words with the path; `text` is empty when nothing. A
// file that was removed from a folder that is still there was removed on purpose.
struct Lost {
  std::string text;     // to whoever asked for it and gets it
  std::string unasked;  // where nobody asked and nothing is taken: how to go on
  bool folder = false;  // nobody takes a whole folder away to be without its rules
};
Lost LostSource(const GenerationBundle& before, const GenerationBundle& now);
std::string EncodeBundle(const GenerationBundle& bundle);
base::Result<GenerationBundle> DecodeBundle(std::string_view bytes);
// Hex SHA-256 over documents (not the key): names what rules, lists and policy were in force.
std::string BundleSha256(const GenerationBundle& bundle);

// deploy/config/policy.yaml as built in: the policy in force when no file exists.
std::string_view ShippedPolicyText();

// <etc>/keys/masking.key: 32 random bytes, 0600 in a folder of 0700; made when missing. Other
// sizes, other kinds of file and looser permissions are errors. Two callers at once get the same
// key.
base::Result<std::string> LoadOrCreateMaskingKey(const Config& config);

// Parses policy.yaml's text. Errors "origin:line:column: why"; actions not built are refused.
// `faults` as for LoadConfig.
base::Result<policy::Policy> ParsePolicy(std::string_view text, const std::string& origin,
                                         std::vector<std::string>* faults = nullptr);
// The policy of a bundle with the `policy` section of the configuration applied.
base::Result<policy::Policy> PolicyOf(const Config& config, const GenerationBundle& bundle,
                                      std::vector<std::string>* faults = nullptr);

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_CONFIG_H_
