#include "rules/detectors/evidence.h"

#include <algorithm>

#include "base/text.h"
#include "base/unicode/normalize.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t PreviousStart(std::string_view text, std::size_t at) {
  --at;
  for (int i = 0; i < 3 && at > 0 && IsContinuation(text[at]); ++i) --at;
  return at;
}

bool WordCharacterBefore(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  std::size_t start = PreviousStart(text, at);
  return base::IsSpacedWordCharacter(base::NextCodePoint(text, start));
}

bool WordCharacterAt(std::string_view text, std::size_t at) {
  return at < text.size() && base::IsSpacedWordCharacter(base::NextCodePoint(text, at));
}

bool BoundariesHold(std::string_view text, std::string_view word, std::size_t at) {
  const std::size_t end = at + word.size();
  if (WordCharacterAt(word, 0) && WordCharacterBefore(text, at)) return false;
  if (!WordCharacterBefore(word, word.size())) return true;
  if (!WordCharacterAt(text, end)) return true;
  return text[end] == 's' && !WordCharacterAt(text, end + 1);
}

// Distance in bytes from the candidate to the nearest of the words; kNone when none is there.
std::size_t NearestBefore(std::string_view window, const std::vector<std::string>& words) {
  std::size_t best = kNone;
  for (const std::string& word : words) {
    std::size_t at = 0;
    for (std::size_t from = 0; FindWord(window, word, from, at); from = at + 1) {
      best = std::min(best, window.size() - at - word.size());
    }
  }
  return best;
}

std::size_t NearestAfter(std::string_view window, const std::vector<std::string>& words) {
  std::size_t best = kNone;
  for (const std::string& word : words) {
    std::size_t at = 0;
    if (FindWord(window, word, 0, at)) best = std::min(best, at);
  }
  return best;
}

}  // namespace

bool FindWord(std::string_view text, std::string_view word, std::size_t from, std::size_t& at) {
  if (word.empty()) return false;
  for (at = text.find(word, from); at != kNone; at = text.find(word, at + 1)) {
    if (BoundariesHold(text, word, at)) return true;
  }
  return false;
}

std::size_t WindowBegin(std::string_view text, std::size_t at, std::size_t width) {
  std::size_t weight = 0;
  while (at > 0) {
    const std::size_t start = PreviousStart(text, at);
    std::size_t next = start;
    weight += base::IsCjk(base::NextCodePoint(text, next)) ? 2 : 1;
    if (weight > width) break;
    at = start;
  }
  return at;
}

std::size_t WindowEnd(std::string_view text, std::size_t at, std::size_t width) {
  std::size_t weight = 0;
  while (at < text.size()) {
    std::size_t next = at;
    weight += base::IsCjk(base::NextCodePoint(text, next)) ? 2 : 1;
    if (weight > width) break;
    at = next;
  }
  return at;
}

int EvidenceNear(std::string_view text, std::size_t begin, std::size_t end,
                 const EvidenceWords& words) {
  const std::size_t from = WindowBegin(text, begin, words.before);
  const std::size_t to = WindowEnd(text, end, words.after);
  const std::string before = base::SimpleLower(text.substr(from, begin - from));
  const std::string after = base::SimpleLower(text.substr(end, to - end));
  const std::size_t raise =
      std::min(NearestBefore(before, words.raise), NearestAfter(after, words.raise));
  const std::size_t lower =
      std::min(NearestBefore(before, words.lower), NearestAfter(after, words.lower));
  if (raise == kNone && lower == kNone) return 0;
  return lower < raise ? -1 : 1;
}

bool SubjectSupports(std::string_view subject, const EvidenceWords& words) {
  if (subject.empty()) return false;
  const std::string lower = base::SimpleLower(subject);
  return NearestAfter(lower, words.raise) != kNone && NearestAfter(lower, words.lower) == kNone;
}

const std::vector<std::string>& ContradictingWords() {
  static const std::vector<std::string> kWords = {
      "order",    "invoice",    "tracking",       "shipment",  "parcel",  "consignment",
      "waybill",  "part no",    "part number",    "serial",    "s/n",     "isbn",
      "issn",     "imei",       "iccid",          "ean",       "upc",     "gtin",
      "sku",      "hash",       "commit",         "checksum",  "ticket",  "case id",
      "case no",  "message id", "transaction id", "reference", "ref",     "ref no",
      "booking",  "barcode",    "batch",          "lot no",    "item no", "article no",
      "model no", "device id",  "meter",          "timestamp", "订单",    "运单",
      "快递",     "物流",       "流水号",         "发票号",    "序列号",  "条形码",
      "工单",     "单号",       "交易号",         "批次号",    "设备号",  "物料号",
      "合同号",   "保单号",     "参考号",         "訂單",      "運單",    "序號"};
  return kWords;
}

}  // namespace lazaret::rules
