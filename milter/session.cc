#include "milter/session.h"

#include <charconv>

#include "base/text.h"

namespace lazaret::milter {
namespace {

constexpr std::string_view kOwnPrefix = "x-lazaret-";
// RFC 5322 section 2.1.1: no line is longer; a longer Message-Id is kept cut.
constexpr std::size_t kMaxMessageIdBytes = 998;
// RFC 5321 section 4.5.3.1.3 allows 256; SMTPUTF8 and local extensions get room, floods do not.
constexpr std::size_t kMaxAddressBytes = 1024;
constexpr std::size_t kMaxMacroBytes = 1024;

const Reply kTooLarge{"552", "5.3.4", "Message too large"};
const Reply kTooManyRecipients{"452", "4.5.3", "Too many recipients"};
const Reply kBrokenOrder{"451", "4.5.0", "Message could not be checked, try again later"};

Reply ReplyFor(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kMessageBytes:
      return kTooLarge;
    case RefusalReason::kHeaderFields:
      return {"552", "5.3.4", "Message header has too many fields"};
    case RefusalReason::kOwnFields:
      return {"550", "5.7.1", "Message header has too many X-Lazaret fields"};
    case RefusalReason::kSpool:
      return {"452", "4.3.1", "Insufficient system storage, try again later"};
    case RefusalReason::kOrder:
      return kBrokenOrder;
    case RefusalReason::kInternal:
      break;
  }
  return {"451", "4.3.0", "Message could not be checked, try again later"};
}

std::string Macro(const Macros& macros, const char* name) {
  const char* value = macros.Get(name);
  return value == nullptr ? std::string() : std::string(value).substr(0, kMaxMacroBytes);
}

void ReadMacro(const Macros& macros, const char* name, std::string& out) {
  std::string value = Macro(macros, name);
  if (!value.empty()) out = std::move(value);
}

std::uint32_t ParseBits(const std::string& text) {
  std::uint32_t bits = 0;
  std::from_chars(text.data(), text.data() + text.size(), bits);
  return bits;
}

bool IsOwnField(std::string_view name) {
  return name.size() >= kOwnPrefix.size() &&
         base::AsciiEqualNoCase(name.substr(0, kOwnPrefix.size()), kOwnPrefix);
}

// The MTA keeps folded lines with LF alone; messages have CRLF (RFC 5322 section 2.1).
std::string WithCrlf(std::string_view value) {
  std::string out;
  out.reserve(value.size() + 16);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\n' && (i == 0 || value[i - 1] != '\r')) out += '\r';
    out += value[i];
  }
  return out;
}

// What SIZE= announces (RFC 1870), the largest number for what does not fit one; nullopt for
// another argument and for what cannot be read, which is left to the MTA.
std::optional<std::uint64_t> Announced(std::string_view argument) {
  constexpr std::string_view kSize = "SIZE=";
  if (argument.size() <= kSize.size() ||
      !base::AsciiEqualNoCase(argument.substr(0, kSize.size()), kSize)) {
    return std::nullopt;
  }
  argument.remove_prefix(kSize.size());
  std::uint64_t size = 0;
  const auto parsed = std::from_chars(argument.data(), argument.data() + argument.size(), size);
  if (parsed.ec == std::errc::result_out_of_range) return UINT64_MAX;
  if (parsed.ec != std::errc()) return std::nullopt;
  return size;
}

}  // namespace

