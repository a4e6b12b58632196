import Foundation
import TaskerProtocol

/// What one of the two runners found.
struct ConformanceVerdict: Sendable {
    struct Outcome: Sendable, Hashable {
        var scenario: String
        var status: String
        var detail: String

        /// Where it failed: "operation 3 (expect)", or "" for what always holds.
        var place: String { detail.hasPrefix("operation ") ? String(detail.prefix { $0 != ":" }) : "" }
    }

    var status: Int32
    var outcomes: [Outcome]
    /// All that was said, for failing tests.
    var words: String

    var failures: String {
        outcomes.filter { $0.status != "passed" }.map { "\($0.scenario): \($0.detail)" }.joined(separator: "\n")
    }

    init(_ result: Tools.Result, report: String) throws {
        status = result.status
        words = result.output + result.errors
        let document = FileManager.default.contents(atPath: report).flatMap { try? RawJSON(validating: Array($0)) }
        outcomes = (document?.value["outcomes"]?.arrayValue ?? []).map { one in
            Outcome(
                scenario: one["scenario"]?.stringValue ?? "", status: one["status"]?.stringValue ?? "",
                detail: one["detail"]?.stringValue ?? "")
        }
    }
}

enum ConformanceRunner: String, CaseIterable, Sendable {
    case swift, reference

    /// - Parameters:
    ///   - options: those that both have: `--only`, `--patience`.
    ///   - broker: URL for the one, folder of the node for the other.
    func run(
        _ transport: String, _ options: [String] = [], broker: (folder: String, url: String)? = nil,
        environment: [String: String] = [:], command: [String]
    ) async throws -> ConformanceVerdict {
        let report = FileManager.default.temporaryDirectory.path + "/tasker-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: report) }
        let common = ["--transport", transport, "--report", report] + options
        let result: Tools.Result
        switch self {
        case .swift:
            let own = ["conformance", "run", "--protocol", Tools.root + "/protocol"]
            let address = broker.map { ["--amqp", $0.url] } ?? []
            result = try await Tools.run(
                Tools.product("tasker-ctl"), own + address + common + ["--"] + command, environment: environment)
        case .reference:
            let node = broker.map { ["--node", $0.folder] } ?? []
            result = try await Tools.run(
                Tools.python ?? "python3",
                [Tools.root + "/protocol/conformance/run"] + node + common + ["--"] + command,
                environment: environment)
        }
        return try ConformanceVerdict(result, report: report)
    }

    /// How many scenarios there are.
    static func scenarios(_ transport: String) throws -> Int {
        let folder = Tools.root + "/protocol/conformance/scenarios"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
            .reduce(0) { count, name in
                let bytes = Array(FileManager.default.contents(atPath: folder + "/" + name) ?? Data())
                let all = try RawJSON(validating: bytes).value["scenarios"]?.arrayValue ?? []
                return count + all.count { $0["transports"]?.arrayValue?.contains(.string(transport)) == true }
            }
    }
}
