// `lazaret check`: the signatures, loaded as a start would load them.
#ifndef LAZARET_APP_LAZARET_CHECK_SIGNATURES_H_
#define LAZARET_APP_LAZARET_CHECK_SIGNATURES_H_

#include <ostream>

#include "app/config/config.h"
#include "app/lazaret/check_notes.h"

namespace lazaret::cli {

// No database where one is needed is a fault, as is whatever keeps a private analyzer from loading
// database and own signatures: libclamav's words name the file. `load` false: only that a database
// is there, and a line that says so. From the main thread; a full database takes some 20 s and 1
// GB.
void CheckSignatures(const config::Config& config, bool load, std::ostream& out, CheckNotes& notes);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_SIGNATURES_H_
