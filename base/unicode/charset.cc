#include "base/unicode/charset.h"

#include <unicode/uclean.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"

namespace lazaret::base {
namespace {

constexpr std::size_t kMaxLabel = 64;  // stops label floods in ICU's alias search
constexpr std::size_t kMaxGuessBytes = 64U
                                       << 10;  // the detector is slow; text does not change later

struct Superset {
  std::string_view label;
  const char* converter;
};

// WHATWG Encoding, section 4.2, as far as mail needs it.
constexpr std::array kSupersets{
    Superset{"gb2312", "gb18030"},
    Superset{"gb_2312-80", "gb18030"},
    Superset{"gb_2312", "gb18030"},
    Superset{"gb2312-80", "gb18030"},
    Superset{"csgb2312", "gb18030"},
    Superset{"gbk", "gb18030"},
    Superset{"x-gbk", "gb18030"},
    Superset{"cp936", "gb18030"},
    Superset{"ms936", "gb18030"},
    Superset{"windows-936", "gb18030"},
    Superset{"euc-cn", "gb18030"},
    Superset{"x-euc-cn", "gb18030"},
    Superset{"chinese", "gb18030"},
    Superset{"ascii", "windows-1252"},
    Superset{"us-ascii", "windows-1252"},
    Superset{"ansi_x3.4-1968", "windows-1252"},
    Superset{"iso-8859-1", "windows-1252"},
    Superset{"iso8859-1", "windows-1252"},
    Superset{"iso_8859-1", "windows-1252"},
    Superset{"latin1", "windows-1252"},
    Superset{"latin-1", "windows-1252"},
    Superset{"l1", "windows-1252"},
    Superset{"iso-8859-9", "windows-1254"},
    Superset{"latin5", "windows-1254"},
    Superset{"iso-8859-11", "windows-874"},
    Superset{"tis-620", "windows-874"},
    Superset{"ks_c_5601", "windows-949"},
    Superset{"ks_c_5601-1987", "windows-949"},
    Superset{"ks_c_5601-1989", "windows-949"},
    Superset{"ksc5601", "windows-949"},
    Superset{"ksc_5601", "windows-949"},
    Superset{"euc-kr", "windows-949"},
    Superset{"cp949", "windows-949"},
    Superset{"uhc", "windows-949"},
    Superset{"shift_jis", "windows-31j"},
    Superset{"shift-jis", "windows-31j"},
    Superset{"sjis", "windows-31j"},
    Superset{"x-sjis", "windows-31j"},
    Superset{"cp932", "windows-31j"},
    Superset{"ms932", "windows-31j"},
    Superset{"ms_kanji", "windows-31j"},
    Superset{"big5", "Big5-HKSCS"},
    Superset{"big-5", "Big5-HKSCS"},
    Superset{"cn-big5", "Big5-HKSCS"},
    Superset{"x-x-big5", "Big5-HKSCS"},
    Superset{"big5-hkscs", "Big5-HKSCS"},
    Superset{"cp950", "Big5-HKSCS"},
    Superset{"iso-2022-jp", "ISO-2022-JP-2"},
    Superset{"hz-gb-2312", "HZ-GB-2312"},
    Superset{"unicode-1-1-utf-7", "UTF-7"},
    Superset{"unicode-1-1-utf-8", "UTF-8"},
    Superset{"utf8", "UTF-8"},
    Superset{"utf-8-sig", "UTF-8"},
};

struct ConverterCloser {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, ConverterCloser>;

Converter Open(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) return nullptr;
  return converter;
}

// ICU's own callback writes U+001A for some single-byte sets and does not tell; this one counts.
void ReplaceIllFormed(const void* context, UConverterToUnicodeArgs* args, const char* /*units*/,
                      std::int32_t /*length*/, UConverterCallbackReason reason, UErrorCode* error) {
  if (reason > UCNV_IRREGULAR) return;
  constexpr UChar kReplacement = 0xFFFD;
  *static_cast<bool*>(const_cast<void*>(context)) = true;  // NOLINT: ICU's interface is const
  *error = U_ZERO_ERROR;
  ucnv_cbToUWriteUChars(args, &kReplacement, 1, 0, error);
}

std::optional<DecodedText> Convert(UConverter* converter, std::string_view bytes) {
  DecodedText result;
  UErrorCode error = U_ZERO_ERROR;
  ucnv_setToUCallBack(converter, ReplaceIllFormed, &result.ill_formed, nullptr, nullptr, &error);
  result.utf8.resize(bytes.size() + bytes.size() / 2 + 32);
  for (int attempt = 0; attempt < 2; ++attempt) {
    error = U_ZERO_ERROR;
    const std::int32_t length = ucnv_toAlgorithmic(
        UCNV_UTF8, converter, result.utf8.data(), static_cast<std::int32_t>(result.utf8.size()),
        bytes.data(), static_cast<std::int32_t>(bytes.size()), &error);
    if (error == U_BUFFER_OVERFLOW_ERROR) {
      result.utf8.resize(static_cast<std::size_t>(length) + 1);
      continue;
    }
    if (U_FAILURE(error)) return std::nullopt;
    result.utf8.resize(static_cast<std::size_t>(length));
    return result;
  }
  return std::nullopt;
}

std::string CleanLabel(std::string_view label) {
  label = TrimAscii(label);
  while (!label.empty() && (label.front() == '"' || label.front() == '\'')) label.remove_prefix(1);
  while (!label.empty() && (label.back() == '"' || label.back() == '\'' || label.back() == ';')) {
    label.remove_suffix(1);
  }
  return AsciiLower(TrimAscii(label));
}

}  // namespace

std::optional<std::string> CharsetConverterName(std::string_view label) {
  const std::string clean = CleanLabel(label);
  if (clean.empty() || clean.size() > kMaxLabel || clean.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  const auto known =
      std::find_if(kSupersets.begin(), kSupersets.end(),
                   [&](const Superset& superset) { return superset.label == clean; });
  if (known != kSupersets.end()) return std::string(known->converter);
  // A comma starts converter options in ICU's name syntax: not a matter for mail.
  if (clean.find(',') != std::string::npos || !Open(clean.c_str())) return std::nullopt;
  return clean;
}

std::optional<DecodedText> DecodeCharset(std::string_view bytes, std::string_view label) {
  const auto name = CharsetConverterName(label);
  if (!name) return std::nullopt;
  if (*name == "UTF-8" || *name == "utf-8") {
    if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
    if (IsValidUtf8(bytes)) return DecodedText{std::string(bytes), false};
    return DecodedText{ToValidUtf8(bytes), true};
  }
  // ICU counts in 32 bits; mail limits are far below, and a larger text must not wrap round.
  if (bytes.size() > (1U << 30)) bytes = bytes.substr(0, 1U << 30);
  const Converter converter = Open(name->c_str());
  if (!converter) return std::nullopt;
  return Convert(converter.get(), bytes);
}

std::vector<CharsetGuess> GuessCharsets(std::string_view bytes, std::size_t max) {
  std::vector<CharsetGuess> guesses;
  bytes = bytes.substr(0, kMaxGuessBytes);
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, void (*)(UCharsetDetector*)> detector(ucsdet_open(&error),
                                                                                ucsdet_close);
  if (U_FAILURE(error)) return guesses;
  ucsdet_setText(detector.get(), bytes.data(), static_cast<std::int32_t>(bytes.size()), &error);
  std::int32_t count = 0;
  const UCharsetMatch** matches = ucsdet_detectAll(detector.get(), &count, &error);
  if (U_FAILURE(error) || matches == nullptr) return guesses;
  for (std::int32_t i = 0; i < count && guesses.size() < max; ++i) {
    UErrorCode one = U_ZERO_ERROR;
    const char* name = ucsdet_getName(matches[i], &one);
    const int confidence = ucsdet_getConfidence(matches[i], &one);
    if (U_SUCCESS(one) && name != nullptr && CharsetConverterName(name)) {
      guesses.push_back(CharsetGuess{AsciiLower(name), confidence});
    }
  }
  return guesses;
}

std::string DecodeUnlabelled(std::string_view bytes) {
  if (IsValidUtf8(bytes)) return std::string(bytes);
  for (const CharsetGuess& guess : GuessCharsets(bytes, 1)) {
    auto decoded = DecodeCharset(bytes, guess.charset);
    if (decoded && !decoded->ill_formed) return std::move(decoded->utf8);
  }
  auto decoded = DecodeCharset(bytes, "windows-1252");
  return decoded ? std::move(decoded->utf8) : ToValidUtf8(bytes);
}

Status PreloadCharsets() {
  UErrorCode error = U_ZERO_ERROR;
  u_init(&error);
  if (U_FAILURE(error))
    return Error{ErrorCode::kInternal, std::string("ICU: ") + u_errorName(error)};
  // Held for the life of the process: ICU unloads tables that nobody has open.
  static const std::vector<Converter> held = [] {
    std::vector<Converter> converters;
    for (std::int32_t i = 0; i < ucnv_countAvailable(); ++i) {
      if (Converter converter = Open(ucnv_getAvailableName(i)))
        converters.push_back(std::move(converter));
    }
    return converters;
  }();
  if (held.empty())
    return Error{ErrorCode::kNotFound, "ICU: no converter; is libicudata installed?"};
  for (const Superset& superset : kSupersets) {
    if (!Open(superset.converter)) {
      return Error{ErrorCode::kNotFound, std::string("ICU: no converter ") + superset.converter};
    }
  }
  GuessCharsets("warm", 1);
  return Ok();
}

}  // namespace lazaret::base
