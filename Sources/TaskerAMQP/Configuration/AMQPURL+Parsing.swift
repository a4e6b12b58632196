import TaskerMessaging

extension AMQPURL {
    static func invalid(_ reason: String) -> BrokerError {
        BrokerError(
            .invalidURL, "the AMQP URL cannot be used: \(reason)",
            remedy: "It looks like amqp://user:password@host:5672/%2F; the setting is TASKER_AMQP_URL")
    }

    /// What is before and behind the first `separator`; nil when there is none.
    static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    static func hostAndPort(_ text: Substring) throws(BrokerError) -> (String, Int?) {
        let host: String
        let portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw invalid("its IPv6 address has no closing bracket") }
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw invalid("text follows its IPv6 address") }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let (name, port) = split(text, at: ":")
            host = try decode(name, "the host")
            portText = port
        }
        // The host goes to C functions and into messages.
        guard !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw invalid("its host contains a space or a control character")
        }
        guard let portText, !portText.isEmpty else { return (host, nil) }
        // Not the text itself: with an unencoded password in the URL it may be a part of that.
        guard let port = Int(portText), (1...65_535).contains(port), portText.utf8.first != 0x2B else {
            throw invalid("its port is not a number from 1 to 65535")
        }
        return (host, port)
    }

    static func checkTexts(_ texts: String...) throws(BrokerError) {
        guard !texts.contains(where: { $0.utf8.contains(0) }) else { throw invalid("it contains %00") }
    }

    static func decode(_ text: Substring, _ what: String) throws(BrokerError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw invalid("a % in \(what) is not followed by two hexadecimal digits: write %25 for a percent sign")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw invalid("\(what) is not UTF-8") }
        return decoded
    }

    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

extension String {
    /// Where `text` starts, nil when it does not occur.
    func utf8Index(of text: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].utf8.starts(with: text.utf8) { return index }
            index = utf8.index(after: index)
        }
        return nil
    }
}
