// libmilter's callbacks. Each finds its session by smfi_getpriv (callbacks of one session run on
// different threads), and none lets an exception out.
#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>

#include <memory>
#include <string>

#include "base/format.h"
#include "base/log.h"
#include "milter/filter_core.h"
#include "milter/reply.h"

namespace lazaret::milter {
namespace {

FilterCore* g_core = nullptr;

struct Connection {
  explicit Connection(FilterCore& filter_core)
      : core(filter_core), session(filter_core.options.session, filter_core.handler) {
    core.SessionOpened();
  }
  ~Connection() { core.SessionClosed(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  FilterCore& core;
  Session session;
  unsigned long steps = 0;  // protocol steps agreed on
};

class ContextMacros : public Macros {
 public:
  explicit ContextMacros(SMFICTX* context) : context_(context) {}
  const char* Get(const char* name) const override {
    return smfi_getsymval(context_, const_cast<char*>(name));
  }

 private:
  SMFICTX* context_;
};

class InFlight {
 public:
  explicit InFlight(FilterCore& core) : core_(core) { core_.MessageBegan(); }
  ~InFlight() { core_.MessageAnswered(); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  FilterCore& core_;
};

class InCallback {
 public:
  explicit InCallback(FilterCore& core) : core_(core) { core_.CallbackBegins(); }
  ~InCallback() { core_.CallbackEnds(); }
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;

 private:
  FilterCore& core_;
};

// An MTA that never negotiates gets its session at its first command.
Connection& ConnectionOf(SMFICTX* context) {
  auto* connection = static_cast<Connection*>(smfi_getpriv(context));
  if (connection == nullptr) {
    auto fresh = std::make_unique<Connection>(*g_core);
    connection = fresh.get();
    if (smfi_setpriv(context, fresh.release()) != MI_SUCCESS) {
      delete connection;
      throw std::bad_alloc();
    }
  }
  return *connection;
}

sfsistat SendReply(SMFICTX* context, const Reply& reply) {
  const bool temporary = reply.code.empty() || reply.code[0] != '5';
  Reply checked = CheckedReply(reply, temporary);
  smfi_setreply(context, checked.code.data(), checked.enhanced.data(), checked.text.data());
  return temporary ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

sfsistat Tempfail(SMFICTX* context, const char* enhanced) {
  return SendReply(context, {"451", enhanced, "Service unavailable, try again later"});
}

// Runs a callback's body; whatever it throws (no memory) becomes a tempfail.
template <typename Body>
sfsistat Guarded(SMFICTX* context, Body&& body) {
  const InCallback in_callback(*g_core);
  try {
    return body(ConnectionOf(context));
  } catch (const std::exception& error) {
    base::LogError(base::Format("milter callback: {}", error.what()));
  } catch (...) {
    base::LogError("milter callback: unknown exception");
  }
  return SMFIS_TEMPFAIL;
}

sfsistat Quiet(const Connection& connection, unsigned long no_reply_step) {
  return (connection.steps & no_reply_step) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

// For commands that the MTA may not wait on: an answer there would be taken for the answer to a
// later one. What fails is answered at the end of the message.
template <typename Body>
sfsistat Unanswered(SMFICTX* context, unsigned long no_reply_step, Body&& body) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    try {
      body(connection.session);
    } catch (...) {
      connection.session.MarkBroken();
      connection.core.counters.Add("callbacks_failed_total");
    }
    return Quiet(connection, no_reply_step);
  });
}

void SetSymbolLists(SMFICTX* context) {
  static const struct {
    int stage;
    const char* names;
  } kLists[] = {
      {SMFIM_CONNECT, "j _ {daemon_name} {daemon_addr} {client_addr}"},
      {SMFIM_HELO, "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}"},
      {SMFIM_ENVFROM,
       "i {auth_type} {auth_authen} {daemon_name} {client_addr} {tls_version} {cipher} "
       "{cipher_bits} {cert_subject} {cert_issuer}"},
      {SMFIM_ENVRCPT, "i"},
      {SMFIM_DATA, "i"},
      {SMFIM_EOH, "i"},
      {SMFIM_EOM, "i"},
  };
  for (const auto& list : kLists) {
    smfi_setsymlist(context, list.stage, const_cast<char*>(list.names));
  }
}

sfsistat OnNegotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                     unsigned long, unsigned long, unsigned long* actions, unsigned long* steps,
                     unsigned long* reserved1, unsigned long* reserved2) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    constexpr unsigned long kNeeded = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE;
    if ((offered_actions & kNeeded) != kNeeded) {
      base::LogError("the MTA does not let a filter add and remove headers and hold mail");
      return SMFIS_REJECT;
    }
    // No SMFIP_NR_CONN: the answer to connect is where a full filter says so.
    constexpr unsigned long kWanted =
        SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC;
    connection.steps = kWanted & offered_steps;
    connection.session.set_leading_space((connection.steps & SMFIP_HDR_LEADSPC) != 0);
    *actions = kNeeded | (offered_actions & SMFIF_SETSYMLIST);
    *steps = connection.steps | (offered_steps & SMFIP_NOUNKNOWN);
    *reserved1 = 0;
    *reserved2 = 0;
    if ((offered_actions & SMFIF_SETSYMLIST) != 0) SetSymbolLists(context);
    return SMFIS_CONTINUE;
  });
}

