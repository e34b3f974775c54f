// The scan plan over one message: the raw message (once more with the multiparts opened that
// libclamav skips and our reader has not found), then a canonical message of what libclamav did
// not see, then HTML files as the bytes they are. All calls share one budget of time, and the later
// ones a small one of bytes once a limit was reached: a bomb is not paid for twice.
#ifndef LAZARET_SCANNERS_CLAMAV_MESSAGE_SCAN_H_
#define LAZARET_SCANNERS_CLAMAV_MESSAGE_SCAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/model/artifact.h"
#include "scanners/clamav/coverage.h"
#include "scanners/clamav/engine.h"
#include "scanners/clamav/scan_call.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

struct ScanOutcome {
  Findings findings;           // whatever was found
  std::string could_not_look;  // why something was not looked at; empty: all of it was
};

class MessageScan {
 public:
  // Engine and tree outlive this.
  MessageScan(const ClamavEngine& engine, const mail::ArtifactTree& tree, base::Deadline deadline);

  // Once.
  ScanOutcome Run();

 private:
  // What one call leaves open.
  struct Looked {
    Witness witness;
    bool cut = false;        // a limit over the whole message ended it early
    bool too_large = false;  // an object above the size limit of one file was left out
  };
  Looked Look(std::string_view bytes, const char* what, Coverage::How how);
  void NoteCut();
  void Take(const CallResult& result, const char* what);
  void LookAtRaw();
  void LookAtOpened();
  void AddRenditions();
  void LookAt(std::vector<ScanItem> items, const char* what, Coverage::How how);
  std::vector<std::vector<ScanItem>> Affordable(std::vector<ScanItem> items);
  void LookAtChunk(const std::vector<ScanItem>& chunk, const char* what, Coverage::How how);
  CallOptions Budget(Coverage::How how) const;
  std::uint32_t MillisLeft() const;
  ScanOutcome Conclude() const;

  const ClamavEngine& engine_;
  const mail::ArtifactTree& tree_;
  base::Deadline deadline_;
  Coverage coverage_;
  std::vector<Hit> hits_;
  std::vector<std::string> failures_;
  std::vector<bool> has_children_;  // by artifact
  bool cut_ = false;                // a limit over the whole message was reached
  base::Deadline after_cut_;        // for what comes after it
  std::uint64_t bytes_left_;        // for canonical messages
  std::uint32_t not_afforded_ = 0;  // objects that did not fit into them
  std::uint32_t unlisted_ = 0;      // hits beyond the caps of their calls
  std::string damaged_;             // what the library said of damaged content
  std::string wrong_root_;          // type libclamav gave the raw message when not mail
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_MESSAGE_SCAN_H_
