import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet view`, asked as a browser and as others ask it.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")))
struct ViewCommandTests {
  /// A server over a folder, ended with the test.
  private final class Server {
    let process = Process()
    let address: String
    let port: String

    init(_ path: String) throws {
      process.executableURL = URL(filePath: Tool.binary)
      process.arguments = ["view", path]
      process.standardInput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      // The address is the one line that it writes.
      var line = ""
      while !line.hasSuffix("\n") {
        let data = try pipe.fileHandleForReading.read(upToCount: 1) ?? Data()
        if data.isEmpty { break }
        line += String(decoding: data, as: UTF8.self)
      }
      address = line.trimmingCharacters(in: .whitespacesAndNewlines)
      port =
        address.split(separator: "/").dropFirst().first?.split(separator: ":").last.map(String.init) ?? ""
    }

    /// The exit status after an interrupt.
    func interrupt() -> Int32 {
      process.interrupt()
      process.waitUntilExit()
      return process.terminationStatus
    }

    deinit { if process.isRunning { process.terminate() } }

    func get(_ path: String, _ arguments: String...) throws -> (status: String, text: String, headers: String)
    {
      let outcome = try Tool.run(
        command: "/usr/bin/curl",
        ["-s", "-i", "-o", "-", "-w", "\n%{http_code}", "--path-as-is", address + path] + arguments)
      let parts = outcome.output.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
      let body = parts.count > 1 ? parts[1] : outcome.output
      let status = outcome.output.split(separator: "\n").last.map(String.init) ?? ""
      return (status, body, parts.first ?? "")
    }
  }

  @Test func onlyThoseWhoKnowTheAddressAreAnswered() throws {
    let server = try Server(Project.plain)
    #expect(server.address.hasPrefix("http://127.0.0.1:") && server.address.count > 50)
    let page = try server.get("")
    #expect(page.status == "200" && page.text.contains("of which 12 are complete"))
    #expect(page.headers.contains("nosniff") && page.headers.contains("frame-ancestors 'none'"))
    #expect(page.headers.contains("no-store"))
    let other = "http://127.0.0.1:\(server.port)/" + String(repeating: "0", count: 32) + "/"
    let curl = ["-s", "-o", "/dev/null", "-w", "%{http_code}"]
    func status(_ arguments: String...) throws -> String {
      try Tool.run(command: "/usr/bin/curl", curl + arguments).output
    }
    #expect(try status(other) == "404")
    #expect(try status("http://127.0.0.1:\(server.port)/") == "404")
    #expect(try status("-H", "Host: evil.example", server.address) == "421")
    #expect(try status("-H", "Host: evil.example:\(server.port)", server.address) == "421")
    #expect(try status("-H", "Origin: http://evil.example", server.address) == "403")
    #expect(try status("-H", "Sec-Fetch-Site: cross-site", server.address) == "403")
    #expect(try status("-H", "Sec-Fetch-Site: same-origin", server.address) == "200")
    #expect(try status("-X", "POST", server.address) == "405")
    #expect(try status("-X", "DELETE", server.address) == "405")
    #expect(try server.get("../../etc/passwd").status == "404")
    #expect(try server.get("nothing").status == "404")
    #expect(try server.get("run?id=0000").status == "404")
    if let sockets = try? Project.text("/proc/net/tcp"), let number = Int(server.port) {
      let hex = String(number, radix: 16, uppercase: true)
      let port = ":" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
      // number, local address, remote address, state (0A: listening)
      var listening: [String] = []
      for line in sockets.split(separator: "\n") {
        let fields = line.split(separator: " ").map(String.init)
        if fields.count > 3, fields[1].hasSuffix(port), fields[3] == "0A" { listening.append(fields[1]) }
      }
      #expect(listening.allSatisfy { $0 == "0100007F" + port }, "\(listening)")
    }
    #expect(server.interrupt() == 130)
  }

  @Test func pagesShowWhatTheCommandsShow() throws {
    let folder = try TemporaryFolder()
    var run = MadeRun("made:part=one", "acme/a", (0..<45).map { $0 % 3 == 0 ? 1 : 0 })
    run.answer = { place, score in score == 1 ? "right \(place)" : "<script>alert(\(place))</script>" }
    try run.write(to: folder)
    let server = try Server(folder.path)
    let overview = try server.get("")
    let id = try #require(overview.text.firstMatch(of: #/href="run\?id=([0-9a-f]+)"/#)).output.1
    let page = try server.get("run?id=\(id)")
    #expect(page.status == "200" && page.text.contains("exact_match@test: 0.333"))
    let first = try server.get("instances?id=\(id)")
    #expect(first.text.contains("Instances 1 to 20 of 45") && first.text.contains("&lt;script&gt;alert(1)"))
    #expect(!first.text.contains("<script>alert"))
    let last = try server.get("instances?id=\(id)&page=3")
    #expect(last.text.contains("Instances 41 to 45 of 45") && !last.text.contains(">Next<"))
    #expect(try server.get("instances?id=\(id)&page=999").text.contains("Instances 41 to 45 of 45"))
    #expect(try server.get("instances?id=\(id)&q=right+3").text.contains("of 5"))
    #expect(try server.get("leaderboard").text.contains("data-v=\"0.3333333333333333\""))
    #expect(try server.get("coverage").text.contains("made:part=one"))

    // A run that is written while the server is there.
    try MadeRun("made:part=one", "acme/b<i>", Array(repeating: 1, count: 45)).write(to: folder, fileName: "b")
    let again = try server.get("")
    #expect(again.text.contains("2, of which 2 are complete") && again.text.contains("acme/b&lt;i&gt;"))
    let compared = try server.get("compare?a=acme/a&b=acme/b%3Ci%3E")
    #expect(compared.text.contains("McNemar") && compared.text.contains("acme/b&lt;i&gt;"))
    #expect(try server.get("compare?a=nobody&b=acme/a").text.contains("no scenario"))
  }

  /// What a client gets that sends a few bytes and ends, or sends nothing at all.
  @Test func requestsThatNoBrowserSendsAreRefused() throws {
    let server = try Server(Project.plain)
    func status(sending bytes: String) throws -> String {
      let script = "exec 3<>/dev/tcp/127.0.0.1/\(server.port); printf '%b' \"$0\" >&3; head -c 12 <&3"
      return try Tool.run(command: "/bin/bash", ["-c", script, bytes]).output
    }
    #expect(try status(sending: #"nonsense\r\n\r\n"#) == "HTTP/1.1 400")
    #expect(try status(sending: #"GET / HTTP/2\r\n\r\n"#) == "HTTP/1.1 400")
    #expect(try status(sending: #"GET / HTTP/1.1\r\n: x\r\n\r\n"#) == "HTTP/1.1 400")
    #expect(try status(sending: #"GET / HTTP/1.1\r\n\r\n"#) == "HTTP/1.1 421")
    let host = #"\r\nHost: 127.0.0.1:"# + server.port
    #expect(try status(sending: "GET /" + host + host + #"\r\n\r\n"#) == "HTTP/1.1 400")
    #expect(try status(sending: "GET / HTTP/1.1" + host + host + #"\r\n\r\n"#) == "HTTP/1.1 421")
    #expect(try status(sending: "GET / HTTP/1.1" + host + #"\r\n\r\n"#) == "HTTP/1.1 404")
    // More than a browser sends: the connection ends without an answer.
    let long = String(repeating: "x", count: 100_000)
    #expect(try status(sending: "GET /" + long + " HTTP/1.1" + host) == "")
    // A browser opens connections before it has anything to ask.
    let idle = try Tool.run(
      command: "/bin/bash",
      [
        "-c",
        "for i in 3 4 5 6; do eval \"exec $i<>/dev/tcp/127.0.0.1/\(server.port)\"; done; /usr/bin/curl -s -I \"$0\"",
        server.address,
      ])
    #expect(idle.output.hasPrefix("HTTP/1.1 200") && idle.output.hasSuffix("\r\n\r\n"))
    #expect(server.interrupt() == 130)
  }

  @Test func wrongPathsAreSaidAtOnce() throws {
    let outcome = try Tool.run("view", "/nowhere")
    #expect(outcome.status == 2 && outcome.errors.contains("/nowhere"))
    #expect(try Tool.run("view", Project.plain, "--port", "99999").status == 64)
  }
}
