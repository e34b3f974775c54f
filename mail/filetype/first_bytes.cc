#include "mail/filetype/first_bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view type;
};

// Longer and rarer signatures first: the first match counts.
constexpr std::array kSignatures{
    Signature{0, "\x4C\x00\x00\x00\x01\x14\x02\x00"sv, "application/x-ms-shortcut"},
    Signature{0, "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3"sv,
              "application/onenote"},
    Signature{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "application/x-ole-storage"},
    Signature{0,
              "\x7F"
              "ELF"sv,
              "application/x-executable"},
    Signature{0, "\xFE\xED\xFA\xCE"sv, "application/x-mach-binary"},
    Signature{0, "\xFE\xED\xFA\xCF"sv, "application/x-mach-binary"},
    Signature{0, "\xCE\xFA\xED\xFE"sv, "application/x-mach-binary"},
    Signature{0, "\xCF\xFA\xED\xFE"sv, "application/x-mach-binary"},
    Signature{0,
              "\x00"
              "asm\x01\x00\x00\x00"sv,
              "application/wasm"},
    Signature{0, "PK\x03\x04"sv, "application/zip"},
    Signature{0, "PK\x05\x06"sv, "application/zip"},
    Signature{0, "PK\x07\x08PK"sv, "application/zip"},
    Signature{0, "7z\xBC\xAF\x27\x1C"sv, "application/x-7z-compressed"},
    Signature{0, "Rar!\x1A\x07"sv, "application/vnd.rar"},
    Signature{0, "\x1F\x8B"sv, "application/gzip"},
    Signature{0, "BZh"sv, "application/x-bzip"},
    Signature{0,
              "\xFD"
              "7zXZ\x00"sv,
              "application/x-xz"},
    Signature{0, "\x28\xB5\x2F\xFD"sv, "application/zstd"},
    Signature{0, "LZIP"sv, "application/x-lzip"},
    Signature{0, "\x04\x22\x4D\x18"sv, "application/x-lz4"},
    Signature{0, "\x1F\x9D"sv, "application/x-compress"},
    Signature{0, "MSCF\x00\x00\x00\x00"sv, "application/vnd.ms-cab-compressed"},
    Signature{0, "\x60\xEA"sv, "application/x-arj"},
    Signature{7, "**ACE**"sv, "application/x-ace"},
    Signature{2, "-lh"sv, "application/x-lha"},
    Signature{0, "xar!"sv, "application/x-xar"},
    Signature{257, "ustar"sv, "application/x-tar"},
    Signature{0, "!<arch>\ndebian"sv, "application/vnd.debian.binary-package"},
    Signature{0, "!<arch>\n"sv, "application/x-archive"},
    Signature{0, "MSWIM\x00\x00\x00"sv, "application/x-ms-wim"},
    Signature{0, "ALZ\x01"sv, "application/x-alz"},
    Signature{0, "EGGA\x00\x01"sv, "application/x-egg"},
    Signature{0, "StuffIt (c)"sv, "application/x-stuffit"},
    Signature{10, "rLau"sv, "application/x-stuffit"},
    Signature{20, "\xDC\xA7\xC4\xFD"sv, "application/x-zoo"},
    Signature{0, "SZDD\x88\xF0\x27\x33"sv, "application/x-ms-compress"},
    Signature{0, "KWAJ\x88\xF0\x27\xD1"sv, "application/x-ms-compress"},
    Signature{0, "hsqs"sv, "application/vnd.squashfs"},
    Signature{0, "\x89LZO\x00\r\n\x1A\n"sv, "application/x-lzop"},
    Signature{0, "LRZI\x00"sv, "application/x-lrzip"},
    Signature{0, "7kSt\xA0\x31\x83\xD3"sv, "application/x-zpaq"},
    Signature{0, "\xED\xAB\xEE\xDB"sv, "application/x-rpm"},
    Signature{32769, "CD001"sv, "application/x-cd-image"},
    Signature{32769, "BEA01"sv, "application/x-udf-image"},
    Signature{0, "conectix"sv, "application/x-vhd-disk"},
    Signature{0, "vhdxfile"sv, "application/x-vhdx-disk"},
    Signature{0, "KDMV"sv, "application/x-vmdk-disk"},
    Signature{0, "QFI\xFB"sv, "application/x-qemu-disk"},
    Signature{0, "# Disk DescriptorFile"sv, "application/x-vmdk-disk"},
    Signature{54, "FAT12   "sv, "application/x-raw-disk-image"},
    Signature{54, "FAT16   "sv, "application/x-raw-disk-image"},
    Signature{82, "FAT32   "sv, "application/x-raw-disk-image"},
    Signature{3, "NTFS    "sv, "application/x-raw-disk-image"},
    Signature{3, "EXFAT   "sv, "application/x-raw-disk-image"},
    Signature{0, "%PDF-"sv, "application/pdf"},
    Signature{0, "%!PS"sv, "application/postscript"},
    Signature{0, "{\\rt"sv, "application/rtf"},
    Signature{0, "\x89PNG\r\n\x1A\n"sv, "image/png"},
    Signature{0, "\xFF\xD8\xFF"sv, "image/jpeg"},
    Signature{0, "GIF87a"sv, "image/gif"},
    Signature{0, "GIF89a"sv, "image/gif"},
    Signature{8, "WEBP"sv, "image/webp"},
    Signature{0, "II*\x00"sv, "image/tiff"},
    Signature{0, "MM\x00*"sv, "image/tiff"},
    Signature{0, "\x00\x00\x01\x00"sv, "image/vnd.microsoft.icon"},
    Signature{0, "8BPS"sv, "image/vnd.adobe.photoshop"},
    Signature{0, "\xD7\xCD\xC6\x9A"sv, "image/wmf"},
    Signature{40, " EMF"sv, "image/emf"},
    Signature{4, "ftypheic"sv, "image/heif"},
    Signature{4, "ftypmif1"sv, "image/heif"},
    Signature{4, "ftypavif"sv, "image/avif"},
    Signature{4, "ftypqt"sv, "video/quicktime"},
    Signature{4, "ftypM4A"sv, "audio/mp4"},
    Signature{4, "ftyp"sv, "video/mp4"},
    Signature{4, "moov"sv, "video/quicktime"},
    Signature{8, "WAVE"sv, "audio/x-wav"},
    Signature{8, "AVI "sv, "video/x-msvideo"},
    Signature{0, "\x1A\x45\xDF\xA3"sv, "video/x-matroska"},
    Signature{0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, "video/x-ms-asf"},
    Signature{0, "FLV\x01"sv, "video/x-flv"},
    Signature{0, "OggS"sv, "audio/ogg"},
    Signature{0, "fLaC"sv, "audio/flac"},
    Signature{0, "#!AMR"sv, "audio/amr"},
    Signature{0, "ID3"sv, "audio/mpeg"},
    Signature{0, "\xFF\xFB"sv, "audio/mpeg"},
    Signature{0, "\xFF\xF3"sv, "audio/mpeg"},
    Signature{0, "MThd"sv, "audio/midi"},
    Signature{0, "wOFF"sv, "font/woff"},
    Signature{0, "wOF2"sv, "font/woff2"},
    Signature{0, "OTTO\x00"sv, "font/otf"},
    Signature{0, "\x00\x01\x00\x00\x00"sv, "font/ttf"},
    Signature{0, "SQLite format 3\x00"sv, "application/vnd.sqlite3"},
    Signature{0, "ITSF\x03\x00"sv, "application/vnd.ms-htmlhelp"},
    Signature{0, "?_\x03\x00"sv, "application/winhlp"},
    Signature{0, "\x78\x9F\x3E\x22"sv, "application/vnd.ms-tnef"},
    Signature{0, "!BDN"sv, "application/vnd.ms-outlook-pst"},
    Signature{4, "Standard Jet DB"sv, "application/vnd.ms-access"},
    Signature{4, "Standard ACE DB"sv, "application/vnd.ms-access"},
    Signature{0, "FWS"sv, "application/vnd.adobe.flash.movie"},
    Signature{0, "CWS"sv, "application/vnd.adobe.flash.movie"},
    Signature{0, "ZWS"sv, "application/vnd.adobe.flash.movie"},
    Signature{0, "dex\n03"sv, "application/x-dex"},
};

