// Own signatures of each kind that need the raw message, the mail container, a part or a member.
#include "base/crypto.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

struct Kind {
  const char* name;  // part of the signature's name
  std::string message;
};

std::map<std::string, std::string> Signatures() {
  const std::string binary = std::string("hashed content ") + std::string(100, '\x01');
  std::map<std::string, std::string> files;
  files["own.ndb"] = "Own.MailTarget:4:*:" + HexOf("zqmailtarget") +
                     "\nOwn.AnyTarget:0:*:" + HexOf("ZQANYTARGET") +
                     "\nOwn.HtmlTarget:3:*:" + HexOf("zqhtmltarget") +
                     "\nOwn.TextTarget:7:*:" + HexOf("zqtexttarget") +
                     "\nOwn.Header:4:*:" + HexOf("X-Zq-Header: yes") + "\n";
  files["own.ldb"] =
      "Own.Pcre;Engine:81-255,Target:0;0&1;" + HexOf("ZQPCRE") + ";0/ZQPCRE-[0-9]{4}/\n" +
      "Own.MailContainer;Engine:81-255,Target:0,Container:CL_TYPE_MAIL;0;" + HexOf("ZQCONTAINER") +
      "\nOwn.ZipContainer;Engine:81-255,Target:0,Container:CL_TYPE_ZIP;0;" + HexOf("ZQINZIP") +
      "\nOwn.Chain;Engine:81-255,Target:0,Intermediates:CL_TYPE_MAIL>CL_TYPE_ZIP;0;" +
      HexOf("ZQCHAIN") + "\nOwn.Logical;Engine:81-255,Target:4;0&1;" + HexOf("X-Zq-Logical") + ";" +
      HexOf("zqlogicalbody") + "\n";
  files["own.cdb"] =
      "Own.MailName:CL_TYPE_MAIL:*:^zqname\\.bin$:*:*:*:*:*:*\n"
      "Own.ZipName:CL_TYPE_ZIP:*:^zqmember\\.bin$:*:*:*:*:*:*\n";
  files["own.yar"] =
      "rule OwnYara { strings: $a = \"X-Zq-Yara\" $b = \"zqyarabody\" condition: $a and $b }\n";
  files["own.hsb"] = base::Hex(base::AsBytes(base::Sha256(binary))) + ":" +
                     std::to_string(binary.size()) + ":Own.Hash\n";
  files["own.hdb"] = Md5Signature("md5 " + binary, "Own.Md5");
  return files;
}

std::vector<Kind> Kinds() {
  const std::string binary = std::string("hashed content ") + std::string(100, '\x01');
  const auto zip = [](const char* name, const std::string& content) {
    return Multipart({Part("a.zip", Zip({{name, content, false}}))});
  };
  const std::string pad(100, '\x02');
  return {
      {"Own.MailTarget", TextMail("before zqmailtarget after\r\n")},
      {"Own.AnyTarget", Multipart({Part("a.bin", pad + "ZQANYTARGET" + pad)})},
      {"Own.AnyTarget", zip("a.bin", pad + "ZQANYTARGET" + pad)},
      {"Own.AnyTarget", Multipart({Part("a.bin", pad + "ZQANYTARGET" + pad)}, "signed")},
      {"Own.HtmlTarget",
       TextMail("<html><body><p>ZqHtml<!-- x -->Target zqhtmltarget</p></body></html>\r\n",
                "text/html")},
      {"Own.TextTarget", TextMail("before ZqTextTarget after\r\n")},
      {"Own.TextTarget", Multipart({Part("a.txt", "before ZqTextTarget after\r\n", "text/plain")})},
      {"Own.Header", "X-Zq-Header: yes\r\n" + TextMail("text\r\n")},
      {"Own.Pcre", Multipart({Part("a.bin", pad + "ZQPCRE-1234" + pad)})},
      {"Own.MailContainer", Multipart({Part("a.bin", pad + "ZQCONTAINER" + pad)})},
      {"Own.MailContainer", Multipart({Part("a.bin", pad + "ZQCONTAINER" + pad)}, "signed")},
      {"Own.ZipContainer", zip("a.bin", pad + "ZQINZIP" + pad)},
      {"Own.Chain", zip("a.bin", pad + "ZQCHAIN" + pad)},
      {"Own.Logical", "X-Zq-Logical: 1\r\n" + TextMail("some zqlogicalbody\r\n")},
      {"Own.MailName", Multipart({Part("zqname.bin", pad)})},
      {"Own.MailName", Multipart({Part("zqname.bin", pad)}, "signed")},
      {"Own.ZipName", zip("zqmember.bin", pad)},
      {"OwnYara", "X-Zq-Yara: 1\r\n" + TextMail("some zqyarabody\r\n")},
      {"Own.Md5", Multipart({Part("a.bin", "md5 " + binary)})},
      {"Own.Md5", zip("a.bin", "md5 " + binary)},
      {"Own.Md5", Multipart({Part("a.bin", "md5 " + binary)}, "signed")},
      {"Own.Hash", Multipart({Part("a.bin", binary)})},
      {"Own.Hash", zip("a.bin", binary)},
      {"Own.Hash", Multipart({Part("a.bin", binary)}, "parallel")},
  };
}

}  // namespace

TEST_CASE("clamav: signatures of every kind fire through the scan plan") {
  const auto engine = MakeEngine(Signatures());
  for (const Kind& kind : Kinds()) {
    const auto result = Judge(*engine->engine, kind.message);
    INFO(kind.name << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasRule(*result, kind.name));
    CHECK(AllOf(*result, policy::Class::kMalicious));
  }
}

