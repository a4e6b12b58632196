import Foundation
import InMemoryLogging
import Logging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// A trace that comes with a step is seen by its handler and named in what is logged about it.
@Suite(.timeLimit(.minutes(2))) struct TraceTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var description: String
        var header: String
        var expected: JSONValue?
        var testDescription: String { description }
    }

    /// `protocol/vectors/traceparent.json`, the same in every SDK.
    static func vectors() throws -> [Vector] {
        var directory = URL(filePath: #filePath)
        for _ in 1...4 { directory.deleteLastPathComponent() }
        let file = directory.appending(path: "protocol/vectors/traceparent.json")
        let groups = try JSONValue(parsing: String(decoding: Data(contentsOf: file), as: UTF8.self))
        return (groups.arrayValue ?? []).flatMap { group in
            (group["tests"]?.arrayValue ?? []).map {
                Vector(
                    description: $0["description"]?.stringValue ?? "", header: $0["data"]?.stringValue ?? "",
                    expected: $0["expected"])
            }
        }
    }

    @Test func thereAreVectors() throws { #expect(try Self.vectors().count > 20) }

    @Test(arguments: try vectors())
    func vector(_ vector: Vector) {
        let trace = TraceParent(parsing: vector.header)
        #expect(trace?.traceID == vector.expected?["trace_id"]?.stringValue)
        #expect(trace?.parentID == vector.expected?["parent_id"]?.stringValue)
        #expect(trace?.isSampled == vector.expected?["sampled"]?.boolValue)
    }

    @Test(arguments: Backend.available)
    func isInTheLogLines(backend: Backend) async throws {
        let log = InMemoryLogHandler()
        var handlers = HandlerRegistry()
        handlers.register("Echo") { context in
            context.logger.info("charged")
            return .success(["parent": .string(context.traceParent?.parentID ?? "none")])
        }
        let step = makeStep(1)
        try await withWorker(try World(backend), handlers, logger: Logger(label: "test") { _ in log }) { peer, _, _ in
            await peer.send(step)
            try await eventually("a result") { !peer.seen.results.isEmpty }
            #expect(peer.seen.results.first?.result?.value == ["parent": "b7ad6b7169203331"])
            try await eventually("the line of the worker") {
                log.entries.contains { $0.message.description.hasPrefix("step ") }
            }
        }
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let own = try #require(log.entries.first { $0.message.description == "charged" })
        #expect(own.metadata["task"] == .string(step.task.id.description))
        #expect(own.metadata["step"] == .string(step.step.name))
        #expect(own.metadata["attempt"] == .string("1"))
        #expect(own.metadata["trace_id"] == .string(trace))
        let line = try #require(log.entries.first { $0.message.description.hasPrefix("step ") })
        #expect(line.message.description.hasSuffix(" trace_id=\(trace)"))
    }
}
