import TaskerProtocol

/// Equality, order and divisibility as JSON Schema means them: `1` and `1.0` are one number.
enum SchemaComparison {
    /// Equal exactly when the values are.
    static func identity(_ value: JSONValue) -> [UInt8] { normalised(value).canonicalBytes }

    private static func normalised(_ value: JSONValue) -> JSONValue {
        switch value {
        case .double(let number): Int64(exactly: number).map(JSONValue.integer) ?? value
        case .array(let items): .array(items.map(normalised))
        case .object(let members): .object(members.mapValues(normalised))
        default: value
        }
    }

    /// nil for values that are no numbers.
    static func isLess(_ left: JSONValue, _ right: JSONValue) -> Bool? {
        if case .integer(let left) = left, case .integer(let right) = right { return left < right }
        guard let left = left.doubleValue, let right = right.doubleValue else { return nil }
        return left < right
    }

    /// Exact, by the decimal digits of both.
    static func isMultiple(_ value: JSONValue, of divisor: JSONValue) -> Bool {
        guard let value = Decimal(value), let divisor = Decimal(divisor), divisor.digits > 0 else { return true }
        if value.digits == 0 { return true }
        let shift = value.exponent - divisor.exponent
        if shift >= 0 {
            var remainder = value.digits % divisor.digits
            // Each factor of ten changes the remainder by a rule that repeats; there are at most 700 of them.
            for _ in 0..<shift where remainder != 0 {
                let product = remainder.multipliedFullWidth(by: 10)
                remainder = divisor.digits.dividingFullWidth(product).remainder
            }
            return remainder == 0
        }
        var scaled = divisor.digits
        for _ in 0..<(-shift) {
            let (product, overflow) = scaled.multipliedReportingOverflow(by: 10)
            if overflow { return false }
            scaled = product
        }
        return value.digits % scaled == 0
    }

    /// digits * 10^exponent; the sign does not matter to divisibility.
    private struct Decimal {
        var digits: UInt64
        var exponent: Int

        init?(_ value: JSONValue) {
            switch value {
            case .integer(let number): (digits, exponent) = (number.magnitude, 0)
            case .double(let number):
                guard number.isFinite else { return nil }
                let text = number.magnitude.description.lowercased()
                let parts = text.split(separator: "e")
                let sides = parts[0].split(separator: ".", omittingEmptySubsequences: false)
                let fraction = sides.count == 2 && sides[1] != "0" ? sides[1] : ""
                guard let digits = UInt64(sides[0] + fraction) else { return nil }
                self.digits = digits
                exponent = (parts.count == 2 ? Int(parts[1]) ?? 0 : 0) - fraction.utf8.count
            default: return nil
            }
        }
    }

    /// Short, for messages.
    static func shown(_ value: JSONValue) -> String {
        let text = value.canonicalText
        if text.utf8.count <= 60 { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(50))) + "..."
    }
}
