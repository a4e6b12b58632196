import TaskerProtocol

/// What an unquoted scalar means under the core schema of YAML 1.2 (section 10.3.2 there).
enum CoreSchema {
    enum Resolution: Equatable {
        case value(JSONValue)
        /// A number that no 64-bit integer or finite double holds, infinity and NaN included.
        case unrepresentable
    }

    static func resolve(_ text: String) -> Resolution {
        switch text {
        case "", "~", "null", "Null", "NULL": return .value(.null)
        case "true", "True", "TRUE": return .value(true)
        case "false", "False", "FALSE": return .value(false)
        default: return number(text) ?? .value(.string(text))
        }
    }

    /// nil when the text is no number.
    static func number(_ text: String) -> Resolution? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first < 0x3A else { return nil }  // '+', '-', '.', digits: all below ':'
        if bytes.starts(with: "0x".utf8) { return radix(bytes, 16) }
        if bytes.starts(with: "0o".utf8) { return radix(bytes, 8) }

        let signed = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
        let rest = bytes.dropFirst(signed ? 1 : 0)
        switch String(decoding: rest, as: UTF8.self) {
        case ".inf", ".Inf", ".INF": return .unrepresentable
        case ".nan", ".NaN", ".NAN": return signed ? nil : .unrepresentable
        default: break
        }
        if !rest.isEmpty, rest.allSatisfy(isDigit) {
            return Int64(text).map { .value(.integer($0)) } ?? .unrepresentable
        }
        guard isFloat(rest) else { return nil }
        // Swift's own parser wants neither a leading plus nor a bare point, but reads both; it overflows to infinity.
        guard let value = Double(text), value.isFinite else { return .unrepresentable }
        return .value(.double(value == 0 ? 0 : value))
    }

    private static func radix(_ bytes: [UInt8], _ radix: Int) -> Resolution? {
        let digits = bytes.dropFirst(2)
        guard !digits.isEmpty, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        let text = String(decoding: digits, as: UTF8.self)
        if let value = Int64(text, radix: radix) { return .value(.integer(value)) }
        let valid = text.allSatisfy { $0.isASCII && ($0.hexDigitValue ?? 16) < radix }
        return valid ? .unrepresentable : nil
    }

    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        let whole = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(whole)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(fraction)
            guard whole > 0 || fraction > 0 else { return false }
        } else if whole == 0 {
            return false
        }
        guard let letter = rest.first else { return true }
        guard letter | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
