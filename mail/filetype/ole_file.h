// Directory and stream heads of an OLE2 compound file (MS-CFB 2.2 to 2.6). Pure; hostile bytes:
// every chain is bounded, a broken chain ends the stream early.
#ifndef LAZARET_MAIL_FILETYPE_OLE_FILE_H_
#define LAZARET_MAIL_FILETYPE_OLE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct OleEntry {
  std::string name;         // UTF-16 narrowed: ASCII as it stands, other units as '?'
  bool stream = false;      // else a storage or the root
  std::string class_id;     // 16 bytes as stored
  std::uint32_t start = 0;  // first sector
  std::uint64_t size = 0;
  std::size_t parent = 0;  // index of the storage it lies in; the root where the tree is broken
};

class OleFile {
 public:
  // nullopt when header or directory cannot be read.
  static std::optional<OleFile> Open(std::string_view content);

  // False when the file is cut, a chain of its tables or directory is broken or runs in a circle,
  // or a limit ended the reading: there may be more than entries() shows.
  bool whole() const { return whole_; }
  // The root is first.
  const std::vector<OleEntry>& entries() const { return entries_; }
  // Behind the last sector that the file uses; at most the content's size.
  std::size_t end() const;
  // At most `most` bytes from the stream's beginning.
  std::string Head(const OleEntry& entry, std::size_t most) const;

 private:
  explicit OleFile(std::string_view content) : content_(content) {}

  bool ReadHeader();
  std::vector<std::uint32_t> ReadPlaces();
  void ReadFat();
  bool UsesMissingSectors() const;
  bool ReadDirectory();
  void ReadMiniStream();
  std::uint32_t Next(std::uint32_t sector) const;
  std::string_view Sector(std::uint32_t sector) const;
  std::string Chain(std::uint32_t sector, std::size_t most) const;
  // The same; a chain that goes on where nothing is makes the file not whole.
  std::string WholeChain(std::uint32_t sector, std::size_t most);
  std::string MiniChain(std::uint32_t sector, std::size_t most) const;

  std::string_view content_;
  bool whole_ = true;
  std::size_t sector_size_ = 512;
  std::size_t mini_cutoff_ = 4096;
  std::vector<std::uint32_t> fat_;
  std::vector<std::uint32_t> mini_fat_;
  std::string mini_stream_;
  std::vector<OleEntry> entries_;
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_OLE_FILE_H_
