// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// A target of ours: strict concurrency, warnings as errors.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "hawser",
    products: [
        .executable(name: "hawser", targets: ["hawser"]),
        .library(name: "HawserWebSocket", targets: ["HawserWebSocket"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibwebsockets", pkgConfig: "libwebsockets", providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        library("Locking"),
        library("MonotonicTime"),
        library("WebSocketProtocol"),
        library("ConnectionLifecycle", ["MonotonicTime"]),
        library("NameResolution", ["Locking", "MonotonicTime"]),
        library("Transport", ["CLibwebsockets", "Locking", "MonotonicTime", "NameResolution"]),
        library(
            "HawserWebSocket",
            ["ConnectionLifecycle", "MonotonicTime", "NameResolution", "Transport", "WebSocketProtocol"]
        ),
        library("HawserServers", ["CLibwebsockets", "MonotonicTime", "Transport"]),
        .target(
            name: "HawserDaemon",
            dependencies: [
                "ConnectionLifecycle", "CZlib", "HawserServers", "HawserWebSocket", "Locking", "MonotonicTime",
                "NameResolution", "Transport", "WebSocketProtocol",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Resources/demo.yaml")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hawser",
            dependencies: [
                "ConnectionLifecycle", "HawserDaemon", "HawserWebSocket", "Transport", "WebSocketProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CLibwebsockets", "Locking", "MonotonicTime"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "SinkCrashWriter",
            dependencies: ["HawserDaemon"],
            path: "Tests/SinkCrashWriter",
            swiftSettings: strict
        ),
        tests("LockingTests", ["Locking", "TestSupport"]),
        tests("MonotonicTimeTests", ["MonotonicTime"]),
        tests("WebSocketProtocolTests", ["WebSocketProtocol"]),
        tests("ConnectionLifecycleTests", ["ConnectionLifecycle", "MonotonicTime"]),
        tests("SimulationTests", ["ConnectionLifecycle", "MonotonicTime"]),
        tests("NameResolutionTests", ["Locking", "MonotonicTime", "NameResolution", "TestSupport"]),
        tests(
            "TransportTests",
            ["CLibwebsockets", "Locking", "MonotonicTime", "NameResolution", "TestSupport", "Transport"]
        ),
        tests(
            "HawserWebSocketTests",
            [
                "ConnectionLifecycle", "HawserWebSocket", "Locking", "NameResolution", "TestSupport", "Transport",
                "WebSocketProtocol",
            ]
        ),
        tests(
            "InteropTests",
            ["ConnectionLifecycle", "HawserWebSocket", "TestSupport", "Transport", "WebSocketProtocol"]
        ),
        tests("HawserServersTests", ["HawserServers", "TestSupport", "Transport"]),
        tests(
            "HawserDaemonTests",
            [
                "ConnectionLifecycle", "CZlib", "HawserDaemon", "Locking", "SinkCrashWriter", "TestSupport",
                "Transport",
                "WebSocketProtocol", .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("HawserCommandTests", ["Locking", "TestSupport", "hawser"]),
        tests("TidyTests", []),
    ]
)
