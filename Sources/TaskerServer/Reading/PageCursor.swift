import TaskerProtocol
import TaskerStore

/// A cursor as callers see it: opaque, signed, and of no use for another list or filter (REST contract, section 1.4).
struct PageCursor: Sendable {
    private let key: [UInt8]

    /// - Parameter key: at most 64 bytes, see ``Store/signingKey()``.
    init(key: [UInt8]) { self.key = key }

    func seal(_ position: TaskPosition, filter: String) -> String {
        seal("\(position.createdAt.milliseconds).\(position.priority).\(position.task)", scope: filter)
    }

    /// - Throws: ``Problem`` 400 `INVALID_CURSOR`.
    func open(_ cursor: String, filter: String) throws -> TaskPosition {
        let parts = try open(cursor, scope: filter).split(separator: ".")
        guard parts.count == 3, let created = Int64(parts[0]), let priority = Int(parts[1]),
            let task = TaskID(String(parts[2]))
        else { throw Self.invalid }
        return TaskPosition(createdAt: Timestamp(milliseconds: created), priority: priority, task: task)
    }

    /// A place in the history of a task.
    func seal(sequence: Int64, of task: TaskID) -> String { seal("\(sequence)", scope: "history \(task)") }

    /// - Throws: ``Problem`` 400 `INVALID_CURSOR`.
    func sequence(_ cursor: String, of task: TaskID) throws -> Int64 {
        guard let number = Int64(try open(cursor, scope: "history \(task)")) else { throw Self.invalid }
        return number
    }

    private func seal(_ text: String, scope: String) -> String {
        "\(Self.encoded(Array(text.utf8))).\(Self.encoded(signature(text, scope)))"
    }

    private func open(_ cursor: String, scope: String) throws -> String {
        let halves = cursor.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2, let bytes = Self.decoded(halves[0]), let sent = Self.decoded(halves[1]) else {
            throw Self.invalid
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard Self.isEqual(sent, signature(text, scope)) else { throw Self.invalid }
        return text
    }

    private static var invalid: Problem {
        var problem = Problem.badRequest(
            "The cursor is none of this server's, or belongs to another list or filter", code: "INVALID_CURSOR")
        problem.hint = "Begin again without a cursor; filter and sort must stay the same"
        return problem
    }

    /// HMAC (RFC 2104) over the place and what it belongs to.
    private func signature(_ text: String, _ scope: String) -> [UInt8] {
        let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
        let inner = SHA256.hash(padded.map { $0 ^ 0x36 } + Array("\(text)\n\(scope)".utf8))
        return Array(SHA256.hash(padded.map { $0 ^ 0x5C } + inner).prefix(16))
    }

    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Base64 for URLs (RFC 4648), without padding.
    private static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let chunk = bytes[start..<min(start + 3, bytes.count)]
            var word = chunk.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            word <<= UInt32(8 * (3 - chunk.count))
            for index in 0...chunk.count { text.append(alphabet[Int(word >> UInt32(18 - 6 * index)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
                word &= (1 << UInt32(bits)) - 1
            }
        }
        return bytes.isEmpty ? nil : bytes
    }
}
