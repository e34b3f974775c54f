#include "mail/mime/structure.h"

#include <gmime/gmime.h>

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

StructureNode Walk(GMimeObject* object, int depth_left);

void WalkMultipart(GMimeMultipart* multipart, StructureNode& node, int depth_left) {
  node.kind = NodeKind::kMultipart;
  if (const char* boundary = g_mime_multipart_get_boundary(multipart)) node.boundary = boundary;
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

std::optional<StructureNode> ParseStructure(std::string_view bytes, int max_depth) {
  PreloadStructure();
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  const std::unique_ptr<GMimeParserOptions, void (*)(GMimeParserOptions*)> options(
      g_mime_parser_options_new(), g_mime_parser_options_free);
  // As a part, not a message: GMime would parse and convert the addresses of the header.
  const Owned<GMimeObject> top(g_mime_parser_construct_part(parser.get(), options.get()));
  if (!top) return std::nullopt;
  return Walk(top.get(), max_depth);
}

void PreloadStructure() {
  // GMime counts calls and frees its tables by the count: once only.
  static const bool ready = [] {
    g_mime_init();
    return true;
  }();
  static_cast<void>(ready);
}

}  // namespace lazaret::mail
