import Foundation
import Testing

/// The tools of the languages that code is generated for.
enum Toolchain {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    struct Result {
        var status: Int32
        var output: String
    }

    /// Runs a program to its end, output and errors in one text. On a thread of its own: the few of the runtime are for
    /// the tests beside this one.
    static func run(
        _ program: String, _ arguments: [String], in directory: String, environment: [String: String] = [:]
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Swift.Result {
                        try runBlocking(program, arguments, in: directory, environment: environment)
                    })
            }
        }
    }

    private static func runBlocking(
        _ program: String, _ arguments: [String], in directory: String, environment: [String: String] = [:]
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
    }

    static func has(_ program: String, _ arguments: String...) -> Bool {
        (try? runBlocking(program, arguments.isEmpty ? ["--version"] : arguments, in: "/"))?.status == 0
    }

    /// A missing tool is a reason to skip on a laptop and a fault where `CI` is set.
    static func isWanted(_ isThere: Bool) -> Bool { isThere || ProcessInfo.processInfo.environment["CI"] != nil }

    /// The interpreter with the Python SDK and pytest.
    static let python: String? = {
        let found = try? runBlocking(root + "/scripts/python-environment", ["dev"], in: root)
        let line = found?.output.split(separator: "\n").last.map(String.init) ?? ""
        return found?.status == 0 && line.hasPrefix("/") ? line : nil
    }()

    static let hasPython = isWanted(python != nil)
    static let hasRuby =
        FileManager.default.fileExists(atPath: root + "/sdks/ruby/lib/tasker_core.rb") && isWanted(has("rspec"))
    static let typeScriptSDK = root + "/sdks/typescript"
    static let hasRubocop = hasRuby && isWanted(has("rubocop"))
    static let hasTypeScript =
        FileManager.default.fileExists(atPath: typeScriptSDK + "/src/index.ts") && isWanted(has("tsc"))
    /// Not among the packages a checkout must have.
    static let hasCargo = has("cargo")

    // MARK: - The test commands of the languages

    static func pytest(_ directory: String) async throws -> Result {
        try await run(
            python ?? "python3", ["-m", "pytest", "-q", "-p", "no:cacheprovider"], in: directory,
            environment: ["PYTHONPATH": root + "/sdks/python/src"])
    }

    static func rspec(_ directory: String) async throws -> Result {
        try await run("rspec", ["-I", root + "/sdks/ruby/lib", "--pattern", "**/*_spec.rb"], in: directory)
    }

    static func cargo(_ directory: String) async throws -> Result {
        try await run("cargo", ["test", "--offline", "--quiet"], in: directory)
    }

    /// Compiles a Swift package against the SDK of this build and runs its tests.
    static func swiftTest(_ directory: String) async throws -> Result {
        let compiled = try await run(
            root + "/scripts/lib/compile-package", [directory, directory + "/.programs"], in: directory)
        guard compiled.status == 0 else { return compiled }
        let result = try await run(
            directory + "/.programs/tests", ["--testing-library", "swift-testing"], in: directory)
        return result.output.contains(" passed after ") ? result : Result(status: 1, output: result.output)
    }

    // MARK: - Formatters and linters

    /// As a project with the tool's defaults has it; blocks of specs are long everywhere.
    static func rubocop(_ directory: String) async throws -> Result {
        let rules = """
            AllCops: {NewCops: disable, SuggestExtensions: false}
            Metrics/BlockLength: {Exclude: ['**/spec/**/*']}
            """
        try rules.write(toFile: directory + "/.rubocop.yml", atomically: true, encoding: .utf8)
        return try await run("rubocop", ["--format", "simple", "--cache", "false"], in: directory)
    }

    static func swiftFormat(_ directory: String) async throws -> Result {
        let rules = ["lint", "--strict", "--configuration", root + "/.swift-format", "--recursive"]
        return try await run("swift", ["format"] + rules + ["Package.swift", "Sources", "Tests"], in: directory)
    }

    static func rustLint(_ directory: String) async throws -> Result {
        if has("rustfmt") {
            let format = try await run("cargo", ["fmt", "--check"], in: directory)
            guard format.status == 0 else { return format }
        }
        guard has("cargo-clippy") else { return Result(status: 0, output: "") }
        let flags = ["--offline", "--quiet", "--all-targets", "--", "-D", "warnings"]
        return try await run("cargo", ["clippy"] + flags, in: directory)
    }

    /// Compiles and runs the tests; the SDK is compiled once.
    static func nodeTest(_ directory: String, in tests: String = "dist/__tests__") async throws -> Result {
        try await compiledTypeScriptSDK.value
        let modules = directory + "/node_modules/@tasker-systems"
        try FileManager.default.createDirectory(atPath: modules, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: modules + "/tasker", withDestinationPath: builtSDK)
        let package = directory + "/package.json"
        if !FileManager.default.fileExists(atPath: package) {
            try #"{"type":"module"}"#.write(toFile: package, atomically: true, encoding: .utf8)
        }
        let sources = try FileManager.default.subpathsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".ts") && !$0.hasPrefix("node_modules") }
        let compiled = try await run(
            "tsc",
            [
                "--strict", "--target", "ES2022", "--module", "node16", "--moduleResolution", "node16", "--lib",
                "ES2022,DOM,DOM.Iterable", "--isolatedModules", "--noUnusedLocals", "--noUnusedParameters", "--outDir",
                "dist",
            ] + sources, in: directory)
        guard compiled.status == 0 else { return compiled }
        return try await run("node", ["--test", tests], in: directory)
    }

    /// Beside the SDK, not in it: a test leaves no files among the sources.
    private static let builtSDK = root + "/.tasker/typescript-sdk"

    private static let compiledTypeScriptSDK = Task.detached {
        let manager = FileManager.default
        try manager.createDirectory(atPath: builtSDK, withIntermediateDirectories: true)
        let result = try await run("tsc", ["--project", ".", "--outDir", builtSDK + "/dist"], in: typeScriptSDK)
        #expect(result.status == 0, "\(result.output)")
        let package = try Data(contentsOf: URL(fileURLWithPath: typeScriptSDK + "/package.json"))
        try package.write(to: URL(fileURLWithPath: builtSDK + "/package.json"))
    }
}
