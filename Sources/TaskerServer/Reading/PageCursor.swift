import Synchronization
import TaskerProtocol
import TaskerStore

/// A cursor as callers see it: opaque, signed, and of no use with another filter (REST contract, section 1.4).
struct PageCursor: Sendable {
    /// Of this process: a cursor does not outlive it.
    private let key: [UInt8]

    init() {
        var random = SystemRandomNumberGenerator()
        key = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    func seal(_ position: TaskPosition, filter: String) -> String {
        let text = "\(position.createdAt.milliseconds).\(position.priority).\(position.task)"
        return "\(Self.encoded(Array(text.utf8))).\(Self.encoded(signature(text, filter)))"
    }

    /// - Throws: ``Problem`` 400 `INVALID_CURSOR`.
    func open(_ cursor: String, filter: String) throws -> TaskPosition {
        let halves = cursor.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2, let bytes = Self.decoded(halves[0]), let sent = Self.decoded(halves[1]) else {
            throw Self.invalid
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard Self.isEqual(sent, signature(text, filter)) else { throw Self.invalid }
        let parts = text.split(separator: ".")
        guard parts.count == 3, let created = Int64(parts[0]), let priority = Int(parts[1]),
            let task = TaskID(String(parts[2]))
        else { throw Self.invalid }
        return TaskPosition(createdAt: Timestamp(milliseconds: created), priority: priority, task: task)
    }

    private static var invalid: Problem {
        var problem = Problem.badRequest(
            "The cursor is none of this server's, or belongs to another filter", code: "INVALID_CURSOR")
        problem.hint = "Begin again without a cursor; filter and sort must stay the same"
        return problem
    }

    /// HMAC (RFC 2104) over position and filter.
    private func signature(_ text: String, _ filter: String) -> [UInt8] {
        let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
        let inner = SHA256.hash(padded.map { $0 ^ 0x36 } + Array("\(text)\n\(filter)".utf8))
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
