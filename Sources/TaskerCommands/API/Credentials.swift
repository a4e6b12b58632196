import Foundation

/// The headers that say who asks. Values never appear in output.
enum Credentials {
    /// - Throws: usage or not found, without the value.
    static func headers(_ context: CommandContext) throws(CommandError) -> [String: String] {
        var headers: [String: String] = [:]
        if let entry = context.settings.entries[.token] {
            headers["Authorization"] = "Bearer " + (try value(entry, "token", context.host))
        }
        if let entry = context.settings.entries[.apiKey] {
            let name = context.settings[.apiKeyHeader] ?? "X-API-Key"
            guard !name.isEmpty, name.utf8.allSatisfy({ isWord($0) }) else {
                throw .usage("the setting api_key_header is no name of a header")
            }
            headers[name] = try value(entry, "API key", context.host)
        }
        return headers
    }

    private static func value(_ entry: Settings.Entry, _ what: String, _ host: Host) throws(CommandError) -> String {
        var text = entry.value
        if case .flag(let flag) = entry.source, flag == "--token-file", text != "-" {
            guard let data = FileManager.default.contents(atPath: host.resolve(text)) else {
                throw .notFound("cannot read the token file '\(text)'")
            }
            text = String(decoding: data, as: UTF8.self)
        } else if case .flag = entry.source, text == "-" {
            do { text = String(decoding: try host.readInput(), as: UTF8.self) } catch {
                throw .failed("cannot read the \(what) from standard input")
            }
        }
        text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .usage("the \(what) is empty or holds characters that no header may hold")
        }
        return text
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
            || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
