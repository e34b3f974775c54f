// What a libclamav hit means: signatures are malicious; limits and encryption are unscannable,
// except running out of time, which is could-not-look; macros and phishing heuristics are
// suspicious.
#ifndef LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_
#define LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_

#include "scanners/clamav/scan_call.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

enum class HitKind { kSignature, kUnscannable, kOutOfTime, kSuspicious };

HitKind KindOf(const Hit& hit);
// A limit other than time was reached, so the rest of the message was not looked at.
bool IsLimit(const Hit& hit);

// Not for kOutOfTime.
policy::Finding FindingOf(const Hit& hit, const mail::ArtifactTree& tree);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_
