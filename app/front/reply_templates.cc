#include "app/front/reply_templates.h"

#include "base/format.h"
#include "milter/reply.h"

namespace lazaret::front {
namespace {

constexpr std::string_view kReject = "Message refused by content policy, reference {id}";
constexpr std::string_view kTempfail =
    "Message could not be checked, try again later, reference {id}";
constexpr std::string_view kContactSuffix = "; contact {contact}";
constexpr std::string_view kFallbackLanguage = "en";

std::string Choose(const std::map<std::string, std::string>& texts, const std::string& language,
                   std::string_view built_in) {
  for (const std::string& wanted : {language, std::string(kFallbackLanguage)}) {
    const auto found = texts.find(wanted);
    if (found != texts.end() && !found->second.empty()) return found->second;
  }
  return std::string(built_in);
}

void ReplaceAll(std::string& text, std::string_view name, std::string_view value) {
  std::size_t at = 0;
  while ((at = text.find(name, at)) != std::string::npos) {
    text.replace(at, name.size(), value);
    at += value.size();
  }
}

// A reply without its verdict id could not be looked up, so a template that forgot it gets it.
std::string Complete(std::string text, bool has_contact) {
  if (text.find("{id}") == std::string::npos) text += ", reference {id}";
  if (has_contact && text.find("{contact}") == std::string::npos) text += kContactSuffix;
  return text;
}

}  // namespace

ReplyTemplates::ReplyTemplates(const config::Reply& options)
    : reject_(
          Complete(Choose(options.reject, options.language, kReject), !options.contact.empty())),
      tempfail_(Complete(Choose(options.tempfail, options.language, kTempfail),
                         !options.contact.empty())),
      contact_(options.contact) {}

std::string ReplyTemplates::Fill(std::string_view text, std::string_view verdict_id) const {
  std::string filled(text);
  ReplaceAll(filled, "{id}", verdict_id);
  ReplaceAll(filled, "{contact}", contact_);
  return filled;
}

milter::Reply ReplyTemplates::Reject(std::string_view verdict_id) const {
  return {"550", "5.7.1", Fill(reject_, verdict_id)};
}

milter::Reply ReplyTemplates::Tempfail(std::string_view verdict_id) const {
  return {"451", "4.7.1", Fill(tempfail_, verdict_id)};
}

milter::Reply ReplyTemplates::NotRecorded(std::string_view verdict_id) const {
  return {"451", "4.3.0", Fill(tempfail_, verdict_id)};
}

std::string ReplyLine(const milter::Reply& reply) {
  return base::Format("{} {} {}", reply.code, reply.enhanced,
                      milter::SanitizeHeaderValue(reply.text));
}

}  // namespace lazaret::front
