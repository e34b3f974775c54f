// The two archives of event_fields.h: one writes canonical CBOR, one reads it.
#ifndef LAZARET_DB_AUDIT_EVENT_ARCHIVE_H_
#define LAZARET_DB_AUDIT_EVENT_ARCHIVE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "db/audit/cbor.h"

namespace lazaret::db {

inline constexpr std::size_t kSaltBytes = 16;

std::string PersonalHash(std::string_view salt, std::string_view value);

struct PersonalValue {
  std::string salt;
  std::string value;
};
// One for each slot; nullopt = forgotten.
using PersonalValues = std::vector<std::optional<PersonalValue>>;

std::string EncodePersonal(const PersonalValues& values);
// nullopt when the bytes are not what EncodePersonal writes.
std::optional<PersonalValues> DecodePersonal(std::string_view bytes);

class EventWriter {
 public:
  // Makes a fresh salt for each personal value.
  EventWriter() {
    cbor_.Reserve(kUsualBytes);
    personal_.Reserve(kUsualBytes);
  }
  // Writes these hashes in place of the personal values, to reproduce a body that was read.
  explicit EventWriter(const std::vector<std::string>* hashes) : given_hashes_(hashes) {}

  void Array(std::size_t count) { cbor_.Array(count); }
  void Format(std::uint64_t format) { cbor_.Uint(format); }
  void Text(const std::string& text) { cbor_.Text(text); }
  void Bytes(const std::string& bytes) { cbor_.Bytes(bytes); }
  template <typename Unsigned>
  void Uint(const Unsigned& value) {
    cbor_.Uint(value);
  }
  template <typename E>
  void Enum(const E& value, int /*max*/) {
    cbor_.Uint(static_cast<std::uint64_t>(value));
  }
  void Flag(const bool& value) { cbor_.Uint(value ? 1 : 0); }
  void Time(const base::UnixTime& time) { cbor_.Int(time.micros); }
  void Digest(const base::Sha256Digest& digest) { cbor_.Bytes(base::AsBytes(digest)); }
  void Personal(const std::string& value);
  template <typename T, typename Each>
  void List(std::vector<T>& items, Each each) {
    cbor_.Array(items.size());
    for (T& item : items) each(*this, item);
  }
  template <typename T, typename Each>
  void Optional(std::optional<T>& item, Each each) {
    cbor_.Array(item ? 1 : 0);
    if (item) each(*this, *item);
  }

  std::string TakeBody() { return cbor_.Take(); }
  // As EncodePersonal writes them.
  std::string TakePersonal();

 private:
  CborWriter cbor_;
  CborWriter personal_;  // the entries without the head of their array
  std::size_t personal_count_ = 0;
  static constexpr std::size_t kUsualBytes = 2048;
  const std::vector<std::string>* given_hashes_ = nullptr;
  std::size_t next_hash_ = 0;
};

class EventReader {
 public:
  // `personal` empty = all forgotten.
  EventReader(std::string_view body, const PersonalValues& personal)
      : cbor_(body), personal_(personal) {}

  void Array(std::size_t count) {
    if (cbor_.Array(count) != count) cbor_.MarkFailed();
  }
  void Format(std::uint64_t format) {
    if (cbor_.Uint(format) != format) cbor_.MarkFailed();
  }
  void Text(std::string& text) { text = cbor_.Text(kAnyLength); }
  void Bytes(std::string& bytes) { bytes = cbor_.Bytes(kAnyLength); }
  template <typename Unsigned>
  void Uint(Unsigned& value) {
    value = static_cast<Unsigned>(cbor_.Uint(std::numeric_limits<Unsigned>::max()));
  }
  template <typename E>
  void Enum(E& value, int max) {
    value = static_cast<E>(cbor_.Uint(static_cast<std::uint64_t>(max)));
  }
  void Flag(bool& value) { value = cbor_.Uint(1) == 1; }
  void Time(base::UnixTime& time) { time.micros = cbor_.Int(); }
  void Digest(base::Sha256Digest& digest);
  void Personal(std::string& value);
  template <typename T, typename Each>
  void List(std::vector<T>& items, Each each) {
    const std::size_t count = cbor_.Array(kAnyLength);
    for (std::size_t i = 0; i < count && cbor_.ok(); ++i) each(*this, items.emplace_back());
  }
  template <typename T, typename Each>
  void Optional(std::optional<T>& item, Each each) {
    if (cbor_.Array(1) == 1) each(*this, item.emplace());
  }

  bool AtEnd() const { return cbor_.AtEnd(); }
  // Slots met, and whether each present value is the one its hash names.
  const std::vector<std::string>& hashes() const { return hashes_; }
  bool personal_ok() const {
    return personal_ok_ && (personal_.empty() || personal_.size() == hashes_.size());
  }

 private:
  // Lengths are bounded by the input itself.
  static constexpr std::size_t kAnyLength = std::numeric_limits<std::size_t>::max();

  CborReader cbor_;
  const PersonalValues& personal_;
  std::vector<std::string> hashes_;
  bool personal_ok_ = true;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_EVENT_ARCHIVE_H_
