import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// The parts of a download that need no server.
@Suite struct DownloadPartsTests {
  private func crc(_ bytes: [UInt8], byTables: Bool, step: Int = 1000) -> UInt32 {
    var crc = CRC32C()
    for start in stride(from: 0, to: bytes.count, by: step) {
      bytes[start..<min(start + step, bytes.count)].withUnsafeBytes {
        if byTables { crc.addByTables($0) } else { crc.add($0) }
      }
    }
    return crc.value
  }

  @Test(arguments: [true, false]) func crc32cHasTheKnownValues(byTables: Bool) {
    // RFC 3720, B.4, and the usual check value.
    #expect(crc(Array("123456789".utf8), byTables: byTables) == 0xE306_9283)
    #expect(crc([UInt8](repeating: 0, count: 32), byTables: byTables) == 0x8A91_36AA)
    #expect(crc([UInt8](repeating: 0xFF, count: 32), byTables: byTables) == 0x62A8_AB43)
    #expect(crc(Array(0..<32), byTables: byTables) == 0x46DD_794E)
    #expect(crc([], byTables: byTables) == 0)
    let text = StoreTree.text(5, count: 10007)
    var whole = CRC32C()
    text.withUnsafeBytes { whole.add($0) }
    #expect(CRC32C.base64(whole.value) == StoreTree.crc32c(text))
    #expect(CRC32C.value(base64: StoreTree.crc32c(text)) == whole.value)
    for wrong in ["", "AAAA", "AAAAAAA=", "?AAAAA==", "AAAAAA"] {
      #expect(CRC32C.value(base64: wrong) == nil, "\(wrong)")
    }
    for step in [1, 3, 8, 13, 4096] { #expect(crc(text, byTables: byTables, step: step) == whole.value) }
  }

  @Test func selectors() throws {
    func chosen(_ texts: String...) throws -> [String] {
      let names = ["gsm:model=a", "mmlu:subject=x,model=a", "mmlu:subject=y,model=b", "v1"]
      return names.filter(try NameSelector(texts).matcher())
    }
    #expect(try chosen("v1") == ["v1"])
    #expect(try chosen("mmlu*") == ["mmlu:subject=x,model=a", "mmlu:subject=y,model=b"])
    #expect(try chosen("*model=a", "v?") == ["gsm:model=a", "mmlu:subject=x,model=a", "v1"])
    #expect(try chosen("regex:mmlu.*=[b-z]$") == ["mmlu:subject=y,model=b"])
    #expect(try chosen("regex:v") == ["v1"], "as Python's re.match")
    #expect(try chosen("v1|gsm:model=a") == ["gsm:model=a", "v1"])
    #expect(try chosen("[v1, gsm*]") == ["gsm:model=a", "v1"])
    #expect(try chosen("['mmlu:subject=x,model=a', v1]") == ["mmlu:subject=x,model=a", "v1"])
    #expect(try chosen("[v1,gsm:model=a]") == ["gsm:model=a", "v1"])
    #expect(try chosen("- v1\n- \"gsm*\"\n") == ["gsm:model=a", "v1"])
    #expect(try chosen("V1").isEmpty)
    #expect(try NameSelector(["mmlu:a*", "mmlu:*", "v1"]).prefixes == ["mmlu:", "v1"])
    #expect(try NameSelector(["regex:x", "v1"]).prefixes == [""])
    #expect(throws: MagnetError.self) { try NameSelector(["regex:("]) }
  }

  @Test func addresses() throws {
    #expect(HTTPAddress.encoded("a b:c,d=e/f+ü~") == "a%20b%3Ac%2Cd%3De%2Ff%2B%C3%BC~")
    #expect(HTTPAddress.encoded("") == "")
    for url in ["http://127.0.0.1:80", "http://localhost/x", "http://[::1]:9", "http://u@127.1.2.3"] {
      #expect(HTTPAddress.isLoopback(url), "\(url)")
    }
    for url in [
      "http://127.0.0.1.evil.org", "http://127.0.0.1@evil.org", "https://storage.googleapis.com", "127.0.0.1",
      "file://127.0.0.1/x", "http://127.0.0.1 @evil.org", "",
    ] {
      #expect(!HTTPAddress.isLoopback(url), "\(url)")
    }
    #expect(throws: MagnetError.self) { try StoreAddress(endpoint: "ftp://x") }
    #expect(try StoreAddress(endpoint: "localhost:4443/").endpoint == "http://localhost:4443")
  }
}
