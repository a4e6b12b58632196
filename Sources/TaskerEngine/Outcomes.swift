import TaskerProtocol
import TaskerTemplates

/// Why an outcome cannot be used: the step fails with it, not retryable.
public struct OutcomeError: Error, Sendable, Hashable {
    public var errorType: String
    public var message: String

    init(_ errorType: String, _ message: String) {
        self.errorType = errorType
        self.message = message
    }

    var failure: StepFailure { StepFailure(message: message, errorType: errorType, isRetryable: false) }
}

/// `decision_point_outcome` of a decision's result (engine contract, section 6.1).
enum DecisionOutcome {
    case noBranches
    case createSteps([String])

    init(_ result: RawJSON?) throws(OutcomeError) {
        let missing = OutcomeError(
            "decision_outcome_missing",
            "the result of a decision needs decision_point_outcome {type: \"create_steps\", step_names: [...]} or {type: \"no_branches\"}"
        )
        guard let outcome = result?.member("decision_point_outcome"), outcome.isObject else { throw missing }
        switch outcome.member("type")?.string {
        case "no_branches": self = .noBranches
        case "create_steps":
            guard let items = outcome.member("step_names")?.items else { throw missing }
            var names: [String] = []
            var seen: Set<String> = []
            for item in items {
                guard let name = item.string else { throw missing }
                if seen.insert(name).inserted { names.append(name) }
            }
            self = names.isEmpty ? .noBranches : .createSteps(names)
        default: throw missing
        }
    }
}

/// One `cursor_configs` entry.
struct BatchItem {
    var id: String
    /// An object `{batch_id, start_cursor, end_cursor, batch_size}`.
    var cursor: RawJSON
    var isNoOp = false

    /// As it is kept with its worker's row.
    var encoded: RawJSON {
        var writer = JSONWriter(reserving: cursor.count + 32)
        writer.beginObject()
        writer.key("cursor")
        writer.value(cursor)
        writer.key("is_no_op")
        writer.value(isNoOp)
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }

    /// For a named worker template when there is nothing to do.
    static let placeholder = BatchItem(
        id: "000",
        cursor: RawJSON(["batch_id": "000", "start_cursor": 0, "end_cursor": 0, "batch_size": 0]), isNoOp: true)

    static func isValid(id: String) -> Bool {
        let bytes = Array(id.utf8)
        guard let first = bytes.first, bytes.count <= 64, isAlphanumeric(first) else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// `batch_processing_outcome` of a batchable step's result (engine contract, section 7.1).
enum BatchOutcome {
    case noBatches
    case createBatches(worker: String?, [BatchItem])

    init(_ result: RawJSON?, limit: Int) throws(OutcomeError) {
        let missing = OutcomeError(
            "batch_outcome_missing",
            "the result of a batchable step needs batch_processing_outcome {type: \"create_batches\", cursor_configs: [...]} or {type: \"no_batches\"}"
        )
        guard let outcome = result?.member("batch_processing_outcome"), outcome.isObject else { throw missing }
        switch outcome.member("type")?.string {
        case "no_batches": self = .noBatches
        case "create_batches":
            guard let configs = outcome.member("cursor_configs")?.items else { throw missing }
            let items = try Self.items(configs, count: outcome.member("worker_count")?.integer, limit: limit)
            self = .createBatches(worker: outcome.member("worker_template_name")?.string, items)
        default: throw missing
        }
    }

    private static func items(
        _ configs: [RawJSON], count: Int64?, limit: Int
    ) throws(OutcomeError) -> [BatchItem] {
        guard !configs.isEmpty else {
            throw OutcomeError(
                "batch_empty",
                "create_batches without cursor_configs; say {type: \"no_batches\"} when there is nothing to do")
        }
        guard configs.count <= limit else {
            throw OutcomeError("batch_too_many", "\(configs.count) batches; at most \(limit) are allowed")
        }
        if let count, count != Int64(configs.count) {
            throw OutcomeError(
                "batch_count_mismatch", "worker_count is \(count), but there are \(configs.count) cursor_configs")
        }
        var seen: Set<String> = []
        var items: [BatchItem] = []
        items.reserveCapacity(configs.count)
        for (index, config) in configs.enumerated() {
            let item = try item(config, number: index + 1)
            guard seen.insert(item.id).inserted else {
                throw OutcomeError("batch_duplicate_id", "two batches have the id \"\(item.id)\"")
            }
            items.append(item)
        }
        return items
    }

    private static func item(_ config: RawJSON, number: Int) throws(OutcomeError) -> BatchItem {
        guard config.isObject else {
            throw OutcomeError("batch_outcome_missing", "cursor_configs[\(number - 1)] is no object")
        }
        var id: String?
        if let given = config.member("batch_id"), !given.isNull {
            guard let text = given.string, BatchItem.isValid(id: text) else {
                throw OutcomeError(
                    "batch_bad_id",
                    "batch_id \(given.text.prefix(80)) of cursor_configs[\(number - 1)] is not of the form [A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
                )
            }
            id = text
        }
        let digits = String(number)
        let chosen = id ?? String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        var writer = JSONWriter(reserving: config.count + 24)
        writer.beginObject()
        writer.key("batch_id")
        writer.value(chosen)
        config.forEachMember { name, value in
            if name != "batch_id" {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.endObject()
        return BatchItem(id: chosen, cursor: RawJSON(trusting: writer.finish()))
    }
}
