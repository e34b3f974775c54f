#include "mail/filetype/text_sniff.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "mail/filetype/family.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kLook = 8U << 10;

struct Token {
  std::string_view text;  // lower case
  std::string_view type;
};

// At the very start, behind blanks and byte order mark.
constexpr std::array kStarts{
    Token{"<!doctype html", "text/html"},
    Token{"<html", "text/html"},
    Token{"<head", "text/html"},
    Token{"<body", "text/html"},
    Token{"<title", "text/html"},
    Token{"<script", "text/html"},
    Token{"<iframe", "text/html"},
    Token{"<table", "text/html"},
    Token{"<meta", "text/html"},
    Token{"<style", "text/html"},
    Token{"<div", "text/html"},
    Token{"<svg", "image/svg+xml"},
    Token{"<?php", "application/x-php"},
    Token{"<package>", "application/x-wsf"},
    Token{"<job", "application/x-wsf"},
    Token{"<scriptlet", "text/scriptlet"},
    Token{"<component", "text/scriptlet"},
    Token{"[internetshortcut]", "application/x-mswinurl"},
    Token{"[shell]", "application/x-scf"},
    Token{"[version]", "application/x-setupscript"},
    Token{"windows registry editor", "text/x-ms-regedit"},
    Token{"regedit4", "text/x-ms-regedit"},
    Token{"begin:vcalendar", "text/calendar"},
    Token{"begin:vcard", "text/vcard"},
    Token{"-----begin pgp", "application/pgp"},
    Token{"-----begin ", "application/x-pem-file"},
    Token{"web\r\n1\r\n", "text/x-iqy"},
    Token{"web\n1\n", "text/x-iqy"},
    Token{"@echo ", "application/x-bat"},
    Token{"@setlocal", "application/x-bat"},
    Token{"powershell -", "application/x-bat"},
    Token{"powershell.exe -", "application/x-bat"},
    Token{"cmd /c ", "application/x-bat"},
    Token{"cmd.exe /c ", "application/x-bat"},
    Token{"on error resume next", "text/vbscript"},
    Token{"#@~^", "text/vbscript"},
    Token{"#!", "application/x-shellscript"},
};

// Somewhere in an XML or HTML text's head.
constexpr std::array kMarkup{
    Token{"<hta:application", "application/hta"},
    Token{"<pcsettings", "application/x-settingcontent"},
    Token{"<librarydescription", "application/windows-library+xml"},
    Token{"<persistedquery", "application/windows-search-connector+xml"},
    Token{"<searchconnectordescription", "application/windows-search-connector+xml"},
    Token{"<scriptlet", "text/scriptlet"},
    Token{"<mmc_consolefile", "application/x-msc"},
    Token{"<svg", "image/svg+xml"},
    Token{"<html", "text/html"},
};

struct ScriptToken {
  std::string_view text;
  std::string_view type;
  int weight;
};

// Words that programs need and prose does not; a type wins with a sum of three.
constexpr std::array kScriptTokens{
    ScriptToken{"wscript.shell", "text/vbscript", 2},
    ScriptToken{"createobject(", "text/vbscript", 2},
    ScriptToken{"on error resume next", "text/vbscript", 2},
    ScriptToken{"end sub", "text/vbscript", 1},
    ScriptToken{"end function", "text/vbscript", 1},
    ScriptToken{"chr(", "text/vbscript", 1},
    ScriptToken{"new activexobject(", "text/javascript", 3},
    ScriptToken{"wscript.createobject", "text/javascript", 2},
    ScriptToken{"string.fromcharcode", "text/javascript", 2},
    ScriptToken{"function(", "text/javascript", 1},
    ScriptToken{"eval(", "text/javascript", 1},
    ScriptToken{"unescape(", "text/javascript", 1},
    ScriptToken{"invoke-expression", "application/x-powershell", 2},
    ScriptToken{"new-object ", "application/x-powershell", 2},
    ScriptToken{"downloadstring(", "application/x-powershell", 2},
    ScriptToken{"[system.", "application/x-powershell", 1},
    ScriptToken{"-executionpolicy", "application/x-powershell", 1},
    ScriptToken{"start-process", "application/x-powershell", 2},
    ScriptToken{"powershell", "application/x-bat", 1},
    ScriptToken{"%~dp0", "application/x-bat", 2},
    ScriptToken{"cmd /c", "application/x-bat", 1},
    ScriptToken{"cmd.exe", "application/x-bat", 1},
    ScriptToken{"setlocal", "application/x-bat", 1},
    ScriptToken{"goto :eof", "application/x-bat", 2},
};

bool IsUtf16(std::string_view content) {
  if (content.size() < 4) return false;
  const std::string_view mark = content.substr(0, 2);
  if (mark == "\xFF\xFE" || mark == "\xFE\xFF") return true;
  const std::string_view head = content.substr(0, 512);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1U : 0U;
  const std::size_t half = head.size() / 2;
  return (zeros[1] * 10 >= half * 9 && zeros[0] == 0) ||
         (zeros[0] * 10 >= half * 9 && zeros[1] == 0);
}

