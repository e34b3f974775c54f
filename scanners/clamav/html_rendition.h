// HTML that libclamav does not take for HTML: a file or body that begins with a comment, a <div>, a
// byte order mark or an XML declaration is text to it, and no signature over normalised HTML
// (target type 3) looks at it. Mail programs and browsers show it all the same.
#ifndef LAZARET_SCANNERS_CLAMAV_HTML_RENDITION_H_
#define LAZARET_SCANNERS_CLAMAV_HTML_RENDITION_H_

#include <string>

#include "mail/model/artifact.h"

namespace lazaret::scanners {

// By its declared type, by its content, or by a name under which a reader would open it as HTML.
bool ReadAsHtml(const mail::Artifact& artifact);

// The content as libclamav takes for HTML whatever it begins with; UTF-16 becomes UTF-8.
std::string HtmlRendition(const mail::Artifact& artifact);

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_HTML_RENDITION_H_
