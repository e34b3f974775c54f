// What a libclamav hit means: signatures are malicious; limits and encryption are unscannable,
// except running out of time, which is could-not-look; macros and phishing heuristics are
// suspicious.
#ifndef LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_
#define LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scanners/clamav/scan_call.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

enum class HitKind { kSignature, kUnscannable, kOutOfTime, kSuspicious };

HitKind KindOf(const Hit& hit);
// Any limit but that of time.
bool IsLimit(const Hit& hit);
// A limit over the whole message: what comes behind it was not looked at.
bool EndsTheScan(const Hit& hit);
// One object, or the message, was left out for its size.
bool IsFileTooLarge(const Hit& hit);

// One finding a hit; one for each limit however often it was reached. kOutOfTime gives none: that
// is could-not-look.
Findings FindingsOf(const std::vector<Hit>& hits, const mail::ArtifactTree& tree);

inline constexpr std::string_view kNotSeenCode = "scan.error.clamav";
policy::Finding NotSeenFinding(const mail::ArtifactTree& tree, const std::string& why);
policy::Finding DamagedFinding(const mail::ArtifactTree& tree, const std::string& error);
// `count` hits of signatures that have other findings.
policy::Finding UnlistedFinding(const mail::ArtifactTree& tree, std::uint32_t count);
policy::Finding WrongRootFinding(const mail::ArtifactTree& tree, const std::string& type);
// `count` objects did not fit into the budget of bytes: joins the finding of that limit, or adds
// it.
void AddNotAfforded(Findings& findings, const mail::ArtifactTree& tree, std::uint32_t count);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_HIT_FINDINGS_H_
