import TaskerProtocol
import TaskerTemplates

/// The handler classes that a template needs.
struct HandlerPlan: Sendable {
    struct Dependency: Sendable {
        var step: String
        /// A name in code.
        var words: NameWords
        /// nil: no result_schema.
        var model: String?
        /// The results of all its batches.
        var isBatchWorker: Bool
        /// It may not exist.
        var isOptional: Bool
        var sample: JSONValue
    }

    struct Method: Sendable {
        /// nil: `call`.
        var name: String?
        var step: StepTemplate
        var dependencies: [Dependency]
        var resultModel: String?
        var sample: JSONValue
        /// Of a decision: the steps that follow.
        var branches: [String]
        /// Of an analyzer.
        var workerTemplate: String?
    }

    struct Handler: Sendable {
        var className: String
        var handlerName: String
        var methods: [Method]
    }

    var template: TaskTemplate
    var code: CodeModel
    var handlers: [Handler]
    var inputSample: JSONValue

    /// - Parameter step: only this one.
    init(_ template: TaskTemplate, code: CodeModel, steps: [StepTemplate]) {
        self.template = template
        self.code = code
        inputSample = SampleValue.make(template.inputSchema)
        if case .object = inputSample {} else { inputSample = [:] }
        handlers = []
        let byName = Dictionary(template.steps.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for step in steps {
            let method = Method(
                name: step.handler.method == "call" ? nil : step.handler.method, step: step,
                dependencies: step.dependencies.compactMap { name in
                    guard let dependency = byName[name] else { return nil }
                    return Dependency(
                        step: name, words: NameWords(name), model: code.results[name],
                        isBatchWorker: dependency.type == .batchWorker,
                        isOptional: step.type == .deferredConvergence,
                        sample: SampleValue.make(dependency.resultSchema))
                }, resultModel: code.results[step.name], sample: SampleValue.make(step.resultSchema),
                branches: template.steps.filter { $0.dependencies.contains(step.name) }.map(\.name),
                workerTemplate: template.steps.first { $0.type == .batchWorker && $0.dependencies.contains(step.name) }?
                    .name)
            let callable = step.handler.callable
            let className = Self.className(callable)
            if let index = handlers.firstIndex(where: { $0.className == className }) {
                if !handlers[index].methods.contains(where: { $0.name == method.name }) {
                    handlers[index].methods.append(method)
                }
            } else {
                // A class answers to its own name; any other callable must be its registered name.
                let handlerName = callable == className ? NameWords(step.name).snake : callable
                handlers.append(Handler(className: className, handlerName: handlerName, methods: [method]))
            }
        }
    }

    private static func className(_ callable: String) -> String {
        let last = callable.split(whereSeparator: { ".:/#".contains($0) }).last.map(String.init) ?? callable
        let isClass = last.first?.isUppercase == true && last.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        if isClass { return last }
        var words = NameWords(last)
        if words.words.last != "handler" { words.words.append("handler") }
        let pascal = words.pascal
        return pascal.first?.isLetter == true ? pascal : "Step" + pascal
    }
}
