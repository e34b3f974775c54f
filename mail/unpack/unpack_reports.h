// What could not be unpacked, grouped: one Unreadable for each code and place, with a count, so
// that an archive of a thousand locked members is one finding and not a thousand.
#ifndef LAZARET_MAIL_UNPACK_UNPACK_REPORTS_H_
#define LAZARET_MAIL_UNPACK_UNPACK_REPORTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "mail/model/tree_builder.h"

namespace lazaret::mail {

class UnpackReports {
 public:
  explicit UnpackReports(TreeBuilder& tree) : tree_(tree) {}

  // `item` could not be read. `place` is the container it lies in, or 0 for a limit over the whole
  // message: the second report for a place moves the Unreadable from the first item to the place,
  // so that an exception for one item never covers the others.
  void Add(std::string_view code, std::uint32_t item, std::uint32_t place, std::string_view reason);

 private:
  struct Group {
    std::size_t index = 0;  // in tree.unreadable
    std::uint32_t first = 0;
    std::string reason;
  };

  TreeBuilder& tree_;
  std::map<std::pair<std::string, std::uint32_t>, Group> groups_;
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_UNPACK_REPORTS_H_
