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

struct MessageList {
  std::vector<std::string> files;
  // What was found below a folder and is no regular file: "path: a fifo". Symbolic links below a
  // folder are not followed.
  std::vector<std::string> skipped;
};

// kNotFound for an argument that does not exist, kInvalid for one that is neither a regular file
// nor a folder: a fifo would be waited for without end. A folder that cannot be read stands among
// the files: reading it fails, and so it is told as what could not be looked at.
base::Result<MessageList> ListMessages(const std::vector<std::string>& arguments);

// An error names the path. Never waits for a writer.
base::Result<std::string> ReadMessageFile(const std::string& path, std::uint64_t max_bytes);

// "a PDF document", "binary data": what the bytes plainly are when they are no mail, else empty.
std::string WhatItIsInstead(std::string_view bytes);

// A leading mbox "From " line is dropped; a file whose line ends are all bare LF gets CRLF, as a
// mail transfer agent would do. Mixed line ends stay as they are: they are a fact about the
// message.
std::string AsReceived(std::string bytes);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_MESSAGE_FILES_H_
