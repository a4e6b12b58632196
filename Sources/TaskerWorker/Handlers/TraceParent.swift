/// The caller's span in a distributed trace, from the header `traceparent` of the step's message.
///
/// Source: W3C Trace Context, section 3.2. A version above 00 may carry more fields, which are ignored as the standard
/// asks; what it calls invalid counts as absent.
public struct TraceParent: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits.
    public var traceID: String
    /// 16 lower-case hexadecimal digits: the span that asked for the step.
    public var parentID: String
    /// Whether the caller records this trace.
    public var isSampled: Bool

    public init?(parsing text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 55, bytes[2] == hyphen, bytes[35] == hyphen, bytes[52] == hyphen else { return nil }
        guard [0..<2, 3..<35, 36..<52, 53..<55].allSatisfy({ bytes[$0].allSatisfy(\.isLowerHexDigit) }) else {
            return nil
        }
        let version = bytes[..<2]
        guard !version.elementsEqual("ff".utf8) else { return nil }
        if bytes.count > 55 {
            // The trailing fields of a later version begin with a hyphen and stay on the line.
            guard !version.elementsEqual("00".utf8), bytes[55] == hyphen, !bytes.contains(UInt8(ascii: "\n")) else {
                return nil
            }
        }
        let zero = UInt8(ascii: "0")
        guard bytes[3..<35].contains(where: { $0 != zero }), bytes[36..<52].contains(where: { $0 != zero }) else {
            return nil
        }
        traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        parentID = String(decoding: bytes[36..<52], as: UTF8.self)
        isSampled = bytes[54].hexValue & 1 == 1
    }
}

private let hyphen = UInt8(ascii: "-")

extension UInt8 {
    fileprivate var isLowerHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }

    /// Of a lower-case hexadecimal digit.
    fileprivate var hexValue: UInt8 {
        self <= UInt8(ascii: "9") ? self - UInt8(ascii: "0") : self - UInt8(ascii: "a") + 10
    }
}
