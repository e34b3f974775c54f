#include "mail/text/html_text.h"
#include "mail/text/plain_text.h"

#include <string>

#include "base/clock.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

TEST_CASE("html: inline tags join, blocks and cells break") {
  CHECK(ExtractHtml("41<b>11</b>11<i>1</i>").visible == "4111111");
  CHECK(ExtractHtml("a<br>b<p>c</p>d<table><tr><td>e</td><td>f</td></table>").visible ==
        "a\nb\nc\nd\ne\nf");
  CHECK(ExtractHtml("a&nbsp;b  \n c").visible == "a b c");
}

TEST_CASE("html: what has no width vanishes") {
  CHECK(ExtractHtml("4<!-- x -->1<wbr>1&shy;1&#8203;2").visible == "41112");
}

TEST_CASE("html: entities, named, numeric and of windows-1252") {
  CHECK(ExtractHtml("&lt;&amp;&#65;&#x42;&eacute;&#150;&euro;").visible ==
        "<&AB\u00E9\u2013\u20AC");
  CHECK(ExtractHtml("&nosuch; &#; &").visible == "&nosuch; &#; &");
}

TEST_CASE("html: hidden text is kept apart") {
  const HtmlText text = ExtractHtml(
      "see<span style='display: none'>one<span>two</span></span><p hidden>three</p>"
      "<font style=\"font-size:0px\">four</font><font style=\"font-size:0.9em\">shown</font>"
      "<script>five</script>end");
  CHECK(text.visible == "see\nshownend");
  CHECK(text.hidden == "onetwo\nthree\nfour\nfive");
}

TEST_CASE("html: links, alt and title texts are kept") {
  const HtmlText text =
      ExtractHtml("<a href='http://a.example/?x=1&amp;y=2'>go</a><img alt='pic' title=tip>");
  REQUIRE(text.urls.size() == 1);
  CHECK(text.urls[0] == "http://a.example/?x=1&y=2");
  CHECK(text.visible == "go\npic\ntip");
}

TEST_CASE("html: broken markup loses no text") {
  CHECK(ExtractHtml("a < b and 1<2").visible == "a < b and 1<2");
  CHECK(ExtractHtml("x<a href=\"never closed>word").visible.find("word") != std::string::npos);
  CHECK(ExtractHtml("x<!-- never closed word").visible.find("word") != std::string::npos);
  CHECK(ExtractHtml("<![if !mso]>shown<![endif]>").visible == "shown");
}

TEST_CASE("html: links beyond the cap are told, the same one again costs nothing") {
  std::string html;
  for (std::size_t i = 0; i < kMaxUrls; ++i)
    html += "<a href='http://a.example/" + std::to_string(i) + "'><a href='http://a.example/0'>";
  CHECK(ExtractHtml(html).urls.size() == kMaxUrls);
  CHECK_FALSE(ExtractHtml(html).urls_cut);
  html += "<a href='http://b.example/'>";
  CHECK(ExtractHtml(html).urls.size() == kMaxUrls);
  CHECK(ExtractHtml(html).urls_cut);
}

TEST_CASE("html: time grows with size only, whatever the nesting") {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<div>";
  std::string quotes;
  for (int i = 0; i < 200'000; ++i) quotes += "<a x=\"";
  std::string comments;
  for (int i = 0; i < 200'000; ++i) comments += "<!--";
  std::string hidden;
  for (int i = 0; i < 100'000; ++i) hidden += "<p style=display:none>";
  std::string scripts;
  for (int i = 0; i < 100'000; ++i) scripts += "<script></";
  for (const std::string* text : {&deep, &quotes, &comments, &hidden, &scripts}) {
    const auto begin = base::MonotonicNow();
    ExtractHtml(*text + "end");
    CHECK(base::MonotonicNow() - begin < 5'000'000'000);
  }
}

}  // namespace
}  // namespace lazaret::mail
