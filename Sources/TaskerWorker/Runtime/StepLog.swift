import Logging

/// One readable line per step.
enum StepLog {
    static func log(
        _ message: StepResultMessage, _ step: StepRequest, _ traceParent: TraceParent?, to logger: Logger
    ) {
        let trace = traceParent.map { " trace_id=\($0.traceID)" } ?? ""
        var line = "step \(step.step.name) attempt \(step.step.attempt)/\(step.step.maxAttempts) "
        line += "\(message.status.rawValue) in \(message.executionMilliseconds) ms task=\(step.task.id)"
        guard let error = message.error else { return logger.info("\(line)\(trace)") }
        line += " \(error.errorType): \(error.message.prefix(500))\(trace)"
        logger.warning("\(line)")
    }

    static func log(abandoned message: StepResultMessage, _ dispatch: Dispatch, to logger: Logger) {
        let reason = message.error?.errorType ?? ""
        logger.notice("step \(dispatch.stepName) abandoned (\(reason)) task=\(dispatch.taskID) dispatch=\(dispatch.id)")
    }
}
