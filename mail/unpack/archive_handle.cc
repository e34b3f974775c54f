#include "mail/unpack/archive_handle.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

namespace lazaret::mail {

struct ArchiveHandle::State {
  struct archive* handle = nullptr;
  bool open = false;
};

namespace {

// Filters that libarchive would run as programs (lrzip, lzop, grzip) stay off.
int SwitchOn(struct archive* handle, ArchiveShape shape) {
  int worst = ARCHIVE_OK;
  const auto on = [&](int result) { worst = std::min(worst, result); };
  if (shape == ArchiveShape::kZipPieces) {
    on(archive_read_support_format_zip_streamable(handle));
    return worst;
  }
  on(archive_read_support_filter_gzip(handle));
  on(archive_read_support_filter_bzip2(handle));
  on(archive_read_support_filter_xz(handle));
  on(archive_read_support_filter_lzma(handle));
  on(archive_read_support_filter_lzip(handle));
  on(archive_read_support_filter_zstd(handle));
  on(archive_read_support_filter_lz4(handle));
  on(archive_read_support_filter_compress(handle));
  on(archive_read_support_format_zip(handle));
  on(archive_read_support_format_7zip(handle));
  on(archive_read_support_format_rar(handle));
  on(archive_read_support_format_rar5(handle));
  on(archive_read_support_format_cab(handle));
  on(archive_read_support_format_tar(handle));
  on(archive_read_support_format_gnutar(handle));
  on(archive_read_support_format_cpio(handle));
  on(archive_read_support_format_ar(handle));
  on(archive_read_support_format_lha(handle));
  on(archive_read_support_format_xar(handle));
  on(archive_read_support_format_iso9660(handle));
  // What stands behind a tar's end blocks is read too: many programs do.
  on(archive_read_set_format_option(handle, "tar", "read_concatenated_archives", "1"));
  if (shape == ArchiveShape::kStream) on(archive_read_support_format_raw(handle));
  return worst;
}

}  // namespace

ArchiveHandle::ArchiveHandle(std::string_view bytes, ArchiveShape shape)
    : state_(std::make_unique<State>()) {
  state_->handle = archive_read_new();
  if (state_->handle == nullptr) return;
  SwitchOn(state_->handle, shape);
  state_->open = archive_read_open_memory(state_->handle, bytes.data(), bytes.size()) == ARCHIVE_OK;
}

ArchiveHandle::~ArchiveHandle() {
  if (state_->handle != nullptr) archive_read_free(state_->handle);
}

ArchiveStep ArchiveHandle::Next(ArchiveEntry& entry) {
  if (!state_->open) return ArchiveStep::kFailed;
  struct archive_entry* raw = nullptr;
  int result = ARCHIVE_RETRY;
  for (int tries = 0; result == ARCHIVE_RETRY && tries < 8; ++tries) {
    result = archive_read_next_header(state_->handle, &raw);
  }
  if (result == ARCHIVE_EOF) return ArchiveStep::kEnd;
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return ArchiveStep::kFailed;
  const char* name = archive_entry_pathname(raw);
  if (name == nullptr) name = archive_entry_pathname_utf8(raw);
  entry.name = name != nullptr ? std::optional<std::string>(name) : std::nullopt;
  entry.encrypted = archive_entry_is_encrypted(raw) != 0;
  entry.directory = archive_entry_filetype(raw) == AE_IFDIR;
  return ArchiveStep::kEntry;
}

ArchiveStep ArchiveHandle::ReadPiece(std::string& out) {
  constexpr std::size_t kPiece = 64U << 10;
  const std::size_t before = out.size();
  out.resize(before + kPiece);
  const la_ssize_t count = archive_read_data(state_->handle, out.data() + before, kPiece);
  out.resize(before + static_cast<std::size_t>(std::max<la_ssize_t>(count, 0)));
  if (count == 0) return ArchiveStep::kEnd;
  return count > 0 ? ArchiveStep::kEntry : ArchiveStep::kFailed;
}

bool ArchiveHandle::skips_unread() const {
  return (archive_format(state_->handle) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
}

bool ArchiveHandle::header_encrypted() const {
  if (state_->handle == nullptr) return false;
  if (archive_read_has_encrypted_entries(state_->handle) == 1) return true;
  return error().find("encrypted") != std::string::npos ||
         error().find("ncryption") != std::string::npos;
}

std::string ArchiveHandle::error() const {
  if (state_->handle == nullptr) return "out of memory";
  const char* text = archive_error_string(state_->handle);
  return text != nullptr ? text : "unknown error";
}

bool PreloadArchives() {
  struct archive* handle = archive_read_new();
  if (handle == nullptr) return false;
  const int worst = SwitchOn(handle, ArchiveShape::kStream);
  archive_read_free(handle);
  return worst == ARCHIVE_OK;
}

}  // namespace lazaret::mail
