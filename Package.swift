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
        .executable(name: "hawser-autobahn", targets: ["hawser-autobahn"]),
        .executable(name: "hawser-bench", targets: ["hawser-bench"]),
        .library(name: "HawserHTTP", targets: ["HawserHTTP"]),
        .library(name: "HawserWebSocket", targets: ["HawserWebSocket"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibwebsockets", pkgConfig: "libwebsockets", providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(name: "CMemoryFile"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        library("Locking"),
        library("MonotonicTime"),
        library("WebSocketProtocol", ["CZlib"]),
        library("ConnectionLifecycle", ["MonotonicTime"]),
        library("NameResolution", ["Locking", "MonotonicTime"]),
        library(
            "Transport",
            ["CLibwebsockets", "Locking", "MonotonicTime", "NameResolution", "WebSocketProtocol"]
        ),
        library(
            "HawserWebSocket",
            ["ConnectionLifecycle", "Locking", "MonotonicTime", "NameResolution", "Transport", "WebSocketProtocol"]
        ),
        library(
            "HawserHTTP",
            [
                "CBrotli", "CCurl", "CZlib", "CZstd", "ConnectionLifecycle", "Locking", "MonotonicTime",
                "NameResolution", "WebSocketProtocol",
            ]
        ),
        library("HawserServers", ["CLibwebsockets", "MonotonicTime", "Transport", "WebSocketProtocol"]),
        .target(
            name: "HawserDaemon",
            dependencies: [
                "CMemoryFile", "ConnectionLifecycle", "CZlib", "HawserHTTP", "HawserServers", "HawserWebSocket",
                "Locking",
                "MonotonicTime", "NameResolution", "Transport", "WebSocketProtocol",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Resources/demo.yaml")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hawser",
            dependencies: [
                "ConnectionLifecycle", "HawserDaemon", "HawserHTTP", "HawserServers", "HawserWebSocket", "Transport",
                "WebSocketProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .executableTarget(
            name: "hawser-bench",
            dependencies: [
                "ConnectionLifecycle", "HawserHTTP", "HawserWebSocket", "MonotonicTime", "NameResolution", "Transport",
                "WebSocketProtocol",
            ],
            path: "Benchmarks/hawser-bench",
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CLibwebsockets", "CZlib", "Locking", "MonotonicTime"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "SinkCrashWriter",
            dependencies: ["HawserDaemon"],
            path: "Tests/SinkCrashWriter",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hawser-autobahn",
            dependencies: [
                "ConnectionLifecycle", "HawserWebSocket", "MonotonicTime", "NameResolution", "Transport",
                "WebSocketProtocol", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Conformance/hawser-autobahn",
            swiftSettings: strict
        ),
        tests("LockingTests", ["Locking", "TestSupport"]),
        tests("MonotonicTimeTests", ["MonotonicTime"]),
        tests("WebSocketProtocolTests", ["CZlib", "WebSocketProtocol"]),
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
                "ConnectionLifecycle", "CZlib", "HawserWebSocket", "Locking", "NameResolution", "TestSupport",
                "Transport", "WebSocketProtocol",
            ]
        ),
        tests(
            "InteropTests",
            [
                "ConnectionLifecycle", "HawserHTTP", "HawserWebSocket", "Locking", "MonotonicTime",
                "NameResolution", "TestSupport", "Transport", "WebSocketProtocol",
            ]
        ),
        tests(
            "HawserHTTPTests",
            [
                "CZlib", "CZstd", "ConnectionLifecycle", "HawserHTTP", "Locking", "MonotonicTime", "NameResolution",
                "TestSupport",
            ]
        ),
        tests("HawserServersTests", ["HawserServers", "TestSupport", "Transport"]),
        tests(
            "HawserDaemonTests",
            [
                "ConnectionLifecycle", "CZlib", "HawserDaemon", "HawserHTTP", "HawserWebSocket", "Locking",
                "MonotonicTime", "SinkCrashWriter", "TestSupport", "Transport", "WebSocketProtocol",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        tests("HawserCommandTests", ["Locking", "TestSupport", "hawser"]),
        tests("TidyTests", []),
    ]
)
