#include "mail/unpack/tnef.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/unicode/charset.h"
#include "mail/unpack/member_name.h"

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kSignature = "\x78\x9F\x3E\x22"sv;
constexpr std::size_t kMaxProperties = 1U << 14;  // of one attachment
constexpr std::size_t kMaxName = 4096;
constexpr std::size_t kLeastAttribute = 11;
constexpr std::size_t kMaxNames = 16;                // of one attachment: each content has them
constexpr std::size_t kMaxNameBytes = 4 * kMaxName;  // together

enum Attribute : std::uint16_t {
  kBody = 0x800C,
  kAttachData = 0x800F,
  kAttachTitle = 0x8010,
  kAttachBegin = 0x9002,
  kMessageProperties = 0x9003,
  kAttachProperties = 0x9005,
};

enum Property : std::uint16_t {
  kBodyHtml = 0x1013,
  kObject = 0x3701,
  kFileName = 0x3704,
  kLongFileName = 0x3707,
};

constexpr std::uint16_t kMultiple = 0x1000;
constexpr std::uint16_t kUnicode = 0x001F;

// Bytes of one value as stored; nullopt: it says its own length.
std::optional<std::size_t> FixedSize(std::uint16_t type) {
  switch (type & ~kMultiple) {
    case 0x0002:
    case 0x0003:
    case 0x0004:
    case 0x000A:
    case 0x000B:
      return 4;
    case 0x0005:
    case 0x0006:
    case 0x0007:
    case 0x0014:
    case 0x0040:
      return 8;
    case 0x0048:
      return 16;
    default:
      return std::nullopt;
  }
}

bool SaysItsLength(std::uint16_t type) {
  const std::uint16_t base = type & static_cast<std::uint16_t>(~kMultiple);
  return base == 0x000D || base == 0x001E || base == kUnicode || base == 0x0102;
}

std::string_view Padded(base::ByteReader& in, std::uint32_t length) {
  const std::string_view value = in.Raw(length);
  const std::size_t rest = (4 - length % 4) % 4;
  in.Raw(std::min(rest, in.remaining()));
  return value;
}

// The name of a named property: a number, or a text.
void SkipPropertyName(base::ByteReader& in) {
  in.Raw(16);
  if (in.U32() == 0) {
    in.U32();
  } else {
    Padded(in, in.U32());
  }
}

std::string_view WithoutEnd(std::string_view text, std::string_view end) {
  while (text.size() >= end.size() && text.substr(text.size() - end.size()) == end) {
    text.remove_suffix(end.size());
  }
  return text;
}

class Reader {
 public:
  Reader(std::string_view content, std::size_t max_files)
      : content_(content), in_(content), max_files_(max_files) {}

  Tnef Run() {
    if (in_.Raw(4) != kSignature) return std::move(out_);
    in_.U16();
    while (in_.ok() && in_.remaining() > 0 && HasRoom()) {
      if (AtBlankEnd()) break;
      in_.U8();
      const std::uint16_t attribute = in_.U16();
      in_.U16();
      const std::string_view data = in_.Raw(in_.U32());
      in_.U16();
      if (in_.ok()) See(attribute, data);
    }
    EndAttachment();
    out_.whole = (in_.AtEnd() || blank_end_) && intact_;
    return std::move(out_);
  }

 private:
  // Transfer encodings leave a line end behind the stream; an attribute is longer.
  bool AtBlankEnd() {
    if (in_.remaining() >= kLeastAttribute) return false;
    const std::string_view rest = content_.substr(content_.size() - in_.remaining());
    blank_end_ = rest.find_first_not_of("\r\n \0"sv) == std::string_view::npos;
    return blank_end_;
  }

