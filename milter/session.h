// The state machine of one MTA session: commands in, whole messages out. Independent of libmilter,
// so that it can be fuzzed. It builds the envelope, rebuilds the message byte for byte (RFC 5322
// header fields as the MTA keeps them, CRLF everywhere the MTA sent a line end), and counts
// incoming X-Lazaret-* fields, which never enter the rebuilt message.
//
// Nothing is refused in the middle of content, because the MTA does not wait for answers there: a
// failure is remembered and becomes the answer at the end of the message. A session never accepts
// anything: its answers are "go on" or a refusal. One thread at a time, not always the same one.
#ifndef LAZARET_MILTER_SESSION_H_
#define LAZARET_MILTER_SESSION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "milter/handler.h"
#include "milter/message_store.h"
#include "policy/envelope.h"

namespace lazaret::milter {

struct SessionOptions {
  StoreOptions store;
  std::uint32_t header_fields = 500'000;  // stops floods of tiny fields, which cost more than bytes
  std::uint32_t recipients = 50'000;
  // X-Lazaret-* fields of one message. Each costs an edit that the MTA carries out by a walk over
  // its header; stops messages made of them. Above it the message is refused, never let through
  // with one left in.
  std::uint32_t own_fields = 100;
  bool leading_space = true;  // values arrive with the blank after the colon (SMFIP_HDR_LEADSPC)
};

// Values the MTA attached to a command; any may be missing.
class Macros {
 public:
  virtual ~Macros() = default;
  virtual const char* Get(const char* name) const = 0;  // nullptr when unset
};

struct IncomingField {
  std::string name;  // as first seen
  std::uint32_t count = 0;
};

class Session {
 public:
  Session(const SessionOptions& options, MessageHandler& handler)
      : options_(options), handler_(handler) {}

  void Connect(std::string_view host, std::string_view address, const Macros& macros);
  void Helo(std::string_view name, const Macros& macros);
  // Begins a message; whatever was begun before is aborted. `arguments` are ESMTP parameters; a
  // SIZE above the limit, or that the spool has no room for, is refused here (RFC 1870 section
  // 6.1); what it has room for is reserved.
  std::optional<Reply> MailFrom(std::string_view address,
                                const std::vector<std::string_view>& arguments,
                                const Macros& macros);
  std::optional<Reply> RcptTo(std::string_view address, const Macros& macros);
  void Data(const Macros& macros);
  void Header(std::string_view name, std::string_view value);
  void EndOfHeaders(const Macros& macros);
  void Body(std::string_view bytes);
  // The message, or the refusal that its content earned. The session forgets the message either
  // way.
  std::variant<Transaction, Refusal> EndOfMessage(const Macros& macros);
  // The adapter refused MAIL itself.
  void MailRefused();
  // What the MTA said is not whole any more: the end of the message is refused; outside a message,
  // of all until the next HELO. For callbacks that cannot answer and must not throw.
  void MarkBroken() noexcept;
  void Abort();
  void Close();

  // After the answer to a message was given: the next event acknowledges this verdict.
  void Answered(std::string_view verdict_id) { waiting_for_sign_ = std::string(verdict_id); }

  // Incoming X-Lazaret-* of the message that EndOfMessage gave last, by lower-case name.
  const std::map<std::string, IncomingField>& incoming_fields() const { return incoming_fields_; }
  bool leading_space() const { return options_.leading_space; }
  void set_leading_space(bool value) { options_.leading_space = value; }

 private:
  enum class State { kIdle, kEnvelope, kHeaders, kBody };

  void NoteSign(NextSign sign);
  std::optional<Reply> RefusalOfSize(std::uint64_t announced);
  void BeginContent();
  void Keep(std::string_view bytes);
  void KeepField(std::string_view name, std::string_view value);
  void FailContent(RefusalReason reason) noexcept;
  void HideOwnField(std::string_view name, std::string_view trimmed);
  void AbortMessage();
  void Forget();
  void ReadSessionMacros(const Macros& macros);
  void ReadQueueId(const Macros& macros);
  SessionOptions options_;
  MessageHandler& handler_;
  State state_ = State::kIdle;
  policy::Envelope session_facts_;  // what holds for every message of the session
  bool facts_broken_ = false;
  policy::Envelope envelope_;
  std::optional<MessageStore> store_;
  std::optional<RefusalReason> failure_;
  std::uint64_t content_bytes_ = 0;  // offered, kept or not
  std::uint32_t fields_ = 0;
  std::uint32_t own_fields_ = 0;
  bool has_message_id_ = false;
  std::map<std::string, IncomingField> incoming_fields_;
  std::optional<std::string> waiting_for_sign_;
};

// "<a@b>" and "a@b" both give "a@b"; "<>" gives "".
std::string_view StripBrackets(std::string_view address);

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_SESSION_H_
