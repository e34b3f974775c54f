#include "mail/mime/found_message.h"
#include "mail/mime/mime_pass.h"

namespace lazaret::mail {

void MimePass::ReadFound(std::uint32_t id) {
  const Artifact& artifact = tree_.At(id);
  const std::string_view text = artifact.content;
  if (HoldsMbox(text)) {
    ReadMbox(text, id);
  } else if (HoldsMessage(text)) {
    ReadFoundMessage(text, id, 1);
  } else if (artifact.text && artifact.declared_type.compare(0, 5, "text/") != 0) {
    // Leaves declared as text were searched when they were read.
    Source nowhere;
    nowhere.found = true;
    nowhere.in_message = false;
    ReadTextFiles(nowhere, 0, id);
  }
}

void MimePass::ReadMbox(std::string_view text, std::uint32_t id) {
  const std::vector<std::string_view> messages = SplitMbox(text, limits_.max_parts);
  for (std::size_t i = 0; i < messages.size() && !expired_; ++i) {
    ReadFoundMessage(messages[i], id, i + 1);
  }
}

void MimePass::ReadFoundMessage(std::string_view text, std::uint32_t id, std::size_t ordinal) {
  if (TooDeep(id) || StopNow(id)) return;
  // Reading it again costs as much as decoding it: the same budget bounds texts in texts in texts.
  if (!tree_.Charge(text.size())) {
    tree_.CannotRead("scan.unscannable.decoded-bytes", id, "no room to read the message inside");
    tree_.At(id).truncated = true;
    return;
  }
  Artifact& message = tree_.Add(id, ArtifactKind::kMessage);
  message.detected_type = "message/rfc822";
  tree_.SetPath(message, ordinal);
  Source source;
  source.bytes = text;
  source.in_message = false;
  source.found = true;
  ReadSource(source, message.id);
}

}  // namespace lazaret::mail
