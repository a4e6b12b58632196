import TaskerProtocol

/// Writes code in one language. Every value of a template is data there: literals are escaped, names are checked.
protocol CodeEmitter: Sendable {
    var language: String { get }

    /// File name of the types of a template, by its name in snake case.
    func typesFile(_ base: String) -> String
    func handlersFile(_ base: String) -> String
    func testsFile(_ base: String) -> String

    func types(_ code: CodeModel, title: String) -> String
    func handlers(_ plan: HandlerPlan, base: String) -> String
    func tests(_ plan: HandlerPlan, base: String) -> String
    /// What makes it a program: a worker entry point, a package file.
    func program(_ plan: HandlerPlan, base: String) -> FileSet
    /// What to do with the files.
    func next(_ plan: HandlerPlan, base: String) -> String
}

extension CodeEmitter {
    /// A JSON name as a name of the language; nil when the name must be mapped.
    func identifier(_ name: String, _ style: (NameWords) -> String) -> String {
        var text = style(NameWords(name))
        if text.isEmpty { text = "field" }
        if text.first?.isNumber == true { text = "_" + text }
        text = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        return LanguageRules.keywords(language).contains(text) || reserved.contains(text) ? text + "_" : text
    }

    /// Names in use by the class form itself.
    var reserved: Set<String> { [] }

    /// Different JSON names may become one name; the later ones get a number.
    func identifiers(_ names: [String], _ style: (NameWords) -> String) -> [String] {
        var used: Set<String> = []
        return names.map { name in
            let base = identifier(name, style)
            var text = base
            var number = 2
            while !used.insert(text).inserted {
                text = "\(base)_\(number)"
                number += 1
            }
            return text
        }
    }
}

/// Emitters by language.
enum CodeEmitters {
    struct Options: Sendable {
        /// Types for the library that a project may have: Zod, serde, Dry::Struct.
        var usesLibrary = false
        /// Package URL or path of the SDK, for Swift and TypeScript; nil for the usual one.
        var sdk: String?
    }

    static func emitter(_ language: String, options: Options) -> (any CodeEmitter)? {
        switch language {
        case "python": PythonEmitter()
        case "ruby": RubyEmitter(usesDryStruct: options.usesLibrary)
        case "typescript":
            TypeScriptEmitter(usesZod: options.usesLibrary, sdk: options.sdk ?? TypeScriptEmitter.usualSDK)
        case "rust": RustEmitter(usesSerde: options.usesLibrary)
        case "swift": SwiftEmitter(sdk: options.sdk ?? SwiftEmitter.usualSDK)
        default: nil
        }
    }
}
