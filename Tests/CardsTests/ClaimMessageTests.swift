import Magnet
import Testing

@testable import Cards

/// Messages of claims: braces, names and formats, as Python's `str.format` has them.
@Suite struct ClaimMessageTests {
  /// Values and formats drawn at random, with what Python 3.11 makes of them.
  static let formats: [(value: CardValue, format: String, text: String)] = [
    (.bool(true), "5", "    1"),
    (.bool(true), "<5", "1    "),
    (.int(WholeNumber(5)), "<05", "50000"),
    (.int(WholeNumber(5)), "*<05", "5****"),
    (.int(WholeNumber(1234)), "08,", "0,001,234"),
    (.int(WholeNumber(1234)), "010,", "00,001,234"),
    (.int(WholeNumber(123)), "04,", "0,123"),
    (.float(12), ".3", "12.0"),
    (.float(123), ".3", "1.23e+02"),
    (.float(1), ".1", "1e+00"),
    (.float(5), ".0", "5e+00"),
    (.float(.infinity), "012,", "000000000inf"),
    (.text("ab"), "05", "ab000"),
    (.text("e\u{301}x"), ">5", "  e\u{301}x"),
    (.float(0.5), "<05,.0G", "0.500"),
    (.float(0.0), "+1.1e", "+0.0e+00"),
    (.float(1e+16), "^5f", "10000000000000000.000000"),
    (.bool(true), "12f", "    1.000000"),
    (.text("ab"), "0^12.0", "000000000000"),
    (.int(WholeNumber(-98765)), "01%", "-9876500.000000%"),
    (.bool(false), "0=d", "0"),
    (.int(WholeNumber(1234567890)), ",e", "1.234568e+09"),
    (.int(WholeNumber(1234)), "=-012f", "01234.000000"),
    (.float(1e+16), ",.2", "1e+16"),
    (.float(12.0), "*>+0,.1E", "+1.2E+01"),
    (.bool(false), "1", "0"),
    (.text("xxxxxxxxx"), "é<5.1", "xéééé"),
    (.float(0.5), "<+.1", "+0.5"),
    (.int(WholeNumber(1234567890)), "0^012f", "1234567890.000000"),
    (.int(WholeNumber(1234567890)), "0=08,", "1,234,567,890"),
    (.int(WholeNumber(-98765)), "^5", "-98765"),
    (.float(.infinity), "*>12.0", "*********inf"),
    (.float(123.0), "0=8,.3e", "1.230e+02"),
    (.float(99999.95), "0", "99999.95"),
    (.int(WholeNumber(1234)), "8,", "   1,234"),
    (.text("xxxxxxxxx"), "5.1", "x    "),
    (.int(WholeNumber(1)), "12%", " 100.000000%"),
    (.bool(true), ">,e", "1.000000e+00"),
    (.bool(true), ",", "1"),
    (.int(WholeNumber(1234)), "5", " 1234"),
    (.bool(true), "é<01", "1"),
    (.bool(true), "5%", "100.000000%"),
    (.float(2.675), ",", "2.675"),
    (.float(0.5), "12,", "         0.5"),
    (.int(WholeNumber(1234567890)), "012,", "1,234,567,890"),
    (.float(1.5e-07), "*>12,.2G", "*****1.5E-07"),
    (.float(1.5e-07), "1,f", "0.000000"),
    (.int(WholeNumber(-7)), "*^", "-7"),
    (.float(0.5), "8,f", "0.500000"),
    (.float(0.0), "0,E", "0.000000E+00"),
    (.bool(false), "+0", "+0"),
    (.float(0.0), "0^05,", "00.00"),
    (.int(WholeNumber(0)), "*=-0g", "0"),
    (.float(-1234.5678), "08.3", "-1.23e+03"),
    (.text("héllo"), "5.3", "hél  "),
    (.int(WholeNumber(-7)), "0^-08%", "-700.000000%"),
    (.text("ab"), "<012", "ab0000000000"),
    (.float(0.0), "*<", "0.0"),
    (.float(-1234.5678), "05,", "-1,234.5678"),
    (.text("xxxxxxxxx"), "1", "xxxxxxxxx"),
    (.bool(true), ">12", "           1"),
    (.text("ab"), "0", "ab"),
    (.bool(true), " f", " 1.000000"),
    (.int(WholeNumber(1234567890)), "8", "1234567890"),
    (.text("ab"), "*>0.6", "ab"),
    (.int(WholeNumber(0)), "5%", "0.000000%"),
    (.float(1.5e-07), "8g", " 1.5e-07"),
    (.int(WholeNumber(-98765)), "05,%", "-9,876,500.000000%"),
    (.float(-1234.5678), "0<0.0", "-1e+03"),
    (.text("xxxxxxxxx"), "12.2", "xx          "),
    (.int(WholeNumber(-7)), "0", "-7"),
    (.float(123.0), "é=12f", "éé123.000000"),
    (.text("héllo"), "0.2", "hé"),
    (.int(WholeNumber(-7)), "0", "-7"),
    (.bool(true), " 5d", "    1"),
    (.bool(true), "é^-,", "1"),
    (.float(1.5e-07), "05", "1.5e-07"),
    (.float(-1234.5678), "01,E", "-1.234568E+03"),
    (.float(99999.95), "=8.2", "   1e+05"),
    (.float(0.5), ",%", "50.000000%"),
    (.float(1e+16), "1", "1e+16"),
    (.bool(false), "é=05,", "éééé0"),
    (.int(WholeNumber(1234567890)), "1,%", "123,456,789,000.000000%"),
    (.int(WholeNumber(1234567890)), "12d", "  1234567890"),
    (.float(2.675), "-01E", "2.675000E+00"),
    (.text("ab"), "012", "ab0000000000"),
    (.float(0.0), "é=+,.2", "+0.0"),
    (.float(.infinity), "^5e", " inf "),
    (.float(123.0), "é>,", "123.0"),
    (.int(WholeNumber(1)), "*=+08", "+******1"),
    (.int(WholeNumber(-7)), "é<d", "-7"),
    (.int(WholeNumber(0)), "0=0,e", "0.000000e+00"),
    (.float(-0.0), "é>8.3%", "é-0.000%"),
    (.float(0.0), "é<01.2G", "0"),
    (.int(WholeNumber(-7)), "1,g", "-7"),
    (.text("xxxxxxxxx"), "12", "xxxxxxxxx   "),
    (.int(WholeNumber(1234)), "0>8", "00001234"),
    (.bool(true), "*>8,d", "*******1"),
    (.int(WholeNumber(-7)), "-g", "-7"),
    (.float(99999.95), " 1.2", " 1e+05"),
    (.float(123.0), "+08g", "+0000123"),
    (.float(12.0), "+,.1", "+1e+01"),
    (.float(0.0), "+0e", "+0.000000e+00"),
    (.float(99999.95), "<1.1", "1e+05"),
  ]

