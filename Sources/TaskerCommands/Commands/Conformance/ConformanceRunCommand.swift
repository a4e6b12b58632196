import ArgumentParser
import Foundation
import TaskerProtocol

struct ConformanceRunCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Drive a worker program through the conformance scenarios.",
        discussion: """
            The program is started anew for each scenario, with its settings in the environment, and has to register \
            the contract handlers of protocol/conformance/handlers.json. Over AMQP the checkout's reference runner \
            (Python 3 with pika) does the work on a private RabbitMQ. Exit 1 when a scenario fails.

            Example:
              tasker-ctl conformance run --transport stdio -- python3 my_worker.py
              tasker-ctl conformance run --only 'redelivered*' -- ./my-worker
            """)

    @OptionGroup var choice: ScenarioChoice

    @Option(help: "Skip what exclusions.json excludes for this language.")
    var language: String?

    @Option(help: "File for the report, in JSON.")
    var report: String?

    @Argument(parsing: .postTerminator, help: "What starts the worker, after '--'.")
    var command: [String] = []

    func run(in context: CommandContext) async throws {
        guard !command.isEmpty else {
            throw CommandError.usage(
                "no worker is named", hint: "put what starts it after '--': tasker-ctl conformance run -- ./my-worker")
        }
        let folder = try ConformanceFiles.find(choice.protocolFolder, host: context.host)
        let files = try ConformanceFiles(folder: folder)
        let scenarios = try choice.scenarios(of: files)
        let report: ConformanceReport
        if choice.transport == "stdio" {
            report = try await overStdio(scenarios, files, context)
        } else {
            report = try ReferenceRunner(folder: folder, host: context.host).run(
                scenarios.map(\.name), language: language, command: command)
            for outcome in report.outcomes { try show(outcome, context) }
        }
        if let path = self.report {
            do {
                let text = JSONText.indented(report.json) + "\n"
                try Data(text.utf8).write(to: URL(fileURLWithPath: context.host.resolve(path)), options: .atomic)
            } catch {
                throw CommandError.failed("cannot write \(path): \(error.localizedDescription)")
            }
        }
        let printer = context.printer
        switch printer.format {
        case .json, .yaml: try printer.object(report.json, name: "", text: "")
        case .name: for one in report.outcomes where one.status == .failed { try printer.line(one.scenario) }
        case .table, .jsonl: try printer.note(report.summary)
        }
        if report.hasFailed { throw SilentExit(.failure) }
    }

    private func overStdio(
        _ scenarios: [ConformanceFiles.Scenario], _ files: ConformanceFiles, _ context: CommandContext
    ) async throws -> ConformanceReport {
        var report = ConformanceReport(command: command)
        let excluded = try exclusions(files.folder)
        for scenario in scenarios {
            let started = ContinuousClock.now
            var status = ConformanceReport.Status.passed
            var detail = ""
            if let reason = excluded[scenario.name] {
                (status, detail) = (.excluded, reason)
            } else {
                let folder = FileManager.default.temporaryDirectory.path + "/tasker-conformance-\(UUID().uuidString)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                var bench = StdioBench(scenario, files: files, command: command, host: context.host, folder: folder)
                if let reason = try await bench.run() { (status, detail) = (.failed, reason) }
            }
            let milliseconds = started.duration(to: .now).wholeMilliseconds
            let outcome = ConformanceReport.Outcome(
                transport: "stdio", scenario: scenario.name, rule: scenario.rule, status: status,
                seconds: Double(milliseconds / 100) / 10, detail: detail)
            report.outcomes.append(outcome)
            try show(outcome, context)
        }
        return report
    }

    /// A row as soon as it is known: a run takes its time.
    private func show(_ outcome: ConformanceReport.Outcome, _ context: CommandContext) throws {
        switch context.printer.format {
        case .table: try context.printer.write(outcome.row(context.printer.style))
        case .jsonl: try context.printer.line(outcome.json.canonicalText)
        default: break
        }
    }

    private func exclusions(_ folder: String) throws -> [String: String] {
        guard let language, let data = FileManager.default.contents(atPath: folder + "/conformance/exclusions.json")
        else { return [:] }
        var reasons: [String: String] = [:]
        for entry in try JSONText.parse(Array(data)).arrayValue ?? []
        where entry["language"]?.stringValue == language
            && (entry["transports"]?.arrayValue ?? []).contains(.string(choice.transport))
        {
            if let name = entry["scenario"]?.stringValue { reasons[name] = entry["reason"]?.stringValue ?? "" }
        }
        return reasons
    }
}
