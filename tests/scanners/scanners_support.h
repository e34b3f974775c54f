// A libclamav engine over signatures written by the test, real reading of messages, and small
// builders of mail for the scanner tests.
#ifndef LAZARET_TESTS_SCANNERS_SCANNERS_SUPPORT_H_
#define LAZARET_TESTS_SCANNERS_SCANNERS_SUPPORT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mail/model/artifact.h"
#include "scanners/clamav/engine.h"
#include "scanners/scanner.h"

namespace lazaret::scanners::test {

// A private folder, removed with all it holds.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  void Write(const std::string& name, std::string_view bytes) const;

 private:
  std::string path_;
};

struct TestEngine {
  Folder database;
  Folder tmp;
  std::unique_ptr<ClamavEngine> engine;
};

// File name -> text of signature files; without any, the built-in signatures alone.
std::unique_ptr<TestEngine> MakeEngine(const std::map<std::string, std::string>& signatures = {},
                                       ClamavOptions options = {});

// Reads the message as the analyzer does and carries out the scan plan.
base::Result<Findings> Judge(ClamavEngine& engine, std::string_view message);

// A tree made by hand, for what the reader does not make (yet). Parents come before children.
struct Node {
  std::uint32_t parent = 0;
  mail::ArtifactKind kind = mail::ArtifactKind::kPart;
  std::string name;
  std::string_view content;
};
mail::ArtifactTree TreeOf(std::string_view message, const std::vector<Node>& nodes);
base::Result<Findings> JudgeTree(ClamavEngine& engine, const mail::ArtifactTree& tree);

bool HasCode(const Findings& findings, std::string_view code);
bool HasRule(const Findings& findings, std::string_view rule_part);
bool AllOf(const Findings& findings, policy::Class cls);
std::string Show(const base::Result<Findings>& result);

std::string Eicar();
struct Member {
  std::string name;
  std::string content;
  bool encrypted = false;
  std::string packed = {};  // the content deflated; empty: stored
};
std::string Zip(const std::vector<Member>& members);
// RFC 1951: so many zero bytes in very few.
std::string DeflatedZeros(std::size_t size);
std::string Gzip(std::string_view content);  // RFC 1952, stored, up to 65 535 bytes
std::string EicarZip();

std::string Base64Lines(std::string_view bytes);
// One base64 part with its headers, ending in CRLF, without boundary lines.
std::string Part(std::string_view name, std::string_view content,
                 std::string_view type = "application/octet-stream");
// From, To, Subject, MIME-Version, Content-Type and the parts behind a short text.
std::string Multipart(const std::vector<std::string>& parts, std::string_view subtype = "mixed");
std::string TextMail(std::string_view body, std::string_view type = "text/plain");
std::string HexOf(std::string_view text);

// A named attachment in the given Content-Transfer-Encoding, its content as the bytes stand.
std::string Attachment(std::string_view name, std::string_view content, std::string_view type,
                       std::string_view encoding);
// Lines of .hsb (SHA-256) and .hdb (MD5) signatures over exactly these bytes.
std::string Sha256Signature(std::string_view bytes, const std::string& name);
std::string Md5Signature(std::string_view bytes, const std::string& name);

}  // namespace lazaret::scanners::test

#endif  // LAZARET_TESTS_SCANNERS_SCANNERS_SUPPORT_H_
