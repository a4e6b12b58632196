import Foundation
import TaskerProtocol
import UnixSignals

/// Scenarios against one command, several at a time: most of a scenario is waiting.
struct ConformanceRun: Sendable {
    var files: ConformanceFiles
    var command: [String]
    var host: Host
    var transport: String
    var jobs = 1
    /// Seconds.
    var patience = 30.0
    /// Reasons, by scenario.
    var excluded: [String: String] = [:]

    /// SIGINT and SIGTERM end it once workers are gone and queues deleted.
    /// - Parameters:
    ///   - broker: nil over standard streams.
    ///   - show: gets each outcome when it is known.
    /// - Throws: when the run cannot be done; what `show` throws.
    func all(
        _ scenarios: [ConformanceFiles.Scenario], broker: ConformanceBroker?,
        show: @Sendable (ConformanceReport.Outcome) throws -> Void
    ) async throws -> ConformanceReport {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: ConformanceReport.Outcome?.self) { group in
            group.addTask {
                for await _ in signals { throw SilentExit(.interrupted) }
                return nil
            }
            var rest = scenarios[...]
            var running = 0
            var report = ConformanceReport(command: command)
            repeat {
                while running < jobs, let next = rest.popFirst() {
                    group.addTask { try await outcome(of: next, broker) }
                    running += 1
                }
                guard let outcome = try await group.next().flatMap({ $0 }) else { continue }
                running -= 1
                report.outcomes.append(outcome)
                try show(outcome)
            } while running > 0
            group.cancelAll()
            return report
        }
    }

    private func outcome(of scenario: ConformanceFiles.Scenario, _ broker: ConformanceBroker?) async throws
        -> ConformanceReport.Outcome
    {
        let started = ContinuousClock.now
        var status = ConformanceReport.Status.passed
        var detail = ""
        if let reason = excluded[scenario.name] {
            (status, detail) = (.excluded, reason)
        } else if let reason = try await failure(of: scenario, broker) {
            (status, detail) = (.failed, reason)
        }
        let milliseconds = started.duration(to: .now).wholeMilliseconds
        return ConformanceReport.Outcome(
            transport: transport, scenario: scenario.name, rule: scenario.rule, status: status,
            seconds: Double(milliseconds / 100) / 10, detail: detail)
    }

    private func failure(of scenario: ConformanceFiles.Scenario, _ broker: ConformanceBroker?) async throws -> String? {
        let folder = FileManager.default.temporaryDirectory.path + "/tasker-conformance-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var state = ScenarioState(scenario, files: files, command: command, host: host, folder: folder)
        state.patience = patience
        guard let broker else {
            var bench = StdioBench(state)
            return try await bench.run()
        }
        var bench: AMQPBench
        do { bench = try AMQPBench(state, broker: broker) } catch { return error.reason }
        return try await bench.run()
    }
}
