#include "app/analyzer/canary.h"

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/crypto.h"

namespace lazaret::analyzer {
namespace {

constexpr std::string_view kRules = R"yaml(
id: CANARY-GB18030
name: A GB18030 subject is read
description: Proves that the charset converters work in the box.
status: enforce
severity: info
direction: any
scope: [subject]
match:
  keywords: ['检疫站']
action: tag
code: canary.gb18030-subject
---
id: CANARY-KOI8
name: A KOI8-R body is read
description: Proves that the charset converters work in the box.
status: enforce
severity: info
direction: any
scope: [body]
match:
  keywords: ['карантин']
action: tag
code: canary.koi8r-body
---
id: CANARY-ZIP-NAME
name: A Chinese member name is read
description: Proves that the unpacker's locale works in the box.
status: enforce
severity: info
direction: any
scope: [filename]
match:
  keywords: ['检疫站']
action: tag
code: canary.zip-member-name
)yaml";

// Assembled at run time, so that this program is not taken for the test file itself.
std::string TestFileText() {
  return std::string("X5O!P%@AP[4\\PZX54(P^)7CC)7}$") + "EICAR-STANDARD-" +
         "ANTIVIRUS-TEST-FILE!$H+H*";
}

std::uint32_t Crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

// One final block with the fixed codes: a literal below 144 is 8 bits, 0x30 + its value, highest
// bit first; the end of the block is 7 zero bits.
std::string Deflate(std::string_view content) {
  std::vector<bool> bits = {true, true, false};
  for (const char c : content) {
    const unsigned code = 0x30U + static_cast<unsigned char>(c);
    for (int bit = 7; bit >= 0; --bit) bits.push_back(((code >> bit) & 1U) != 0);
  }
  bits.insert(bits.end(), 7, false);
  std::string out((bits.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i])
      out[i / 8] = static_cast<char>(static_cast<unsigned char>(out[i / 8]) | (1U << (i % 8)));
  }
  return out;
}

std::string WithAttachment(std::string_view type, std::string_view name, std::string_view content) {
  std::string out =
      "From: canary@lazaret.invalid\r\nTo: canary@lazaret.invalid\r\nSubject: canary\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"canary\"\r\n\r\n"
      "--canary\r\nContent-Type: text/plain\r\n\r\nA canary.\r\n--canary\r\nContent-Type: ";
  out.append(type).append("; name=\"").append(name).append("\"\r\n");
  out.append("Content-Disposition: attachment; filename=\"").append(name).append("\"\r\n");
  out.append("Content-Transfer-Encoding: base64\r\n\r\n").append(base::Base64(content));
  out.append("\r\n--canary--\r\n");
  return out;
}

std::string Plain(std::string_view subject, std::string_view charset,
                  std::string_view base64_body) {
  std::string out = "From: canary@lazaret.invalid\r\nTo: canary@lazaret.invalid\r\nSubject: ";
  out.append(subject).append("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=");
  out.append(charset).append("\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  out.append(base64_body).append("\r\n");
  return out;
}

constexpr std::string_view kSignature = "clamav.signature";

std::string Found(const policy::Analysis& analysis) {
  std::string out;
  for (const policy::Finding& finding : analysis.findings) out.append(" ").append(finding.code);
  for (const policy::NotLooked& item : analysis.not_looked) {
    out.append(" not-looked ").append(item.scanner).append(" (").append(item.reason).append(")");
  }
  return out.empty() ? " nothing" : out;
}

bool Holds(const policy::Analysis& analysis, std::string_view code) {
  for (const policy::Finding& finding : analysis.findings) {
    if (finding.code == code) return true;
  }
  return false;
}

}  // namespace

std::string DeflatedZip(std::string_view name, std::string_view content) {
  constexpr std::uint16_t kUtf8Names = 1U << 11;
  constexpr std::uint16_t kDeflated = 8;
  const std::uint32_t crc = Crc32(content);
  const std::string packed = Deflate(content);
  const auto name_size = static_cast<std::uint16_t>(name.size());
  base::ByteWriter common;  // version needed .. extra length, shared by both headers
  common.U16(20);
  common.U16(kUtf8Names);
  common.U16(kDeflated);
  common.U32(0x21);  // 1980-01-01
  common.U32(crc);
  common.U32(static_cast<std::uint32_t>(packed.size()));
  common.U32(static_cast<std::uint32_t>(content.size()));
  common.U16(name_size);
  common.U16(0);
  base::ByteWriter out;
  out.U32(0x04034b50);
  out.Raw(common.bytes());
  out.Raw(name);
  out.Raw(packed);
  const auto directory = static_cast<std::uint32_t>(out.bytes().size());
  out.U32(0x02014b50);
  out.U16(20);
  out.Raw(common.bytes());
  out.U16(0);
  out.U16(0);
  out.U16(0);
  out.U32(0);
  out.U32(0);
  out.Raw(name);
  const auto directory_size = static_cast<std::uint32_t>(out.bytes().size()) - directory;
  out.U32(0x06054b50);
  out.U32(0);
  out.U16(1);
  out.U16(1);
  out.U32(directory_size);
  out.U32(directory);
  out.U16(0);
  return out.Take();
}

std::vector<Canary> MakeCanaries() {
  // 检疫站 in GB18030, карантин in KOI8-R.
  constexpr std::string_view kGbSubject = "=?gb18030?B?vOzS39W+?=";
  constexpr std::string_view kKoiBody = "y8HSwc7Uyc4=";
  return {
      {"eicar-plain", WithAttachment("application/octet-stream", "eicar.com", TestFileText()),
       "clamav.signature"},
      {"eicar-zip",
       WithAttachment("application/zip", "eicar.zip", DeflatedZip("eicar.com", TestFileText())),
       "clamav.signature"},
      {"gb18030-subject", Plain(kGbSubject, "us-ascii", "Y2FuYXJ5"), "canary.gb18030-subject",
       true},
      {"koi8r-body", Plain("canary", "koi8-r", kKoiBody), "canary.koi8r-body", true},
      {"zip-member-name",
       WithAttachment("application/zip", "canary.zip", DeflatedZip("检疫站.txt", "canary\r\n")),
       "canary.zip-member-name", true},
  };
}

std::string_view CanaryRuleText() { return kRules; }

base::Result<std::shared_ptr<const rules::RuleSet>> CanaryRules() {
  rules::Bundle bundle;
  bundle.rules.push_back({"canary", std::string(kRules), false});
  return rules::RuleSet::Compile(bundle);
}

base::Status RunCanaries(Pipeline& pipeline, const std::vector<Canary>& canaries,
                         base::Deadline deadline) {
  const policy::JobFacts facts;
  for (const Canary& canary : canaries) {
    const policy::Analysis analysis = pipeline.Analyze(canary.message, facts, deadline);
    if (!Holds(analysis, canary.expected_code) || !analysis.not_looked.empty()) {
      return base::Error{base::ErrorCode::kInternal, "canary " + canary.name + ": expected " +
                                                         canary.expected_code + ", found" +
                                                         Found(analysis)};
    }
    if (!canary.harmless) continue;
    for (const policy::Finding& finding : analysis.findings) {
      if (finding.code != kSignature) continue;
      return base::Error{
          base::ErrorCode::kInvalid,
          "canary " + canary.name + ": a harmless message is hit by " + finding.rule};
    }
  }
  return base::Ok();
}

}  // namespace lazaret::analyzer
