// The messages `lazaret scan` is asked about: files, folders (every regular file below, by name),
// and
// "-" for standard input. A file is read as a mail system would have received it.
#ifndef LAZARET_APP_LAZARET_MESSAGE_FILES_H_
#define LAZARET_APP_LAZARET_MESSAGE_FILES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::cli {

// kNotFound for an argument that does not exist. Symbolic links below a folder are not followed.
base::Result<std::vector<std::string>> ListMessages(const std::vector<std::string>& arguments);

base::Result<std::string> ReadMessageFile(const std::string& path, std::uint64_t max_bytes);

// A leading mbox "From " line is dropped; a file whose line ends are all bare LF gets CRLF, as a
// mail transfer agent would do. Mixed line ends stay as they are: they are a fact about the
// message.
std::string AsReceived(std::string bytes);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_MESSAGE_FILES_H_
