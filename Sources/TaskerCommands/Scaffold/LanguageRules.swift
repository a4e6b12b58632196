/// What a language allows as a name.
public enum LanguageRules {
    public static let languages = ["python", "ruby", "typescript", "rust", "swift"]

    /// `rails` and `ts` mean what they say.
    public static func canonical(_ name: String) -> String? {
        let aliases = [
            "py": "python", "rb": "ruby", "rails": "ruby", "ts": "typescript", "javascript": "typescript",
            "js": "typescript", "rs": "rust",
        ]
        let lower = name.lowercased()
        return languages.contains(lower) ? lower : aliases[lower]
    }

    public static func keywords(_ language: String) -> Set<String> {
        switch language {
        case "python": python
        case "ruby": ruby
        case "typescript": typescript
        case "rust": rust
        case "swift": swift
        default: []
        }
    }

    /// Names, in snake case, whose handler class would be one that generated code imports.
    public static func importedHandlers(_ language: String) -> Set<String> {
        switch language {
        case "python", "rust": ["step"]
        case "typescript": ["step", "api", "decision", "batchable_step"]
        case "swift": ["step", "decision", "batchable"]
        default: []
        }
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    private static let python = words(
        "False None True and as assert async await break class continue def del elif else except finally for from "
            + "global if import in is lambda nonlocal not or pass raise return try while with yield match case type")
    private static let ruby = words(
        "BEGIN END alias and begin break case class def defined do else elsif end ensure false for if in module next "
            + "nil not or redo rescue retry return self super then true undef unless until when while yield")
    private static let typescript = words(
        "abstract any as async await boolean break case catch class const continue debugger declare default delete do "
            + "else enum export extends false finally for from function get if implements import in infer instanceof "
            + "interface is keyof let module namespace never new null number object of package private protected "
            + "public readonly require return set static string super switch symbol this throw true try type typeof "
            + "undefined unique unknown var void while with yield")
    private static let rust = words(
        "Self abstract as async await become box break const continue crate do dyn else enum extern false final fn "
            + "for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct "
            + "super trait true try type typeof union unsafe unsized use virtual where while yield")
    private static let swift = words(
        "Any Protocol Self Type actor any as associatedtype associativity async await break case catch class continue "
            + "convenience default defer deinit do dynamic else enum extension fallthrough false fileprivate final for "
            + "func get guard if import in indirect infix init inout internal is lazy left let mutating nil "
            + "nonisolated nonmutating open operator optional override package postfix precedencegroup prefix private "
            + "protocol public repeat required rethrows return right self set some static struct subscript super "
            + "switch throw throws true try typealias unowned var weak where while willSet didSet")
}
