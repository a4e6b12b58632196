import TaskerProtocol

extension TaskTemplate {
    /// The template with the overrides of one environment applied, which a task keeps: `ALL` entries first, then those
    /// that name the step, each in file order, later ones winning. The result has no environments any more.
    public func resolved(for environment: String) -> TaskTemplate {
        var result = self
        result.environments = [:]
        guard let overrides = environments[environment] else { return result }
        var named: [String: [StepOverride]] = [:]
        for override in overrides { named[override.step, default: []].append(override) }
        for index in result.steps.indices {
            for override in named["ALL"] ?? [] { result.steps[index].apply(override) }
            for override in named[result.steps[index].name] ?? [] { result.steps[index].apply(override) }
        }
        return result
    }
}

extension StepTemplate {
    fileprivate mutating func apply(_ override: StepOverride) {
        if let changes = override.initialization {
            let members = handler.initialization.objectValue ?? [:]
            handler.initialization = .object(members.merging(changes) { _, new in new })
        }
        if let queue = override.queue { handler.queue = queue }
        if let timeout = override.timeoutMilliseconds { timeoutMilliseconds = timeout }
        if let retry = override.retry { self.retry = retry }
    }
}
