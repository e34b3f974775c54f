// Renders an artifact tree as readable lines for corpus expectations.
#ifndef LAZARET_TESTS_MAIL_DUMP_H_
#define LAZARET_TESTS_MAIL_DUMP_H_

#include <string>

#include "mail/model/artifact.h"

namespace lazaret::mail {

// One line for each artifact, difference, unreadable and text unit, in that order.
std::string DumpTree(const ArtifactTree& tree);

}  // namespace lazaret::mail

#endif  // LAZARET_TESTS_MAIL_DUMP_H_
