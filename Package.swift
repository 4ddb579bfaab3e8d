// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
/// What a program or library is built with; tests may do without the marks of unsafe expressions.
let safe = strict + [.strictMemorySafety()]

let package = Package(
  name: "magnet",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Magnet", targets: ["Magnet"]),
    .library(name: "HelmBackend", targets: ["HelmBackend"]),
    .library(name: "Predictors", targets: ["Predictors"]),
    .library(name: "Cards", targets: ["Cards"]),
    .library(name: "Judges", targets: ["Judges"]),
    .library(name: "Shifts", targets: ["Shifts"]),
    .library(name: "MagnetCommand", targets: ["MagnetCommand"]),
    .executable(name: "magnet", targets: ["magnet-cli"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .target(
      name: "CSimdJSON",
      linkerSettings: [.linkedLibrary("simdjson")]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // libcurl is loaded when it is first needed; only its headers are needed to build.
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .systemLibrary(
      name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
    .systemLibrary(name: "CChecksum"),
    // The demo suite, compressed into the program.
    .target(name: "CDemo", exclude: ["demo.tar.gz", "make.sh"]),
    .systemLibrary(name: "CSpawn"),
    .target(name: "CVector"),
    .systemLibrary(name: "CLineEdit"),
    .target(
      name: "Magnet",
      dependencies: [
        "CSQLite", "CZlib", "CSpawn", "CVector", .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: safe),
    .target(
      name: "HelmBackend",
      dependencies: [
        "Magnet", "CSimdJSON", "CCurl", "CZlib", "CChecksum", "CDemo",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: safe),
    .target(
      name: "Predictors",
      dependencies: ["Magnet", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: safe),
    .target(name: "Cards", dependencies: ["Magnet", "CYaml"], swiftSettings: safe),
    .target(
      name: "Shifts",
      dependencies: ["Magnet", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: safe),
    .target(
      name: "Judges",
      dependencies: ["Magnet", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: safe),
    .target(
      name: "MagnetCommand",
      dependencies: [
        "Magnet", "HelmBackend", "Predictors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/magnet-cli/Command", swiftSettings: safe),
    .executableTarget(
      name: "magnet-cli",
      dependencies: [
        "Magnet", "HelmBackend", "Predictors", "Cards", "Judges", "Shifts", "MagnetCommand", "CLineEdit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Command"],
      swiftSettings: safe),
    .target(
      name: "TestSupport", dependencies: ["Magnet"], path: "Tests/TestSupport", swiftSettings: strict),
    .executableTarget(
      name: "readme-example", dependencies: ["HelmBackend", "Magnet"], path: "Tests/ReadmeExample",
      swiftSettings: strict),
    // What `magnet new predictor` writes, byte for byte, and DocC's article shows.
    .executableTarget(
      name: "MeanPredictor", dependencies: ["Magnet", "MagnetCommand"],
      path: "Tests/Generated/MeanPredictor/Sources/MeanPredictor"),
    .testTarget(
      name: "MeanPredictorTests", dependencies: ["MeanPredictor", "Magnet"],
      path: "Tests/Generated/MeanPredictor/Tests/MeanPredictorTests"),
    .executableTarget(
      name: "WordCounts", dependencies: ["Magnet", "Shifts"],
      path: "Tests/Generated/WordCounts/Sources/WordCounts"),
    .executableTarget(
      name: "ItemPredictor", dependencies: ["Magnet", "MagnetCommand"],
      path: "Tests/Generated/ItemPredictor/Sources/ItemPredictor"),
    .testTarget(
      name: "ItemPredictorTests", dependencies: ["ItemPredictor", "Magnet"],
      path: "Tests/Generated/ItemPredictor/Tests/ItemPredictorTests"),
    .testTarget(name: "MagnetTests", dependencies: ["Magnet", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "HelmBackendTests", dependencies: ["HelmBackend", "Magnet", "TestSupport", "CSQLite"],
      swiftSettings: strict),
    .testTarget(
      name: "PredictorsTests", dependencies: ["Predictors", "HelmBackend", "Magnet", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "JudgesTests", dependencies: ["Judges", "Predictors", "HelmBackend", "Magnet", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CardsTests", dependencies: ["Cards", "Magnet", "HelmBackend", "magnet-cli", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ShiftsTests", dependencies: ["Shifts", "Predictors", "HelmBackend", "Magnet", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CLITests",
      dependencies: [
        "magnet-cli", "readme-example", "MeanPredictor", "ItemPredictor", "WordCounts", "Magnet",
        "TestSupport",
      ],
      exclude: ["Browser", "Columnar"],
      swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
