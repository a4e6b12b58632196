import TaskerTemplates

/// Reads `--param` values against a template's parameters; every value is checked before anything is made.
struct ParameterReader {
    let template: ScaffoldTemplate
    let plugin: Plugin

    func read(_ arguments: [String]) throws -> [String: String] {
        var given: [String: String] = [:]
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "=") else {
                throw usage("--param '\(argument)' has no '='", near: "write --param name=value")
            }
            let name = String(argument[..<equals])
            guard template.parameters.contains(where: { $0.name == name }) else {
                let near = DocumentTools.nearest(to: name, among: template.parameters.map(\.name))
                throw usage("\(template.name) has no parameter '\(name)'", near: near.map { "did you mean '\($0)'?" })
            }
            guard given[name] == nil else { throw usage("the parameter '\(name)' is given twice", near: nil) }
            given[name] = String(argument[argument.index(after: equals)...])
        }
        var values: [String: String] = [:]
        for parameter in template.parameters {
            let value: String
            if let stated = given[parameter.name] {
                value = stated
            } else if parameter.isRequired {
                throw usage("the parameter '\(parameter.name)' is missing", near: nil)
            } else {
                let source = parameter.defaultValue ?? ""
                value = try TemplateRenderer.render(source, file: template.path + "/template.toml", variables: values)
            }
            values[parameter.name] = try checked(value, parameter)
        }
        return values
    }

    private func checked(_ value: String, _ parameter: ScaffoldTemplate.Parameter) throws(CommandError) -> String {
        if !parameter.values.isEmpty, !parameter.values.contains(value) {
            throw usage(
                "'\(value)' is no value of '\(parameter.name)'",
                near: "there are: " + parameter.values.joined(separator: ", "))
        }
        switch parameter.kind {
        case .name: return try name(value)
        case .module: return try module(value, parameter.name)
        case .url: return try url(value, parameter.name)
        case .namespace:
            guard matches(value, extra: "_-", limit: 64) else {
                throw usage(
                    "'\(value)' is no namespace: letters, digits, '_' and '-', a letter or '_' first", near: nil)
            }
        case .version:
            let allowed = value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.+-".contains($0)) }
            guard allowed, value.count <= 50, value.first?.isLetter == true || value.first?.isNumber == true else {
                throw usage("'\(value)' is no version such as 1.0.0", near: nil)
            }
        case .text:
            guard !value.isEmpty || parameter.values.contains("") || !parameter.isRequired else {
                throw usage("the parameter '\(parameter.name)' is empty", near: nil)
            }
            guard value.utf8.count <= 500 else {
                throw usage("'\(parameter.name)' is longer than 500 bytes", near: nil)
            }
        }
        return value
    }

    private func name(_ value: String) throws(CommandError) -> String {
        guard value.count <= 100 else { throw usage("the name is longer than 100 characters", near: nil) }
        guard value.first?.isLetter == true,
            value.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_- ".contains($0)) })
        else {
            throw usage(
                "'\(value)' is no name: letters, digits, '_', '-' and blanks, a letter first", near: nil)
        }
        var words = NameWords(value)
        if words.words.count > 1, words.words.last == "handler" { words.words.removeLast() }
        guard words.snake.count <= 120 else {
            throw usage("the name is longer than 120 characters in snake case", near: nil)
        }
        let language = plugin.language
        let reserved = language == "rust" ? ["lib", "main", "tasker_stdio"] : []
        if LanguageRules.keywords(language).contains(words.snake) || reserved.contains(words.snake) {
            throw usage("'\(value)' is a word of \(language) and cannot be a name", near: "choose another name")
        }
        if template.name != "task_template", LanguageRules.importedHandlers(language).contains(words.snake) {
            throw usage(
                "'\(value)' would make a class \(words.pascal)Handler, which the SDK has", near: "choose another name")
        }
        guard words.words.count < NameWords(value).words.count else { return value }
        return String(value.dropLast("handler".count).reversed().drop { "_- ".contains($0) }.reversed())
    }

    private func module(_ value: String, _ name: String) throws(CommandError) -> String {
        let parts =
            plugin.language == "ruby"
            ? value.split(separator: "::", omittingEmptySubsequences: false).map(String.init) : [value]
        for part in parts {
            let capital = plugin.language == "ruby" || plugin.language == "swift"
            let fits = matches(part, extra: "_", limit: 64) && (!capital || part.first?.isUppercase == true)
            if !fits || LanguageRules.keywords(plugin.language).contains(part) {
                let rule = capital ? "a capital letter first" : "a letter or '_' first"
                throw usage(
                    "'\(value)' is no \(name) for \(plugin.language): letters, digits and '_', \(rule)", near: nil)
            }
            if plugin.language == "rust", part != part.lowercased() {
                throw usage("'\(value)' is no \(name) for rust: lower case only", near: nil)
            }
        }
        return value
    }

    private func matches(_ text: String, extra: String, limit: Int) -> Bool {
        guard let first = text.first, text.count <= limit, first.isASCII, first.isLetter || first == "_" else {
            return false
        }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || extra.contains($0)) }
    }

    private func url(_ value: String, _ name: String) throws(CommandError) -> String {
        let rest = ["http://", "https://"].first { value.lowercased().hasPrefix($0) }.map { value.dropFirst($0.count) }
        let clean = value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "\\" }
        guard let rest, !rest.isEmpty, rest.first != "/", clean, value.utf8.count <= 500 else {
            throw usage("'\(value)' is no http or https address for '\(name)'", near: nil)
        }
        return value.hasSuffix("/") ? String(value.dropLast()) : value
    }

    private func usage(_ message: String, near: String?) -> CommandError {
        var lines = near.map { [$0] } ?? []
        lines.append("parameters of \(template.name):")
        lines += Self.table(template).split(separator: "\n").map { "  " + $0 }
        return .usage(message, hint: lines.joined(separator: "\n"))
    }

    static func table(_ template: ScaffoldTemplate) -> String {
        var table = TextTable("parameter", "required", "default", "description")
        for parameter in template.parameters {
            table.add(
                parameter.name, parameter.isRequired ? "yes" : "no", parameter.defaultValue ?? "-",
                parameter.description)
        }
        return table.text()
    }
}
