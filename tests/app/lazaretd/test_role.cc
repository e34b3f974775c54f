// A role for tests of the supervisor: it speaks the roles' protocol and does nothing else. Named by
// the name it was started under; says on stderr what it is told. Its status is what the file
// NAME.json beside it says; to a reload it says no with the text of NAME.refuse where that exists,
// and nothing at all where NAME.silent does.
#include <poll.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "app/process/role.h"

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

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 0 ? argv[0] : "";
  const std::string name = path.substr(path.rfind('/') + 1);
  auto role = process::Role::Start(name);
  if (!role.ok()) {
    std::fprintf(stderr, "%s\n", role.error().text.c_str());
    return 2;
  }
  (*role)->OnOtherFrame([&](const process::Frame& frame) { AnswerReload(**role, path, frame); });
  (*role)->Tell(process::FrameType::kRoleReady, "");
  bool drained = false;
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
