/// One batch: the items from `start` up to, not including, `end`. Cursors count from 0; they may be anything else that is
/// JSON (`opaque` ones), which only the worker has to understand.
public struct BatchCursor: Sendable, Hashable {
    /// Unique among the batches of a step; `001`, `002`, … unless given.
    public var batchID: String?
    public var startCursor: JSONValue
    public var endCursor: JSONValue
    private var givenSize: Int64?

    /// A range of items.
    public init(_ range: Range<Int64>, batchID: String? = nil) {
        self.batchID = batchID
        startCursor = .integer(range.lowerBound)
        endCursor = .integer(range.upperBound)
    }

    /// Cursors of your own making. `size` is how many items lie between them, if that is known.
    public init(from startCursor: JSONValue, to endCursor: JSONValue, size: Int64 = 0, batchID: String? = nil) {
        self.batchID = batchID
        self.startCursor = startCursor
        self.endCursor = endCursor
        givenSize = size
    }

    /// Items in the range; what was given for cursors that are no integers.
    public var batchSize: Int64 {
        guard let range else { return givenSize ?? 0 }
        return range.upperBound - range.lowerBound
    }

    /// The items as a range; nil for cursors that are no integers.
    public var range: Range<Int64>? {
        guard case .integer(let start) = startCursor, case .integer(let end) = endCursor, start <= end else {
            return nil
        }
        return start..<end
    }

    /// Contiguous ranges of at most `size` items that cover `0 ..< total`; none when there is nothing to do.
    /// - Parameters:
    ///   - size: at least 1; smaller counts as 1.
    ///   - maximum: no more batches than that; they become larger instead.
    public static func ranges(total: Int64, size: Int64, maximum: Int64? = nil) -> [BatchCursor] {
        guard total > 0 else { return [] }
        var size = max(1, size)
        if let maximum, maximum > 0 { size = max(size, (total - 1) / maximum + 1) }
        return stride(from: 0, to: total, by: Int64.Stride(size)).map { BatchCursor($0..<min($0 + size, total)) }
    }

    /// As the orchestrator reads it.
    func encoded(at index: Int) -> JSONValue {
        [
            "batch_id": .string(batchID ?? Self.id(at: index)), "start_cursor": startCursor, "end_cursor": endCursor,
            "batch_size": .integer(batchSize),
        ]
    }

    private static func id(at index: Int) -> String {
        let number = String(index + 1)
        return String(repeating: "0", count: max(0, 3 - number.count)) + number
    }
}
