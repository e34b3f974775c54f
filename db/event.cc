#include "db/event.h"

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

std::string NewVerdictId() { return base::Base32(base::RandomBytes(16)); }

}  // namespace lazaret::db