std::uint32_t BigEndian32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// 0xCAFEBABE begins a fat Mach-O (then a small count) and a Java class (then a version from 45 up).
std::string_view CafeBabe(std::string_view content) {
  if (content.size() < 8 || content.substr(0, 4) != "\xCA\xFE\xBA\xBE") return {};
  return BigEndian32(content, 4) < 45 ? "application/x-mach-binary" : "application/x-java";
}

// PKCS #7 in DER or BER: SEQUENCE, then the object identifier 1.2.840.113549.1.7.
std::string_view Pkcs7(std::string_view content) {
  if (content.size() < 24 || content[0] != '\x30') return {};
  constexpr std::string_view kOid = "\x2A\x86\x48\x86\xF7\x0D\x01\x07";
  return content.substr(0, 24).find(kOid) != std::string_view::npos ? "application/pkcs7-mime"
                                                                    : std::string_view();
}

bool HeldBack(const Signature& signature, std::string_view content) {
  const auto riff = content.substr(0, 4) == "RIFF";
  if (signature.bytes == "WEBP" || signature.bytes == "WAVE" || signature.bytes == "AVI ")
    return !riff;
  // Two and three letters begin words of plain text too.
  if (signature.bytes == "BZh") return content.size() < 10 || content.substr(4, 6) != "1AY&SY";
  if (signature.bytes == "-lh") return content.size() < 22 || content[6] != '-';
  if (signature.type == "application/vnd.adobe.flash.movie") {
    return content.size() < 8 || static_cast<unsigned char>(content[3]) > 60 || content[3] < 1;
  }
  // Boot sectors end in 55 AA.
  if (signature.type == "application/x-raw-disk-image") {
    return content.size() < 512 || content.substr(510, 2) != "\x55\xAA";
  }
  if (signature.bytes == "rLau") return content.substr(0, 4) != "SIT!";
  if (signature.bytes == "ID3")
    return content.size() < 10 || static_cast<unsigned char>(content[3]) > 9;
  return false;
}

