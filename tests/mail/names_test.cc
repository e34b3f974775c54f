// Two names of one part: spellings of one extension are no conflict, others are.
#include <string>
#include <utility>

#include "mail/filetype/equal_extensions.h"
#include "mail/reader.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

bool Conflicts(const std::string& name, const std::string& filename) {
  const std::string mail =
      "From: a@sender.example\r\nMIME-Version: 1.0\r\nContent-Type: image/x; name=\"" + name +
      "\"\r\nContent-Disposition: attachment; filename=\"" + filename + "\"\r\n\r\nwords\r\n";
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  for (const Difference& difference : tree->differences) {
    if (difference.code == "mime.name-conflict") return true;
  }
  return false;
}

TEST_CASE("names: two spellings of one extension are no conflict") {
  for (const auto& [name, filename] :
       {std::pair("a.jpg", "a.jpeg"), std::pair("a.JPEG", "a.jpg"), std::pair("a.htm", "a.html"),
        std::pair("a.tif", "a.tiff"), std::pair("a.mpg", "a.mpeg"), std::pair("a.txt", "a.text"),
        std::pair("a.yml", "a.yaml"), std::pair("a.jpe", "a.jfif"), std::pair("a.pdf", "a.pdf")}) {
    INFO(name << " " << filename);
    CHECK_FALSE(Conflicts(name, filename));
    CHECK_FALSE(Conflicts(filename, name));
  }
}

TEST_CASE("names: different extensions stay a conflict, harmless or not") {
  for (const auto& [name, filename] :
       {std::pair("a.jpg", "a.png"), std::pair("a.jpg", "a.exe"), std::pair("a.txt", "a.html"),
        std::pair("a.html", "a.hta"), std::pair("a.zip", "a.jar"), std::pair("a.jpg", "a.jp")}) {
    INFO(name << " " << filename);
    CHECK(Conflicts(name, filename));
  }
}

TEST_CASE("names: no dangerous extension is a spelling of a harmless one") {
  for (const char* harmless : {"jpg", "htm", "tif", "mpg", "txt", "yml", "zip", "gz", "pdf"}) {
    for (const char* dangerous :
         {"exe", "hta", "js", "lnk", "jar", "docm", "iso", "shtml", "mht"}) {
      CHECK_FALSE(EqualExtensions(harmless, dangerous));
    }
  }
}

}  // namespace
}  // namespace lazaret::mail
