/// A validating cursor over JSON text (RFC 8259). It reads each byte once and builds nothing unless asked to.
///
/// Stricter than the RFC where the wire protocol is: no lone surrogates, no U+0000, no integers outside 64 bits.
struct JSONScanner {
    let input: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var position = 0

    init(_ input: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.input = input
        self.limits = limits
    }

    /// Checks one whole text: a value, optional white space around it, nothing else. Returns the value's range.
    mutating func document() throws(JSONError) -> Range<Int> {
        if input.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONError(.byteOrderMark, at: 0) }
        skipWhitespace()
        guard position < input.count else { throw JSONError(.empty, at: position) }
        let start = position
        try skipValue(depth: 0)
        let end = position
        skipWhitespace()
        guard position == input.count else { throw JSONError(.trailingBytes, at: position) }
        return start..<end
    }

    mutating func skipWhitespace() {
        while position < input.count {
            switch input[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    func peek() throws(JSONError) -> UInt8 {
        guard position < input.count else { throw JSONError(.truncated, at: position) }
        return input[position]
    }

    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard try peek() == byte else { throw JSONError(.unexpectedByte, at: position) }
        position += 1
    }

    mutating func skipValue(depth: Int) throws(JSONError) {
        switch try peek() {
        case UInt8(ascii: "{"): try skipObject(depth: depth + 1)
        case UInt8(ascii: "["): try skipArray(depth: depth + 1)
        case UInt8(ascii: "\""): _ = try skipString()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: _ = try skipNumber()
        }
    }

    private mutating func skipObject(depth: Int) throws(JSONError) {
        if depth > limits.depth { throw JSONError(.tooDeep, at: position) }
        position += 1
        skipWhitespace()
        if try peek() == UInt8(ascii: "}") { return position += 1 }
        var names: Set<[UInt8]> = []
        var count = 0
        while true {
            skipWhitespace()
            guard try peek() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
            let start = position
            let escaped = try skipString()
            if limits.rejectsDuplicateMembers {
                let content = start + 1..<position - 1
                let name = escaped ? Array(unescape(content).utf8) : Array(input[content])
                if !names.insert(name).inserted { throw JSONError(.duplicateMember, at: start) }
            }
            skipWhitespace()
            try expect(UInt8(ascii: ":"))
            skipWhitespace()
            try skipValue(depth: depth)
            count += 1
            if count > limits.itemsPerContainer { throw JSONError(.tooManyItems, at: position) }
            skipWhitespace()
            switch try peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"): return position += 1
            default: throw JSONError(.unexpectedByte, at: position)
            }
        }
    }

    private mutating func skipArray(depth: Int) throws(JSONError) {
        if depth > limits.depth { throw JSONError(.tooDeep, at: position) }
        position += 1
        skipWhitespace()
        if try peek() == UInt8(ascii: "]") { return position += 1 }
        var count = 0
        while true {
            skipWhitespace()
            try skipValue(depth: depth)
            count += 1
            if count > limits.itemsPerContainer { throw JSONError(.tooManyItems, at: position) }
            skipWhitespace()
            switch try peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"): return position += 1
            default: throw JSONError(.unexpectedByte, at: position)
            }
        }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONError) {
        let start = position
        for index in 0..<literal.utf8CodeUnitCount {
            guard position < input.count else { throw JSONError(.truncated, at: position) }
            guard input[position] == literal.utf8Start[index] else { throw JSONError(.unexpectedByte, at: start) }
            position += 1
        }
    }

    /// Skips a string and tells whether it has escapes.
    mutating func skipString() throws(JSONError) -> Bool {
        let start = position
        var escaped = false
        position += 1
        while true {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                if position - start - 2 > limits.stringBytes { throw JSONError(.stringTooLong, at: start) }
                return escaped
            case UInt8(ascii: "\\"):
                escaped = true
                try skipEscape()
            case 0..<0x20: throw JSONError(.controlCharacter, at: position)
            case 0..<0x80: position += 1
            default: try skipUTF8Sequence(byte)
            }
        }
    }

    private mutating func skipEscape() throws(JSONError) {
        position += 1
        switch try peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            let start = position - 1
            position += 1
            let unit = try hexUnit()
            if unit == 0 { throw JSONError(.nullCharacter, at: start) }
            if (0xDC00...0xDFFF).contains(unit) { throw JSONError(.loneSurrogate, at: start) }
            guard (0xD800...0xDBFF).contains(unit) else { return }
            guard position + 1 < input.count, input[position] == UInt8(ascii: "\\"),
                input[position + 1] == UInt8(ascii: "u")
            else { throw JSONError(.loneSurrogate, at: start) }
            position += 2
            guard (0xDC00...0xDFFF).contains(try hexUnit()) else { throw JSONError(.loneSurrogate, at: start) }
        default: throw JSONError(.badEscape, at: position)
        }
    }

    private mutating func hexUnit() throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let nibble = hexValue(try peek()) else { throw JSONError(.badEscape, at: position) }
            unit = unit << 4 | UInt16(nibble)
            position += 1
        }
        return unit
    }

    /// Well-formed sequences of the Unicode Standard, table 3-7: no overlong forms, no surrogates, at most U+10FFFF.
    private mutating func skipUTF8Sequence(_ lead: UInt8) throws(JSONError) {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw JSONError(.badUTF8, at: position)
            }
        guard position + length <= input.count else { throw JSONError(.truncated, at: position) }
        guard second.contains(input[position + 1]) else { throw JSONError(.badUTF8, at: position) }
        for index in 2..<max(2, length) where !(0x80...0xBF).contains(input[position + index]) {
            throw JSONError(.badUTF8, at: position)
        }
        position += length
    }

    /// Skips a number and tells whether it is an integer (no fraction, no exponent).
    mutating func skipNumber() throws(JSONError) -> Bool {
        let start = position
        if try peek() == UInt8(ascii: "-") { position += 1 }
        switch try peek() {
        case UInt8(ascii: "0"): position += 1
        case UInt8(ascii: "1")...UInt8(ascii: "9"): skipDigits()
        default: throw JSONError(position == start ? .unexpectedByte : .badNumber, at: start)
        }
        if position < input.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(input[position]) {
            throw JSONError(.badNumber, at: start)
        }
        var integer = true
        if position < input.count, input[position] == UInt8(ascii: ".") {
            integer = false
            position += 1
            guard skipDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        if position < input.count, input[position] | 0x20 == UInt8(ascii: "e") {
            integer = false
            position += 1
            if position < input.count, input[position] == UInt8(ascii: "+") || input[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard skipDigits() > 0 else { throw JSONError(.badNumber, at: start) }
        }
        if integer {
            // Up to 18 digits always fit; only longer ones are worth a conversion.
            if position - start > 18, integerValue(start..<position) == nil {
                throw JSONError(.numberOutOfRange, at: start)
            }
        } else if doubleValue(start..<position)?.isFinite != true {
            throw JSONError(.numberOutOfRange, at: start)
        }
        return integer
    }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = position
        while position < input.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(input[position]) {
            position += 1
        }
        return position - start
    }

    // MARK: - Values of checked ranges

    func integerValue(_ range: Range<Int>) -> Int64? {
        var value: Int64 = 0
        var index = range.lowerBound
        let negative = input[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        while index < range.upperBound {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(input[index] - UInt8(ascii: "0"))
            let (sum, carry) =
                negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = sum
            index += 1
        }
        return value
    }

    func doubleValue(_ range: Range<Int>) -> Double? {
        Double(String(decoding: input[range], as: UTF8.self))
    }

    /// The text of a string whose content (without quotes) has been checked.
    func unescape(_ content: Range<Int>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(content.count)
        var index = content.lowerBound
        func unit(at start: Int) -> UInt32 {
            (start..<start + 4).reduce(0) { $0 << 4 | UInt32(hexValue(input[$1]) ?? 0) }
        }
        while index < content.upperBound {
            let byte = input[index]
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                index += 1
                continue
            }
            switch input[index + 1] {
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "u"):
                var scalar = unit(at: index + 2)
                if (0xD800...0xDBFF).contains(scalar) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (unit(at: index + 8) - 0xDC00)
                    index += 6
                }
                bytes.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
                index += 4
            case let plain: bytes.append(plain)
            }
            index += 2
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
