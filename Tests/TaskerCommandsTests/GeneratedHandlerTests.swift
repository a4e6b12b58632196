import Foundation
import Testing

@testable import TaskerCommands

/// Every template of every plugin with awkward names: what is generated passes its own tests, unmodified.
@Suite(.serialized) struct GeneratedHandlerTests {
    /// Spellings, an acronym with digits, the longest name, words that mean something to a language or a test tool.
    static let names = [
        "ProcessPayment", "HTTPFetch2Go", "data-export", "A" + String(repeating: "x", count: 99), "type_check",
        "Test Handler", "Class Loader", "print", "Error", "self_service",
    ]
    static let kinds = ["step_handler", "step_handler_api", "step_handler_decision", "step_handler_batchable"]

    /// All names of one kind into one directory: one run of the language's tool.
    private func generate(
        _ kind: String, _ plugin: String, module: String? = nil, to folder: String = ".", in place: borrowing Workplace
    ) async {
        for name in Self.names {
            let arguments = ["--plugin", plugin, "--param", "name=\(name)", "-o", folder]
            let more = module.map { ["--param", "module_name=\($0)"] } ?? []
            let run = await place.run(["template", "generate", kind] + arguments + more)
            #expect(run.status == .ok, "\(name): \(run.errors)")
        }
    }

    /// The kinds have the same class names, so each has a module of its own.
    private static let modules = zip(kinds, ["Handlers", "APIs", "Decisions", "Batches"])

    /// A name that fills a line makes formatters break lines that others leave whole.
    private func removeLongNames(in place: borrowing Workplace) throws {
        for file in place.files() where file.lowercased().contains("xxxx") {
            try FileManager.default.removeItem(atPath: place.path + "/" + file)
        }
    }

    @Test(.enabled(if: Toolchain.hasPython, "no Python 3 with venv"), arguments: kinds)
    func python(kind: String) async throws {
        let place = Workplace()
        await generate(kind, "tasker-contrib-python", in: place)
        let result = try await Toolchain.pytest(place.path)
        #expect(result.status == 0, "\(result.output)")
        let python = Toolchain.python ?? "python3"
        try removeLongNames(in: place)
        for arguments in [["check", "--isolated", "."], ["format", "--isolated", "--check", "."]] {
            let lint = try await Toolchain.run(python, ["-m", "ruff"] + arguments, in: place.path)
            #expect(lint.status == 0, "\(lint.output)")
        }
    }

    @Test(.enabled(if: Toolchain.hasRuby, "no rspec, or no Ruby SDK"))
    func ruby() async throws {
        let place = Workplace()
        for (kind, module) in Self.modules {
            await generate(kind, "tasker-contrib-rails", module: module, to: kind, in: place)
        }
        let result = try await Toolchain.rspec(place.path)
        #expect(result.status == 0, "\(result.output)")
        guard Toolchain.hasRubocop else { return }
        try removeLongNames(in: place)
        let lint = try await Toolchain.rubocop(place.path)
        #expect(lint.status == 0, "\(lint.output)")
    }

    @Test(.enabled(if: Toolchain.hasTypeScript, "no tsc, or no TypeScript SDK"))
    func typescript() async throws {
        let place = Workplace()
        for kind in Self.kinds { await generate(kind, "tasker-contrib-typescript", to: kind, in: place) }
        let result = try await Toolchain.nodeTest(place.path, in: "dist")
        #expect(result.status == 0, "\(result.output)")
    }