  @Test func valuesAreFormattedAsInPython() throws {
    for (value, format, text) in Self.formats {
      let message = try ClaimMessage("{x:\(format)}")
      #expect(message.filled(["x": value]) == text, "\(value.pythonText) as '\(format)'")
      #expect(message.names == ["x"])
    }
  }

  @Test(arguments: [
    ("{x!s:5}|", CardValue.int(WholeNumber(5)), "5    |"), ("{x!r:>7}|", .text("abc"), "  'abc'|"),
    ("{x!r:.2}|", .text("abc"), "'a|"), ("{x!s:.2}|", .bool(true), "Tr|"),
    ("{x!s:05}|", .int(WholeNumber(-3)), "-3000|"), ("{x!r}", .text("it's"), "\"it's\""),
    ("{x}", .list([.float(1), .null]), "[1.0, None]"),
    ("{x}", .date("2024-01-02T03:04:05"), "2024-01-02 03:04:05"),
    ("{x!r}", .date("2024-01-02"), "datetime.date(2024, 1, 2)"), ("{{x}}", .null, "{x}"),
    ("{{{x}}}", .null, "{None}"),
    ("a}}b{{c", .null, "a}b{c"), ("", .null, ""), ("{y} and {x}", .bool(false), "{y} and False"),
  ])
  func conversionsAndBraces(_ text: String, _ value: CardValue, _ expected: String) throws {
    #expect(try ClaimMessage(text).filled(["x": value]) == expected)
  }

  @Test(arguments: [
    ("{", "a { has no }; write {{ for a brace"), ("a {x", "a { has no }; write {{ for a brace"),
    ("}", "a } has no {; write }} for a brace"), ("{x}}", "a } has no {; write }} for a brace"),
    ("{}", "{} does not name a symbol or a column"), ("{0}", "{0} does not name a symbol or a column"),
    ("{a.b}", "{a.b} does not name a symbol or a column"),
    ("{a[0]}", "{a[0]} does not name a symbol or a column"),
    ("{x!q}", "{x!q} does not name a symbol or a column"),
    ("{x:q}", "the format 'q' of {x:q} is not known; such as .2f, d, .1%"),
    ("{x:.f}", "the format '.f' of {x:.f} is not known; such as .2f, d, .1%"),
    ("{x:.101f}", "the format '.101f' of {x:.101f} is not known; such as .2f, d, .1%"),
    ("{x:1000}", "the format '1000' of {x:1000} is not known; such as .2f, d, .1%"),
    ("{x:5dd}", "the format '5dd' of {x:5dd} is not known; such as .2f, d, .1%"),
  ])
  func whatIsNotAMessageIsAFault(_ text: String, _ problem: String) {
    let fault = #expect(throws: ClaimMessage.Fault.self) { try ClaimMessage(text) }
    #expect(fault?.problem == problem)
  }

  /// Texts without braces are themselves; with all braces doubled, any text comes out again.
  @Test func escapedTextsComeOutAgain() throws {
    var random = PythonRandom(seed: 5)
    let pieces = ["{", "}", "a", " ", "é", "\n", "{x}", "}}", "漢", "\\"]
    for _ in 0..<300 {
      let text = (0..<random.below(8)).map { _ in random.choice(pieces) }.joined()
      let escaped = text.replacing("{", with: "{{").replacing("}", with: "}}")
      let message = try ClaimMessage(escaped)
      #expect(message.filled([:]) == text && message.names.isEmpty)
      let framed = try ClaimMessage("\(escaped){x}\(escaped){y}")
      #expect(framed.names == ["x", "y"])
      #expect(framed.filled(["x": .int(WholeNumber(1)), "y": .text(text)]) == "\(text)1\(text)\(text)")
    }
  }
}
