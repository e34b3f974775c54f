#include "mail/mime/mime_reader.h"

#include "mail/mime/mime_pass.h"

namespace lazaret::mail {
namespace {

base::Status Outcome(const MimePass& pass) {
  if (pass.expired()) return base::Error{base::ErrorCode::kTimeout, "mime: deadline passed"};
  return base::Ok();
}

}  // namespace

base::Status ReadMime(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline) {
  MimePass pass(tree, limits, deadline);
  pass.ReadRoot();
  return Outcome(pass);
}

base::Status ReadEmbeddedText(TreeBuilder& tree, std::uint32_t id, const MimeLimits& limits,
                              base::Deadline deadline) {
  MimePass pass(tree, limits, deadline);
  pass.ReadFound(id);
  return Outcome(pass);
}

}  // namespace lazaret::mail
