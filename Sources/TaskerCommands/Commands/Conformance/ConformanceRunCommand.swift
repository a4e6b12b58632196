import ArgumentParser
import Foundation
import TaskerProtocol

struct ConformanceRunCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Drive a worker program through the conformance scenarios.",
        discussion: """
            The program is started anew for each scenario, with its settings in the environment, and has to register \
            the contract handlers of protocol/conformance/handlers.json. Over AMQP it needs a RabbitMQ, whose other \
            users notice nothing: queues have a prefix of their own and are deleted, faults concern the worker alone. \
            Exit 1 when a scenario fails.

            Example:
              tasker-ctl conformance run --transport stdio -- python3 my_worker.py
              tasker-ctl conformance run --only 'redelivered*' -- ./my-worker
            """)

    @OptionGroup var choice: ScenarioChoice

    @Option(help: "Skip what exclusions.json excludes for this language.")
    var language: String?

    @Option(help: "File for the report, in JSON.")
    var report: String?

    @Option(help: "Scenarios at the same time.")
    var jobs = 8

    @Option(help: "Seconds to wait where a scenario says nothing else.")
    var patience = 30.0

    @Option(help: "Address of RabbitMQ (default: setting amqp_url).")
    var amqp: String?

    @Argument(parsing: .postTerminator, help: "What starts the worker, after '--'.")
    var command: [String] = []

    func run(in context: CommandContext) async throws {
        guard !command.isEmpty else {
            throw CommandError.usage(
                "no worker is named", hint: "put what starts it after '--': tasker-ctl conformance run -- ./my-worker")
        }
        guard jobs >= 1 else { throw CommandError.usage("--jobs is \(jobs), not 1 or more") }
        guard patience > 0 else { throw CommandError.usage("--patience is \(patience), not more than 0") }
        let folder = try ConformanceFiles.find(choice.protocolFolder, host: context.host)
        let files = try ConformanceFiles(folder: folder)
        let scenarios = try choice.scenarios(of: files)
        var run = ConformanceRun(files: files, command: command, host: context.host, transport: choice.transport)
        run.jobs = jobs
        run.patience = patience
        run.excluded = try files.exclusions(language: language, transport: choice.transport)
        let report: ConformanceReport
        if choice.transport == "stdio" {
            report = try await run.all(scenarios, broker: nil) { try show($0, context) }
        } else {
            report = try await ConformanceBroker.with(amqp ?? context.settings[.amqpURL] ?? "") { [run] broker in
                try await run.all(scenarios, broker: broker) { try show($0, context) }
            }
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

    /// A row as soon as it is known: a run takes its time.
    private func show(_ outcome: ConformanceReport.Outcome, _ context: CommandContext) throws {
        switch context.printer.format {
        case .table: try context.printer.write(outcome.row(context.printer.style))
        case .jsonl: try context.printer.line(outcome.json.canonicalText)
        default: break
        }
    }
}
