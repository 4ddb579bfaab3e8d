import Testing

@testable import Magnet

@Suite struct HTMLTests {
  @Test func textsAndAttributesAreEscaped() {
    var out = ""
    HTMLNode.element("p", ["title": "a\"b<c>&'"], [.text("<b>\u{0}\u{1B}\n&"), .data("x")]).appendHTML(
      to: &out)
    #expect(
      out == "<p title=\"a&quot;b&lt;c&gt;&amp;&#39;\">&lt;b&gt;\u{FFFD}\u{FFFD}\n&amp;<bdi>x</bdi></p>")
  }

  @Test func jsonCannotEndItsElement() {
    var out = ""
    HTMLText.appendJSON(.string("</script>&\u{2028}"), to: &out)
    #expect(out == "\"\\u003c/script\\u003e\\u0026\\u2028\"")
  }

  /// SHA-256 of nothing and of "abc" (FIPS 180-4) in base 64.
  @Test func hashes() {
    #expect(HTMLPage.hash("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    #expect(HTMLPage.hash("abc") == "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
  }

  @Test func numbersOfCells() {
    #expect(ReportText.number(0.5) == "0.5" && ReportText.number(1.0 / 3) == "0.333")
    #expect(ReportText.number(0.00001) == "1e-05" && ReportText.number(0) == "0.0")
    #expect(
      ReportText.cut("abcdef", to: 3) == "abc… (3 more characters)" && ReportText.cut("abc", to: 3) == "abc")
  }
}
