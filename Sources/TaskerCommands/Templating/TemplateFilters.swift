import Stencil

/// The filters that templates may use, those that Stencil lacks among them.
enum TemplateFilters {
    static let names = [
        "snake_case", "pascal_case", "camel_case", "kebab_case", "upper", "lower", "trim", "replace", "default",
        "length", "join", "python_string", "ruby_string", "typescript_string", "rust_string", "swift_string",
        "yaml_string", "is_url", "package_identity", "has_scope", "outer_scopes",
    ]

    static let outputLimit = 1 << 20
    static let stepLimit = 10_000

    static func stencilExtension(_ meter: TemplateMeter) -> Extension {
        let all = Extension()
        let texts: [(String, @Sendable (String) -> String)] = [
            ("snake_case", { NameWords($0).snake }), ("pascal_case", { NameWords($0).pascal }),
            ("camel_case", { NameWords($0).camel }), ("kebab_case", { NameWords($0).kebab }),
            ("upper", { $0.uppercased() }), ("lower", { $0.lowercased() }), ("trim", trimmed),
            ("python_string", StringLiterals.python), ("ruby_string", StringLiterals.ruby),
            ("typescript_string", StringLiterals.typescript), ("rust_string", StringLiterals.rust),
            ("swift_string", StringLiterals.swift), ("yaml_string", YAMLText.scalar),
        ]
        for (name, filter) in texts {
            all.registerFilter(name) { (value: Any?) in filter(try text(value, for: name)) }
        }
        all.registerFilter("replace") { (value: Any?, arguments: [Any?]) in
            guard arguments.count == 2 else { throw TemplateSyntaxError("'replace' wants two values: from, to") }
            let from = try text(arguments[0], for: "replace")
            guard !from.isEmpty else { throw TemplateSyntaxError("'replace' cannot replace nothing") }
            let result = try text(value, for: "replace").split(separator: from, omittingEmptySubsequences: false)
                .joined(separator: try text(arguments[1], for: "replace"))
            guard result.utf8.count <= outputLimit else { throw TemplateSyntaxError("the value grows beyond 1 MiB") }
            return result
        }
        all.registerFilter("is_url") { (value: Any?) in PackageAddress.isURL(try text(value, for: "is_url")) }
        all.registerFilter("has_scope") { (value: Any?) in try text(value, for: "has_scope").contains("::") }
        all.registerFilter("outer_scopes") { (value: Any?) in
            let parts = try text(value, for: "outer_scopes").split(separator: "::").map(String.init)
            return parts.indices.dropLast().map { parts[...$0].joined(separator: "::") }
        }
        all.registerFilter("package_identity") { (value: Any?) in
            PackageAddress.identity(try text(value, for: "package_identity"))
        }
        all.registerFilter("length") { (value: Any?) in
            if let list = value as? [Any] { return list.count }
            return try text(value, for: "length").count
        }
        all.registerFilter(TemplateChecker.outputFilter) { (value: Any?) in
            let result = try text(value, for: "{{ }}")
            try meter.write(result.utf8.count)
            return result
        }
        all.registerSimpleTag(TemplateChecker.stepTag) { _ in
            try meter.step()
            return ""
        }
        all.registerTag("set") { parser, token in
            let parts = token.components
            let value = try parser.compileFilter(parts.dropFirst(2).joined(separator: " "), containedIn: token)
            return SimpleNode(token: token) { context in
                context[parts[1]] = try value.resolve(context)
                return ""
            }
        }
        return all
    }

    @Sendable private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    private static func text(_ value: Any?, for name: String) throws -> String {
        switch value {
        case let text as String: return text
        case let number as Int: return String(number)
        case let number as any BinaryFloatingPoint: return "\(number)"
        case let flag as Bool: return String(flag)
        case nil: throw TemplateSyntaxError("'\(name)' is given a variable that has no value")
        default: throw TemplateSyntaxError("'\(name)' is given a list")
        }
    }
}

/// Counts what a template does. One rendering uses it, from one thread.
final class TemplateMeter: @unchecked Sendable {
    private var bytes = 0
    private var steps = 0

    func write(_ count: Int) throws {
        bytes += count
        if bytes > TemplateFilters.outputLimit { throw TemplateSyntaxError("the output is larger than 1 MiB") }
    }

    func step() throws {
        steps += 1
        if steps > TemplateFilters.stepLimit { throw TemplateSyntaxError("loops take more than 10000 steps") }
    }
}
