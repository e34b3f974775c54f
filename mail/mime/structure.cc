#include "mail/mime/structure.h"

#include <gmime/gmime.h>
#include <iconv.h>

#include <algorithm>
#include <memory>

namespace lazaret::mail {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Unref>;

void NoteFirstHeader(GMimeObject* object, std::optional<std::size_t>& first) {
  GMimeHeaderList* list = g_mime_object_get_header_list(object);
  if (list == nullptr || g_mime_header_list_get_count(list) == 0) return;
  const gint64 offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, 0));
  if (offset < 0) return;
  const auto at = static_cast<std::size_t>(offset);
  first = first ? std::min(*first, at) : at;
}

const iconv_t kNoIconv = reinterpret_cast<iconv_t>(-1);  // NOLINT: POSIX says so
struct IconvCloser {
  void operator()(void* handle) const { iconv_close(handle); }
};
using IconvHandle = std::unique_ptr<void, IconvCloser>;

// GMime converts parameters by iconv while it parses. Nothing here uses its results, but iconv
// loads a module from disk for each charset; handles that stay open keep the modules in memory.
std::vector<IconvHandle> HoldIconv() {
  std::vector<IconvHandle> held;
  const auto hold = [&](const char* to, const char* from) {
    iconv_t handle = iconv_open(to, from);
    if (handle != kNoIconv) held.emplace_back(handle);
  };
  for (const char* charset :
       {"UTF-16",      "UTF-7",       "ISO-8859-1",  "ISO-8859-2",  "ISO-8859-3", "ISO-8859-4",
        "ISO-8859-5",  "ISO-8859-6",  "ISO-8859-7",  "ISO-8859-8",  "ISO-8859-9", "ISO-8859-10",
        "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "CP1250",     "CP1251",
        "CP1252",      "CP1253",      "CP1254",      "CP1255",      "CP1256",     "CP1257",
        "CP1258",      "KOI8-R",      "KOI8-U",      "GB2312",      "GBK",        "GB18030",
        "BIG5",        "BIG5-HKSCS",  "EUC-KR",      "CP949",       "EUC-JP",     "SHIFT_JIS",
        "CP932",       "ISO-2022-JP", "ISO-2022-KR", "ISO-2022-CN", "TIS-620",    "CP437",
        "CP850",       "CP866"}) {
    hold("UTF-8", charset);
    hold(charset, "UTF-8");
  }
  return held;
}

StructureNode Walk(GMimeObject* object, int depth_left);

void WalkMultipart(GMimeMultipart* multipart, StructureNode& node, int depth_left) {
  node.kind = NodeKind::kMultipart;
  // Not g_mime_multipart_get_boundary: it makes one up when the mail gives none.
  const char* boundary =
      g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "boundary");
  if (boundary != nullptr) node.boundary = boundary;
  const int count = g_mime_multipart_get_count(multipart);
  if (depth_left <= 0) {
    node.too_deep = count > 0;
    return;
  }
  for (int i = 0; i < count; ++i) {
    node.children.push_back(Walk(g_mime_multipart_get_part(multipart, i), depth_left - 1));
  }
}

void WalkMessage(GMimeMessagePart* part, StructureNode& node, int depth_left) {
  node.kind = NodeKind::kMessage;
  GMimeMessage* message = g_mime_message_part_get_message(part);
  if (message == nullptr) return;
  if (depth_left <= 0) {
    node.too_deep = true;
    return;
  }
  GMimeObject* top = g_mime_message_get_mime_part(message);
  if (top == nullptr) return;
  StructureNode child = Walk(top, depth_left - 1);
  NoteFirstHeader(GMIME_OBJECT(message), child.first_header);
  node.children.push_back(std::move(child));
}

StructureNode Walk(GMimeObject* object, int depth_left) {
  StructureNode node;
  NoteFirstHeader(object, node.first_header);
  if (GMIME_IS_MULTIPART(object)) {
    WalkMultipart(GMIME_MULTIPART(object), node, depth_left);
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    WalkMessage(GMIME_MESSAGE_PART(object), node, depth_left);
  } else if (GMIME_IS_PART(object)) {
    GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
    GMimeStream* stream = content != nullptr ? g_mime_data_wrapper_get_stream(content) : nullptr;
    if (stream != nullptr) {
      node.body_begin = static_cast<std::size_t>(std::max<gint64>(stream->bound_start, 0));
      node.body_end =
          static_cast<std::size_t>(std::max<gint64>(stream->bound_end, stream->bound_start));
    }
  }
  return node;
}

}  // namespace

namespace {

// The parser only reads; a stream of its own would be a copy of the whole message.
GByteArray ViewOf(std::string_view bytes) {
  GByteArray view{};
  view.data = reinterpret_cast<guint8*>(const_cast<char*>(bytes.data()));  // NOLINT
  view.len = static_cast<guint>(bytes.size());
  return view;
}

}  // namespace

std::optional<StructureNode> ParseStructure(std::string_view bytes, int max_depth) {
  PreloadStructure();
  GByteArray whole = ViewOf(bytes);
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_byte_array(&whole));
  g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream.get()), FALSE);
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  const std::unique_ptr<GMimeParserOptions, void (*)(GMimeParserOptions*)> options(
      g_mime_parser_options_new(), g_mime_parser_options_free);
  // As a part, not a message: GMime would parse and convert the addresses of the header.
  const Owned<GMimeObject> top(g_mime_parser_construct_part(parser.get(), options.get()));
  if (!top) return std::nullopt;
  return Walk(top.get(), max_depth);
}

namespace {

GLogWriterOutput IgnoreLog(GLogLevelFlags, const GLogField*, gsize, gpointer) {
  return G_LOG_WRITER_HANDLED;
}

}  // namespace

void PreloadStructure() {
  // GMime counts calls and frees its tables by the count: once only.
  static const std::vector<IconvHandle> held = [] {
    // GLib's own writer asks whether standard error is a socket of the journal: a system call that
    // the box answers with death. What GLib complains about is the mail's fault, not news.
    g_log_set_writer_func(&IgnoreLog, nullptr, nullptr);
    g_mime_init();
    return HoldIconv();
  }();
  static_cast<void>(held);
}

}  // namespace lazaret::mail
