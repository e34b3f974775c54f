#include <algorithm>
#include <string>
#include <string_view>

#include "mail/filetype/active_content.h"
#include "mail/filetype/containers.h"
#include "mail/filetype/detect.h"
#include "mail/filetype/file_name.h"
#include "mail/filetype/judge.h"
#include "tests/mail/ole_writer.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

using std::string_literals::operator""s;
using std::string_view_literals::operator""sv;

std::string Codes(const std::string& name, const std::string& declared, std::string_view content) {
  Artifact artifact;
  artifact.kind = ArtifactKind::kPart;
  if (!name.empty()) artifact.claimed_names.push_back(name);
  artifact.declared_type = declared;
  const Detection detection = DetectType(content);
  artifact.detected_type = detection.type;
  artifact.text = detection.text;
  artifact.content = content;
  std::string codes;
  for (const TypeProblem& problem : JudgeType(artifact)) codes += problem.code + " ";
  return codes;
}

const std::string kProgram = "MZ" + std::string(100, '\0');

TEST_CASE("filetype: content tells the type of what is common and dangerous") {
  CHECK(DetectType(kProgram).type == "application/x-dosexec");
  CHECK(DetectType("\x7F"
                   "ELF\x02\x01\x01")
            .type == "application/x-executable");
  CHECK(DetectType("\x4C\0\0\0\x01\x14\x02\0"sv).type == "application/x-ms-shortcut");
  CHECK(DetectType("\xCA\xFE\xBA\xBE\0\0\0\x34"sv).type == "application/x-java");
  CHECK(DetectType("\xCA\xFE\xBA\xBE\0\0\0\x02"sv).type == "application/x-mach-binary");
  CHECK(DetectType("PK\x03\x04").type == "application/zip");
  CHECK(DetectType("%PDF-1.7").type == "application/pdf");
  CHECK(DetectType(std::string(900, ' ') + "%PDF-1.7").type == "application/pdf");
  CHECK(DetectType("{\\rt").type == "application/rtf");
  CHECK(DetectType("<html><body>").type == "text/html");
  CHECK(DetectType("<html><hta:application id=x>").type == "application/hta");
  CHECK(DetectType("<?xml version='1.0'?><svg/>").type == "image/svg+xml");
  CHECK(DetectType("[InternetShortcut]\r\nURL=http://x.example/").type == "application/x-mswinurl");
  CHECK(DetectType("@echo off\r\ndir").type == "application/x-bat");
  CHECK(DetectType("On Error Resume Next\r\nSet s = CreateObject(\"WScript.Shell\")").type ==
        "text/vbscript");
  CHECK(DetectType("var x = new ActiveXObject('a');").type == "text/javascript");
  CHECK(DetectType("Invoke-Expression (New-Object Net.WebClient)").type ==
        "application/x-powershell");
  CHECK(DetectType("From: a@x.example\nSubject: b\n\nc").type == "message/rfc822");
  CHECK(DetectType("just some words").type == "text/plain");
  CHECK(DetectType("\x01\x02\x03\x04").type == "application/octet-stream");
  CHECK(DetectType("MZ\x90\0"sv).type == "application/x-dosexec");
  CHECK(DetectType("MZ is how many words of prose begin, some longer than a header is").type ==
        "text/plain");
  CHECK(DetectType("").type.empty());
}

TEST_CASE("filetype: a program without header is one up to a segment, not above") {
  const std::string com = "\xB8\x00\x4C\xCD\x21"s;
  constexpr std::size_t kMost = 65'280;
  for (const std::size_t size : {kMost - 1, kMost, kMost + 1}) {
    const std::string content = com + std::string(size - com.size(), '\x90');
    CAPTURE(size);
    CHECK((DetectType(content).type == "application/x-dosexec") == (size <= kMost));
  }
  CHECK(DetectType(kProgram + std::string(kMost, '\x90')).type == "application/x-dosexec");
}