std::string_view StripBrackets(std::string_view address) {
  address = base::TrimAscii(address);
  if (address.size() >= 2 && address.front() == '<' && address.back() == '>') {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

void Session::NoteSign(NextSign sign) {
  if (!waiting_for_sign_) return;
  handler_.OnAcknowledged(*waiting_for_sign_, sign);
  waiting_for_sign_.reset();
}

void Session::Connect(std::string_view host, std::string_view address, const Macros& macros) {
  session_facts_ = {};
  session_facts_.client_name = std::string(host.substr(0, kMaxMacroBytes));
  session_facts_.client_address = std::string(address);
  ReadSessionMacros(macros);
}

void Session::Helo(std::string_view name, const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  session_facts_.helo = std::string(name.substr(0, kMaxMacroBytes));
  // STARTTLS is followed by a second EHLO: what held before it may not hold now.
  session_facts_.tls = {};
  ReadSessionMacros(macros);
  facts_broken_ = false;
}

void Session::ReadSessionMacros(const Macros& macros) {
  ReadMacro(macros, "{daemon_name}", session_facts_.daemon_name);
  if (session_facts_.client_address.empty()) {
    ReadMacro(macros, "{client_addr}", session_facts_.client_address);
  }
  policy::TlsFacts& tls = session_facts_.tls;
  ReadMacro(macros, "{tls_version}", tls.version);
  ReadMacro(macros, "{cipher}", tls.cipher);
  ReadMacro(macros, "{cert_subject}", tls.cert_subject);
  ReadMacro(macros, "{cert_issuer}", tls.cert_issuer);
  const std::string bits = Macro(macros, "{cipher_bits}");
  if (!bits.empty()) tls.bits = ParseBits(bits);
}

void Session::ReadQueueId(const Macros& macros) { ReadMacro(macros, "i", envelope_.queue_id); }

std::optional<Reply> Session::MailFrom(std::string_view address,
                                       const std::vector<std::string_view>& arguments,
                                       const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  AbortMessage();
  ReadSessionMacros(macros);
  envelope_ = session_facts_;
  envelope_.sender = std::string(StripBrackets(address).substr(0, kMaxAddressBytes));
  ReadMacro(macros, "{auth_authen}", envelope_.auth_user);
  ReadQueueId(macros);
  store_.emplace(options_.store);
  for (const std::string_view argument : arguments) {
    const std::optional<Reply> refusal = RefusalOfSize(Announced(argument).value_or(0));
    if (!refusal) continue;
    handler_.OnRefusedAtMail(envelope_, *refusal);
    Forget();
    return refusal;
  }
  state_ = State::kEnvelope;
  if (facts_broken_) FailContent(RefusalReason::kInternal);
  return std::nullopt;
}

std::optional<Reply> Session::RefusalOfSize(std::uint64_t announced) {
  if (announced > options_.store.message_bytes) return kTooLarge;
  if (!store_->Reserve(announced)) return ReplyFor(RefusalReason::kSpool);
  return std::nullopt;
}

void Session::MailRefused() {
  NoteSign(NextSign::kNextCommand);
  AbortMessage();
}

std::optional<Reply> Session::RcptTo(std::string_view address, const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  if (state_ != State::kEnvelope) return kBrokenOrder;
  if (envelope_.recipients.size() >= options_.recipients) return kTooManyRecipients;
  ReadQueueId(macros);
  envelope_.recipients.emplace_back(StripBrackets(address).substr(0, kMaxAddressBytes));
  return std::nullopt;
}

void Session::Data(const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  ReadQueueId(macros);
  if (state_ == State::kEnvelope) BeginContent();
}

void Session::BeginContent() { state_ = State::kHeaders; }

void Session::FailContent(RefusalReason reason) noexcept {
  if (!failure_) failure_ = reason;
  store_.reset();
}

void Session::MarkBroken() noexcept {
  if (state_ == State::kIdle) facts_broken_ = true;
  FailContent(RefusalReason::kInternal);
}

void Session::Keep(std::string_view bytes) {
  content_bytes_ += bytes.size();
  if (failure_ || !store_) return;
  const base::Status kept = store_->Append(bytes);
  if (!kept.ok()) {
    FailContent(kept.error().code == base::ErrorCode::kLimit ? RefusalReason::kMessageBytes
                                                             : RefusalReason::kSpool);
  }
}

void Session::Header(std::string_view name, std::string_view value) {
  NoteSign(NextSign::kNextCommand);
  if (state_ == State::kEnvelope) BeginContent();
  if (state_ != State::kHeaders) return FailContent(RefusalReason::kOrder);
  if (++fields_ > options_.header_fields) return FailContent(RefusalReason::kHeaderFields);
  const std::string_view trimmed = base::TrimAscii(name);
  if (IsOwnField(trimmed)) return HideOwnField(name, trimmed);
  KeepField(name, value);
}

void Session::HideOwnField(std::string_view name, std::string_view trimmed) {
  if (++own_fields_ > options_.own_fields) return FailContent(RefusalReason::kOwnFields);
  IncomingField& field = incoming_fields_[base::AsciiLower(trimmed)];
  if (field.count++ == 0) field.name = std::string(name);
}

void Session::KeepField(std::string_view name, std::string_view value) {
  if (!has_message_id_ && base::AsciiEqualNoCase(base::TrimAscii(name), "message-id")) {
    has_message_id_ = true;
    envelope_.message_id = std::string(StripBrackets(value).substr(0, kMaxMessageIdBytes));
  }
  std::string field(name);
  field += options_.leading_space ? ":" : ": ";
  field += WithCrlf(value);
  field += "\r\n";
  Keep(field);
}

void Session::EndOfHeaders(const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  if (state_ == State::kEnvelope) BeginContent();
  if (state_ != State::kHeaders) return FailContent(RefusalReason::kOrder);
  ReadQueueId(macros);
  Keep("\r\n");
  if (store_) store_->BeginBody();
  state_ = State::kBody;
}

void Session::Body(std::string_view bytes) {
  NoteSign(NextSign::kNextCommand);
  if (state_ != State::kBody) return FailContent(RefusalReason::kOrder);
  Keep(bytes);
}

std::variant<Transaction, Refusal> Session::EndOfMessage(const Macros& macros) {
  NoteSign(NextSign::kNextCommand);
  ReadQueueId(macros);
  // An MTA may leave out the end of headers of a message without a body.
  if (state_ == State::kHeaders || state_ == State::kEnvelope) EndOfHeaders(macros);
  const bool whole = state_ == State::kBody && !envelope_.recipients.empty();
  if (!whole && !failure_) failure_ = RefusalReason::kOrder;
  std::optional<base::Result<StoredMessage>> message;
  if (!failure_) message = store_ ? store_->Finish() : base::Error{base::ErrorCode::kInvalid, ""};
  if (message && !message->ok()) failure_ = RefusalReason::kSpool;
  const std::optional<RefusalReason> failure = failure_;
  const std::uint64_t bytes = content_bytes_;
  policy::Envelope envelope = std::move(envelope_);
  std::map<std::string, IncomingField> incoming = std::move(incoming_fields_);
  Forget();
  incoming_fields_ = std::move(incoming);
  if (failure) return Refusal{std::move(envelope), *failure, ReplyFor(*failure), bytes};
  return Transaction{std::move(envelope), std::move(*message).value()};
}

// What was begun is over without an end; the message that ended before is not touched.
void Session::AbortMessage() {
  if (state_ != State::kIdle) handler_.OnAborted();
  Forget();
}

void Session::Forget() {
  state_ = State::kIdle;
  envelope_ = {};
  store_.reset();
  failure_.reset();
  content_bytes_ = 0;
  fields_ = 0;
  own_fields_ = 0;
  has_message_id_ = false;
  incoming_fields_.clear();
}

void Session::Abort() {
  NoteSign(NextSign::kNextCommand);
  AbortMessage();
}

void Session::Close() {
  NoteSign(NextSign::kClose);
  AbortMessage();
}

}  // namespace lazaret::milter
