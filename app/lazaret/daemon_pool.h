// The running daemon's workers, as `lazaret scan --daemon` uses them: each Run is one connection to
// the front's scan socket.
#ifndef LAZARET_APP_LAZARET_DAEMON_POOL_H_
#define LAZARET_APP_LAZARET_DAEMON_POOL_H_

#include <memory>
#include <string>

#include "app/judge/worker_pool.h"
#include "base/result.h"

namespace lazaret::cli {

// An error when no daemon answers at `socket_path` (kUnavailable, kNotFound, kPermission), or when
// it judges by other rules, lists or policy than those with `bundle_sha256` (kInvalid).
base::Result<std::unique_ptr<judge::WorkerPool>> ConnectToDaemon(const std::string& socket_path,
                                                                 const std::string& bundle_sha256);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_DAEMON_POOL_H_
