/// Bounds on what a template file may be, counted while it is read (template contract, section 2).
struct ReadingLimits: Sendable {
    var fileBytes = 1 << 20
    var depth = 64
    /// After expansion of aliases and merge keys, over the whole file.
    var nodes = 100_000
    var scalarBytes = 64 << 10
    /// Text of all scalars after expansion. A long scalar behind many aliases is a bomb too.
    var expandedBytes = 8 << 20
}

/// Counts what has been read of one file.
struct ReadingBudget {
    let limits: ReadingLimits
    private(set) var nodes = 0
    private(set) var bytes = 0

    init(_ limits: ReadingLimits) { self.limits = limits }

    mutating func spend(nodes: Int, bytes: Int, at position: Position) throws(ReadingFailure) {
        self.nodes += nodes
        self.bytes += bytes
        if self.nodes > limits.nodes {
            throw ReadingFailure(
                .yamlAliasBomb, "the file has more than \(limits.nodes) nodes with its aliases expanded", at: position,
                hint: "split the template, or use fewer aliases")
        }
        if self.bytes > limits.expandedBytes {
            throw ReadingFailure(
                .yamlAliasBomb,
                "the file has more than \(limits.expandedBytes) bytes of text with its aliases expanded",
                at: position, hint: "split the template, or use fewer aliases")
        }
    }

    func checkDepth(_ depth: Int, at position: Position) throws(ReadingFailure) {
        guard depth > limits.depth else { return }
        throw ReadingFailure(
            .yamlTooDeep, "lists and maps are nested more than \(limits.depth) levels deep", at: position)
    }
}

/// Why nothing more of a file can be read.
struct ReadingFailure: Error {
    var code: DiagnosticCode
    var message: String
    var position: Position
    var hint: String?
    var related: [Diagnostic.Related]

    init(
        _ code: DiagnosticCode, _ message: String, at position: Position, hint: String? = nil,
        related: [Diagnostic.Related] = []
    ) {
        self.code = code
        self.message = message
        self.position = position
        self.hint = hint
        self.related = related
    }
}
