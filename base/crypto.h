// Hashes, keyed hashes, randomness and their text forms, over OpenSSL 3 EVP. Thread-safe.
#ifndef LAZARET_BASE_CRYPTO_H_
#define LAZARET_BASE_CRYPTO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace lazaret::base {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);
// Of the parts one after another.
Sha256Digest Sha256Of(std::initializer_list<std::string_view> parts);
Sha256Digest HmacSha256(std::string_view key, std::string_view bytes);

// Incremental SHA-256.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void Update(std::string_view bytes);
  Sha256Digest Finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The system's random source; ends the process when it fails (nothing may go on without it).
void FillRandom(void* out, std::size_t size);
std::string RandomBytes(std::size_t size);
// The same for many small draws, which would cost a call of the system each: taken from a larger
// draw that is kept for the thread. No byte is given twice, nor in a process forked meanwhile,
// whose kept bytes the kernel wipes.
void FillRandomKept(void* out, std::size_t size);

std::string_view AsBytes(const Sha256Digest& digest);
std::string Hex(std::string_view bytes);  // lower case
// RFC 4648 section 6 alphabet in lower case without padding: 16 bytes give 26 characters.
std::string Base32(std::string_view bytes);
// RFC 4648 section 4 with padding and no line breaks.
std::string Base64(std::string_view bytes);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_CRYPTO_H_
