import Foundation
import Testing

/// Both runners find the same fault at the same operation: workers that break one rule each, made of the worker of
/// docs/write-a-worker.md, which breaks none of these.
@Suite(.serialized, .timeLimit(.minutes(15)), .enabled(if: Tools.isWanted(Tools.python != nil), "no Python with pika"))
struct BrokenWorkerTests {
    struct Fault: Sendable {
        var name: String
        var scenario: String
        /// What of the worker's text is written otherwise.
        var edits: [(String, String)]
        /// The only operations that may see it, where several can; otherwise both runners name the same.
        var places: Set<String> = []
    }

    static let faults = [
        Fault(
            name: "runs what was delivered before", scenario: "redelivered-flag",
            edits: [("if method.redelivered or count >= 1:", "if False:")]),
        Fault(
            name: "does not look at the count", scenario: "delivery-count-without-flag",
            edits: [("if method.redelivered or count >= 1:", "if method.redelivered:")]),
        Fault(
            name: "acks before the result is confirmed", scenario: "missing-results-queue",
            edits: [
                (
                    "        now = time.monotonic()\n        job.state, job.started",
                    "        self.ack(job)\n        now = time.monotonic()\n        job.state, job.started"
                )
            ]),
        Fault(
            name: "rejects instead of acking", scenario: "one-message-each-way",
            edits: [("self.channel.basic_ack(job.tag)", "self.channel.basic_reject(job.tag, requeue=False)")]),
        Fault(
            name: "declares the queue of the results", scenario: "missing-results-queue",
            edits: [
                (
                    "            job.send_at = now + 5\n",
                    "            job.send_at = now + 5\n            self.channel.queue_declare(job.message['reply_to'], durable=True)\n"
                )
            ]),
        Fault(
            name: "sends no heartbeats", scenario: "heartbeats", edits: [("now + 1\n", "now + 3600\n")]),
        Fault(
            name: "sends heartbeats at once", scenario: "one-message-each-way", edits: [("now + 1\n", "now\n")]),
        Fault(
            name: "takes fewer than its slots", scenario: "prefetch-equals-slots",
            edits: [("prefetch_count=SLOTS", "prefetch_count=1")]),
        Fault(
            name: "takes more than its slots", scenario: "prefetch-equals-slots",
            edits: [("prefetch_count=SLOTS", "prefetch_count=SLOTS + 1")],
            // The third handler starts before or after the second has been counted.
            places: ["operation 5 (expect_lines)", "operation 6 (expect_queue)"]),
        Fault(
            name: "starts the same dispatch twice", scenario: "duplicate-while-it-runs",
            edits: [("        if key in self.held:\n            self.ack", "        if False:\n            self.ack")]),
        Fault(
            name: "sends the result twice", scenario: "one-message-each-way",
            edits: [
                (
                    "        else:\n            self.ack(job)\n            del",
                    "        else:\n            self.send(job.message['reply_to'], 'step.result', job.body, job, message_id=job.ids[0])\n            self.ack(job)\n            del"
                )
            ]),
        Fault(
            name: "keeps no copy for people", scenario: "not-json",
            edits: [("        self.channel.basic_publish(f\"{PREFIX}.dead\", \"\", body, properties)\n", "")]),
        Fault(
            name: "forgets the correlation id", scenario: "one-message-each-way",
            edits: [
                ("correlation_id=job.message[\"task\"].get(\"correlation_id\") if job else None", "correlation_id=None")
            ]),
        Fault(
            name: "forgets the trace", scenario: "one-message-each-way",
            edits: [("for name in (\"traceparent\", \"tracestate\") if name in headers", "for name in ()")]),
        Fault(
            name: "sends results that a broker forgets", scenario: "one-message-each-way",
            edits: [("delivery_mode=delivery_mode,", "delivery_mode=1,")]),
        Fault(
            name: "sends heartbeats to another queue", scenario: "each-answer-to-its-own-queue",
            edits: [
                (
                    "self.send(job.message[\"reply_to\"], \"step.heartbeat\"",
                    "self.send(f\"{PREFIX}.results.0\", \"step.heartbeat\""
                )
            ]),
        Fault(
            name: "says hello without its slots", scenario: "hello",
            edits: [("\"any_handler\": False, \"slots\": SLOTS,", "\"any_handler\": False,")]),
        Fault(
            name: "leaves without a word", scenario: "hello",
            edits: [
                ("                self.publish(f\"{PREFIX}.workers\", \"worker.bye\", {\"reason\": \"SIGTERM\"})\n", "")
            ]),
        Fault(
            name: "ends with another status", scenario: "one-message-each-way",
            edits: [("                return 0\n", "                return 3\n")]),
        Fault(
            name: "forgets cancel notices", scenario: "cancel-before-the-delivery",
            edits: [("            self.cancelled.add(key)\n", "            pass\n")]),
        Fault(
            name: "looks for the handler first", scenario: "redelivered-comes-before-unknown-handler",
            edits: [
                (
                    "        if method.redelivered or count >= 1:\n",
                    "        if message[\"handler\"][\"callable\"] not in HANDLERS:\n            return self.abandon(job, \"handler_not_found\", \"not here\")\n        if method.redelivered or count >= 1:\n"
                )
            ]),
        Fault(
            name: "leaves out a member", scenario: "one-message-each-way",
            edits: [("\"checkpoint\": None, \"events\": [], ", "\"checkpoint\": None, ")]),
    ]

