/// Why a message cannot be used. `detail` is for people and goes into the dead letter's `x-tasker-detail`.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Not JSON, no object, a member missing or of the wrong type.
        case invalidMessage = "invalid_message"
        /// Another major version of the protocol, or none.
        case unsupportedProtocol = "unsupported_protocol"
        /// A `kind` that has no meaning here.
        case unknownKind = "unknown_kind"
    }

    public var code: Code
    public var detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}

/// The protocol's version, `N.N` on the wire. Any minor of the same major is understood.
public enum WireProtocol {
    public static let version = "1.0"
    public static let major = 1

    /// - Throws: ``WireError`` `unsupportedProtocol` for another major, a missing or a malformed version.
    public static func check(_ version: RawJSON?) throws(WireError) {
        guard let text = version?.string else {
            throw WireError(
                .unsupportedProtocol, "the message has no \"protocol\" version; this side speaks \(self.version)")
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = number(parts[0]), number(parts[1]) != nil else {
            throw WireError(.unsupportedProtocol, "\"\(text.prefix(40))\" is no protocol version of the form N.N")
        }
        guard major == self.major else {
            throw WireError(
                .unsupportedProtocol, "protocol \(text.prefix(40)) is not understood; this side speaks \(self.version)")
        }
    }

    private static func number(_ part: Substring) -> Int? {
        guard !part.isEmpty, part.utf8.count <= 9, part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(part)
    }
}
