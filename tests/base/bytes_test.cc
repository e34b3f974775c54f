#include "base/bytes.h"

#include "tests/support/catch.h"

using lazaret::base::ByteReader;
using lazaret::base::ByteWriter;

TEST_CASE("bytes: what was written is read back", "[base][bytes]") {
  ByteWriter writer;
  writer.U8(7);
  writer.U16(0x1234);
  writer.U32(0xdeadbeef);
  writer.U64(0x0102030405060708ULL);
  writer.I64(-5);
  writer.String(std::string_view("a\0b", 3));
  ByteReader reader(writer.bytes());
  CHECK(reader.U8() == 7);
  CHECK(reader.U16() == 0x1234);
  CHECK(reader.U32() == 0xdeadbeef);
  CHECK(reader.U64() == 0x0102030405060708ULL);
  CHECK(reader.I64() == -5);
  CHECK(reader.String(3) == std::string("a\0b", 3));
  CHECK(reader.AtEnd());
}

TEST_CASE("bytes: a read past the end fails once and for all", "[base][bytes]") {
  ByteReader reader(std::string_view("\x01\x02", 2));
  CHECK(reader.U32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.U8() == 0);
  CHECK_FALSE(reader.AtEnd());
}

TEST_CASE("bytes: a string above its cap is refused, at its cap it passes", "[base][bytes]") {
  ByteWriter writer;
  writer.String("abcd");
  ByteReader at_cap(writer.bytes());
  CHECK(at_cap.String(4) == "abcd");
  CHECK(at_cap.ok());
  ByteReader above(writer.bytes());
  above.String(3);
  CHECK_FALSE(above.ok());
}

TEST_CASE("bytes: a count that the rest cannot hold is refused before any allocation", "[base][bytes]") {
  ByteWriter writer;
  writer.U32(1000000);
  writer.U32(1);
  ByteReader reader(writer.bytes());
  CHECK(reader.Count(2000000, 4) == 0);
  CHECK_FALSE(reader.ok());
}
