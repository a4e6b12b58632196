import TaskerProtocol

/// Seconds as written, turned into whole milliseconds by decimal arithmetic, half away from zero.
enum DecimalNumber {
    /// - Returns: nil when the text is no decimal or hexadecimal number, or its milliseconds pass 10^17.
    static func milliseconds(fromSeconds text: String) -> Int64? {
        if text.hasPrefix("0x") || text.hasPrefix("0o") {
            guard case .value(let value)? = CoreSchema.number(text), let seconds = value.integerValue,
                seconds < 100_000_000_000_000
            else { return nil }
            return seconds * 1000
        }
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }

        let parts = rest.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let halves =
            (parts.count == 2 ? parts : rest.split(separator: "E", maxSplits: 1, omittingEmptySubsequences: false))
        guard let mantissa = halves.first, !mantissa.isEmpty else { return nil }
        // An exponent beyond what Int reads is as good as this one: the digits are at most 64 KiB.
        var exponent = 0
        if halves.count == 2 { exponent = Int(halves[1]) ?? (halves[1].hasPrefix("-") ? -1_000_000 : 1_000_000) }
        exponent = min(1_000_000, max(-1_000_000, exponent))

        let sides = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var digits = Array(sides[0].utf8)
        if sides.count == 2 { digits.append(contentsOf: sides[1].utf8) }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // The value is 0.d1d2d3... times 10^point, in milliseconds.
        let point = sides[0].utf8.count + exponent + 3

        var value: Int64 = 0
        var index = 0
        while index < point {
            let digit = index < digits.count ? Int64(digits[index] - 0x30) : 0
            if index >= digits.count, value == 0 { break }
            guard value < 10_000_000_000_000_000 else { return nil }
            value = value * 10 + digit
            index += 1
        }
        if point >= 0, point < digits.count, digits[point] >= 0x35 { value += 1 }
        return isNegative ? -value : value
    }
}
