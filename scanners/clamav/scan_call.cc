#include "scanners/clamav/scan_call.h"

#include <clamav.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace lazaret::scanners {
namespace {

constexpr std::size_t kMaxMessages = 8;    // of the library, kept for the error text
constexpr std::uint32_t kMaxLevels = 256;  // above libclamav's own recursion limit

// The call in progress. libclamav's message callback has no reliable context, and a process makes
// one call at a time.
struct Call {
  const LayerObserver* observer = nullptr;
  std::size_t size = 0;
  CallResult result;
  std::vector<std::optional<std::uint32_t>>
      stack;  // our object at each level of the layer being scanned
};

Call*& CurrentCall() {
  static Call* call = nullptr;
  return call;
}

std::vector<std::string>& LooseErrors() {
  static std::vector<std::string> errors;
  return errors;
}

void OnMessage(cl_msg severity, const char* full, const char* text, void* context) {
  static_cast<void>(full);
  static_cast<void>(context);
  if (severity < CL_MSG_ERROR) return;
  std::vector<std::string>& errors =
      CurrentCall() != nullptr ? CurrentCall()->result.witness.errors : LooseErrors();
  if (errors.size() >= kMaxMessages) return;
  const std::string_view message = text != nullptr ? text : "";
  errors.push_back(base::EscapeLine(base::TrimAscii(message), 300));
}

void SeeRoot(Call& call, const char* type, std::size_t size) {
  Witness& witness = call.result.witness;
  witness.root_type = type != nullptr ? type : "";
  witness.root_is_mail = witness.root_type == "CL_TYPE_MAIL" && size == call.size;
}

cl_error_t OnLayer(int fd, const char* type, const char** ancestors, std::size_t parent_size,
                   const char* name, std::size_t size, const char* buffer, std::uint32_t level,
                   std::uint32_t attributes, void* context) {
  static_cast<void>(fd);
  static_cast<void>(ancestors);
  static_cast<void>(parent_size);
  static_cast<void>(name);
  static_cast<void>(attributes);
  auto* call = static_cast<Call*>(context);
  if (call == nullptr) return CL_CLEAN;
  if (++call->result.witness.layers == 1 && level == 0) SeeRoot(*call, type, size);
  call->result.witness.bytes += size;
  if (level < kMaxLevels) {
    call->stack.resize(level + 1);
    call->stack[level].reset();
    if (level > 0 && buffer != nullptr)
      call->stack[level] = (*call->observer)({{buffer, size}, type != nullptr ? type : ""});
  }
  return CL_CLEAN;
}

void OnHit(int fd, const char* name, void* context) {
  static_cast<void>(fd);
  auto* call = static_cast<Call*>(context);
  if (call == nullptr) return;
  Hit hit;
  hit.name = name != nullptr ? base::ToValidUtf8(name) : "";
  for (auto it = call->stack.rbegin(); it != call->stack.rend() && !hit.artifact; ++it)
    hit.artifact = *it;
  AddHit(call->result, std::move(hit));
}

cl_scan_options ScanOptions(const CallOptions& wanted) {
  cl_scan_options options{};
  options.general = CL_SCAN_GENERAL_HEURISTICS | CL_SCAN_GENERAL_ALLMATCHES;
  options.parse = wanted.html ? ~0U : ~static_cast<std::uint32_t>(CL_SCAN_PARSE_HTML);
  // Limits and encryption become visible, macros and cloaked links are said. Structured data is
  // what our own detectors do, with validators.
  options.heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
                      CL_SCAN_HEURISTIC_ENCRYPTED_DOC | CL_SCAN_HEURISTIC_MACROS;
  return options;
}

}  // namespace

void AddHit(CallResult& result, Hit hit) {
  bool known_name = false;
  for (Hit& other : result.hits) {
    if (other.name != hit.name) continue;
    known_name = true;
    if (other.artifact != hit.artifact) continue;
    ++other.count;
    return;
  }
  const std::size_t most = known_name ? kMaxHits : kMaxHits + kMaxHitNames;
  if (result.hits.size() < most) {
    result.hits.push_back(std::move(hit));
  } else if (known_name) {
    ++result.unlisted;
  } else {
    result.more_names = true;
  }
}

void ListenToLibrary() { cl_set_clcb_msg(&OnMessage); }

std::string TakeLibraryErrors() {
  std::string text;
  for (const std::string& error : LooseErrors()) text += (text.empty() ? "" : "; ") + error;
  LooseErrors().clear();
  return text;
}

void InstallCallbacks(cl_engine* engine) {
  cl_engine_set_clcb_file_inspection(engine, &OnLayer);
  cl_engine_set_clcb_virus_found(engine, &OnHit);
}

CallResult CallLibrary(cl_engine* engine, std::string_view bytes, const CallOptions& options,
                       const LayerObserver& observer) {
  Call call;
  call.observer = &observer;
  call.size = bytes.size();
  cl_fmap_t* map = cl_fmap_open_memory(bytes.data(), bytes.size());
  if (map == nullptr) {
    call.result.code = CL_EMAP;
    call.result.code_text = "no memory for the message";
    return call.result;
  }
  // Zero would mean no limit.
  cl_engine_set_num(engine, CL_ENGINE_MAX_SCANTIME, std::max<long long>(1, options.max_millis));
  cl_engine_set_num(engine, CL_ENGINE_MAX_SCANSIZE,
                    std::max<long long>(1, static_cast<long long>(options.max_bytes)));
  cl_scan_options library_options = ScanOptions(options);
  const char* name = nullptr;
  unsigned long scanned = 0;
  CurrentCall() = &call;
  const cl_error_t code =
      cl_scanmap_callback(map, nullptr, &name, &scanned, engine, &library_options, &call);
  CurrentCall() = nullptr;
  cl_fmap_close(map);
  call.result.code = code;
  call.result.code_text = cl_strerror(code);
  // A message above the size limit comes back as a virus without a name and without a callback.
  if (code == CL_VIRUS && call.result.hits.empty()) OnHit(-1, name, &call);
  return std::move(call.result);
}

}  // namespace lazaret::scanners
