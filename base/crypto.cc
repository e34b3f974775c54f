#include "base/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/result.h"

namespace lazaret::base {

namespace {

// EVP_sha256() alone makes each digest look its implementation up anew, which costs more than
// hashing a few hundred bytes. Kept until the process ends.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

class DigestContext {
 public:
  DigestContext() : context_(EVP_MD_CTX_new()) { LAZARET_CHECK(context_ != nullptr); }
  DigestContext(const DigestContext&) = delete;
  DigestContext& operator=(const DigestContext&) = delete;
  ~DigestContext() { EVP_MD_CTX_free(context_); }

  void Begin() { LAZARET_CHECK(EVP_DigestInit_ex(context_, FetchedSha256(), nullptr) == 1); }
  void Update(std::string_view bytes) {
    LAZARET_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
  }
  Sha256Digest Finish() {
    Sha256Digest digest{};
    unsigned int length = 0;
    LAZARET_CHECK(EVP_DigestFinal_ex(context_, digest.data(), &length) == 1);
    LAZARET_CHECK(length == digest.size());
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
};

}  // namespace

struct Sha256Stream::State {
  DigestContext context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) { state_->context.Begin(); }
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(std::string_view bytes) { state_->context.Update(bytes); }

Sha256Digest Sha256Stream::Finish() { return state_->context.Finish(); }

Sha256Digest Sha256(std::string_view bytes) { return Sha256Of({bytes}); }

Sha256Digest Sha256Of(std::initializer_list<std::string_view> parts) {
  // Made once for each thread: a context costs as much as the hash of a short text.
  static thread_local DigestContext context;
  context.Begin();
  for (const std::string_view part : parts) context.Update(part);
  return context.Finish();
}

Sha256Digest HmacSha256(std::string_view key, std::string_view bytes) {
  Sha256Digest digest{};
  unsigned int length = 0;
  const unsigned char* out = HMAC(FetchedSha256(), key.data(), static_cast<int>(key.size()),
                                  reinterpret_cast<const unsigned char*>(bytes.data()),
                                  bytes.size(), digest.data(), &length);
  LAZARET_CHECK(out != nullptr && length == digest.size());
  return digest;
}

void FillRandom(void* out, std::size_t size) {
  auto* cursor = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = ::getrandom(cursor, size, 0);
    if (got < 0 && errno == EINTR) continue;
    LAZARET_CHECK(got > 0);
    cursor += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::string RandomBytes(std::size_t size) {
  std::string out(size, '\0');
  FillRandom(out.data(), size);
  return out;
}

namespace {

class KeptRandom {
 public:
  KeptRandom() {
    void* page =
        ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, sizeof(Page), MADV_WIPEONFORK) == 0) {
      page_ = static_cast<Page*>(page);
    } else {
      ::munmap(page, sizeof(Page));
    }
  }
  KeptRandom(const KeptRandom&) = delete;
  KeptRandom& operator=(const KeptRandom&) = delete;
  ~KeptRandom() {
    if (page_ == nullptr) return;
    ::explicit_bzero(page_, sizeof(Page));
    ::munmap(page_, sizeof(Page));
  }

  void Take(void* out, std::size_t size) {
    if (page_ == nullptr || size > sizeof page_->bytes) return FillRandom(out, size);
    // A forked process finds zeros: nothing left.
    if (page_->left < size) {
      FillRandom(page_->bytes, sizeof page_->bytes);
      page_->left = sizeof page_->bytes;
    }
    page_->left -= size;
    std::memcpy(out, page_->bytes + page_->left, size);
    ::explicit_bzero(page_->bytes + page_->left, size);
  }

 private:
  struct Page {
    std::size_t left;
    unsigned char bytes[4096 - sizeof(std::size_t)];
  };
  Page* page_ = nullptr;
};

}  // namespace

void FillRandomKept(void* out, std::size_t size) {
  static thread_local KeptRandom kept;
  kept.Take(out, size);
}

std::string_view AsBytes(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

std::string Base32(std::string_view bytes) {
  static constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out;
  out.reserve(bytes.size() * 8 / 5 + 1);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : bytes) {
    pending = (pending << 8) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 5) {
      out.push_back(kDigits[(pending >> (bits - 5)) & 31U]);
      bits -= 5;
    }
    pending &= (1U << bits) - 1U;
  }
  if (bits > 0) out.push_back(kDigits[(pending << (5 - bits)) & 31U]);
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

}  // namespace lazaret::base
