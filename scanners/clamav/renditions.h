// Other bytes for the same artifact, where what libclamav makes of an artifact is not what its
// reader makes of it.
#ifndef LAZARET_SCANNERS_CLAMAV_RENDITIONS_H_
#define LAZARET_SCANNERS_CLAMAV_RENDITIONS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/model/artifact.h"

namespace lazaret::scanners {

// HTML that libclamav does not take for HTML: a file or body that begins with a comment, a <div>, a
// byte order mark or an XML declaration is text to it, and no signature over normalised HTML
// (target type 3) looks at it. Mail programs and browsers show it all the same. By its declared
// type, by its content, or by a name under which a reader would open it as HTML.
bool ReadAsHtml(const mail::Artifact& artifact);
// The content as libclamav takes for HTML whatever it begins with; UTF-16 becomes UTF-8.
std::string HtmlRendition(const mail::Artifact& artifact);

// A text file sent as text (7bit, 8bit, quoted-printable) arrives with other line ends than it had
// where it came from, and a hash signature is over that file. With LF for CRLF, and each without
// the last line end; none for what was not sent as text or is no file.
std::vector<std::string> LineEndRenditions(const mail::Artifact& artifact);

// libclamav does not look into multipart/signed and multipart/parallel. Content that names one is
// perhaps a mail that our reader has not split: with those names made multipart/mixed, which has
// the same length. `known`: how often they are expected; nullopt when they are not named more
// often.
std::optional<std::string> OpenedMultiparts(std::string_view content, std::size_t known);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_RENDITIONS_H_
