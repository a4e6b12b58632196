import TaskerProtocol

/// A compiled JSON Schema, 2020-12: core, applicator, unevaluated and validation vocabularies. `format` is an annotation,
/// `definitions` is read as `$defs`, references lead within the schema only, unknown keywords are ignored.
///
/// `pattern` and `patternProperties` take the expressions that ``SchemaPattern`` describes, which match in linear time.
public struct JSONSchema: Sendable {
    /// One violated keyword.
    public struct Violation: Sendable, Hashable {
        /// Where in the value, as a JSON pointer.
        public var pointer: String
        public var keyword: String
        public var message: String

        public init(pointer: String, keyword: String, message: String) {
            self.pointer = pointer
            self.keyword = keyword
            self.message = message
        }
    }

    public struct Options: Sendable, Hashable {
        /// Violations reported at most.
        public var violationLimit: Int
        /// Members of the top-level object that start with `_` are exempt from `additionalProperties: false` and
        /// `unevaluatedProperties: false`: they carry run metadata.
        public var exemptsUnderscoreMembers: Bool
        /// Schemas applied, and what is counted like one, at most.
        var stepLimit = 2_000_000

        public init(violationLimit: Int = 50, exemptsUnderscoreMembers: Bool = false) {
            self.violationLimit = violationLimit
            self.exemptsUnderscoreMembers = exemptsUnderscoreMembers
        }

        /// For a task's context against `input_schema`.
        public static let context = Options(exemptsUnderscoreMembers: true)
    }

    let nodes: [SchemaNode]
    let root: Int
    let dynamicAnchors: [SchemaAnchor: Int]

    /// - Throws: ``SchemaError``, the first fault in the order of their places.
    public init(compiling schema: JSONValue) throws(SchemaError) {
        let compiler = SchemaCompiler(schema)
        let root = compiler.compileAll()
        if let fault = compiler.sortedFaults.first { throw fault }
        nodes = compiler.nodes
        self.root = root
        dynamicAnchors = compiler.dynamicAnchors
    }

    /// Everything that keeps a schema from compiling.
    public static func faults(in schema: JSONValue) -> [SchemaError] {
        let compiler = SchemaCompiler(schema)
        _ = compiler.compileAll()
        return compiler.sortedFaults
    }

    /// What is wrong with a value; empty when it is valid. The work is bounded: a validation that takes too much ends with
    /// a violation that says so.
    public func validate(_ value: JSONValue, options: Options = Options()) -> [Violation] {
        var evaluator = SchemaEvaluator(schema: self, options: options)
        return evaluator.run(value)
    }

    public func validate(_ value: RawJSON, options: Options = Options()) -> [Violation] {
        validate(value.value, options: options)
    }
}