// ASCII letters of UTF-16 text; the rest does not matter for tokens.
std::string Narrow(std::string_view content) {
  std::string out;
  for (const char c : content) {
    if (c != '\0' && c != '\xFF' && c != '\xFE') out += c;
  }
  return out;
}

// How the first line of such a program begins.
constexpr std::array<std::string_view, 22> kFirstWords{"option explicit",
                                                       "dim ",
                                                       "set ",
                                                       "sub ",
                                                       "function ",
                                                       "private ",
                                                       "public ",
                                                       "const ",
                                                       "var ",
                                                       "let ",
                                                       "new ",
                                                       "(function",
                                                       "$",
                                                       "param",
                                                       "[",
                                                       "#requires",
                                                       "import-module",
                                                       "@",
                                                       "setlocal",
                                                       "try",
                                                       "createobject(",
                                                       "if "};

// As fast as the C library searches; string_view::find stops at each first letter.
bool Holds(std::string_view text, std::string_view word) {
  return ::memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

std::string_view SniffScript(std::string_view lower) {
  std::array<std::pair<std::string_view, int>, 4> scores{{{"text/vbscript", 0},
                                                          {"text/javascript", 0},
                                                          {"application/x-powershell", 0},
                                                          {"application/x-bat", 0}}};
  for (const ScriptToken& token : kScriptTokens) {
    if (!Holds(lower, token.text)) continue;
    for (auto& [type, score] : scores) {
      if (type == token.type) score += token.weight;
    }
  }
  const auto best =
      std::max_element(scores.begin(), scores.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return best->second >= 3 ? best->first : std::string_view();
}

// A header block that only mail has: two of the usual fields in the first lines.
bool LooksLikeMail(std::string_view lower) {
  constexpr std::array<std::string_view, 9> kFields{
      "received:",   "from:",         "to:",          "subject:",     "date:",
      "message-id:", "mime-version:", "return-path:", "delivered-to:"};
  int found = 0;
  std::size_t at = 0;
  for (int line = 0; line < 12 && at < lower.size(); ++line) {
    const std::size_t next = std::min(lower.find('\n', at), lower.size() - 1) + 1;
    const std::string_view text = lower.substr(at, next - at);
    const auto is_field = [&](std::string_view field) {
      return text.substr(0, field.size()) == field;
    };
    if (std::any_of(kFields.begin(), kFields.end(), is_field)) {
      ++found;
    } else if (line == 0 && text.substr(0, 5) != "from ") {
      return false;
    }
    at = next;
  }
  return found >= 2;
}

}  // namespace

bool LooksLikeText(std::string_view content) {
  if (IsUtf16(content)) return true;
  for (const char c : content.substr(0, kLook)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' &&
                         byte != '\f' && byte != 0x1B && byte != 0x08;
    if (control || byte == 0x7F) return false;
  }
  return true;
}

bool BeginsAsProgram(std::string_view content) {
  std::string head(content.substr(0, kLook));
  if (IsUtf16(content)) head = Narrow(head);
  if (head.compare(0, 3, "\xEF\xBB\xBF") == 0) head.erase(0, 3);
  const std::string lower = base::AsciiLower(head);
  const std::string_view start =
      std::string_view(lower).substr(std::min(lower.find_first_not_of(" \t\r\n"), lower.size()));
  const auto begins = [&](std::string_view word) { return start.substr(0, word.size()) == word; };
  if (begins("#!")) return start.substr(2, 2).find('/') != std::string_view::npos;
  for (const Token& token : kStarts) {
    const Family family = FamilyOf(token.type);
    const bool program = family == Family::kScript || family == Family::kShortcut;
    if (program && begins(token.text)) return true;
  }
  return !SniffScript(lower).empty() && std::any_of(kFirstWords.begin(), kFirstWords.end(), begins);
}

std::string NarrowUtf16(std::string_view content) {
  return IsUtf16(content) ? Narrow(content) : std::string();
}

std::string SniffText(std::string_view content) {
  std::string head(content.substr(0, kLook));
  if (IsUtf16(content)) head = Narrow(head);
  if (head.compare(0, 3, "\xEF\xBB\xBF") == 0) head.erase(0, 3);
  const std::string lower = base::AsciiLower(head);
  const std::size_t first = lower.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return "text/plain";
  const std::string_view start = std::string_view(lower).substr(first);
  if (start.front() == '<') {
    for (const Token& token : kMarkup) {
      if (start.find(token.text) != std::string_view::npos) return std::string(token.type);
    }
  }
  for (const Token& token : kStarts) {
    if (start.substr(0, token.text.size()) == token.text) return std::string(token.type);
  }
  if (start.substr(0, 5) == "<?xml") return "application/xml";
  if (start.substr(0, 4) == "<!--" && start.find("</") != std::string_view::npos)
    return "text/html";
  if (LooksLikeMail(lower)) return "message/rfc822";
  if (const std::string_view script = SniffScript(lower); !script.empty())
    return std::string(script);
  return "text/plain";
}

}  // namespace lazaret::mail
