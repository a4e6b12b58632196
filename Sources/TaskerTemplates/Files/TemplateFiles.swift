/// Finds template files by directories, files and patterns (template contract, section 2).
public enum TemplateFiles {
    public static let defaultPattern = "config/tasks/**/*.{yml,yaml}"

    /// The parts of a search path, which `:` separates.
    public static func patterns(ofSearchPath path: String) -> [String] {
        path.split(separator: ":", omittingEmptySubsequences: true).map(String.init)
    }

    /// Every file that the patterns name, each once, in byte order of the paths. A directory stands for every `.yaml` and
    /// `.yml` file below it. Links that lead out of the place searched are skipped with a warning, and so is what is not
    /// there or cannot be read.
    public static func discover(_ patterns: [String]) -> (files: [String], warnings: [Diagnostic]) {
        var search = FileSearch()
        for pattern in patterns {
            let before = search.files.count
            switch FileSystem.kind(pattern) {
            case .file: search.files.insert(pattern)
            case .directory:
                for suffix in ["yaml", "yml"] { search.run(GlobPattern(root: pattern, names: ["**", "*.\(suffix)"])) }
            default: for inner in GlobPattern.expanding(pattern) { search.run(inner) }
            }
            if search.files.count == before {
                search.warnings.append(
                    warning(.noFilesFound, "no template file is found under \(quoted(pattern))", pattern))
            }
        }
        let files = search.files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let warnings = search.warnings.sorted { $0.file.utf8.lexicographicallyPrecedes($1.file.utf8) }
        return (files, warnings)
    }

    /// The templates of one file.
    public static func parse(_ path: String, with parser: TemplateParser) -> [ParsedTemplate] {
        // One byte more than may be there tells a file that is too large from one that just is not.
        switch FileSystem.read(path, limit: parser.limits.fileBytes + 1) {
        case .success(let bytes): return parser.parse(yaml: bytes, file: path)
        case .failure(let error):
            let finding = warning(.fileUnreadable, "the file cannot be read: \(error.reason)", path)
            return [ParsedTemplate(template: nil, findings: [finding], stepCount: 0, hasCycles: false)]
        }
    }

    static func warning(_ code: DiagnosticCode, _ message: String, _ path: String) -> Diagnostic {
        Diagnostic(severity: code.severity, code: code, message: message, file: path, line: 1, column: 1)
    }
}

/// One search over several patterns.
private struct FileSearch {
    var files: Set<String> = []
    var warnings: [Diagnostic] = []
    private var warned: Set<String> = []
    /// Directories of the walk at hand, resolved, so that a link to one above ends it.
    private var open: Set<String> = []
    private var rootPath = ""

    mutating func run(_ pattern: GlobPattern) {
        guard let root = FileSystem.resolved(pattern.root) else { return }
        rootPath = root == "/" ? "" : root
        if pattern.names.isEmpty {
            if FileSystem.kind(pattern.root) == .file { files.insert(pattern.root) }
            return
        }
        walk(pattern.root, pattern.names[...])
    }

    private mutating func walk(_ directory: String, _ names: ArraySlice<String>) {
        guard let pattern = names.first, let resolved = FileSystem.resolved(directory) else { return }
        let key = "\(names.count) \(resolved)"
        guard open.insert(key).inserted else { return }
        defer { open.remove(key) }
        guard let found = FileSystem.names(in: directory) else {
            warn(.fileUnreadable, "the directory cannot be read", directory, severity: .warning)
            return
        }
        let rest = names.dropFirst()
        // `**` stands for no directory too.
        if pattern == "**", !rest.isEmpty { walk(directory, rest) }
        for name in found.sorted() {
            guard pattern == "**" ? !name.hasPrefix(".") : GlobPattern.matches(name, pattern) else { continue }
            let path = directory == "." ? name : directory.hasSuffix("/") ? directory + name : directory + "/" + name
            let kind = FileSystem.kind(path)
            let isLast = rest.isEmpty
            if pattern == "**" {
                if kind == .directory, isInside(path) { walk(path, names) }
                if isLast, kind == .file, isInside(path) { files.insert(path) }
            } else if isLast {
                if kind == .file, isInside(path) { files.insert(path) }
                if kind == nil, FileSystem.isLink(path) { _ = isInside(path) }
            } else if kind == .directory, isInside(path) {
                walk(path, rest)
            }
        }
    }

    /// False, with a warning, for a link that leads out of the place searched or to nothing.
    private mutating func isInside(_ path: String) -> Bool {
        guard FileSystem.isLink(path) else { return true }
        guard let target = FileSystem.resolved(path) else {
            warn(.fileUnreadable, "the symbolic link leads to nothing", path, severity: .warning)
            return false
        }
        if target.hasPrefix(rootPath + "/") || target == rootPath { return true }
        warn(.symlinkOutside, "the symbolic link leads out of \(quoted(rootPath)) and is skipped", path)
        return false
    }

    private mutating func warn(
        _ code: DiagnosticCode, _ message: String, _ path: String, severity: Diagnostic.Severity? = nil
    ) {
        guard warned.insert(path).inserted else { return }
        var warning = TemplateFiles.warning(code, message, path)
        warning.severity = severity ?? code.severity
        warnings.append(warning)
    }
}