TEST_CASE("filetype: an encrypted office package is known by its stream") {
  std::string ole("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
  ole += std::string(512, '\0');
  for (const char c : std::string_view("EncryptedPackage")) ole += std::string{c, '\0'};
  CHECK(DetectType(ole).encrypted);
}

TEST_CASE("judge: an executable under a harmless name") {
  CHECK(Codes("invoice.pdf", "application/pdf", kProgram).find("file.executable-disguised") !=
        std::string::npos);
  CHECK(Codes("", "image/jpeg", kProgram).find("file.executable-disguised") != std::string::npos);
  CHECK(Codes("setup.exe", "application/octet-stream", kProgram).find("disguised") ==
        std::string::npos);
}

TEST_CASE("judge: dangerous extensions, whatever the content") {
  for (const char* name :
       {"a.exe", "a.scr", "a.lnk", "a.hta", "a.JS", "a.vbs", "a.one", "a.iso", "a.docm", "a.xll",
        "a.settingcontent-ms", "a.iqy", "a.url", "a.chm", "a.jar"}) {
    INFO(name);
    CHECK(Codes(name, "", "words").find("file.dangerous-extension") != std::string::npos);
  }
  CHECK(Codes("someone@mail.example.com", "", "words").empty());
}

TEST_CASE("judge: a class id as extension is dangerous, other braces are not") {
  const std::string id = "{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}";
  CHECK(Codes("a." + id, "", "words").find("file.dangerous-extension") != std::string::npos);
  CHECK(Codes("a.txt." + id, "", "words").find("file.double-extension") != std::string::npos);
  CHECK(Codes("a.{1}", "", "words").empty());
  CHECK(Codes("a.{3050F4D8-98B5-11CF-BB82-00AA00BDCEXX}", "", "words").empty());
  CHECK(Codes("a " + id + ".txt", "", "words").empty());
}

TEST_CASE("judge: extensions that block lists name, by how much honest use they have") {
  const auto severity = [](const std::string& name) {
    Artifact artifact;
    artifact.claimed_names.push_back(name);
    for (const TypeProblem& problem : JudgeType(artifact)) {
      if (problem.code == "file.dangerous-extension") return static_cast<int>(problem.severity);
    }
    return -1;
  };
  constexpr int kHigh = static_cast<int>(ProblemSeverity::kHigh);
  constexpr int kMedium = static_cast<int>(ProblemSeverity::kMedium);
  for (const char* name :
       {"appinstaller", "xbap", "a3x", "ps2", "msh2xml", "psdm1", "cdxml", "pyc", "pyzw", "wsb",
        "printerexport", "diagpkg", "deskthemepack", "ppkg", "mjs", "hlp", "jnlp", "slk", "xnk"}) {
    INFO(name);
    CHECK(severity("a." + std::string(name)) == kHigh);
  }
  for (const char* name : {"py", "bas", "xsl", "mat", "mar", "prg", "ops", "mdb", "mdz", "iso",
                           "img", "vhdx", "pst", "xlm", "docm"}) {
    INFO(name);
    CHECK(severity("a." + std::string(name)) == kMedium);
  }
  for (const char* name : {"txt", "html", "crt", "tmp", "ps", "md", "accdb", "mht", "c", "rb"}) {
    INFO(name);
    CHECK(severity("a." + std::string(name)) == -1);
  }
}

TEST_CASE("judge: a program under a merely doubtful extension is disguised") {
  for (const char* name : {"a.docm", "a.mdb", "a.iso", "a.mat", "a.py", "a.one", "a.plg"}) {
    INFO(name);
    CHECK(Codes(name, "", kProgram).find("file.executable-disguised") != std::string::npos);
  }
  CHECK(Codes("a.ocx", "", kProgram).find("disguised") == std::string::npos);
  CHECK(Codes("a.unheard", "", kProgram).find("disguised") == std::string::npos);
}

TEST_CASE("judge: double extensions of programs only") {
  CHECK(Codes("invoice.pdf.exe", "", "x").find("file.double-extension") != std::string::npos);
  CHECK(Codes("a.pdf         .exe", "", "x").find("file.double-extension") != std::string::npos);
  for (const char* name :
       {"v2.1.pdf", "post.pdf_copy.zip", "yahoo.com!example.gz", "x.tar.gz", "a.b.txt"}) {
    INFO(name);
    CHECK(Codes(name, "", "").find("file.double-extension") == std::string::npos);
  }
}

TEST_CASE("judge: names that hide their extension") {
  CHECK(Codes("a.pdf         .exe", "", "x").find("file.disguised-extension") != std::string::npos);
  CHECK(Codes("a.exe.", "", "x").find("file.disguised-extension") != std::string::npos);
  CHECK(Codes("a.exe::$DATA", "", "x").find("file.disguised-extension") != std::string::npos);
  CHECK(Codes("a\u202Egnp.exe", "", "x").find("file.bidi-name") != std::string::npos);
  CHECK(Codes("a\u200B.txt", "", "x").find("file.bidi-name") != std::string::npos);
  CHECK(Codes("ready.txt ", "", "x").empty());
  CHECK(ParseFileName("x/y\\a.tar.gz").inner == "tar");
}

TEST_CASE("judge: ordinary files raise nothing") {
  const std::string png("\x89PNG\r\n\x1A\n0000", 12);
  CHECK(Codes("data.csv", "text/plain", "a,b\n1,2\n").empty());
  CHECK(Codes("data.csv", "application/vnd.ms-excel", "a,b\n1,2\n").empty());
  CHECK(Codes("x.dat", "application/octet-stream", "\x01\x02\x03").empty());
  CHECK(Codes("x.docx", "application/octet-stream", "PK\x03\x04").empty());
  CHECK(Codes("sig.asc", "application/pgp-signature", "-----BEGIN PGP SIGNATURE-----\n").empty());
  CHECK(Codes("pic.jpg", "image/jpeg", png).empty());
  CHECK(Codes("page.txt", "text/plain", "<html><body>").empty());
  CHECK(Codes("readme", "text/plain", "words").empty());
  CHECK(Codes("invite.ics", "text/calendar", "BEGIN:VCALENDAR\r\n").empty());
  CHECK(Codes("mail.eml", "message/rfc822", "From: a@x.example\nTo: b@x.example\n\n").empty());
}

TEST_CASE("judge: a family that does not fit its extension") {
  CHECK(Codes("scan.pdf", "application/pdf", "<html><body>").find("file.type-mismatch") !=
        std::string::npos);
  CHECK(Codes("photo.jpg", "image/jpeg", "PK\x03\x04").find("file.type-mismatch") !=
        std::string::npos);
}

TEST_CASE("judge: installers and shortcuts under the name of a document") {
  const std::string shortcut("\x4C\0\0\0\x01\x14\x02\0xxxx", 12);
  const std::string installer =
      MakeOle({{"Tables", "t"}}, "\x84\x10\x0C\0\0\0\0\0\xC0\0\0\0\0\0\0\x46"s);
  for (const char* name : {"a.doc", "a.xls", "a.pdf", "a.txt"}) {
    INFO(name);
    CHECK(Codes(name, "", installer).find("file.executable-disguised") != std::string::npos);
    CHECK(Codes(name, "", shortcut).find("file.type-mismatch") != std::string::npos);
    CHECK(Codes(name, "text/plain", shortcut).find("file.") != std::string::npos);
  }
  CHECK(Codes("a.msi", "", installer).find("disguised") == std::string::npos);
  CHECK(Codes("a.lnk", "", shortcut).find("mismatch") == std::string::npos);
  CHECK(Codes("", "", shortcut).find("file.executable-content") != std::string::npos);
  CHECK(Codes("", "image/png", shortcut).find("file.executable-disguised") != std::string::npos);
}

TEST_CASE("judge: scripts that call themselves text") {
  for (const char* content :
       {"#!/bin/sh\nrm -r x\n", "#! /usr/bin/env python\n", "@echo off\r\ndel x",
        "\xEF\xBB\xBF@ECHO OFF\r\n", "powershell -nop -enc AAAA", "On Error Resume Next\r\nx = 1",
        "Dim s\r\nSet s = CreateObject(\"WScript.Shell\")\r\n",
        "$c = New-Object Net.WebClient; Invoke-Expression $c.DownloadString('x')",
        "[InternetShortcut]\r\nURL=file://x/y", "Windows Registry Editor Version 5.00\r\n",
        "var x = new ActiveXObject('a');"}) {
    INFO(content);
    CHECK(Codes("a.txt", "text/plain", content).find("file.script-as-text") != std::string::npos);
  }
  const std::string wide("\xFF\xFE@\0e\0c\0h\0o\0 \0o\0f\0f\0", 20);
  CHECK(Codes("a.txt", "text/plain", wide).find("file.script-as-text") != std::string::npos);
  for (const char* content :
       {"words", "# a heading\n", "#!x", "To use it call Invoke-Expression (New-Object X)\n",
        "The macro has On Error Resume Next and CreateObject(\"WScript.Shell\").\n",
        "diff --git a/x.sh b/x.sh\n+#!/bin/sh\n", "echo off the wall\n", "",
        "let us talk about var, function( and eval( today\n"}) {
    INFO(content);
    CHECK(Codes("a.txt", "text/plain", content).empty());
  }
  CHECK(Codes("configure", "text/plain", "#!/bin/sh\n").empty());
  CHECK(Codes("", "text/plain", "#!/bin/sh\n").empty());
}

TEST_CASE("judge: markup that acts, in files of its own only") {
  const std::string script = "<html><body><ScRiPt>x()</script></body></html>";
  CHECK(Codes("a.html", "text/html", script) == "file.active-html ");
  CHECK(Codes("", "text/html", script).empty());
  CHECK(Codes("a.html", "text/plain", "hello <script src=x></script>") == "file.active-html ");
  CHECK(Codes("a.html", "text/html", "<html><p>words</p></html>").empty());
  CHECK(Codes("a.svg", "image/svg+xml", "<svg><script/></svg>") == "file.active-svg ");
  CHECK(Codes("", "image/svg+xml", "<svg onload='x()'/>") == "file.active-svg ");
  CHECK(Codes("a.svg", "image/svg+xml", "<svg><path d='M0 0'/></svg>").empty());
}

TEST_CASE("active: script elements, handlers and links are found wherever they hide") {
  for (const char* markup : {"<script>", "<SCRIPT SRC=x>", "<script/src=x>", "<svg:script >",
                             "<!-- <a title=\" --><script>", "<![CDATA[<script>"}) {
    INFO(markup);
    CHECK(FindActiveMarkup(markup) == "script element");
  }
  for (const char* markup : {"<body onload=x()>", "<img src=x OnError = 'x'>", "<svg/onload=x>",
                             "<a title=\">\"onclick=x>", "<animate onbegin='x'>"}) {
    INFO(markup);
    CHECK(FindActiveMarkup(markup).find("event handler on") == 0);
  }
  CHECK(FindActiveMarkup("<a href=\" JavaScript:x()\">") == "javascript: link");
  const std::string wide("<\0s\0c\0r\0i\0p\0t\0>\0 \0", 18);
  CHECK(FindActiveMarkup(wide) == "script element");
  for (const char* markup :
       {"", "<", "script", "<scripture>", "a script> b", "<b>once = 1, only = 2</b>",
        "<a href='javascript:void(0)'>", "<a href='javascript:;'>", "the javascript: scheme",
        "<script type=\"application/ld+json\">{}</script>", "<p>onload is an event</p>", "on",
        "s:script>"}) {
    INFO(markup);
    CHECK(FindActiveMarkup(markup).empty());
  }
}

TEST_CASE("containers: macro projects and mimetype members tell the document") {
  CHECK(ClassifyZip({{"xl/workbook.xml", ""}, {"[Content_Types].xml", ""}}).type ==
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
  CHECK(ClassifyZip({{"xl/workbook.xml", ""}, {"xl/vbaProject.bin", ""}}).type ==
        "application/vnd.ms-excel.sheet.macroenabled.12");
  // The default of an extension that no part has says nothing.
  const std::string types =
      "<Types><Default Extension=\"bin\" "
      "ContentType=\"application/vnd.ms-office.vbaProject\"/></Types>";
  CHECK(ClassifyZip({{"[Content_Types].xml", types}, {"word/document.xml", ""}}).type ==
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
  CHECK(ClassifyZip({{"[Content_Types].xml", types}, {"word/x.bin", ""}}).type ==
        "application/vnd.ms-word.document.macroenabled.12");
  CHECK(ClassifyZip({{"[Content_Types].xml",
                      "<Override PartName=\"/word/x\" ContentType=\"a/vbaProject\"/>"},
                     {"word/document.xml", ""}})
            .type == "application/vnd.ms-word.document.macroenabled.12");
  CHECK(ClassifyZip({{"mimetype", "application/vnd.oasis.opendocument.text"}}).document);
  CHECK(ClassifyZip({{"META-INF/MANIFEST.MF", ""}, {"A.class", ""}}).type ==
        "application/java-archive");
  CHECK(ClassifyZip({{"a.txt", ""}}).type == "application/zip");
}

}  // namespace
}  // namespace lazaret::mail
