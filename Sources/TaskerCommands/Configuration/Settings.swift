import Foundation

/// The effective settings, each with where it comes from.
public struct Settings: Sendable, Hashable {
    public enum Source: Sendable, Hashable, CustomStringConvertible {
        case flag(String)
        case environment(String)
        case file(String, line: Int)
        case `default`

        public var description: String {
            switch self {
            case .flag(let name): "flag \(name)"
            case .environment(let name): "environment \(name)"
            case .file(let path, let line): "\(path):\(line)"
            case .default: "default"
            }
        }
    }

    public struct Entry: Sendable, Hashable {
        public var value: String
        public var source: Source
    }

    /// Keys without a value are absent.
    public var entries: [SettingKey: Entry]
    /// All candidates of each key, the winner first.
    public var candidates: [SettingKey: [Entry]]
    /// Files that were read, the winner first.
    public var files: [String]
    /// About files: unknown keys, open permissions.
    public var warnings: [String]

    public init(
        entries: [SettingKey: Entry] = [:], candidates: [SettingKey: [Entry]] = [:], files: [String] = [],
        warnings: [String] = []
    ) {
        self.entries = entries
        self.candidates = candidates
        self.files = files
        self.warnings = warnings
    }

    public subscript(key: SettingKey) -> String? { entries[key]?.value }

    /// For `cli.plugin-paths`.
    public var pluginPaths: [String] {
        (self[.pluginPaths] ?? "").split(separator: ":").map(String.init)
    }

    /// What a reader of output may see.
    public func shown(_ key: SettingKey) -> String? {
        guard let value = self[key] else { return nil }
        return Self.masked(value, key)
    }

    static func masked(_ value: String, _ key: SettingKey) -> String {
        if key.isSecret { return "***" }
        return key == .amqpURL || key == .server ? withoutPassword(value) : value
    }

    /// `amqp://user:***@host`
    private static func withoutPassword(_ url: String) -> String {
        guard let start = url.range(of: "://")?.upperBound, let at = url[start...].lastIndex(of: "@"),
            let colon = url[start..<at].firstIndex(of: ":")
        else { return url }
        return url[...colon] + "***" + url[at...]
    }
}
