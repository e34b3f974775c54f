// Hides values that a detector matched in names, subject and headers wherever they could reach the
// record: paths, claimed names, evidence, reasons. Others escaped and cut those texts before, so a
// value is known in its escaped forms too, and as a beginning that a cut left over. A text that was
// not searched to its end is not shown.
#ifndef LAZARET_SCANNERS_CONTENT_RULES_RECORD_MASK_H_
#define LAZARET_SCANNERS_CONTENT_RULES_RECORD_MASK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/analysis.h"

namespace lazaret::scanners {

class RecordMask {
 public:
  // Values kept; stops a message made of numbers from costing memory. Beyond it all digits go.
  static constexpr std::size_t kMaxValues = 4096;
  // Shorter values would mask half of every path.
  static constexpr std::size_t kMinValueBytes = 4;
  // Bytes of text compared with bytes of values in one Apply, some tenths of a second. Stops a
  // message whose names almost equal thousands of long values from costing minutes.
  static constexpr std::uint64_t kMaxSteps = 200'000'000;

  void Clear() { *this = RecordMask(); }
  // `value` as it stands in the mail's text, in valid UTF-8; ASCII case does not matter.
  void Add(std::string_view value, std::string_view mask);
  // Something was not looked at, so no digit is known to be harmless.
  void MaskAllDigits(bool all) { all_digits_ = all; }
  bool masks_all_digits() const { return all_digits_; }

  // Gives the steps taken: at most `max_steps` and one comparison. What there were no steps for is
  // hidden whole: "[name]" for names, in paths too, "[hidden]" for other texts. Evidence of
  // content_rules and dlp is masked by its makers: its digits stay.
  std::uint64_t Apply(policy::Analysis& analysis, std::uint64_t max_steps = kMaxSteps) const;

 private:
  struct Form {
    std::string lower;  // the value, escaped zero to three times
    std::string mask;
  };

  struct Steps {
    std::uint64_t taken = 0;
    std::uint64_t max = 0;
    bool Spent() const { return taken > max; }
  };

  void AddForm(std::string lower, std::string_view mask);
  std::size_t MatchAt(std::string_view rest, const Form** form, Steps& steps) const;
  // False: out of steps, `text` is as it was.
  bool Hide(std::string& text, Steps& steps) const;

  std::vector<Form> forms_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_start_;  // longest first
  std::unordered_set<std::string> seen_;
  std::size_t values_ = 0;
  bool all_digits_ = false;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CONTENT_RULES_RECORD_MASK_H_
