// The canonical message: what libclamav did not see of the raw one, as a well-formed mail of our
// own, so that signatures that need a mail around an attachment work. No byte of a header line in
// it is chosen by the sender but a sanitised file name and content type.
#ifndef LAZARET_SCANNERS_CLAMAV_CANONICAL_H_
#define LAZARET_SCANNERS_CLAMAV_CANONICAL_H_

#include <string>
#include <vector>

#include "mail/model/artifact.h"
#include "scanners/clamav/coverage.h"

namespace lazaret::scanners {

// The line in front of every message handed to libclamav: with it the root is always taken for
// mail.
std::string ReceivedLine();

// multipart/mixed with each item as a base64 part under its artifact's best name.
std::string CanonicalMessage(const mail::ArtifactTree& tree, const std::vector<ScanItem>& items);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_CANONICAL_H_
