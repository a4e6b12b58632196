import Foundation
import TaskerProtocol

/// Joins flags, environment, project file, user file and defaults; the first one that says something wins.
struct SettingsResolver {
    static let projectFiles = [".config/tasker.toml", "tasker.toml", "tasker.yaml"]

    static func resolve(_ global: GlobalOptions, host: Host) throws -> Settings {
        var files: [ConfigurationFile] = []
        if let stated = global.configurationFile {
            files.append(try ConfigurationFile.read(stated, host: host))
        } else if let path = projectFile(host) {
            files.append(try ConfigurationFile.read(path, host: host))
        }
        if let path = userFile(host), FileManager.default.fileExists(atPath: path) {
            files.append(try ConfigurationFile.read(path, host: host))
        }
        var settings = Settings(files: files.map(\.path), warnings: files.flatMap(\.problems))

        let profile =
            global.profile ?? host.environment["TASKER_CLIENT_PROFILE"]
            ?? files.lazy.compactMap { $0.values[.profile]?.value }.first
        if let profile, profile != "default", !files.contains(where: { $0.profiles[profile] != nil }) {
            throw CommandError.usage(
                "no configuration file has a profile '\(profile)'",
                hint: "add a table [profile.\(profile)], or leave --profile out")
        }
        for key in SettingKey.allCases {
            let found = candidates(key, global: global, host: host, files: files, profile: profile)
            settings.candidates[key] = found
            settings.entries[key] = found.first
        }
        if let format = settings[.output] { _ = try OutputFormat(argument: format) }
        return settings
    }

    private static func candidates(
        _ key: SettingKey, global: GlobalOptions, host: Host, files: [ConfigurationFile], profile: String?
    ) -> [Settings.Entry] {
        var found: [Settings.Entry] = []
        if let (flag, value) = flag(key, global) { found.append(Settings.Entry(value: value, source: .flag(flag))) }
        for name in key.variables {
            guard let value = host.environment[name], !value.isEmpty else { continue }
            let text = key == .timeout ? value + "ms" : value
            found.append(Settings.Entry(value: text, source: .environment(name)))
        }
        for file in files {
            if let profile, let entry = file.profiles[profile]?[key] { found.append(entry) }
            if let entry = file.values[key] { found.append(entry) }
        }
        if let value = key.defaultValue { found.append(Settings.Entry(value: value, source: .default)) }
        return found
    }

    private static func flag(_ key: SettingKey, _ global: GlobalOptions) -> (String, String)? {
        switch key {
        case .server: global.server.map { ("--server", $0) }
        case .token: global.token.map { ("--token", $0) } ?? global.tokenFile.map { ("--token-file", $0) }
        case .apiKey: global.apiKey.map { ("--api-key", $0) }
        case .output: global.format.map { ("--output", $0.rawValue) }
        case .profile: global.profile.map { ("--profile", $0) }
        case .timeout: global.timeout.map { ("--timeout", "\($0.wholeMilliseconds)ms") }
        default: nil
        }
    }

    /// The one of the nearest ancestor directory.
    private static func projectFile(_ host: Host) -> String? {
        var directory = host.workingDirectory
        while true {
            for name in projectFiles {
                let path = (directory == "/" ? "" : directory) + "/" + name
                if FileManager.default.fileExists(atPath: path) {
                    return directory == host.workingDirectory ? name : path
                }
            }
            if directory == "/" || directory.isEmpty { return nil }
            directory = (directory as NSString).deletingLastPathComponent
        }
    }

    static func userFile(_ host: Host) -> String? {
        if let base = host.environment["XDG_CONFIG_HOME"], !base.isEmpty { return base + "/tasker/config.toml" }
        return host.environment["HOME"].map { $0 + "/.config/tasker/config.toml" }
    }
}