TEST_CASE("clamav: signatures of every kind fire behind hostile first headers") {
  const auto engine = MakeEngine(Signatures());
  const std::vector<Kind> kinds = Kinds();
  for (const std::string& head : HostileHeads()) {
    for (const Kind& kind : kinds) {
      const auto result = Judge(*engine->engine, head + kind.message);
      INFO(HexOf(head.substr(0, 24)) << " " << kind.name << " -> " << Show(result));
      REQUIRE(result.ok());
      CHECK(HasRule(*result, kind.name));
    }
  }
}

TEST_CASE("clamav: a file that .fp or .sfp exempts is clean, beside it everything is found") {
  const std::string file = "exempt ZQFP " + std::string(80, '\x01');
  const std::string other = "other ZQFP " + std::string(80, '\x01');
  const std::string signature = "Own.Fp:0:*:" + HexOf("ZQFP") + "\n";
  for (const auto& [name, line] :
       {std::pair<std::string, std::string>{"own.fp", Md5Signature(file, "Exempt")},
        {"own.sfp", Sha256Signature(file, "Exempt")}}) {
    const auto engine = MakeEngine({{"own.ndb", signature}, {name, line}});
    for (const char* subtype : {"mixed", "signed", "parallel"}) {
      const auto exempt = Judge(*engine->engine, Multipart({Part("a.bin", file)}, subtype));
      INFO(name << " " << subtype << " -> " << Show(exempt));
      REQUIRE(exempt.ok());
      CHECK(exempt->empty());
      const auto both =
          Judge(*engine->engine, Multipart({Part("a.bin", file), Part("b.bin", other)}, subtype));
      INFO(Show(both));
      REQUIRE(both.ok());
      CHECK(HasRule(*both, "Own.Fp"));
      CHECK(both->size() == 1);
    }
  }
}

TEST_CASE("clamav: a signature that .ign2 names is silent, the others are not") {
  auto signatures = Signatures();
  signatures["own.ign2"] = "Own.AnyTarget\n";
  const auto engine = MakeEngine(signatures);
  for (const Kind& kind : Kinds()) {
    const auto result = Judge(*engine->engine, kind.message);
    INFO(kind.name << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(HasRule(*result, kind.name) == (kind.name != std::string("Own.AnyTarget")));
  }
}

TEST_CASE("clamav: a pair of hosts that .wdb allows is no phishing") {
  const std::string html =
      "Content-Type: text/html\r\n\r\n<html><body><a href=\"http://evil.example.net/x\">"
      "http://www.bank.test/login</a></body></html>\r\n";
  const auto strict = MakeEngine({{"own.pdb", "H:bank.test\n"}});
  const auto lax =
      MakeEngine({{"own.pdb", "H:bank.test\n"}, {"own.wdb", "M:evil.example.net:www.bank.test\n"}});
  for (const char* subtype : {"mixed", "signed", "alternative"}) {
    const auto said = Judge(*strict->engine, Multipart({html}, subtype));
    const auto allowed = Judge(*lax->engine, Multipart({html}, subtype));
    INFO(subtype << " -> " << Show(said) << " / " << Show(allowed));
    REQUIRE((said.ok() && allowed.ok()));
    CHECK(HasCode(*said, "clamav.phishing"));
    CHECK(allowed->empty());
  }
}

TEST_CASE("clamav: a program sent as 8bit text is scanned as its exact bytes") {
  const std::string program =
      std::string("MZ\x01\r\x02\r\n\r\n\r\n\x03 code ") + std::string(80, '\x04');
  const auto engine =
      MakeEngine({{"own.hsb", base::Hex(base::AsBytes(base::Sha256(program))) + ":" +
                                  std::to_string(program.size()) + ":Own.Exact\n"}});
  const auto result = Judge(
      *engine->engine,
      Multipart(
          {"Content-Type: text/plain; name=\"a.exe\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
           program + "\r\n"}));
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasRule(*result, "Own.Exact"));
}

TEST_CASE("clamav: own signatures leave ordinary mail alone") {
  const auto engine = MakeEngine(Signatures());
  const auto result = Judge(*engine->engine, Multipart({Part("a.bin", std::string(100, '\x02'))}));
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(result->empty());
}

TEST_CASE(
    "clamav: a link that shows one bank and leads elsewhere is suspicious, and hides nothing") {
  const auto engine = MakeEngine(
      {{"own.pdb", "H:bank.test\n"}, {"own.ndb", "Own.Later:0:*:" + HexOf("ZQLATER") + "\n"}});
  const std::string html =
      "Content-Type: text/html\r\n\r\n<html><body><a href=\"http://evil.example.net/x\">"
      "http://www.bank.test/login</a></body></html>\r\n";
  const auto phishing = Judge(*engine->engine, Multipart({html}));
  INFO(Show(phishing));
  REQUIRE(phishing.ok());
  CHECK(HasCode(*phishing, "clamav.phishing"));
  CHECK(AllOf(*phishing, policy::Class::kSuspicious));
  const auto both =
      Judge(*engine->engine, Multipart({html, Part("a.bin", std::string(50, '\x02') + "ZQLATER")}));
  INFO(Show(both));
  REQUIRE(both.ok());
  CHECK(HasRule(*both, "Own.Later"));
}

}  // namespace lazaret::scanners::test