    /// The page's worker in Python, with these edits.
    private func worker(_ edits: [(String, String)]) throws -> String {
        let page = try String(contentsOfFile: Tools.root + "/docs/write-a-worker.md", encoding: .utf8)
        let start = try #require(page.range(of: "```python\n"))
        let end = try #require(page.range(of: "\n```\n", range: start.upperBound..<page.endIndex))
        var text = String(page[start.upperBound..<end.lowerBound]) + "\n"
        for (old, new) in edits {
            #expect(text.components(separatedBy: old).count == 2, "the page has no single: \(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        let path = FileManager.default.temporaryDirectory.path + "/tasker-worker-\(UUID().uuidString).py"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func run(
        _ runner: ConformanceRunner, _ scenarios: Set<String>, _ path: String, patience: Int
    ) async throws -> ConformanceVerdict {
        let node = try #require(Tools.node, "install RabbitMQ")
        let options = scenarios.sorted().flatMap { ["--only", $0] } + ["--patience", "\(patience)"]
        return try await runner.run("amqp", options, broker: node, command: [Tools.python ?? "python3", path])
    }

    @Test(.enabled(if: Tools.isWanted(Tools.node != nil), "no RabbitMQ"), arguments: ConformanceRunner.allCases)
    func theWorkerOfThePagePasses(runner: ConformanceRunner) async throws {
        let path = try worker([])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let scenarios = Set(Self.faults.map(\.scenario))
        let verdict = try await run(runner, scenarios, path, patience: 30)
        #expect(verdict.status == 0, "\(verdict.failures)\n\(verdict.words.suffix(2000))")
        #expect(verdict.outcomes.count == scenarios.count)
    }

    @Test(.enabled(if: Tools.isWanted(Tools.node != nil), "no RabbitMQ"))
    func bothRunnersFindEachFault() async throws {
        // Most of a run is waiting for what does not come.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, fault) in Self.faults.enumerated() {
                if index >= 6 { try await group.next() }
                group.addTask { try await check(fault) }
            }
            try await group.waitForAll()
        }
    }

    private func check(_ fault: Fault) async throws {
        let path = try worker(fault.edits)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let swift = try await run(.swift, [fault.scenario], path, patience: 10)
        let reference = try await run(.reference, [fault.scenario], path, patience: 10)
        for verdict in [swift, reference] {
            #expect(verdict.status == 1, "\(fault.name): \(verdict.words)")
            #expect(verdict.outcomes.map(\.status) == ["failed"], "\(fault.name): \(verdict.words)")
        }
        let places = [swift, reference].map { $0.outcomes.first?.place }
        #expect(
            fault.places.isEmpty
                ? places[0] == places[1] : places.allSatisfy { $0.map(fault.places.contains) == true },
            "\(fault.name):\n\(swift.failures)\n\(reference.failures)")
    }
}
