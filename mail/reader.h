// Reads one hostile message into an artifact tree. Runs only in the confined analyzer; opens no
// file, converts charsets by ICU alone. Bad mail is never an error: it is a Difference or an
// Unreadable. An error (kTimeout, kInternal) means the message could not be read: the caller treats
// it as could-not-look.
#ifndef LAZARET_MAIL_READER_H_
#define LAZARET_MAIL_READER_H_

#include <cstddef>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "mail/model/artifact.h"

namespace lazaret::mail {

// Every limit names the attack it stops; reaching one leaves an Unreadable
// "scan.unscannable.<name>" and marks the artifact truncated, it never drops silently.
struct ReadLimits {
  std::size_t max_header_fields = 20'000;   // stops header floods (quadratic readers)
  std::size_t max_header_bytes = 4U << 20;  // stops endless headers
  std::size_t max_parts = 10'000;           // stops part floods (200 000 parts = 266 MB in GMime)
  int max_depth = 100;                      // stops nesting bombs
  std::size_t max_decoded_bytes = 800U << 20;   // stops decode bombs, over the whole message
  std::size_t max_text_bytes = 32U << 20;       // text units, over the whole message
  std::size_t max_archive_members = 2'000;      // stops member floods (9 000 tiny files = 13 s)
  std::size_t max_member_bytes = 100U << 20;    // stops zip bombs, one member
  std::size_t max_unpacked_bytes = 400U << 20;  // stops zip bombs, over the whole message
  int max_archive_depth = 17;  // stops zip-in-zip chains; libclamav's recursion limit
  // False for a second try after a worker died or hung over the message: containers and RTF stay
  // closed, each an Unreadable "scan.unscannable.second-try", since what opens them may be fatal.
  bool open_containers = true;
};

// `message` must outlive the tree. Opens the archives it knows to list and hash their members.
base::Result<ArtifactTree> ReadMessage(std::string_view message, const ReadLimits& limits,
                                       base::Deadline deadline);

// Once per process, before confinement: everything the libraries below would load later (GMime, ICU
// converters, libmagic's database, libarchive formats, shared-mime-info tables). After it no file
// is opened. setlocale(LC_ALL, "C.UTF-8") must have been called; an error names what is missing.
base::Status PreloadReaders();

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_READER_H_
