#include "mail/filetype/equal_extensions.h"

#include <algorithm>
#include <array>

namespace lazaret::mail {
namespace {

struct Spelling {
  std::string_view extension;
  std::string_view usual;
};

constexpr std::array kSpellings{
    Spelling{"jpeg", "jpg"},    Spelling{"jpe", "jpg"},   Spelling{"jfif", "jpg"},
    Spelling{"pjpeg", "jpg"},   Spelling{"pjp", "jpg"},   Spelling{"html", "htm"},
    Spelling{"xht", "xhtml"},   Spelling{"tiff", "tif"},  Spelling{"mpeg", "mpg"},
    Spelling{"mpe", "mpg"},     Spelling{"text", "txt"},  Spelling{"yaml", "yml"},
    Spelling{"md", "markdown"}, Spelling{"midi", "mid"},  Spelling{"aiff", "aif"},
    Spelling{"heif", "heic"},   Spelling{"dib", "bmp"},   Spelling{"wave", "wav"},
    Spelling{"qt", "mov"},      Spelling{"3gpp", "3gp"},  Spelling{"ical", "ics"},
    Spelling{"vcard", "vcf"},   Spelling{"dicom", "dcm"}, Spelling{"gzip", "gz"},
    Spelling{"gpg", "pgp"},     Spelling{"oga", "ogg"},   Spelling{"j2k", "jp2"},
    Spelling{"djv", "djvu"},
};

std::string_view Usual(std::string_view extension) {
  const auto* known =
      std::find_if(kSpellings.begin(), kSpellings.end(),
                   [&](const Spelling& spelling) { return spelling.extension == extension; });
  return known == kSpellings.end() ? extension : known->usual;
}

}  // namespace

bool EqualExtensions(std::string_view a, std::string_view b) { return Usual(a) == Usual(b); }

}  // namespace lazaret::mail
