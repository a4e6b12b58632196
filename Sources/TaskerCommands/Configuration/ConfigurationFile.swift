import Foundation
import TaskerProtocol
import TaskerTemplates

/// One configuration file: its settings, and what is wrong with it.
struct ConfigurationFile: Sendable {
    var path: String
    var values: [SettingKey: Settings.Entry] = [:]
    var profiles: [String: [SettingKey: Settings.Entry]] = [:]
    /// With file and line.
    var problems: [String] = []

    /// - Throws: when it cannot be read or is no TOML or YAML.
    static func read(_ path: String, host: Host) throws -> ConfigurationFile {
        let full = host.resolve(path)
        guard let data = FileManager.default.contents(atPath: full) else {
            throw CommandError.failed(
                "the configuration file \(path) cannot be read", hint: "check the path and its permissions")
        }
        var file = ConfigurationFile(path: path)
        let root: DocumentTools.Value?
        if path.hasSuffix(".yaml") || path.hasSuffix(".yml") {
            let (value, findings) = DocumentTools.yaml(Array(data), file: path)
            if let first = findings.first(where: { $0.severity == .error }) {
                throw CommandError.failed("\(path):\(first.line):\(first.column): \(first.message)")
            }
            root = value
        } else {
            do throws(TOMLReader.Failure) {
                root = try TOMLReader.read(String(decoding: data, as: UTF8.self))
            } catch {
                throw CommandError.failed("\(path):\(error.line):\(error.column): \(error.message)")
            }
        }
        if let root { file.take(root) }
        let isOpen = (attributes(full) & 0o077) != 0
        let secrets =
            file.values.keys.contains(where: \.isSecret)
            || file.profiles.values.contains { $0.keys.contains(where: \.isSecret) }
        if isOpen, secrets {
            file.problems.append("\(path): others can read this file, and it holds credentials; run: chmod 600 \(path)")
        }
        return file
    }

    private static func attributes(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0o600
    }

    private mutating func take(_ root: DocumentTools.Value) {
        guard case .table(let members) = root.content else {
            problems.append("\(path):\(root.line): the file is no table of settings")
            return
        }
        for member in members {
            switch (member.key, member.value.content) {
            case ("profile", .table(let profiles)):
                for profile in profiles {
                    var values: [SettingKey: Settings.Entry] = [:]
                    if case .table(let inner) = profile.value.content { take(inner, prefix: "", into: &values) }
                    self.profiles[profile.key] = values
                }
            default:
                var values = self.values
                take([member], prefix: "", into: &values)
                self.values = values
            }
        }
    }

    private mutating func take(
        _ members: [DocumentTools.Member], prefix: String, into values: inout [SettingKey: Settings.Entry]
    ) {
        for member in members {
            let name = prefix + member.key
            if prefix.isEmpty, name == "cli", case .table(let inner) = member.value.content {
                take(inner, prefix: "cli.", into: &values)
                continue
            }
            // Both spellings of a word break mean one key.
            let wanted = name.split(separator: ".").map { part in String(part.map { $0 == "_" ? "-" : $0 }) }.joined(
                separator: ".")
            guard
                let key = SettingKey.allCases.first(where: { key in
                    String(key.rawValue.map { $0 == "_" ? "-" : $0 }) == wanted
                })
            else {
                let near = DocumentTools.nearest(to: name, among: SettingKey.allCases.map(\.rawValue))
                let hint = near.map { "; did you mean '\($0)'?" } ?? ""
                problems.append("\(path):\(member.line):\(member.column): unknown key '\(name)'\(hint)")
                continue
            }
            guard let text = Self.text(member.value) else {
                problems.append("\(path):\(member.line):\(member.column): '\(name)' has a value of the wrong type")
                continue
            }
            values[key] = Settings.Entry(value: text, source: .file(path, line: member.line))
        }
    }

    private static func text(_ value: DocumentTools.Value) -> String? {
        switch value.content {
        case .scalar(.string(let text)): return text
        case .scalar(.null), .table: return nil
        case .scalar(let other): return other.canonicalText
        case .list(let items):
            let parts = items.compactMap(text)
            return parts.count == items.count ? parts.joined(separator: ":") : nil
        }
    }
}
