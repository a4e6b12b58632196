import ArgumentParser
import Logging
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// Rounds of floor and product in turn, so that a machine whose speed drifts treats both alike.
struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the measurements against running processes.")

    @Option(help: "AMQP URL of the private broker.") var amqp: String
    @Option(help: "Port of the orchestrator's API.") var port: Int
    @Option(help: "Process id of the orchestrator.") var orchestrator: Int
    @Option(help: "Queue type of the orchestrator's queues.") var queueType: QueueType
    @Option(help: "Rounds.") var rounds = 5
    @Option(help: "Tasks per latency round.") var latencyTasks = 60
    @Option(help: "Tasks per throughput round.") var throughputTasks = 1500
    @Option(help: "More tasks at the end, to see whether memory stays flat.") var memoryTasks = 0
    @Option(help: "What commits cost: full or normal.") var durability = "full"

    func run() async throws {
        let broker = AMQPBroker(
            AMQPConfiguration(url: try AMQPURL(amqp), connectionName: "benchmark"), logger: Logger(label: "benchmark"))
        let running = Task { try await broker.run() }
        let floor = try await Floor.make(queueType, on: broker)
        let workload = Workload(port: port)

        // Warm up both.
        _ = await floor.latencies(20)
        _ = try workload.latencies(10)
        _ = try workload.throughput(tasks: 200, window: 50)

        var floorLatency: [Double] = [], floorRate: [Double] = [], latency: [Double] = [], rate: [Double] = []
        var processor: [Double] = []
        for _ in 0..<rounds {
            floorLatency.append(median(await floor.latencies(latencyTasks * 2)))
            latency.append(median(try workload.latencies(latencyTasks)))
            floorRate.append(await floor.throughput(throughputTasks * 4, window: 150))
            let before = ProcessFigures(process: orchestrator)
            rate.append(try workload.throughput(tasks: throughputTasks, window: 200))
            let after = ProcessFigures(process: orchestrator)
            if let before, let after {
                processor.append(
                    (after.processorSeconds - before.processorSeconds) * 1e6
                        / Double(throughputTasks * Workload.stepsPerTask))
            }
        }
        let kind = "\(queueType.rawValue), \(durability)"
        let p1 = zip(latency, floorLatency).map { $0 / (4 * $1) }
        let p2 = zip(rate, floorRate).map { $0 / $1 }
        row("Floor", kind, "round trip, one in flight", floorLatency, "ms", nil, nil)
        row("Floor", kind, "round trips, 150 in flight", floorRate, "/s", nil, nil)
        row("P1", kind, "4-step task, one at a time", latency, "ms", p1, "<= 1.8 x 4 round trips")
        row("P2", kind, "steps, 200 tasks in flight", rate, "/s", p2, ">= 0.5 x floor")
        row("P6", kind, "orchestrator CPU per step", processor, "us", nil, "<= 100 us")
        if memoryTasks > 0 { try memory(workload, kind) }
        await broker.shutdown(timeout: .seconds(2))
        _ = try? await running.value
    }

    /// Resident memory after each tenth of the messages.
    private func memory(_ workload: Workload, _ kind: String) throws {
        var sizes: [Double] = []
        for _ in 0..<10 {
            _ = try workload.throughput(tasks: memoryTasks / 10, window: 200)
            if let figures = ProcessFigures(process: orchestrator) {
                sizes.append(Double(figures.residentBytes) / 1_048_576)
            }
        }
        let list = sizes.map { "\(Int($0.rounded()))" }.joined(separator: " ")
        // A step is two messages for the orchestrator.
        print(
            "| Memory | \(kind) | resident after each tenth of \(memoryTasks * 8) step messages | \(list) MiB | | flat |"
        )
    }

    private func row(
        _ id: String, _ kind: String, _ what: String, _ samples: [Double], _ unit: String, _ ratios: [Double]?,
        _ target: String?
    ) {
        let ratio = ratios.map { "\(number(median($0))) (\(number($0.min() ?? 0))-\(number($0.max() ?? 0)))" } ?? ""
        print(
            "| \(id) | \(kind) | \(what) | \(number(median(samples))) \(unit) (\(number(samples.min() ?? 0))-\(number(samples.max() ?? 0))) | \(ratio) | \(target ?? "") |"
        )
    }

    private func number(_ value: Double) -> String {
        if value >= 100 { return "\(Int(value.rounded()))" }
        return "\((value * 100).rounded() / 100)"
    }

    private func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension QueueType: ExpressibleByArgument {}
