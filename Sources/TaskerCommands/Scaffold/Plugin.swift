/// A set of templates for one language (command line contract, 4.4).
public struct Plugin: Sendable, Hashable {
    public enum Origin: Sendable, Hashable {
        case builtIn
        /// The directory of `tasker-plugin.toml`.
        case directory(String)

        public var text: String {
            switch self {
            case .builtIn: "built-in"
            case .directory(let path): path
            }
        }
    }

    public var name: String
    public var description: String
    public var version: String
    public var language: String
    public var framework: String?
    public var origin: Origin
    public var templates: [ScaffoldTemplate]

    public func template(_ name: String) -> ScaffoldTemplate? { templates.first { $0.name == name } }
}

/// What `template generate` makes files from.
public struct ScaffoldTemplate: Sendable, Hashable {
    public struct Parameter: Sendable, Hashable {
        public enum Kind: String, Sendable, CaseIterable {
            /// Words in any spelling; a trailing `Handler` is dropped.
            case name
            /// A module of the plugin's language.
            case module
            /// http or https.
            case url
            case namespace
            case version
            case text
        }

        public var name: String
        public var description: String
        public var isRequired: Bool
        /// A template; may use the parameters before it.
        public var defaultValue: String?
        public var kind: Kind
        /// Empty: any.
        public var values: [String]
    }

    public struct Output: Sendable, Hashable {
        /// File of the plugin, beside `template.toml`.
        public var template: String
        /// A template.
        public var filename: String
        /// A template; nil: the output directory itself.
        public var subdirectory: String?
        /// Made only where no such file is: what several handlers share.
        public var onlyWhenAbsent: Bool
    }

    public var name: String
    public var description: String
    public var parameters: [Parameter]
    public var outputs: [Output]
    /// A template: what to do next, printed after the files.
    public var next: String?
    /// Of `outputs` by their `template`.
    public var sources: [String: String]
    /// Where it comes from, for errors.
    public var path: String
}