    /// Neither framework is among the packages of a checkout: the tests compile, and those for vitest run with a stand-in
    /// that has node's `test`.
    @Test(.enabled(if: Toolchain.hasTypeScript, "no tsc, or no TypeScript SDK"))
    func testsForOtherFrameworks() async throws {
        let place = Workplace()
        for framework in ["vitest", "bun"] {
            for kind in Self.kinds {
                let run = await place.run(
                    "template", "generate", kind, "-l", "ts", "--param", "name=My_\(kind)", "--param",
                    "test_framework=\(framework)", "-o", framework)
                #expect(run.status == .ok, "\(run.errors)")
            }
        }
        #expect(try place.read("bun/__tests__/my-step-handler.test.ts").contains("import { test } from 'bun:test';"))
        try place.write("node_modules/vitest/package.json", #"{"name":"vitest","type":"module","main":"index.js"}"#)
        try place.write("node_modules/vitest/index.js", "export { test } from 'node:test';\n")
        let result = try await Toolchain.nodeTest(place.path, in: "dist/vitest/__tests__")
        #expect(result.status == 0, "\(result.output)")
    }

    /// One crate: the first handler as it is, the others added to its library as the command says.
    @Test(.enabled(if: Toolchain.hasCargo, "no cargo"))
    func rust() async throws {
        let place = Workplace()
        for (index, name) in Self.names.enumerated() {
            let run = await place.run(
                "template", "generate", "step_handler", "--plugin", "tasker-contrib-rust", "--param", "name=\(name)")
            #expect(run.status == .ok, "\(run.errors)")
            if index > 0 {
                let line = run.errors.split(separator: "\n").first { $0.contains("pub mod ") }?.split(separator: ": ")
                    .last
                try place.write("lib.rs", try place.read("lib.rs") + "\(line ?? "")\n")
                continue
            }
            let result = try await Toolchain.cargo(place.path)
            #expect(result.status == 0, "\(result.output)")
            let lint = try await Toolchain.rustLint(place.path)
            #expect(lint.status == 0, "\(lint.output)")
        }
        let result = try await Toolchain.cargo(place.path)
        #expect(result.status == 0, "\(result.output)")
    }

    /// `swift test` builds the SDK once more, which takes minutes; see `wholeSwiftPackage`.
    @Test func swift() async throws {
        let place = Workplace()
        for (kind, module) in Self.modules {
            await generate(kind, "tasker-contrib-swift", module: module, in: place)
        }
        let result = try await Toolchain.swiftTest(place.path)
        #expect(result.status == 0, "\(result.output)")
        try removeLongNames(in: place)
        let lint = try await Toolchain.swiftFormat(place.path)
        #expect(lint.status == 0, "\(lint.output)")
    }

    /// All kinds in one package, whichever comes first.
    private func swiftPackage(_ kinds: [String], in place: borrowing Workplace) async {
        for kind in kinds {
            let run = await place.run(
                "template", "generate", kind, "--plugin", "tasker-contrib-swift", "--param", "name=My_\(kind)",
                "--param", "sdk=\(Toolchain.root)")
            #expect(run.status == .ok, "\(run.errors)")
        }
    }

    @Test func onePackageFileServesAllKinds() async throws {
        var packages: [String] = []
        for kinds in [Self.kinds, Self.kinds.reversed()] {
            let place = Workplace()
            await swiftPackage(kinds, in: place)
            packages.append(try place.read("Package.swift"))
        }
        #expect(packages[0] == packages[1])
        let place = Workplace()
        await swiftPackage(Self.kinds, in: place)
        let described = try await Toolchain.run("swift", ["package", "dump-package"], in: place.path)
        #expect(described.status == 0 && described.output.contains("\"TaskerWorkerHTTP\""), "\(described.output)")
    }

    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["TASKER_TEST_SWIFT_PACKAGE"] != nil,
            "builds the SDK once more, about five minutes of processor time: set TASKER_TEST_SWIFT_PACKAGE"))
    func wholeSwiftPackage() async throws {
        let place = Workplace()
        await swiftPackage(Self.kinds, in: place)
        let result = try await Toolchain.run("swift", ["test"], in: place.path)
        #expect(result.status == 0 && result.output.contains(" passed after "), "\(result.output)")
    }

    @Test(arguments: SeedPageTests.plugins, ["package", "seed"])
    func taskTemplatesAreStrictlyValid(plugin: String, dialect: String) async throws {
        let place = Workplace()
        let values = ["handler_callable=App::Handlers::\"Odd: 'Name'\" #x", "handler_callable=yes", "version=2.1.0"]
        for (index, name) in Self.names.enumerated() {
            var arguments = ["--param", "name=\(name)", "--param", "dialect=\(dialect)"]
            if index < values.count { arguments += ["--param", values[index]] }
            let run = await place.run(["template", "generate", "task_template", "--plugin", plugin] + arguments)
            #expect(run.status == .ok, "\(run.errors)")
        }
        let checked = await place.run("template", "validate", ".", "--strict")
        #expect(checked.status == .ok, "\(checked.output)")
        #expect(checked.output.isEmpty)
    }

    @Test func bothDialectsMeanTheSame() async throws {
        let place = Workplace()
        for dialect in ["package", "seed"] {
            await place.run(
                "template", "generate", "task_template", "-l", "python", "--param", "name=Order", "--param",
                "dialect=\(dialect)", "-o", dialect)
        }
        let package = await place.run("template", "show", "package/order.yaml", "-o", "json")
        let seed = await place.run("template", "show", "seed/order.yaml", "-o", "json")
        #expect(package.status == .ok)
        #expect(package.output == seed.output)
    }
}
