import Stencil

/// Renders templates of plugins. They read their variables and nothing else: no files, no code.
public enum TemplateRenderer {
    /// - Parameters:
    ///   - file: its name in errors.
    ///   - variables: strings, numbers, booleans and lists of strings.
    /// - Throws: ``TemplateFailure`` with the place.
    public static func render(_ source: String, file: String, variables: [String: any Sendable]) throws -> String {
        let program = try TemplateChecker.check(source, file: file, variables: Set(variables.keys))
        guard !program.source.isEmpty else { return "" }
        let environment = Environment(extensions: [TemplateFilters.stencilExtension(TemplateMeter())])
        var values: [String: Any] = program.constants
        values.merge(variables) { _, own in own }
        do {
            return try environment.renderTemplate(string: program.source, context: values)
        } catch let error as TemplateSyntaxError {
            let offset = error.token?.sourceMap.location.lineOffset ?? 0
            let place = program.places.last { $0.offset <= offset } ?? (0, 1, 1)
            throw TemplateFailure(file: file, line: place.line, column: place.column, message: error.reason)
        }
    }
}
