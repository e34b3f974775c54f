// How a ZIP's directory (APPNOTE 4.3.12) and its local headers (4.3.7) agree. Readers that go by
// the directory and readers that go front to back see different files where they do not:
// concatenated archives, members the directory does not name, two names for one member. Pure and
// linear.
#ifndef LAZARET_MAIL_UNPACK_ZIP_STRUCTURE_H_
#define LAZARET_MAIL_UNPACK_ZIP_STRUCTURE_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct ZipStructure {
  // Half-open range of bytes that no directory entry covers and that begins with a local header;
  // ranges may overlap.
  struct Gap {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  bool found = false;        // an end record whose directory is where it says
  bool fits_end = false;     // nothing but the end record's own comment follows it
  std::size_t entries = 0;   // in the directory
  std::size_t placed = 0;    // of those, with a local header where the directory says
  std::size_t begin = 0;     // of the archive: bytes in front belong to something else
  std::size_t end = 0;       // behind end record and comment
  bool program = false;      // a self-extractor: program code in front is its purpose
  bool nul_in_name = false;  // readers end the name in different places
  std::vector<Gap> hidden;   // at most 16
  // Local name to the directory's other name, each cut at kMaxZipName bytes.
  std::map<std::string, std::string> renamed;
  bool cut = false;  // a limit ended the look: there is more than stands here
};

inline constexpr std::size_t kMaxZipName = 4096;  // stops names that are payloads

// At most `max_renamed` names are kept: local headers may overlap, so that their names together
// are far longer than the file.
ZipStructure ReadZipStructure(std::string_view content, std::size_t max_renamed = 2'000);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_ZIP_STRUCTURE_H_
