// A role for tests of the supervisor: it speaks the roles' protocol and does nothing else. Named by
// the name it was started under; says on stderr what it is told. Its status is what the file
// NAME.json beside it says; to a reload it says no with the text of NAME.refuse where that exists,
// and nothing at all where NAME.silent does. Where NAME.engine exists it plays an engine zygote,
// whose signatures have what stands there for a hash; one that is to load gently never ends loading
// where NAME.slow exists.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/process/role.h"
#include "base/bytes.h"

namespace {

using namespace lazaret;

void Say(const std::string& name, const char* what) {
  std::fprintf(stderr, "test: %s %s\n", name.c_str(), what);
}

std::string StatusOf(const std::string& path) {
  std::ifstream file(path + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str().empty() ? R"({"ready":true})" : text.str();
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void AnswerReload(process::Role& role, const std::string& path, const process::Frame& frame) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (frame.type == process::FrameType::kInForce) {
    Say(name, "was told what is in force");
    if (name == "lazaret-front") role.ReplyToReload(true, "front's");
  }
  if (frame.type != process::FrameType::kReload) return;
  const auto bundle = process::BundleOf(frame);
  Say(name, bundle.ok() ? "got a bundle" : "got no bundle");
  if (std::ifstream(path + ".silent")) return;
  const std::string refusal = ContentOf(path + ".refuse");
  role.ReplyToReload(refusal.empty(), refusal.empty() ? "generation-of-" + name : refusal);
}

void Tell(process::Role& role, process::FrameType type, const std::string& text,
          std::uint64_t bytes) {
  process::Frame frame;
  frame.type = type;
  base::ByteWriter out;
  out.String(text);
  if (type == process::FrameType::kEngineLoaded) out.U64(bytes);
  frame.payload = out.Take();
  static_cast<void>(process::SendFrame(role.control(), frame).ok());
}

// False when there is nothing to load.
bool PlayEngine(process::Role& role, const std::string& path, const std::string& name,
                const std::vector<std::string>& words) {
  const auto value = [&words](const char* option) {
    const auto at = std::find(words.begin(), words.end(), option);
    return at == words.end() || at + 1 == words.end() ? "" : *(at + 1);
  };
  const bool gently = std::find(words.begin(), words.end(), "--gently") != words.end();
  std::string hash = value("--snapshot");
  Say(name,
      ("loads " + (hash.empty() ? "what is there" : "snapshot " + hash) + (gently ? " gently" : ""))
          .c_str());
  if (gently && std::ifstream(path + ".slow")) {
    pollfd entry{role.control(), POLLHUP, 0};
    while (::poll(&entry, 1, -1) <= 0 || (entry.revents & POLLHUP) == 0) continue;
    return false;
  }
  if (hash.empty()) hash = ContentOf(path + ".engine");
  const bool same = hash == value("--unless");
  Tell(role, process::FrameType::kEngineLoaded, hash, same ? 0 : 1U << 20);
  if (same) return false;
  role.Tell(process::FrameType::kRoleReady, "");
  Tell(role, process::FrameType::kGenerationReady, "generation-of-" + hash, 0);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 0 ? argv[0] : "";
  const std::string name = path.substr(path.rfind('/') + 1);
  auto role = process::Role::Start(name);
  if (!role.ok()) {
    std::fprintf(stderr, "%s\n", role.error().text.c_str());
    return 2;
  }
  bool drained = false;
  (*role)->OnOtherFrame([&](const process::Frame& frame) {
    if (frame.type == process::FrameType::kRetire) drained = true;
    AnswerReload(**role, path, frame);
  });
  if (!std::ifstream(path + ".engine")) {
    (*role)->Tell(process::FrameType::kRoleReady, "");
  } else if (!PlayEngine(**role, path, name, {argv + 1, argv + argc})) {
    return 0;
  }
  while (!drained) {
    pollfd entry{(*role)->control(), POLLIN, 0};
    if (::poll(&entry, 1, -1) <= 0) continue;
    const auto drain = [&drained](std::uint32_t) { drained = true; };
    if ((*role)->HandleControl([&path] { return StatusOf(path); }, drain)) continue;
    Say(name, "stopped");
    return 0;
  }
  Say(name, "drained");
  return 0;
}
