import Testing

@testable import Magnet

/// Thrift's compact protocol: what is written reads back, and any bytes are read or refused.
@Suite struct ThriftTests {
  /// A value to write, with its field's number.
  private indirect enum Sample: Equatable {
    case int(Int)
    case binary([UInt8])
    case structure([(Int, Sample)])
    case ints([Int])
    case binaries([[UInt8]])
    case structures([[(Int, Sample)]])

    static func == (a: Sample, b: Sample) -> Bool { "\(a)" == "\(b)" }
  }

  private static func integer(_ random: inout PythonRandom) -> Int {
    random.choice([
      0, 1, -1, 63, 64, -64, -65, 8191, 8192, 1 << 31 - 1, -(1 << 31), .max, .min, 1 << 40,
    ])
  }

  private static func bytes(_ random: inout PythonRandom) -> [UInt8] {
    (0..<random.choice([0, 1, 5, 127, 128, 300])).map { _ in UInt8(random.below(256)) }
  }

  private static func fields(_ random: inout PythonRandom, depth: Int) -> [(Int, Sample)] {
    var field = 0
    return (0..<random.below(6)).map { _ in
      field += random.choice([1, 1, 2, 15, 16, 40])
      let sample: Sample
      switch random.below(depth > 2 ? 4 : 6) {
      case 0: sample = .int(integer(&random))
      case 1: sample = .binary(bytes(&random))
      case 2:
        sample = .ints((0..<random.choice([0, 1, 14, 15, 16, 200])).map { _ in integer(&random) })
      case 3: sample = .binaries((0..<random.choice([0, 2, 15])).map { _ in bytes(&random) })
      case 4: sample = .structure(fields(&random, depth: depth + 1))
      default:
        sample = .structures((0..<random.below(3)).map { _ in fields(&random, depth: depth + 1) })
      }
      return (field, sample)
    }
  }

  private static func write(_ fields: [(Int, Sample)], to writer: inout ThriftWriter) {
    for (field, sample) in fields {
      switch sample {
      case .int(let value):
        if value.magnitude < 1 << 30 {
          writer.int32(field, value)
        } else {
          writer.int64(field, value)
        }
      case .binary(let bytes): writer.binary(field, bytes)
      case .structure(let inner): writer.structure(field) { write(inner, to: &$0) }
      case .ints(let values):
        writer.list(field, 5, count: values.count)
        for value in values { writer.element(value) }
      case .binaries(let values):
        writer.list(field, 8, count: values.count)
        for value in values { writer.element(value) }
      case .structures(let values):
        writer.list(field, 12, count: values.count)
        for value in values { writer.element { write(value, to: &$0) } }
      }
    }
  }

  private static func expect(_ value: ThriftValue?, _ sample: Sample) {
    switch sample {
    case .int(let number): #expect(value?.int == number)
    case .binary(let bytes): #expect(value?.bytes.map(Array.init) == bytes)
    case .structure(let inner): expectFields(value, inner)
    case .ints(let numbers): #expect(value?.elements?.map(\.int) == numbers)
    case .binaries(let all): #expect(value?.elements?.map { $0.bytes.map(Array.init) } == all)
    case .structures(let all):
      #expect(value?.elements?.count == all.count)
      for (element, inner) in zip(value?.elements ?? [], all) { expectFields(element, inner) }
    }
  }

  private static func expectFields(_ value: ThriftValue?, _ fields: [(Int, Sample)]) {
    guard case .structure(let found)? = value else {
      Issue.record("not a struct")
      return
    }
    #expect(Set(found.keys) == Set(fields.map(\.0)))
    for (field, sample) in fields { expect(value?[field], sample) }
  }

  @Test(arguments: 1...25) func whatIsWrittenReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<8 {
      let fields = Self.fields(&random, depth: 0)
      let bytes = ThriftWriter.structure { Self.write(fields, to: &$0) }
      var reader = ThriftReader(([9, 9] + bytes + [7])[2...])
      Self.expectFields(try reader.structure(), fields)
      #expect(reader.at == bytes.count + 2, "no byte further than its end")
      for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 20)) {
        #expect(throws: ThriftReader.Failure.self) {
          var cut = ThriftReader(bytes[..<length])
          _ = try cut.structure()
        }
      }
      for _ in 0..<40 {
        var damaged = bytes
        damaged[random.below(bytes.count)] = UInt8(random.below(256))
        var reader = ThriftReader(damaged[...])
        _ = try? reader.structure()
        #expect(reader.at <= damaged.count)
      }
    }
  }

  @Test func kindsThatAreNotWrittenAreRead() throws {
    // Fields 1 true, 2 false, 3 a byte of -2, 4 the double 0.5, 5 a list of booleans.
    var reader = ThriftReader([
      0x11, 0x12, 0x13, 0xFE, 0x17, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 0x19, 0x21, 1, 2, 0,
    ])
    let value = try reader.structure()
    guard case .bool(true)? = value[1], case .bool(false)? = value[2], case .double(0.5)? = value[4]
    else {
      Issue.record("\(value)")
      return
    }
    #expect(
      value[3]?.int == -2 && value[5]?.elements?.count == 2 && value[6] == nil
        && value[3]?[1] == nil)
  }

  @Test(
    arguments: [
      ([], "the metadata ends too early"), ([0x18, 5, 1], "a text is longer than the metadata"),
      ([0x19, 0xF5, 0xFF, 0x7F], "a list is longer than the metadata"),
      ([0x1D, 0], "the metadata hold a type that Parquet does not have, 13"),
      ([0x15] + [UInt8](repeating: 0xFF, count: 11), "a number has more than 64 bits"),
      ([UInt8](repeating: 0x1C, count: 40), "the metadata are nested too deeply"),
      ([0x19] + [UInt8](repeating: 0x19, count: 40), "the metadata are nested too deeply"),
    ] as [([UInt8], String)])
  func damageIsSaid(_ bytes: [UInt8], _ problem: String) {
    let failure = #expect(throws: ThriftReader.Failure.self) {
      var reader = ThriftReader(bytes[...])
      _ = try reader.structure()
    }
    #expect(failure?.problem == problem)
  }
}
