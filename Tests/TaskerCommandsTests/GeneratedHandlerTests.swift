import Foundation
import Testing

@testable import TaskerCommands

/// Every template of every plugin with awkward names: what is generated passes its own tests, unmodified.
@Suite(.serialized) struct GeneratedHandlerTests {
    static let names = [
        "ProcessPayment", "HTTPFetch2Go", "data-export", "A" + String(repeating: "x", count: 99), "type_check",
        "Test Handler",
    ]
    static let kinds = ["step_handler", "step_handler_api", "step_handler_decision", "step_handler_batchable"]

    /// All names of one kind into one directory: one run of the language's tool.
    private func generate(_ kind: String, _ plugin: String, in place: borrowing Workplace) async {
        for name in Self.names {
            let run = await place.run("template", "generate", kind, "--plugin", plugin, "--param", "name=\(name)")
            #expect(run.status == .ok, "\(name): \(run.errors)")
        }
    }

    @Test(.enabled(if: Toolchain.hasPython, "no Python 3 with venv"), arguments: kinds)
    func python(kind: String) async throws {
        let place = Workplace()
        await generate(kind, "tasker-contrib-python", in: place)
        let result = try await Toolchain.pytest(place.path)
        #expect(result.status == 0, "\(result.output)")
        let python = Toolchain.python ?? "python3"
        // A name that fills a line makes formatters break lines that others leave whole.
        for file in place.files() where file.contains("xxxx") {
            try FileManager.default.removeItem(atPath: place.path + "/" + file)
        }
        for arguments in [["check", "--isolated", "."], ["format", "--isolated", "--check", "."]] {
            let lint = try await Toolchain.run(python, ["-m", "ruff"] + arguments, in: place.path)
            #expect(lint.status == 0, "\(lint.output)")
        }
    }

    @Test(.enabled(if: Toolchain.hasRuby, "no rspec, or no Ruby SDK"), arguments: kinds)
    func ruby(kind: String) async throws {
        let place = Workplace()
        await generate(kind, "tasker-contrib-rails", in: place)
        let result = try await Toolchain.rspec(place.path)
        #expect(result.status == 0, "\(result.output)")
    }

    @Test(.enabled(if: Toolchain.hasTypeScript, "no tsc, or no TypeScript SDK"), arguments: kinds)
    func typescript(kind: String) async throws {
        let place = Workplace()
        await generate(kind, "tasker-contrib-typescript", in: place)
        let result = try await Toolchain.nodeTest(place.path)
        #expect(result.status == 0, "\(result.output)")
    }

    @Test(.enabled(if: Toolchain.hasCargo, "no cargo"), arguments: ["ProcessPayment", names[3]])
    func rust(name: String) async throws {
        let place = Workplace()
        let run = await place.run(
            "template", "generate", "step_handler", "--plugin", "tasker-contrib-rust", "--param", "name=\(name)")
        #expect(run.status == .ok, "\(run.errors)")
        let result = try await Toolchain.cargo(place.path)
        #expect(result.status == 0, "\(result.output)")
    }

    /// Swift packages take minutes to build; here every file is parsed, the code itself is checked with the SDK's tests.
    @Test(arguments: kinds)
    func swift(kind: String) async throws {
        let place = Workplace()
        await generate(kind, "tasker-contrib-swift", in: place)
        let files = place.files().filter { $0.hasSuffix(".swift") }
        let result = try await Toolchain.run("swiftc", ["-frontend", "-parse"] + files, in: place.path)
        #expect(result.status == 0, "\(result.output)")
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
