#include "mail/filetype/detect.h"

#include <magic.h>

#include <memory>
#include <mutex>

#include "base/text.h"
#include "mail/filetype/containers.h"
#include "mail/filetype/first_bytes.h"
#include "mail/filetype/mime_database.h"
#include "mail/filetype/office_streams.h"
#include "mail/filetype/text_sniff.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMagicLook = 64U
                                   << 10;  // ISO needs 33 KiB; more costs time and finds nothing
constexpr std::size_t kWorkbookLook = 256U << 10;
constexpr const char* kUnknown = "application/octet-stream";

constexpr std::string_view kDosProgram = "application/x-dosexec";
// One segment less the 256 bytes before it: DOS loads no larger program without a header.
constexpr std::size_t kMostComBytes = 65'280;

// libmagic takes one random file in eighty for a program without header (COM): it looks at the
// first byte and for one interrupt anywhere. What is too large for one is none.
bool CannotBeCom(std::string_view content) {
  const std::string_view head = content.substr(0, 2);
  return content.size() > kMostComBytes && head != "MZ" && head != "ZM";
}

// libmagic's cookie is not thread-safe.
class Magic {
 public:
  static Magic& Get() {
    static Magic magic;
    return magic;
  }

  bool loaded() const { return loaded_; }
  std::string error() const { return error_; }

  std::string TypeOf(std::string_view content) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!loaded_) return {};
    const std::string_view look = content.substr(0, kMagicLook);
    const char* type = magic_buffer(cookie_.get(), look.data(), look.size());
    if (type == nullptr || (std::string_view(type) == kDosProgram && CannotBeCom(content)))
      return {};
    return base::AsciiLower(base::ToValidUtf8(type));
  }

 private:
  struct Closer {
    void operator()(magic_set* cookie) const { magic_close(cookie); }
  };

  Magic()
      : cookie_(magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_ENCODING |
                           MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF)) {
    loaded_ = cookie_ && magic_load(cookie_.get(), nullptr) == 0;
    const char* text = cookie_ ? magic_error(cookie_.get()) : "out of memory";
    if (!loaded_) error_ = text != nullptr ? text : "unknown error";
  }

  std::mutex mutex_;
  std::unique_ptr<magic_set, Closer> cookie_;
  bool loaded_ = false;
  std::string error_;
};

}  // namespace

Detection DetectType(std::string_view content) {
  Detection detection;
  if (content.empty()) return detection;
  detection.type = std::string(TypeByFirstBytes(content));
  if (detection.type == "application/x-ole-storage") {
    OleKind kind = ClassifyOle(content);
    detection.type = std::move(kind.type);
    detection.encrypted = kind.encrypted;
    // Installer packages encode their stream names; libmagic knows them by class id.
    if (detection.type == "application/x-ole-storage" && !kind.encrypted) {
      const std::string type = Magic::Get().TypeOf(content);
      if (type == "application/x-msi") detection.type = type;
    }
    return detection;
  }
  if (detection.type.empty() && LooksLikeWorkbook(content)) {
    const OfficeLook look = LookIntoWorkbook(content.substr(0, kWorkbookLook));
    detection.encrypted = look.encrypted;
    detection.type =
        look.macro_sheet ? "application/vnd.ms-office.macro" : "application/vnd.ms-excel";
  }
  if (!detection.type.empty()) return detection;
  if (LooksLikeText(content)) {
    detection.text = true;
    detection.type = SniffText(content);
    return detection;
  }
  detection.type = Magic::Get().TypeOf(content);
  // Text types of a binary are guesses.
  if (detection.type.empty() || detection.type.compare(0, 5, "text/") == 0)
    detection.type = kUnknown;
  return detection;
}

base::Status PreloadFileTypes() {
  if (!Magic::Get().loaded()) {
    return base::Error{base::ErrorCode::kNotFound, "libmagic: " + Magic::Get().error()};
  }
  // libmagic takes an empty local file for a database without a word: what it must know is asked.
  std::string probe(100, '\0');
  probe.replace(0, 15, "SQLite format 3");
  probe[16] = 0x10;  // page size 4096
  if (Magic::Get().TypeOf(probe).find("sqlite") == std::string::npos) {
    return base::Error{base::ErrorCode::kNotFound, "libmagic: its database is missing or empty"};
  }
  return LoadMimeDatabase();
}

}  // namespace lazaret::mail
