import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Handlers for the workflow scenarios: arithmetic along a DAG, a decision by amount, a batch with checkpoints. Their
/// Python twins have the same settings and must give the same results.
func registerWorkflowHandlers(in handlers: inout HandlerRegistry) {
    // add, multiply; of: names of dependencies to sum up (default: the task's "value").
    handlers.register("test.compute") { context in
        let names: [String] = try context.configuration("of", default: [])
        var value = names.isEmpty ? try context.input("value", default: Int64(0)) : 0
        for name in names { value += try context.field(of: name, path: "value", as: Int64.self) }
        value =
            value * (try context.configuration("multiply", default: 1)) + (try context.configuration("add", default: 0))
        return .success(["value": .integer(value)])
    }

    // ranges: [{up_to, steps}]: the first whose limit is not below the task's "amount".
    handlers.register("test.route") { context in
        let amount: Double = try context.input("amount")
        let ranges: [AmountRange] = try context.configuration("ranges")
        guard let range = ranges.first(where: { amount <= $0.upTo ?? .infinity }) else {
            return .success(["decision_point_outcome": ["type": "no_branches"], "reason": "no range fits"])
        }
        return .success([
            "decision_point_outcome": [
                "type": "create_steps", "step_names": .array(range.steps.map { .string($0) }),
            ], "routing_context": ["amount": .double(amount)],
        ])
    }

    // The task's "rows" in ranges of batch_size.
    handlers.register("test.analyze") { context in
        let rows: Int64 = try context.input("rows")
        let size: Int64 = try context.configuration("batch_size")
        guard rows > 0 else {
            return .success(["batch_processing_outcome": ["type": "no_batches"], "reason": "empty_dataset"])
        }
        let cursors = stride(from: 0, to: rows, by: Int(size)).enumerated().map { index, start -> JSONValue in
            let end = min(rows, start + size)
            return [
                "batch_id": .string(index < 999 ? String(String(1001 + index).dropFirst()) : String(index + 1)),
                "start_cursor": .integer(start),
                "end_cursor": .integer(end), "batch_size": .integer(end - start),
            ]
        }
        return .success([
            "batch_processing_outcome": [
                "type": "create_batches", "worker_count": .integer(Int64(cursors.count)),
                "cursor_configs": .array(cursors), "total_items": .integer(rows),
            ]
        ])
    }

    // Sums its range; stride: yields a checkpoint after so many rows; fail_at: fails once when it gets there;
    // broken: ids of batches that fail for good.
    handlers.register("test.batch") { context in try sumRange(context) }

    // path: fails until that file is there.
    handlers.register("test.missing_file") { context in
        let path: String = try context.configuration("path")
        guard access(path, F_OK) == 0 else { return .failure("\(path) is missing", type: "missing_file") }
        return .success([:])
    }

    // Adds up what the workers (prefix) found.
    handlers.register("test.aggregate") { context in
        let prefix: String = try context.configuration("prefix")
        var (total, rows, workers) = (Int64(0), Int64(0), Int64(0))
        for name in context.dependencyNames where name.hasPrefix(prefix) {
            guard let sum: Int64 = try context.field(of: name, path: "sum") else { continue }
            total += sum
            rows += try context.field(of: name, path: "rows", as: Int64.self)
            workers += 1
        }
        return .success(["total": .integer(total), "rows": .integer(rows), "workers": .integer(workers)])
    }
}

private struct AmountRange: Decodable {
    var upTo: Double?
    var steps: [String]

    enum CodingKeys: String, CodingKey {
        case upTo = "up_to"
        case steps
    }
}

private struct Cursor: Decodable {
    var batchID: String
    var start: Int64
    var end: Int64

    enum CodingKeys: String, CodingKey {
        case batchID = "batch_id"
        case start = "start_cursor"
        case end = "end_cursor"
    }
}

private func sumRange(_ context: StepContext) throws -> StepResult {
    if try context.stepInput("is_no_op", as: Bool.self) {
        return .success(["no_op": true, "sum": 0, "rows": 0])
    }
    let cursor: Cursor = try context.stepInput("cursor")
    if try context.configuration("broken", default: [String]()).contains(cursor.batchID) {
        return .failure("batch \(cursor.batchID) is broken", type: "broken_batch", retryable: false)
    }
    let stride = try context.configuration("stride", default: Int64.max)
    let start = context.checkpoint?.cursor.integerValue ?? cursor.start
    let before = context.checkpoint?.accumulatedResults?["sum"]?.integerValue ?? 0
    if let failAt: Int64 = try context.configuration("fail_at"), start >= failAt, context.retryCount == 0 {
        return .failure("failed on purpose at row \(start)", type: "injected")
    }
    let stop = stride < cursor.end - start ? start + stride : cursor.end
    let sum = before + (start..<stop).reduce(0, +)
    if stop < cursor.end {
        return .checkpoint(
            Checkpoint(
                cursor: .integer(stop), itemsProcessed: stop - cursor.start,
                accumulatedResults: ["sum": .integer(sum)]))
    }
    return .success(["sum": .integer(sum), "rows": .integer(cursor.end - cursor.start)])
}
