// A stored verdict as JSON with "v":1. `log query --json` writes the short form, one object a line;
// `log show --json` the full one, which has every field of the short form.
#ifndef LAZARET_APP_LAZARET_LOG_JSON_H_
#define LAZARET_APP_LAZARET_LOG_JSON_H_

#include <string>

#include "db/verdict_store.h"

namespace lazaret::cli {

enum class JsonDetail { kShort, kFull };

std::string VerdictJson(const db::StoredVerdict& stored, JsonDetail detail);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_LOG_JSON_H_
