// One call of libclamav over bytes in memory, with everything needed to know whether it really
// looked. libclamav fails open: without a usable temp folder, at its limits and for encrypted
// archives it answers "clean". So its return code alone means nothing here.
#ifndef LAZARET_SCANNERS_CLAMAV_SCAN_CALL_H_
#define LAZARET_SCANNERS_CLAMAV_SCAN_CALL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct cl_engine;

namespace lazaret::scanners {

struct Hit {
  std::string name;  // signature; empty when libclamav gave none (a limit at level 0)
  std::optional<std::uint32_t> artifact;  // the innermost of our objects it was looking at
  std::uint32_t count = 1;                // times reported for this artifact
};

// One object libclamav looks at: the message, a part, a member, something embedded.
struct Layer {
  std::string_view bytes;
  std::string_view type;  // libclamav's, "CL_TYPE_HTML"
};

struct Witness {
  int layers = 0;             // layers shown
  bool root_is_mail = false;  // the first one: level 0, type mail, full size
  std::string root_type;
  std::uint64_t bytes = 0;          // of all layers
  std::vector<std::string> errors;  // error-level messages of the library during the call
};

struct CallResult {
  int code = 0;  // cl_error_t
  std::string code_text;
  std::vector<Hit> hits;
  std::uint32_t unlisted = 0;  // hits beyond the cap, each of a name that is among `hits`
  bool more_names = false;     // names beyond the cap: what they are is not known any more
  Witness witness;
};

// Hits of one call that are listed; stops a message in which a signature matches everything from
// costing memory. Beyond it each name is still listed once, up to so many more names, so that what
// is left out is no worse than what is listed.
inline constexpr std::size_t kMaxHits = 1000;
inline constexpr std::size_t kMaxHitNames = 1000;
void AddHit(CallResult& result, Hit hit);

struct CallOptions {
  std::uint32_t max_millis = 0;  // at least 1
  std::uint64_t max_bytes = 0;   // over all layers; at least 1
  // Without it HTML is looked at as the bytes it is, not as normalised text.
  bool html = true;
};

// Shown each layer below the root; gives the artifact it equals.
using LayerObserver = std::function<std::optional<std::uint32_t>(const Layer&)>;

// Goes on after a hit to the end: what lies behind one signature is looked at like all else, and on
// clean mail that costs nothing. Not reentrant; one call a process at a time.
CallResult CallLibrary(cl_engine* engine, std::string_view bytes, const CallOptions& options,
                       const LayerObserver& observer);

// Set once by ClamavEngine::Load.
void InstallCallbacks(cl_engine* engine);
void ListenToLibrary();
// Error-level messages since the last call, joined; for errors while loading.
std::string TakeLibraryErrors();

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_SCAN_CALL_H_
