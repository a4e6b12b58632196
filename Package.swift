// swift-tools-version: 6.1
import PackageDescription

/// Every target is Swift 6 with warnings as errors; `-require-explicit-sendable` is left out because it fights the
/// generated memberwise initialisers of value types.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let inMemoryLogging: Target.Dependency = .product(name: "InMemoryLogging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let stencil: Target.Dependency = .product(name: "Stencil", package: "Stencil")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "tasker",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "TaskerWorker", targets: ["TaskerWorker"]),
        .library(name: "TaskerWorkerHTTP", targets: ["TaskerWorkerHTTP"]),
        .library(name: "TaskerTestKit", targets: ["TaskerTestKit"]),
        .library(name: "TaskerWorkerHost", targets: ["TaskerWorkerHost"]),
        .library(name: "TaskerProtocol", targets: ["TaskerProtocol"]),
        .executable(name: "tasker-orchestrator", targets: ["tasker-orchestrator"]),
        .executable(name: "tasker-ctl", targets: ["tasker-ctl"]),
        .executable(name: "tasker-example-worker", targets: ["tasker-example-worker"]),
        .executable(name: "tasker-benchmark", targets: ["tasker-benchmark"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // For TaskerWorkerHTTP alone: it brings TLS.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/stencilproject/Stencil", from: "0.15.1"),
    ],
    targets: [
        // C libraries, each behind a module map.
        .systemLibrary(
            name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // The core, without I/O.
        library("TaskerProtocol", []),
        library("TaskerTemplates", ["CLibYAML", "TaskerProtocol"]),
        library("TaskerEngine", ["TaskerProtocol", "TaskerTemplates"]),

        // The seams and what stands behind them.
        library("TaskerStore", ["TaskerEngine", "TaskerProtocol", "TaskerTemplates"]),
        library(
            "TaskerSQLite", ["TaskerEngine", "TaskerStore", "TaskerProtocol", "TaskerTemplates", grdb, grdbSQLite]),
        library("TaskerMessaging", ["TaskerProtocol"]),
        library("TaskerAMQP", ["TaskerMessaging", "TaskerProtocol", "CRabbitMQ", logging]),

        // The services.
        library(
            "TaskerOrchestrator",
            ["TaskerEngine", "TaskerStore", "TaskerMessaging", "TaskerProtocol", "TaskerTemplates", lifecycle, logging]),
        library(
            "TaskerServer",
            [
                "TaskerOrchestrator", "TaskerEngine", "TaskerStore", "TaskerProtocol", "TaskerTemplates",
                "TaskerMessaging",
                hummingbird, hummingbirdCore, httpTypes, nioCore, lifecycle, logging,
            ]),

        // The Swift SDK.
        .target(
            name: "TaskerWorker",
            dependencies: ["TaskerProtocol", "TaskerMessaging", "TaskerAMQP", lifecycle, logging],
            exclude: ["README.md"], swiftSettings: strict),
        library("TaskerWorkerHTTP", ["TaskerWorker", "TaskerProtocol", asyncHTTPClient, nioCore, nioHTTP1]),
        library("TaskerTestKit", ["TaskerWorker", "TaskerProtocol"]),
        library(
            "TaskerWorkerHost",
            ["TaskerWorker", "TaskerMessaging", "TaskerAMQP", "TaskerProtocol", lifecycle, logging]),

        // The command line.
        library(
            "TaskerCommands",
            [
                "TaskerTemplates", "TaskerProtocol", "TaskerWorkerHost", "TaskerWorker", "TaskerMessaging",
                "TaskerAMQP",
                argumentParser, unixSignals, logging, stencil,
            ]),

        // The programs.
        program(
            "tasker-orchestrator",
            [
                "TaskerServer", "TaskerOrchestrator", "TaskerStore", "TaskerSQLite", "TaskerMessaging", "TaskerAMQP",
                "TaskerProtocol", "TaskerTemplates", "TaskerEngine", argumentParser, lifecycle, unixSignals, logging,
                hummingbird,
            ]),
        program("tasker-ctl", ["TaskerCommands"]),
        program("tasker-example-worker", ["TaskerWorker", "TaskerProtocol", argumentParser, lifecycle, logging]),
        program(
            "tasker-benchmark",
            ["TaskerMessaging", "TaskerAMQP", "TaskerProtocol", argumentParser, logging]),

        // Tests, one folder per target.
        tests("TaskerProtocolTests", ["TaskerProtocol"]),
        tests("TaskerTemplatesTests", ["TaskerTemplates", "TaskerProtocol"]),
        tests("TaskerEngineTests", ["TaskerEngine", "TaskerTemplates", "TaskerProtocol"]),
        tests(
            "TaskerStoreTests",
            ["TaskerStore", "TaskerSQLite", "TaskerEngine", "TaskerTemplates", "TaskerProtocol", grdb, grdbSQLite]),
        tests("TaskerMessagingTests", ["TaskerMessaging", "TaskerAMQP", "TaskerProtocol", logging]),
        tests(
            "TaskerOrchestratorTests",
            [
                "TaskerOrchestrator", "TaskerStore", "TaskerSQLite", "TaskerMessaging", "TaskerEngine",
                "TaskerTemplates",
                "TaskerProtocol", lifecycle, logging,
            ]),
        tests(
            "TaskerServerTests",
            [
                "TaskerServer", "TaskerOrchestrator", "TaskerStore", "TaskerSQLite", "TaskerMessaging", "TaskerEngine",
                "TaskerTemplates", "TaskerProtocol", "TaskerCommands", argumentParser, hummingbird, httpTypes, nioCore,
                nioEmbedded, nioHTTP1, nioPosix, lifecycle, logging,
            ]),
        tests(
            "TaskerWorkerTests",
            [
                "TaskerWorker", "TaskerTestKit", "TaskerMessaging", "TaskerAMQP", "TaskerProtocol", lifecycle, logging,
                inMemoryLogging,
            ]),
        tests(
            "TaskerWorkerHTTPTests",
            [
                "TaskerWorkerHTTP", "TaskerWorker", "TaskerTestKit", "TaskerProtocol", asyncHTTPClient, nioCore,
                nioPosix, nioHTTP1,
            ]),
        tests("TaskerTestKitTests", ["TaskerTestKit", "TaskerWorker", "TaskerProtocol"]),
        tests(
            "TaskerWorkerHostTests",
            [
                "TaskerWorkerHost", "TaskerWorker", "TaskerMessaging", "TaskerAMQP", "TaskerProtocol", lifecycle,
                logging,
            ],
            // Programs that the tests run as workers.
            exclude: ["fixtures"]),
        tests(
            "TaskerCommandsTests",
            ["TaskerCommands", "TaskerTemplates", "TaskerProtocol", argumentParser],
            // What pages look like, and scripts that shells run.
            exclude: ["Golden", "Shells"]),
        tests("WorkerConformanceTests", ["TaskerProtocol", "TaskerWorkerHost"]),
        tests(
            "EndToEndTests",
            ["TaskerMessaging", "TaskerAMQP", "TaskerProtocol", "TaskerTemplates", logging],
            // Python handlers for the workers that the tests start.
            exclude: ["handlers"]),
    ],
    swiftLanguageModes: [.v6]
)
