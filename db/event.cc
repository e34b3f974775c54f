#include "db/event.h"

#include <array>

#include "base/crypto.h"

namespace lazaret::db {

std::string_view Name(EventKind value) {
  switch (value) {
    case EventKind::kDecision:
      return "decision";
    case EventKind::kUpdate:
      return "update";
    case EventKind::kRelease:
      return "release";
    case EventKind::kForget:
      return "forget";
  }
  return "unknown";
}

std::string_view Name(AckMark value) {
  switch (value) {
    case AckMark::kNone:
      return "none";
    case AckMark::kNextCommand:
      return "next-command";
    case AckMark::kClose:
      return "close";
  }
  return "none";
}

std::string NewVerdictId() {
  std::array<char, 16> bits;
  base::FillRandomKept(bits.data(), bits.size());
  return base::Base32({bits.data(), bits.size()});
}

}  // namespace lazaret::db
