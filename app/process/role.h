// What every role does at its start: locale, configuration and bundle from the fixed descriptors,
// log, and the control socket to the supervisor. When that socket closes the supervisor is gone and
// the role ends.
#ifndef LAZARET_APP_PROCESS_ROLE_H_
#define LAZARET_APP_PROCESS_ROLE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/config/config.h"
#include "app/process/frames.h"
#include "base/result.h"

namespace lazaret::process {

// The bundle that a kReload frame brings.
base::Result<config::GenerationBundle> BundleOf(const Frame& frame);

class Role {
 public:
  // `name` shows in the log: "lazaret-front". kInvalid when a descriptor does not hold what it
  // must.
  static base::Result<std::unique_ptr<Role>> Start(const std::string& name);

  const config::Config& config() const { return config_; }
  const config::GenerationBundle& bundle() const { return bundle_; }
  int control() const { return control_.get(); }  // to poll

  // kRoleReady or kNotReady, with a text for people.
  void Tell(FrameType type, const std::string& text);

  // Answers one request after the control socket became readable. `status` gives a JSON object;
  // `drain` gets the time allowed in milliseconds. False when the supervisor is gone.
  bool HandleControl(const std::function<std::string()>& status,
                     const std::function<void(std::uint32_t)>& drain = {});

  // Gets every frame that HandleControl does not answer itself; not a role's duty.
  void OnOtherFrame(std::function<void(Frame)> take) { other_ = std::move(take); }
  // kReloadReply to the last kReload or kInForce, whose nonce it repeats.
  void ReplyToReload(bool ok, const std::string& text);

  // For a forked child that must not hold it.
  void CloseControl() { control_.Reset(); }

 private:
  Role() = default;

  config::Config config_;
  config::GenerationBundle bundle_;
  base::UniqueFd control_;
  std::function<void(Frame)> other_;
  std::uint64_t reload_nonce_ = 0;
};

// The whole life of a role that only reports its status, which is its name: {"role":"admin"} of
// "lazaret-admin". Never an empty object, which stands for no answer.
int RunStatusOnlyRole(const std::string& name);

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_ROLE_H_
