/// What is wrong with a template file, with its place.
public struct TemplateFailure: Error, Sendable, Hashable {
    public var file: String
    /// From 1.
    public var line: Int
    public var column: Int
    public var message: String

    public var text: String { "\(file):\(line):\(column): \(message)" }
}
