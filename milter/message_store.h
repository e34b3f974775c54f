// Collects one message: in memory (from some size on a memory file) up to a limit, then in an
// unlinked file of the spool folder.
#ifndef LAZARET_MILTER_MESSAGE_STORE_H_
#define LAZARET_MILTER_MESSAGE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/fd.h"
#include "base/result.h"
#include "milter/handler.h"
#include "milter/spool_budget.h"

namespace lazaret::milter {

struct StoreOptions {
  std::uint64_t memory_bytes = 4U << 20;     // larger messages go to the spool: stops memory floods
  std::uint64_t message_bytes = 100U << 20;  // kLimit above: stops disk floods
  std::string spool_dir;                     // must exist on a file system with O_TMPFILE
  SpoolBudget* spool = nullptr;              // lent; none: the disk alone is the limit
};

// One thread at a time. After an error the store is spent and Finish gives the same error.
class MessageStore {
 public:
  explicit MessageStore(const StoreOptions& options) : options_(options), share_(options.spool) {}

  // Before the content, for a message announced with so many bytes: false when it would have to be
  // spooled and the budget does not hold it.
  bool Reserve(std::uint64_t bytes);
  // kLimit above message_bytes; kUnavailable and the like when the spool cannot be written or its
  // budget is used up.
  base::Status Append(std::string_view bytes);
  // What follows is body.
  void BeginBody();
  // Once, after everything was appended.
  base::Result<StoredMessage> Finish();

  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Status Write(std::string_view bytes);
  base::Status MoveToMemoryFile();
  base::Status MoveToSpool();
  base::Status Fail(base::Error error);
  base::Result<base::UniqueFd> ReadOnlySpool() const;

  StoreOptions options_;
  std::string memory_;          // of a small message
  base::UniqueFd memory_file_;  // of a larger one: handed on as it is, no copy at the end
  base::UniqueFd spool_;
  SpoolShare share_;
  std::uint64_t bytes_ = 0;
  base::Sha256Stream whole_;
  std::optional<base::Sha256Stream> body_;
  std::optional<base::Error> error_;
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_MESSAGE_STORE_H_
