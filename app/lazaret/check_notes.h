// What `lazaret check` has to say: faults, which end it with exit 2, and warnings, which do not.
// Each is one line, escaped by whoever prints it.
#ifndef LAZARET_APP_LAZARET_CHECK_NOTES_H_
#define LAZARET_APP_LAZARET_CHECK_NOTES_H_

#include <string>
#include <vector>

namespace lazaret::cli {

struct CheckNotes {
  std::vector<std::string> faults;
  std::vector<std::string> warnings;
};

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_NOTES_H_
