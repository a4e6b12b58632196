/// `batch_config` of a step.
struct BatchParser {
    let findings: FindingCollector

    func batch(
        _ node: Node, place: Place
    ) -> (configuration: BatchConfiguration, workerReference: StepDraft.Reference?)? {
        guard
            let map = MapReader(
                node, table: Tables.batch, place: place.inner("batch_config"), what: "'batch_config' of \(place.text)",
                findings: findings)
        else { return nil }
        var configuration = BatchConfiguration()
        if let size = map.integer("batch_size", 1...100_000) { configuration.batchSize = Int(size) }
        configuration.parallelism = map.integer("parallelism", 1...1000).map(Int.init)
        configuration.cursorField = map.string("cursor_field", length: 1...255) ?? configuration.cursorField
        configuration.workerTemplate = map.string("worker_template")
        configuration.failureStrategy =
            map.choice("failure_strategy", FailureStrategy.self) ?? configuration.failureStrategy
        let reference = configuration.workerTemplate.map {
            StepDraft.Reference(name: $0, position: map.position("worker_template"))
        }
        return (configuration, reference)
    }
}