std::string AddressText(const _SOCK_ADDR* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address == nullptr) return text;
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  }
  return text;
}

sfsistat OnConnect(SMFICTX* context, char* host, _SOCK_ADDR* address) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    connection.session.Connect(host == nullptr ? "" : host, AddressText(address),
                               ContextMacros(context));
    if (connection.core.TooManySessions()) {
      connection.core.counters.Add("sessions_refused_total");
      return Tempfail(context, "4.3.2");
    }
    connection.core.counters.Add("sessions_total");
    return SMFIS_CONTINUE;
  });
}

sfsistat OnHelo(SMFICTX* context, char* name) {
  return Unanswered(context, SMFIP_NR_HELO, [&](Session& session) {
    session.Helo(name == nullptr ? "" : name, ContextMacros(context));
  });
}

sfsistat OnMail(SMFICTX* context, char** arguments) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    std::vector<std::string_view> parameters;
    for (char** next = arguments + 1; arguments[0] != nullptr && *next != nullptr; ++next) {
      parameters.emplace_back(*next);
    }
    if (connection.core.stopping()) {
      connection.session.MailRefused();
      return Tempfail(context, "4.3.2");
    }
    const std::string_view sender = arguments[0] == nullptr ? "" : arguments[0];
    const auto refusal = connection.session.MailFrom(sender, parameters, ContextMacros(context));
    return refusal ? SendReply(context, *refusal) : SMFIS_CONTINUE;
  });
}

sfsistat OnRcpt(SMFICTX* context, char** arguments) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    const std::string_view recipient = arguments[0] == nullptr ? "" : arguments[0];
    const auto refusal = connection.session.RcptTo(recipient, ContextMacros(context));
    return refusal ? SendReply(context, *refusal) : SMFIS_CONTINUE;
  });
}

sfsistat OnData(SMFICTX* context) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    connection.session.Data(ContextMacros(context));
    return SMFIS_CONTINUE;
  });
}

sfsistat OnHeader(SMFICTX* context, char* name, char* value) {
  return Unanswered(context, SMFIP_NR_HDR, [&](Session& session) {
    session.Header(name == nullptr ? "" : name, value == nullptr ? "" : value);
  });
}

sfsistat OnEndOfHeaders(SMFICTX* context) {
  return Unanswered(context, SMFIP_NR_EOH,
                    [&](Session& session) { session.EndOfHeaders(ContextMacros(context)); });
}

sfsistat OnBody(SMFICTX* context, unsigned char* bytes, std::size_t size) {
  return Unanswered(context, SMFIP_NR_BODY, [&](Session& session) {
    session.Body({reinterpret_cast<const char*>(bytes), size});
  });
}

// From the last one down, because the MTA counts again after each removal.
bool RemoveIncoming(SMFICTX* context, const Session& session) {
  for (const auto& [lower, field] : session.incoming_fields()) {
    std::string name = field.name;
    for (std::uint32_t index = field.count; index > 0; --index) {
      if (smfi_chgheader(context, name.data(), static_cast<int>(index), nullptr) != MI_SUCCESS) {
        return false;
      }
    }
  }
  return true;
}

bool AddFields(SMFICTX* context, const Session& session, const Disposition& disposition) {
  for (const HeaderField& field : disposition.add) {
    std::string name = SanitizeHeaderValue(field.name);
    // With SMFIP_HDR_LEADSPC the MTA adds no blank after the colon.
    std::string value = session.leading_space() ? " " : "";
    value += SanitizeHeaderValue(field.value);
    if (smfi_addheader(context, name.data(), value.data()) != MI_SUCCESS) return false;
  }
  return true;
}

bool Hold(SMFICTX* context, const Disposition& disposition) {
  if (disposition.action != policy::Action::kHold) return true;
  std::string reason = SanitizeReplyText(disposition.hold_reason, kMaxHoldReasonBytes);
  if (reason.empty()) reason = "held";
  return smfi_quarantine(context, reason.data()) == MI_SUCCESS;
}

