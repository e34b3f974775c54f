// All faults of one file: collected while reading goes on, said in the order of their places.
#ifndef LAZARET_APP_CONFIG_FAULTS_H_
#define LAZARET_APP_CONFIG_FAULTS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lazaret::config {

inline constexpr std::size_t kMaxFaults = 20;  // said; a file of another kind has a fault a line

class FaultList {
 public:
  // `origin`: how the file is named in errors, "origin:line:column: why".
  explicit FaultList(std::string origin) : origin_(std::move(origin)) {}

  // One without a place in the file comes after those that have one.
  void Add(base::Error error);
  // The error of `status`, if it is one.
  void Take(base::Status status);

  bool empty() const { return faults_.empty(); }
  // Ordered by line and column, then by when they were added; above kMaxFaults a line counts the
  // rest.
  std::vector<std::string> Lines() const;
  // The first one, which says how many more there are. Only when not empty.
  base::Error First() const;

 private:
  struct Fault {
    int line = 0;
    int column = 0;
    base::Error error;
  };
  std::vector<Fault> Sorted() const;

  std::string origin_;
  std::vector<Fault> faults_;
};

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_FAULTS_H_
