// swift-tools-version: 6.1
import PackageDescription

// A package of its own, as it builds only with the flags that `make fuzz` gives.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "magnet", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "HelmBackend", package: "magnet"), .product(name: "Magnet", package: "magnet"),
        .product(name: "Cards", package: "magnet"), .product(name: "Shifts", package: "magnet"),
      ],
      path: "Sources")
  ],
  cxxLanguageStandard: .cxx17
)
