import Foundation
import TaskerProtocol
import Testing

/// The conformance workers of all four SDKs keep the wire protocol, by `tasker-ctl conformance run`.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SDKConformanceTests {
    enum Language: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case swift, python, ruby, typescript
        var testDescription: String { rawValue }

        var isThere: Bool {
            switch self {
            case .swift: true
            case .python: Tools.python != nil
            case .ruby: Tools.hasRuby
            case .typescript: Tools.typeScriptHandlers != nil
            }
        }

        /// Languages of this machine; where `CI` is set, all.
        static var wanted: [Language] { allCases.filter { Tools.isWanted($0.isThere) } }

        var command: [String] {
            get throws {
                let sdk = Tools.root + "/sdks/\(rawValue)"
                return switch self {
                case .swift: [try Tools.product("tasker-example-worker"), "--conformance"]
                case .python: [Tools.python ?? "python3", "-m", "tasker_core.worker", "conformance.handlers"]
                case .ruby:
                    ["ruby", "-I", sdk + "/lib", sdk + "/exe/tasker-worker", sdk + "/conformance/handlers.rb"]
                case .typescript:
                    ["node", sdk + "/bin/tasker-worker.js", Tools.typeScriptHandlers ?? "dist/conformance/handlers.js"]
                }
            }
        }

        var environment: [String: String] {
            let sdk = Tools.root + "/sdks/python"
            return self == .python ? ["PYTHONPATH": "\(sdk)/src:\(sdk)"] : [:]
        }
    }

    @Test(arguments: Language.wanted)
    func everyScenarioPassesOverStandardStreams(language: Language) async throws {
        let run = try await ConformanceRunner.swift.run(
            "stdio", environment: language.environment, command: language.command + ["--transport", "stdio"])
        try expectAll(run, "stdio")
    }

    @Test(.enabled(if: Tools.isWanted(Tools.brokerURL != nil), "no RabbitMQ"), arguments: Language.wanted)
    func everyScenarioPassesOverAMQP(language: Language) async throws {
        let url = try #require(Tools.brokerURL, "set TASKER_TEST_AMQP_URL, or install RabbitMQ")
        let run = try await ConformanceRunner.swift.run(
            "amqp", broker: ("", url), environment: language.environment, command: language.command)
        try expectAll(run, "amqp")
    }

    /// The host of programs that speak over standard streams is a worker like any other.
    @Test(.enabled(if: Tools.isWanted(Tools.brokerURL != nil), "no RabbitMQ"))
    func everyScenarioPassesWithAHostedProgram() async throws {
        let url = try #require(Tools.brokerURL, "set TASKER_TEST_AMQP_URL, or install RabbitMQ")
        let contract = try RawJSON(
            validating: Array(
                FileManager.default.contents(atPath: Tools.root + "/protocol/conformance/handlers.json") ?? Data()))
        let handlers = (contract.value["handlers"]?.arrayValue ?? []).compactMap { $0["callable"]?.stringValue }
        let host =
            [try Tools.product("tasker-ctl"), "worker", "exec", "--handler-version", "1.0.0"]
            + handlers.flatMap { ["--handler", $0] } + ["--"]
        let run = try await ConformanceRunner.swift.run(
            "amqp", broker: ("", url), command: host + Language.swift.command + ["--transport", "stdio"])
        try expectAll(run, "amqp")
    }

    private func expectAll(_ run: ConformanceVerdict, _ transport: String) throws {
        #expect(run.status == 0, "\(run.failures)\n\(run.words.suffix(2000))")
        #expect(run.outcomes.count == (try ConformanceRunner.scenarios(transport)))
        #expect(run.outcomes.allSatisfy { $0.status == "passed" }, "\(run.failures)")
    }
}