// Only an answer that is what was recorded may be acknowledged later.
void Acknowledgeable(Session& session, const Disposition& disposition) {
  if (!disposition.verdict_id.empty()) session.Answered(disposition.verdict_id);
}

sfsistat LetPass(SMFICTX* context, Session& session, const Disposition& disposition) {
  // Hold first: if a later edit fails, a held message is the safe half.
  if (Hold(context, disposition) && RemoveIncoming(context, session) &&
      AddFields(context, session, disposition)) {
    Acknowledgeable(session, disposition);
    return SMFIS_CONTINUE;
  }
  base::LogError(base::Format("verdict {}: the MTA refused an edit", disposition.verdict_id));
  return Tempfail(context, "4.3.0");
}

sfsistat CarryOut(SMFICTX* context, Session& session, const Disposition& disposition) {
  switch (disposition.action) {
    case policy::Action::kAccept:
    case policy::Action::kTag:
    case policy::Action::kHold:
      return LetPass(context, session, disposition);
    case policy::Action::kReject: {
      Acknowledgeable(session, disposition);
      Reply reply = CheckedReply(disposition.reply, false);
      smfi_setreply(context, reply.code.data(), reply.enhanced.data(), reply.text.data());
      return SMFIS_REJECT;
    }
    case policy::Action::kTempfail: {
      Acknowledgeable(session, disposition);
      Reply reply = CheckedReply(disposition.reply, true);
      smfi_setreply(context, reply.code.data(), reply.enhanced.data(), reply.text.data());
      return SMFIS_TEMPFAIL;
    }
    case policy::Action::kStrip:
    case policy::Action::kRedirect:
    case policy::Action::kQuarantine:
      break;
  }
  base::LogError(base::Format("verdict {}: action {} is not built", disposition.verdict_id,
                              policy::Name(disposition.action)));
  return Tempfail(context, "4.3.0");
}

// A refusal is never let through, whatever the handler says.
sfsistat Refuse(SMFICTX* context, Connection& connection, const Refusal& refusal) {
  const Disposition answer = connection.core.handler.Refused(refusal);
  if (answer.action != policy::Action::kReject && answer.action != policy::Action::kTempfail) {
    return SendReply(context, refusal.reply);
  }
  return CarryOut(context, connection.session, answer);
}

sfsistat OnEndOfMessage(SMFICTX* context) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    const InFlight in_flight(connection.core);
    Session& session = connection.session;
    std::variant<Transaction, Refusal> ended = session.EndOfMessage(ContextMacros(context));
    if (const auto* refusal = std::get_if<Refusal>(&ended)) {
      return Refuse(context, connection, *refusal);
    }
    const Disposition disposition = connection.core.handler.Judge(
        std::get<Transaction>(ended), [context] { smfi_progress(context); });
    return CarryOut(context, session, disposition);
  });
}

sfsistat OnAbort(SMFICTX* context) {
  return Guarded(context, [&](Connection& connection) -> sfsistat {
    connection.session.Abort();
    return SMFIS_CONTINUE;
  });
}

sfsistat OnClose(SMFICTX* context) {
  auto* connection = static_cast<Connection*>(smfi_getpriv(context));
  if (connection == nullptr) return SMFIS_CONTINUE;
  smfi_setpriv(context, nullptr);
  const std::unique_ptr<Connection> owned(connection);
  try {
    owned->session.Close();
  } catch (const std::exception& error) {
    base::LogError(base::Format("milter close: {}", error.what()));
  } catch (...) {
    base::LogError("milter close: unknown exception");
  }
  return SMFIS_CONTINUE;
}

}  // namespace

void SetCore(FilterCore* core) { g_core = core; }

bool RegisterCallbacks() {
  smfiDesc filter{};
  static char name[] = "lazaret";
  filter.xxfi_name = name;
  filter.xxfi_version = SMFI_VERSION;
  filter.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST;
  filter.xxfi_connect = OnConnect;
  filter.xxfi_helo = OnHelo;
  filter.xxfi_envfrom = OnMail;
  filter.xxfi_envrcpt = OnRcpt;
  filter.xxfi_header = OnHeader;
  filter.xxfi_eoh = OnEndOfHeaders;
  filter.xxfi_body = OnBody;
  filter.xxfi_eom = OnEndOfMessage;
  filter.xxfi_abort = OnAbort;
  filter.xxfi_close = OnClose;
  filter.xxfi_data = OnData;
  filter.xxfi_negotiate = OnNegotiate;
  return smfi_register(filter) == MI_SUCCESS;
}

}  // namespace lazaret::milter
