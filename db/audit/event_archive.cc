#include "db/audit/event_archive.h"

#include <algorithm>
#include <array>

#include "base/result.h"
#include "db/event.h"

namespace lazaret::db {
namespace {

constexpr std::size_t kHeadBytes = 9;  // the longest head of CBOR

}  // namespace

std::string PersonalHash(std::string_view salt, std::string_view value) {
  return std::string(base::AsBytes(base::Sha256Of({salt, value})));
}

std::string EncodePersonal(const PersonalValues& values) {
  CborWriter cbor;
  cbor.Array(values.size());
  for (const auto& one : values) {
    cbor.Array(one ? 2 : 0);
    if (!one) continue;
    cbor.Bytes(one->salt);
    cbor.Bytes(one->value);
  }
  return cbor.Take();
}

std::optional<PersonalValues> DecodePersonal(std::string_view bytes) {
  PersonalValues values;
  if (bytes.empty()) return values;
  CborReader cbor(bytes);
  const std::size_t count = cbor.Array(bytes.size());
  for (std::size_t i = 0; i < count && cbor.ok(); ++i) {
    const std::size_t fields = cbor.Array(2);
    auto& one = values.emplace_back();
    if (fields == 0) continue;
    one.emplace();
    one->salt = cbor.Bytes(kSaltBytes);
    one->value = cbor.Bytes(bytes.size());
    if (fields != 2 || one->salt.size() != kSaltBytes || one->value.empty()) cbor.MarkFailed();
  }
  if (!cbor.AtEnd()) return std::nullopt;
  return values;
}

void EventWriter::Personal(const std::string& value) {
  if (value.empty()) {
    cbor_.Bytes({});
    return;
  }
  if (given_hashes_ != nullptr) {
    cbor_.Bytes(next_hash_ < given_hashes_->size() ? (*given_hashes_)[next_hash_] : "");
    ++next_hash_;
    return;
  }
  std::array<char, kSaltBytes> random;
  base::FillRandomKept(random.data(), random.size());
  const std::string_view salt(random.data(), random.size());
  cbor_.Bytes(base::AsBytes(base::Sha256Of({salt, value})));
  ++personal_count_;
  personal_.Array(2);
  personal_.Bytes(salt);
  personal_.Bytes(value);
}

std::string EventWriter::TakePersonal() {
  CborWriter whole;
  whole.Reserve(personal_.bytes().size() + kHeadBytes);
  whole.Array(personal_count_);
  whole.Encoded(personal_.bytes());
  return whole.Take();
}

void EventReader::Digest(base::Sha256Digest& digest) {
  const std::string_view bytes = cbor_.Bytes(digest.size());
  if (bytes.size() != digest.size()) {
    cbor_.MarkFailed();
    return;
  }
  std::transform(bytes.begin(), bytes.end(), digest.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
}

void EventReader::Personal(std::string& value) {
  const std::string_view hash = cbor_.Bytes(sizeof(base::Sha256Digest));
  if (hash.empty()) return;
  if (hash.size() != sizeof(base::Sha256Digest)) cbor_.MarkFailed();
  const std::size_t slot = hashes_.size();
  hashes_.emplace_back(hash);
  value = kForgotten;
  if (slot >= personal_.size() || !personal_[slot]) return;
  const PersonalValue& stored = *personal_[slot];
  if (PersonalHash(stored.salt, stored.value) != hash) personal_ok_ = false;
  value = stored.value;
}

}  // namespace lazaret::db
