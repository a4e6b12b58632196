/// The transitions of sections 1 and 2 of the engine contract, written down a second time: "from event to" of tasks and
/// "from to" of steps.
enum ContractTable {
    static let task: Set<String> = {
        var rows: Set<String> = [
            "pending Start initializing",
            "initializing ReadyStepsFound enqueuing_steps",
            "initializing NoStepsFound complete",
            "initializing NoDependenciesReady waiting_for_dependencies",
            "initializing RowsExist evaluating_results",
            "enqueuing_steps StepsEnqueued steps_in_process",
            "steps_in_process StepFailed waiting_for_retry",
            "evaluating_results AllStepsSuccessful complete",
            "evaluating_results ReadyStepsFound enqueuing_steps",
            "evaluating_results NoDependenciesReady waiting_for_dependencies",
            "evaluating_results OnlyRetriesLeft waiting_for_retry",
            "evaluating_results PermanentFailure blocked_by_failures",
            "waiting_for_dependencies DependenciesReady evaluating_results",
            "waiting_for_retry RetryReady enqueuing_steps",
            "waiting_for_retry RetryDue evaluating_results",
            "waiting_for_retry HoldEnded evaluating_results",
            "waiting_for_retry StepChangedByOperator evaluating_results",
            "blocked_by_failures StepChangedByOperator evaluating_results",
            "blocked_by_failures GiveUp error",
            "error Reset pending",
        ]
        for event in [
            "StepCompleted", "AllStepsCompleted", "StepFailed", "RetryDue", "HoldEnded", "StepChangedByOperator",
        ] { rows.insert("steps_in_process \(event) evaluating_results") }
        for state in ["steps_in_process", "waiting_for_dependencies", "waiting_for_retry", "blocked_by_failures"] {
            rows.formUnion([
                "\(state) Cancel cancelled", "\(state) ResolveManually resolved_manually",
                "\(state) StaleTimeout error",
            ])
        }
        return rows
    }()

    static let step: Set<String> = {
        var rows: Set<String> = [
            "pending enqueued", "waiting_for_retry enqueued", "enqueued in_progress",
            "in_progress enqueued_for_orchestration",
            "enqueued enqueued_as_error_for_orchestration", "in_progress enqueued_as_error_for_orchestration",
            "enqueued_for_orchestration complete", "enqueued_for_orchestration error",
            "enqueued_as_error_for_orchestration waiting_for_retry", "enqueued_as_error_for_orchestration error",
            "error pending", "waiting_for_retry pending",
        ]
        for state in ["pending", "enqueued", "in_progress", "waiting_for_retry", "error"] {
            rows.formUnion(["\(state) cancelled", "\(state) complete", "\(state) resolved_manually"])
        }
        return rows
    }()
}
