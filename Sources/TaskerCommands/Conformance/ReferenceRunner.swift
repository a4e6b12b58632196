import Foundation
import TaskerProtocol

/// The runner of a checkout, `protocol/conformance/run`: it has a RabbitMQ node of its own, which scenarios over AMQP stop,
/// block and restart.
struct ReferenceRunner {
    var folder: String
    var host: Host

    /// - Throws: not found, or failed with the runner's own words.
    func run(_ scenarios: [String], language: String?, command: [String]) throws(CommandError) -> ConformanceReport {
        let file = FileManager.default.temporaryDirectory.path + "/tasker-conformance-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: folder + "/conformance/run")
        var arguments = ["--transport", "amqp", "--report", file]
        if let language { arguments += ["--language", language] }
        for name in scenarios { arguments += ["--only", name] }
        process.arguments = arguments + ["--"] + command
        process.environment = host.environment
        process.currentDirectoryURL = URL(fileURLWithPath: host.workingDirectory)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = Pipe()
        process.standardError = errors
        do { try process.run() } catch {
            throw .notFound("the reference runner cannot be started: \(error.localizedDescription)")
        }
        let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus < 2, let data = FileManager.default.contents(atPath: file),
            let document = try? JSONText.parse(Array(data))
        else {
            let lines = words.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            let said = lines.first { $0.hasPrefix("error: ") }?.dropFirst("error: ".count).description
            let reason = TextTable.clean(said ?? lines.last ?? "it gave no reason")
            throw .failed(
                "the reference runner could not do the run: \(reason)",
                hint: "it needs Python 3.10 with pika, and RabbitMQ: see protocol/conformance/README.md")
        }
        return ConformanceReport(command: command, outcomes: (document["outcomes"]?.arrayValue ?? []).map(Self.outcome))
    }

    private static func outcome(_ one: JSONValue) -> ConformanceReport.Outcome {
        ConformanceReport.Outcome(
            transport: one["transport"]?.stringValue ?? "amqp", scenario: one["scenario"]?.stringValue ?? "",
            rule: one["rule"]?.stringValue ?? "",
            status: ConformanceReport.Status(rawValue: one["status"]?.stringValue ?? "") ?? .failed,
            seconds: one["seconds"]?.doubleValue ?? 0, detail: one["detail"]?.stringValue ?? "")
    }
}
