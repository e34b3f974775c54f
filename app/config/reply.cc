#include "app/config/config.h"
#include "app/config/load.h"

namespace lazaret::config {
namespace {

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

void FillTemplates(Reply& reply) {
  // Neutral on purpose: who sends malware must not learn from the reply what found it.
  const std::string ask = reply.contact.empty() ? "" : "; questions: {contact}";
  reply.reject.try_emplace("en", "Message refused by content policy, reference {id}" + ask);
  reply.tempfail.try_emplace(
      "en", "Message could not be checked now, try again later, reference {id}" + ask);
}

std::string ReplyText(const Config& config, ReplyKind kind, std::string_view verdict_id) {
  const auto& templates = kind == ReplyKind::kReject ? config.reply.reject : config.reply.tempfail;
  const auto entry = templates.find(config.reply.language);
  std::string text =
      entry != templates.end() ? entry->second : "Message not accepted, reference {id}";
  // The contact last: nothing in it is replaced again.
  Replace(text, "{id}", verdict_id);
  Replace(text, "{contact}", config.reply.contact);
  return text;
}

}  // namespace lazaret::config
