#include "tests/scanners/scanners_support.h"

#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"
#include "mail/reader.h"
#include "scanners/clamav/clamav_scanner.h"

namespace lazaret::scanners::test {
namespace {

void PreloadOnce() {
  static const bool done = [] {
    std::setlocale(LC_ALL, "C.UTF-8");
    return mail::PreloadReaders().ok();
  }();
  LAZARET_CHECK(done);
}

void Little(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

// CRC-32 of ZIP (polynomial 0xEDB88320, reflected).
std::uint32_t Crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
  }
  return ~crc;
}

const std::string& Packed(const Member& member) {
  return member.packed.empty() ? member.content : member.packed;
}

// The fields that a local and a central header share, from "flags" to "extra length".
std::string CommonFields(const Member& member) {
  std::string out;
  Little(out, member.encrypted ? 1 : 0, 2);
  Little(out, member.packed.empty() ? 0 : 8, 2);
  Little(out, 0, 4);
  Little(out, Crc32(member.content), 4);
  Little(out, static_cast<std::uint32_t>(Packed(member).size()), 4);
  Little(out, static_cast<std::uint32_t>(member.content.size()), 4);
  Little(out, static_cast<std::uint32_t>(member.name.size()), 2);
  Little(out, 0, 2);
  return out;
}

// RFC 1321, for .hdb signatures; short inputs of tests only.
std::string Md5(std::string text) {
  const std::uint64_t bits = text.size() * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  Little(text, static_cast<std::uint32_t>(bits), 4);
  Little(text, static_cast<std::uint32_t>(bits >> 32), 4);
  constexpr std::uint32_t kShifts[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (std::size_t block = 0; block < text.size(); block += 64) {
    std::uint32_t word[16];
    std::memcpy(word, text.data() + block, 64);
    std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    for (std::uint32_t i = 0; i < 64; ++i) {
      const std::uint32_t f[4] = {(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)};
      const std::uint32_t at[4] = {i, 5 * i + 1, 3 * i + 5, 7 * i};
      const auto sine = static_cast<std::uint32_t>(std::fabs(std::sin(i + 1.0)) * 4294967296.0);
      const std::uint32_t sum = a + f[i / 16] + sine + word[at[i / 16] % 16];
      const std::uint32_t shift = kShifts[i / 16][i % 4];
      a = d, d = c, c = b;
      b += (sum << shift) | (sum >> (32 - shift));
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  }
  std::string digest;
  for (const std::uint32_t value : state) Little(digest, value, 4);
  return base::Hex(digest);
}

// RFC 2045 section 6.7; line breaks of the content are line breaks of the part.
std::string QuotedPrintable(std::string_view bytes) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes.substr(i, 2) == "\r\n") {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (column > 70) {
      out += "=\r\n";
      column = 0;
    }
    const bool plain = byte > 0x20 && byte < 0x7f && byte != '=';
    if (plain) {
      out += bytes[i];
    } else {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      out += {'=', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    column += plain ? 1 : 3;
  }
  return out;
}

}  // namespace

Folder::Folder() {
  char name[] = "/tmp/lazaret-scanners-XXXXXX";
  LAZARET_CHECK(::mkdtemp(name) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::Write(const std::string& name, std::string_view bytes) const {
  std::ofstream out(path_ + "/" + name, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::unique_ptr<TestEngine> MakeEngine(const std::map<std::string, std::string>& signatures,
                                       ClamavOptions options) {
  auto made = std::make_unique<TestEngine>();
  for (const auto& [name, text] : signatures) made->database.Write(name, text);
  options.database = made->database.path();
  options.builtin_only = signatures.empty();
  options.tmp_dir = made->tmp.path();
  auto engine = ClamavEngine::Load(options);
  if (!engine.ok()) base::Fail(__FILE__, __LINE__, engine.error().text.c_str());
  made->engine = std::move(engine).value();
  return made;
}

base::Result<Findings> Judge(ClamavEngine& engine, std::string_view message) {
  PreloadOnce();
  LAZARET_ASSIGN(const mail::ArtifactTree tree,
                 mail::ReadMessage(message, mail::ReadLimits(), base::Deadline()));
  return JudgeTree(engine, tree);
}

mail::ArtifactTree TreeOf(std::string_view message, const std::vector<Node>& nodes) {
  mail::ArtifactTree tree;
  tree.message = message;
  mail::Artifact root;
  root.kind = mail::ArtifactKind::kMessage;
  root.path = "message";
  tree.artifacts.push_back(root);
  for (const Node& node : nodes) {
    mail::Artifact artifact;
    artifact.id = static_cast<std::uint32_t>(tree.artifacts.size());
    artifact.parent = node.parent;
    artifact.kind = node.kind;
    artifact.depth = tree.artifacts[node.parent].depth + 1;
    artifact.path = tree.artifacts[node.parent].path + " > " + node.name;
    if (!node.name.empty()) artifact.claimed_names = {node.name};
    artifact.content = node.content;
    artifact.sha256 = base::Sha256(node.content);
    tree.artifacts.push_back(artifact);
  }
  return tree;
}

base::Result<Findings> JudgeTree(ClamavEngine& engine, const mail::ArtifactTree& tree) {
  ClamavScanner scanner(engine);
  scanner.Begin(policy::JobFacts());
  return scanner.Finish(tree, base::Deadline());
}

bool HasCode(const Findings& findings, std::string_view code) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const policy::Finding& finding) { return finding.code == code; });
}

bool HasRule(const Findings& findings, std::string_view rule_part) {
  return std::any_of(findings.begin(), findings.end(), [&](const policy::Finding& finding) {
    return finding.rule.find(rule_part) != std::string::npos;
  });
}

bool AllOf(const Findings& findings, policy::Class cls) {
  return !findings.empty() &&
         std::all_of(findings.begin(), findings.end(),
                     [&](const policy::Finding& finding) { return finding.cls == cls; });
}

std::string Show(const base::Result<Findings>& result) {
  if (!result.ok()) return "error: " + result.error().text;
  std::string text;
  for (const policy::Finding& finding : *result)
    text += finding.code + "/" + finding.rule + " at " + finding.path + "; ";
  return text.empty() ? "clean" : text;
}

std::string Eicar() {
  return std::string("X5O!P%@AP[4\\PZX54(P^)7CC)7}$") + "EICAR-STANDARD-" +
         "ANTIVIRUS-TEST-FILE!$H+H*";
}

std::string Zip(const std::vector<Member>& members) {
  std::string out;
  std::string central;
  for (const Member& member : members) {
    const std::uint32_t offset = static_cast<std::uint32_t>(out.size());
    const std::string common = CommonFields(member);
    out += std::string("PK\x03\x04\x14", 5) + std::string(1, '\0') + common + member.name +
           Packed(member);
    central +=
        std::string("PK\x01\x02\x14", 5) + std::string(1, '\0') + std::string("\x14\0", 2) + common;
    Little(central, 0, 2);
    Little(central, 0, 2);
    Little(central, 0, 2);
    Little(central, 0, 4);
    Little(central, offset, 4);
    central += member.name;
  }
  const std::uint32_t start = static_cast<std::uint32_t>(out.size());
  out += central + std::string("PK\x05\x06", 4);
  Little(out, 0, 4);
  Little(out, static_cast<std::uint32_t>(members.size()), 2);
  Little(out, static_cast<std::uint32_t>(members.size()), 2);
  Little(out, static_cast<std::uint32_t>(central.size()), 4);
  Little(out, start, 4);
  Little(out, 0, 2);
  return out;
}

std::string DeflatedZeros(std::size_t size) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  // Codes go out from their highest bit (section 3.1.1).
  const auto put = [&](std::uint32_t code, int length) {
    for (int bit = length - 1; bit >= 0; --bit) {
      bits |= ((code >> bit) & 1U) << count;
      if (++count < 8) continue;
      out += static_cast<char>(bits);
      bits = 0;
      count = 0;
    }
  };
  constexpr std::size_t kLongest = 258;
  put(0b110, 3);       // last block, fixed codes
  put(0b00110000, 8);  // literal 0
  std::size_t left = size - 1;
  for (; left >= kLongest; left -= kLongest) put(0b11000101'00000, 13);  // 258 at distance 1
  for (; left > 0; --left) put(0b00110000, 8);
  put(0, 7);  // end
  if (count > 0) out += static_cast<char>(bits);
  return out;
}

std::string Gzip(std::string_view content) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
  const auto size = static_cast<std::uint32_t>(content.size());
  Little(out, size, 2);
  Little(out, ~size & 0xffff, 2);
  out += content;
  Little(out, Crc32(content), 4);
  Little(out, size, 4);
  return out;
}

std::string EicarZip() { return Zip({{"readme.txt", "hello", false}, {"e.com", Eicar(), false}}); }

std::string Base64Lines(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 57)
    out += base::Base64(bytes.substr(at, 57)) + "\r\n";
  return out;
}

std::string Part(std::string_view name, std::string_view content, std::string_view type) {
  std::string out =
      "Content-Type: " + std::string(type) + "; name=\"" + std::string(name) + "\"\r\n";
  out += "Content-Disposition: attachment; filename=\"" + std::string(name) + "\"\r\n";
  return out + "Content-Transfer-Encoding: base64\r\n\r\n" + Base64Lines(content);
}

std::string Multipart(const std::vector<std::string>& parts, std::string_view subtype) {
  std::string out =
      "From: Anna <anna@sender.test>\r\nTo: bert@rcpt.test\r\nSubject: plan\r\n"
      "MIME-Version: 1.0\r\nContent-Type: multipart/" +
      std::string(subtype) + "; boundary=\"b0\"\r\n\r\n";
  out += "--b0\r\nContent-Type: text/plain\r\n\r\nPlease see the attached plan.\r\n";
  for (const std::string& part : parts) out += "--b0\r\n" + part;
  return out + "--b0--\r\n";
}

std::string TextMail(std::string_view body, std::string_view type) {
  return "From: anna@sender.test\r\nTo: bert@rcpt.test\r\nSubject: plan\r\nMIME-Version: 1.0\r\n"
         "Content-Type: " +
         std::string(type) + "; charset=us-ascii\r\n\r\n" + std::string(body);
}

std::string HexOf(std::string_view text) { return base::Hex(text); }

std::string Attachment(std::string_view name, std::string_view content, std::string_view type,
                       std::string_view encoding) {
  const std::string out = "Content-Type: " + std::string(type) + "; name=\"" + std::string(name) +
                          "\"\r\nContent-Disposition: attachment; filename=\"" + std::string(name) +
                          "\"\r\nContent-Transfer-Encoding: " + std::string(encoding) + "\r\n\r\n";
  if (encoding == "base64") return out + Base64Lines(content);
  if (encoding == "quoted-printable") return out + QuotedPrintable(content) + "\r\n";
  return out + std::string(content) + "\r\n";
}

std::string Sha256Signature(std::string_view bytes, const std::string& name) {
  return base::Hex(base::AsBytes(base::Sha256(bytes))) + ":" + std::to_string(bytes.size()) + ":" +
         name + "\n";
}

std::string Md5Signature(std::string_view bytes, const std::string& name) {
  return Md5(std::string(bytes)) + ":" + std::to_string(bytes.size()) + ":" + name + "\n";
}

}  // namespace lazaret::scanners::test
