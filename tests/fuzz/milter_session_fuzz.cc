// Bytes become session events: one byte names the event, a length byte and that many bytes its
// value. Whatever the order, a message that comes out is whole: its size and hash are those of its
// bytes, and it holds no X-Lazaret field; a message without MAIL and RCPT never comes out.
#include <cstdlib>

#include "base/bytes.h"
#include "base/text.h"
#include "milter/session.h"

namespace {

using lazaret::base::ByteReader;
namespace milter = lazaret::milter;

class OneMacro : public milter::Macros {
 public:
  explicit OneMacro(std::string value) : value_(std::move(value)) {}
  const char* Get(const char*) const override { return value_.empty() ? nullptr : value_.c_str(); }

 private:
  std::string value_;
};

class CountingHandler : public milter::MessageHandler {
 public:
  milter::Disposition Judge(const milter::Transaction&, const std::function<void()>&) override {
    return {};
  }
  void OnAcknowledged(std::string_view, milter::NextSign) override {
    if (--unacknowledged < 0) std::abort();
  }
  milter::Disposition Refused(const milter::Refusal&) override { return {}; }
  void OnRefusedAtMail(const lazaret::policy::Envelope&, const milter::Reply& reply) override {
    if (reply.code[0] != '4' && reply.code[0] != '5') std::abort();
  }
  void OnAborted() override { ++aborted; }
  int aborted = 0;
  int unacknowledged = 0;
};

bool HasOwnField(std::string_view text) {
  const std::string lower = lazaret::base::AsciiLower(text.substr(0, text.find("\r\n\r\n")));
  return lower.rfind("x-lazaret-", 0) == 0;
}

void CheckMessage(const milter::Transaction& transaction) {
  if (transaction.envelope.recipients.empty()) std::abort();
  const auto text = lazaret::base::ReadFdWhole(transaction.message.fd.get(), 1U << 20, "message");
  if (!text.ok() || text->size() != transaction.message.bytes) std::abort();
  if (lazaret::base::Sha256(*text) != transaction.message.sha256) std::abort();
  if (HasOwnField(*text)) std::abort();
}

void Play(milter::Session& session, CountingHandler& handler, int event, const std::string& value) {
  const OneMacro macros(value);
  switch (event) {
    case 0:
      session.Connect(value, value, macros);
      break;
    case 1:
      session.Helo(value, macros);
      break;
    case 2:
      session.MailFrom(value, {value}, macros);
      break;
    case 3:
      session.RcptTo(value, macros);
      break;
    case 4:
      session.Data(macros);
      break;
    case 5:
      session.Header(value, value);
      break;
    case 6:
      session.Header("X-Lazaret-" + value, value);
      break;
    case 7:
      session.EndOfHeaders(macros);
      break;
    case 8:
      session.Body(value);
      break;
    case 9:
      session.Abort();
      break;
    case 10:
      session.Close();
      break;
    default: {
      const auto ended = session.EndOfMessage(macros);
      if (const auto* whole = std::get_if<milter::Transaction>(&ended)) CheckMessage(*whole);
      if (const auto* refused = std::get_if<milter::Refusal>(&ended)) {
        if (refused->reply.code[0] != '4' && refused->reply.code[0] != '5') std::abort();
      }
      session.Answered("v");
      handler.unacknowledged = 1;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  milter::SessionOptions options;
  options.store.memory_bytes = 64;
  options.store.message_bytes = 400;
  options.store.spool_dir = "/tmp";
  options.header_fields = 12;
  options.recipients = 4;
  options.own_fields = 3;
  CountingHandler handler;
  milter::Session session(options, handler);
  ByteReader in({reinterpret_cast<const char*>(data), size});
  while (in.ok() && in.remaining() > 0) {
    const int event = in.U8() % 12;
    // C strings end at a NUL wherever libmilter hands one over; body bytes do not.
    std::string value(in.Raw(std::min<std::size_t>(in.U8(), in.remaining())));
    if (event != 8) value = value.c_str();
    Play(session, handler, event, value);
  }
  return 0;
}