  void See(std::uint16_t attribute, std::string_view data) {
    switch (attribute) {
      case kAttachBegin:
        EndAttachment();
        break;
      case kAttachTitle:
        AddName(WithoutEnd(data, "\0"sv), false);
        break;
      case kAttachData:
        AddContent(data);
        break;
      case kBody:
        AddBody(WithoutEnd(data, "\0"sv));
        break;
      case kMessageProperties:
      case kAttachProperties:
        SeeProperties(data, attribute == kAttachProperties);
        break;
      default:
        break;
    }
  }

  bool HasRoom() const { return out_.files.size() + contents_.size() < max_files_; }

  void AddContent(std::string_view content) {
    if (HasRoom())
      contents_.push_back(content);
    else
      intact_ = false;
  }

  void AddBody(std::string_view content) {
    if (HasRoom())
      out_.files.push_back(TnefFile{nullptr, content});
    else
      intact_ = false;
  }

  void SeeProperties(std::string_view data, bool attachment) {
    base::ByteReader in(data);
    const std::uint32_t count = in.U32();
    intact_ = intact_ && count <= kMaxProperties;
    for (std::uint32_t i = 0; i < count && i < kMaxProperties && in.ok(); ++i) {
      const std::uint16_t type = in.U16();
      const std::uint16_t id = in.U16();
      if (id >= 0x8000) SkipPropertyName(in);
      const auto fixed = FixedSize(type);
      if (!fixed && !SaysItsLength(type)) {
        intact_ = false;
        return;
      }
      const bool many = (type & kMultiple) != 0 || !fixed;
      const std::uint32_t values = many ? in.U32() : 1;
      for (std::uint32_t v = 0; v < values && in.ok(); ++v) {
        const std::string_view value = fixed ? in.Raw(*fixed) : Padded(in, in.U32());
        if (in.ok()) SeeProperty(id, type, value, attachment);
      }
    }
    intact_ = intact_ && in.ok();
  }

  void SeeProperty(std::uint16_t id, std::uint16_t type, std::string_view value, bool attachment) {
    if (!attachment) {
      if (id == kBodyHtml) AddBody(value);
      return;
    }
    if (id == kFileName || id == kLongFileName) {
      AddName(WithoutEnd(value, type == kUnicode ? "\0\0"sv : "\0"sv), type == kUnicode);
    } else if (id == kObject) {
      // Sixteen bytes name the kind of object.
      const bool message = value.substr(std::min<std::size_t>(16, value.size()), 4) == kSignature;
      AddContent(message ? value.substr(16) : value);
    }
  }

  void AddName(std::string_view bytes, bool unicode) {
    bytes = bytes.substr(0, kMaxName);
    std::vector<std::string> readings;
    if (unicode) {
      if (auto text = base::DecodeCharset(bytes, "utf-16le")) {
        readings.push_back(std::move(text->utf8));
      }
    } else {
      readings = ReadMemberName(bytes);
    }
    for (std::string& name : readings) {
      const bool known = std::find(names_.begin(), names_.end(), name) != names_.end();
      if (known || name.empty()) continue;
      if (names_.size() >= kMaxNames || name_bytes_ + name.size() > kMaxNameBytes) {
        intact_ = false;
        return;
      }
      name_bytes_ += name.size();
      // Long names come last and are the best.
      names_.insert(names_.begin(), std::move(name));
    }
  }

  void EndAttachment() {
    if (contents_.empty() && !names_.empty()) AddContent({});
    const auto names = std::make_shared<const std::vector<std::string>>(std::move(names_));
    for (const std::string_view content : contents_) {
      out_.files.push_back(TnefFile{names, content});
    }
    names_.clear();
    name_bytes_ = 0;
    contents_.clear();
  }

  std::string_view content_;
  base::ByteReader in_;
  const std::size_t max_files_;
  Tnef out_;
  bool intact_ = true;
  bool blank_end_ = false;
  std::vector<std::string> names_;
  std::size_t name_bytes_ = 0;
  std::vector<std::string_view> contents_;
};

}  // namespace

Tnef ReadTnef(std::string_view content, std::size_t max_files) {
  return Reader(content, max_files).Run();
}

}  // namespace lazaret::mail
