#include "scanners/clamav/canonical.h"

#include <algorithm>
#include <string_view>

#include "base/crypto.h"
#include "base/text.h"

namespace lazaret::scanners {
namespace {

constexpr std::size_t kLineBytes = 57;  // 76 base64 characters, RFC 2045 section 6.8
constexpr std::size_t kMaxNameBytes = 200;

// File name signatures look at the name, so as much of it as is harmless stays.
std::string SafeName(const mail::Artifact& artifact) {
  std::string name =
      artifact.claimed_names.empty() ? std::string("object") : artifact.claimed_names.front();
  if (name.size() > kMaxNameBytes)
    name.erase(0, name.size() - kMaxNameBytes);  // the extension is at the end
  for (char& c : name) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') c = '_';
  }
  return name;
}

std::string SafeType(const mail::Artifact& artifact) {
  const std::string& type = artifact.declared_type;
  const bool token = std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '-' || c == '+' ||
           c == '.';
  });
  const bool leaf = type.rfind("multipart/", 0) != 0 && type.rfind("message/", 0) != 0;
  return token && leaf && std::count(type.begin(), type.end(), '/') == 1
             ? type
             : "application/octet-stream";
}

// libclamav takes a first body line that begins with this word for one more header and loses the
// part; some bytes give it in base64.
constexpr std::string_view kHeaderStart = "content";

void AppendLine(std::string& out, std::string_view bytes) {
  out += base::Base64(bytes);
  out += "\r\n";
}

void AppendBase64(std::string& out, std::string_view bytes) {
  constexpr std::size_t kStartBytes = 6;  // eight characters
  constexpr std::size_t kShortBytes = 3;
  const std::string start = base::Base64(bytes.substr(0, kStartBytes));
  if (base::AsciiEqualNoCase(std::string_view(start).substr(0, kHeaderStart.size()),
                             kHeaderStart)) {
    AppendLine(out, bytes.substr(0, kShortBytes));
    bytes.remove_prefix(kShortBytes);
  }
  for (std::size_t at = 0; at < bytes.size(); at += kLineBytes)
    AppendLine(out, bytes.substr(at, kLineBytes));
}

}  // namespace

std::string ReceivedLine() {
  return "Received: from localhost by lazaret; Thu, 1 Jan 1970 00:00:00 +0000\r\n";
}

std::string CanonicalMessage(const mail::ArtifactTree& tree, const std::vector<ScanItem>& items) {
  const std::string boundary = "=_lazaret_" + base::Hex(base::RandomBytes(16));
  std::string out = ReceivedLine();
  out +=
      "From: sender@lazaret.invalid\r\nTo: recipient@lazaret.invalid\r\nSubject: canonical\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"";
  out += boundary + "\"\r\n\r\n";
  for (const ScanItem& item : items) {
    const mail::Artifact& artifact = tree.artifacts[item.artifact];
    const std::string name = SafeName(artifact);
    out +=
        "--" + boundary + "\r\nContent-Type: " + SafeType(artifact) + "; name=\"" + name + "\"\r\n";
    out += "Content-Disposition: attachment; filename=\"" + name + "\"\r\n";
    out += "Content-Transfer-Encoding: base64\r\n\r\n";
    AppendBase64(out, item.content);
  }
  out += "--" + boundary + "--\r\n";
  return out;
}

}  // namespace lazaret::scanners
