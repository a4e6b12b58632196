import TaskerProtocol
import TaskerTemplates

/// Reads a plugin and reports everything that is wrong with it.
struct PluginReader {
    /// Reads a file of the plugin; nil when there is none.
    let read: (String) -> String?
    /// In front of file names in problems.
    let prefix: String
    private(set) var problems: [String] = []

    init(prefix: String, read: @escaping (String) -> String?) {
        self.prefix = prefix
        self.read = read
    }

    /// nil when not even a name is known.
    mutating func plugin(origin: Plugin.Origin) -> Plugin? {
        guard let manifest = table(of: "tasker-plugin.toml") else { return nil }
        guard let section = manifest.table("plugin") else {
            problem(manifest, "the table [plugin] is missing")
            return nil
        }
        check(manifest, known: ["plugin", "templates"])
        check(section, known: ["name", "description", "version", "language", "framework"])
        let plugin = Plugin(
            name: required("name", in: section), description: required("description", in: section),
            version: required("version", in: section), language: required("language", in: section),
            framework: section.string("framework"), origin: origin, templates: [])
        guard !plugin.name.isEmpty else { return nil }
        var result = plugin
        for entry in manifest.tables("templates") {
            check(entry, known: ["name", "path", "description"])
            let name = required("name", in: entry)
            let path = required("path", in: entry)
            guard !name.isEmpty, !path.isEmpty else { continue }
            guard isInside(path) else {
                problem(entry, "the path '\(path)' leads out of the plugin")
                continue
            }
            if let template = template(name, at: path, entry.string("description") ?? "") {
                result.templates.append(template)
            }
        }
        if manifest.tables("templates").isEmpty { problem(manifest, "there is no [[templates]]") }
        return result
    }

    private mutating func template(_ name: String, at path: String, _ summary: String) -> ScaffoldTemplate? {
        guard let root = table(of: path + "/template.toml") else { return nil }
        check(root, known: ["name", "description", "parameters", "outputs", "next"])
        var template = ScaffoldTemplate(
            name: name, description: root.string("description") ?? summary, parameters: [], outputs: [],
            next: root.string("next"), sources: [:], path: prefix + path)
        if let own = root.string("name"), own != name {
            problem(root, "the name is '\(own)' here and '\(name)' in tasker-plugin.toml")
        }
        for entry in root.tables("parameters") { template.parameters.append(parameter(entry)) }
        for entry in root.tables("outputs") {
            check(entry, known: ["template", "filename", "subdir", "only_when_absent"])
            let file = required("template", in: entry)
            let filename = required("filename", in: entry)
            guard isInside(file) else {
                problem(entry, "the path '\(file)' leads out of the plugin")
                continue
            }
            guard let source = read(path + "/" + file) else {
                problem(entry, "the file '\(path)/\(file)' is missing")
                continue
            }
            template.sources[file] = source
            template.outputs.append(
                ScaffoldTemplate.Output(
                    template: file, filename: filename, subdirectory: entry.string("subdir"),
                    onlyWhenAbsent: entry.bool("only_when_absent") ?? false))
        }
        if template.outputs.isEmpty { problem(root, "there is no [[outputs]]") }
        checkSources(of: template, path: path, root)
        return template
    }

    private mutating func parameter(_ entry: ManifestTable) -> ScaffoldTemplate.Parameter {
        check(entry, known: ["name", "description", "required", "default", "kind", "values"])
        let name = required("name", in: entry)
        let kindText = entry.string("kind") ?? (name == "name" ? "name" : "text")
        let kind = ScaffoldTemplate.Parameter.Kind(rawValue: kindText)
        if kind == nil { problem(entry, "'\(kindText)' is no kind of parameter") }
        return ScaffoldTemplate.Parameter(
            name: name, description: entry.string("description") ?? "", isRequired: entry.bool("required") ?? false,
            defaultValue: entry.string("default"), kind: kind ?? .text, values: entry.strings("values"))
    }

    /// Names and structure of every template file, whatever the values.
    private mutating func checkSources(of template: ScaffoldTemplate, path: String, _ root: ManifestTable) {
        let names = Set(template.parameters.map(\.name))
        for output in template.outputs {
            let texts = [
                (output.filename, "\(path)/template.toml"), (output.subdirectory ?? "", "\(path)/template.toml"),
                (template.sources[output.template] ?? "", "\(path)/\(output.template)"),
            ]
            for (source, file) in texts {
                do throws(TemplateFailure) {
                    _ = try TemplateChecker.check(source, file: prefix + file, variables: names)
                } catch {
                    problems.append(error.text)
                }
            }
        }
    }

    // MARK: - Support

    private mutating func table(of file: String) -> ManifestTable? {
        guard let text = read(file) else {
            problems.append("\(prefix)\(file):1:1: the file is missing")
            return nil
        }
        do throws(TOMLReader.Failure) {
            return ManifestTable(file: prefix + file, value: try TOMLReader.read(text))
        } catch {
            problems.append("\(prefix)\(file):\(error.line):\(error.column): \(error.message)")
            return nil
        }
    }

    private mutating func required(_ key: String, in table: ManifestTable) -> String {
        if let text = table.string(key), !text.isEmpty { return text }
        problem(table, "'\(key)' is missing")
        return ""
    }

    private mutating func check(_ table: ManifestTable, known: [String]) {
        for member in table.members where !known.contains(member.key) {
            let near = DocumentTools.nearest(to: member.key, among: known).map { "; did you mean '\($0)'?" } ?? ""
            problems.append("\(table.file):\(member.line):\(member.column): unknown key '\(member.key)'\(near)")
        }
    }

    private mutating func problem(_ table: ManifestTable, _ message: String) {
        problems.append("\(table.file):\(table.value.line):\(table.value.column): \(message)")
    }

    private func isInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}

/// A table of a manifest, with its file.
struct ManifestTable {
    var file: String
    var value: DocumentTools.Value

    var members: [DocumentTools.Member] {
        if case .table(let members) = value.content { members } else { [] }
    }

    private func member(_ key: String) -> DocumentTools.Value? { members.first { $0.key == key }?.value }

    func string(_ key: String) -> String? {
        if case .scalar(let value)? = member(key)?.content { value.stringValue } else { nil }
    }

    func bool(_ key: String) -> Bool? {
        if case .scalar(let value)? = member(key)?.content { value.boolValue } else { nil }
    }

    func strings(_ key: String) -> [String] {
        guard case .list(let items)? = member(key)?.content else { return [] }
        return items.compactMap { if case .scalar(let value) = $0.content { value.stringValue } else { nil } }
    }

    func table(_ key: String) -> ManifestTable? {
        member(key).map { ManifestTable(file: file, value: $0) }
    }

    func tables(_ key: String) -> [ManifestTable] {
        guard case .list(let items)? = member(key)?.content else { return [] }
        return items.map { ManifestTable(file: file, value: $0) }
    }
}
