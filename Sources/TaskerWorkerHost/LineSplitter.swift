/// Cuts a stream of bytes into lines, of at most `limit` bytes each.
struct LineSplitter {
    enum Piece: Hashable {
        case line([UInt8])
        /// A line is longer than the limit; given once per line, its beginning only.
        case tooLong([UInt8])
    }

    let limit: Int
    private var pending: [UInt8] = []
    private var isSkipping = false

    init(limit: Int) { self.limit = limit }

    mutating func push(_ bytes: ArraySlice<UInt8>) -> [Piece] {
        var pieces: [Piece] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            add(rest[..<end], &pieces)
            if !isSkipping { pieces.append(.line(pending)) }
            pending = []
            isSkipping = false
            rest = rest[(end + 1)...]
        }
        add(rest, &pieces)
        return pieces
    }

    /// What came after the last line feed.
    mutating func finish() -> [UInt8]? {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>, _ pieces: inout [Piece]) {
        guard !isSkipping else { return }
        guard pending.count + bytes.count > limit else {
            pending += bytes
            return
        }
        pending += bytes.prefix(limit - pending.count)
        pieces.append(.tooLong(pending))
        pending = []
        isSkipping = true
    }
}
