// Builds small OLE2 compound files (MS-CFB version 3) for tests.
#ifndef LAZARET_TESTS_MAIL_OLE_WRITER_H_
#define LAZARET_TESTS_MAIL_OLE_WRITER_H_

#include <string>
#include <vector>

namespace lazaret::mail {

struct OleStreamSource {
  std::string name;     // ASCII
  std::string content;  // below 4096 bytes: it lies in the mini stream
};

// `class_id`: the root's, 16 bytes as stored, or empty.
std::string MakeOle(const std::vector<OleStreamSource>& streams, const std::string& class_id = {});

// One BIFF record.
std::string Biff(unsigned type, const std::string& data);
// A BIFF8 workbook globals stream of at least 4096 bytes with these records behind its BOF.
std::string WorkbookWith(const std::string& records);

}  // namespace lazaret::mail

#endif  // LAZARET_TESTS_MAIL_OLE_WRITER_H_
