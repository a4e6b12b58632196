/// One message of `text/event-stream`.
struct EventMessage: Sendable, Hashable {
    /// Of the last `id:` line, this message's or an earlier one's.
    var id: String?
    var name = "message"
    var data = ""
}

/// Takes the bytes of `text/event-stream` apart, however they are cut.
struct EventStreamParser: Sendable {
    enum Piece: Sendable, Hashable {
        case message(EventMessage)
        /// A comment or a field that makes no message: the server is there.
        case sign
    }

    /// A line longer than that is no event of ours.
    static let lineLimit = 1 << 20

    private var line: [UInt8] = []
    private var isAfterReturn = false
    private var id: String?
    private var name: String?
    private var data: [String] = []

    /// - Throws: failed, for a line without end.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(CommandError) -> [Piece] {
        var pieces: [Piece] = []
        for byte in bytes {
            let isBreak = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            // The two bytes of CR LF are one break.
            let isSecond = byte == UInt8(ascii: "\n") && isAfterReturn
            isAfterReturn = byte == UInt8(ascii: "\r")
            if isSecond { continue }
            guard isBreak else {
                guard line.count < Self.lineLimit else { throw .failed("the server's event stream has no line ends") }
                line.append(byte)
                continue
            }
            if let piece = end(String(decoding: line, as: UTF8.self)) { pieces.append(piece) }
            line.removeAll(keepingCapacity: true)
        }
        return pieces
    }

    private mutating func end(_ line: String) -> Piece? {
        if line.isEmpty {
            defer {
                data = []
                name = nil
            }
            // Without data there is no message; the id counts all the same.
            if data.isEmpty { return nil }
            return .message(
                EventMessage(id: id, name: name ?? "message", data: data.joined(separator: "\n")))
        }
        let colon = line.firstIndex(of: ":")
        var value = colon.map { line[line.index(after: $0)...] } ?? ""
        if value.first == " " { value = value.dropFirst() }
        switch line[..<(colon ?? line.endIndex)] {
        case "id": id = String(value)
        case "event": name = String(value)
        case "data": data.append(String(value))
        default: return .sign
        }
        return nil
    }
}