// Disk images that carry their mark in the last 512 bytes.
std::string_view DiskFooter(std::string_view content) {
  if (content.size() < 1024) return {};
  const std::string_view footer = content.substr(content.size() - 512);
  if (footer.substr(0, 8) == "conectix") return "application/x-vhd-disk";
  if (footer.substr(0, 8) == "koly\0\0\0\4"sv) return "application/x-apple-diskimage";
  return {};
}

}  // namespace

std::string_view TypeByFirstBytes(std::string_view content) {
  // A short or damaged program is still a program to whoever opens it; its header is never all
  // text.
  if (content.substr(0, 2) == "MZ" && content.substr(0, 64).find('\0') != std::string_view::npos) {
    return "application/x-dosexec";
  }
  if (const std::string_view type = CafeBabe(content); !type.empty()) return type;
  if (const std::string_view type = DiskFooter(content); !type.empty()) return type;
  for (const Signature& signature : kSignatures) {
    if (content.size() < signature.offset + signature.bytes.size()) continue;
    if (content.compare(signature.offset, signature.bytes.size(), signature.bytes) != 0) continue;
    if (!HeldBack(signature, content)) return signature.type;
  }
  if (content.size() >= 26 && content.substr(0, 2) == "BM" &&
      content.substr(6, 4) == "\0\0\0\0"sv) {
    return "image/bmp";
  }
  if (const std::string_view type = Pkcs7(content); !type.empty()) return type;
  // Readers accept a PDF header anywhere in the first kilobyte.
  if (content.substr(0, 1024).find("%PDF-") != std::string_view::npos) return "application/pdf";
  return {};
}

}  // namespace lazaret::mail
