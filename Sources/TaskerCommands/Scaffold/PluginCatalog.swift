import Foundation
import TaskerTemplates

/// The plugins there are: built-in ones, then those found on the plugin paths; a found one wins over a built-in one of the
/// same name.
public struct PluginCatalog: Sendable {
    public struct Entry: Sendable, Hashable {
        public var plugin: Plugin
        /// False: another one of this name is used.
        public var isUsed: Bool
    }

    public var entries: [Entry]
    /// About plugins that were found and cannot be read.
    public var problems: [String]

    public var plugins: [Plugin] { entries.filter(\.isUsed).map(\.plugin) }

    public func plugin(_ name: String) -> Plugin? { plugins.first { $0.name == name } }

    public static func load(paths: [String], host: Host) -> PluginCatalog {
        var all: [Plugin] = builtIn
        var problems: [String] = []
        for path in paths {
            for directory in candidates(path, host) {
                let (plugin, found) = read(directory, host: host)
                problems += found
                if let plugin, found.isEmpty { all.append(plugin) }
            }
        }
        var last: [String: Int] = [:]
        for (index, plugin) in all.enumerated() { last[plugin.name] = index }
        let entries = all.enumerated().map { Entry(plugin: $1, isUsed: last[$1.name] == $0) }
        return PluginCatalog(entries: entries, problems: problems)
    }

    /// In the order of their names in the contract.
    static let builtIn: [Plugin] = {
        let names = ["python", "rails", "typescript", "rust", "swift"].map { "tasker-contrib-" + $0 }
        return names.compactMap { name in
            var reader = PluginReader(prefix: name + "/") { EmbeddedScaffold.files[name + "/" + $0] }
            return reader.plugin(origin: .builtIn)
        }
    }()

    /// A plugin in a directory and all problems of it.
    static func read(_ directory: String, host: Host) -> (Plugin?, [String]) {
        let full = host.resolve(directory)
        var reader = PluginReader(prefix: directory + "/") { file in
            let path = full + "/" + file
            guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 20 else { return nil }
            return String(decoding: data, as: UTF8.self)
        }
        let plugin = reader.plugin(origin: .directory(directory))
        return (plugin, reader.problems)
    }

    /// The path itself, its child directories, and `child/tasker-cli-plugin`.
    private static func candidates(_ path: String, _ host: Host) -> [String] {
        let children = (try? FileManager.default.contentsOfDirectory(atPath: host.resolve(path)))?.sorted() ?? []
        let all = [path] + children.flatMap { ["\(path)/\($0)", "\(path)/\($0)/tasker-cli-plugin"] }
        return all.filter { FileManager.default.fileExists(atPath: host.resolve($0) + "/tasker-plugin.toml") }
    }

    /// - Throws: not found, with what there is.
    public func required(_ name: String) throws(CommandError) -> Plugin {
        if let found = plugin(name) { return found }
        let names = plugins.map(\.name)
        let near = DocumentTools.nearest(to: name, among: names)
        throw .notFound(
            "there is no plugin '\(name)'",
            hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
    }
}
