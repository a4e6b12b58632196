/// A registered task template as people name it.
struct TemplateReference: Sendable, Hashable {
    var namespace: String
    var name: String
    /// nil: the highest.
    var version: String?

    /// - Parameters:
    ///   - text: `NAMESPACE/NAME` or `NAMESPACE/NAME@VERSION`; nil where the parts are given as flags.
    /// - Throws: usage.
    init(_ text: String?, namespace: String? = nil, name: String? = nil, version: String? = nil) throws(CommandError) {
        guard let text else {
            guard let namespace, let name else {
                throw .usage("the template is not named", hint: "write NAMESPACE/NAME, or --namespace and --name")
            }
            self.namespace = namespace
            self.name = name
            self.version = version
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let rest =
            parts.last?.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) ?? []
        guard parts.count == 2, !parts[0].isEmpty, !rest.contains(""), namespace == nil, name == nil else {
            throw .usage(
                "'\(text)' names no template",
                hint: "write NAMESPACE/NAME, NAMESPACE/NAME@VERSION, or --namespace and --name")
        }
        guard rest.count == 1 || version == nil else { throw .usage("the version is given twice") }
        self.namespace = parts[0]
        self.name = rest[0]
        self.version = rest.count > 1 ? rest[1] : version
    }
}
