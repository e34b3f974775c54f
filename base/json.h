// Writes JSON (RFC 8259) piece by piece: always valid UTF-8, one line. Ill-formed bytes become
// U+FFFD; control characters, DEL, C1, bidi controls, U+2028 and U+2029 are escaped, so that a line
// shown on a terminal cannot act.
#ifndef LAZARET_BASE_JSON_H_
#define LAZARET_BASE_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::base {

// Usage: JsonWriter j; j.BeginObject(); j.Key("v"); j.Int(1); j.EndObject(); j.text();
// Commas are put by the writer; nesting is the caller's duty.
class JsonWriter {
 public:
  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view key);
  void String(std::string_view value);
  void Int(std::int64_t value);
  void Uint(std::uint64_t value);
  void Double(double value);  // NaN and infinities as null
  void Bool(bool value);
  void Null();
  // A value that is already JSON, from our own writer.
  void Raw(std::string_view json);

  void Field(std::string_view key, std::string_view value) {
    Key(key);
    String(value);
  }
  void Field(std::string_view key, const char* value) {
    Key(key);
    String(value);
  }
  void Field(std::string_view key, const std::string& value) {
    Key(key);
    String(value);
  }
  void Field(std::string_view key, bool value) {
    Key(key);
    Bool(value);
  }
  void Field(std::string_view key, std::int64_t value) {
    Key(key);
    Int(value);
  }
  void Field(std::string_view key, std::uint64_t value) {
    Key(key);
    Uint(value);
  }
  void Field(std::string_view key, std::uint32_t value) {
    Key(key);
    Uint(value);
  }
  void Field(std::string_view key, int value) {
    Key(key);
    Int(value);
  }
  void Field(std::string_view key, double value) {
    Key(key);
    Double(value);
  }

  const std::string& text() const { return text_; }

 private:
  void Separate();

  std::string text_;
  std::vector<bool> has_item_;  // one level each: something stands before
  bool after_key_ = false;
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_JSON_H_
