/// What random tasks must have come across, in the words of ``Witness/seen``.
enum Reach {
    static let all: Set<String> =
        // Every transition, but a few that no caller of the engine can bring about within one test.
        ContractTable.task.subtracting(unreachable).union(ContractTable.step).union(messages).union(engine)
        .union(operators).union(growth).union(deadLetters)

    private static let unreachable: Set<String> = []

    /// Messages that count, and those that do not.
    private static let messages: Set<String> = [
        "accepted", "checkpoint", "abandoned", "duplicate", "cancelled", "superseded", "late", "forged",
    ]

    /// Resends, closings and holds by the engine itself.
    private static let engine: Set<String> = [
        "resend worker_busy", "resend worker_shutdown", "resend handler_not_found", "resend publish in doubt",
        "resend nacked", "resend checkpoint", "worker_lost", "timeout", "dispatch_lost", "interrupted", "redelivered",
        "held no_route", "held quarantine", "quarantine ended", "held parallelism", "held fail_fast",
        "domain event", "remark payload", "remark undeclared", "remark schema", "remark stale",
    ]

    private static let operators: Set<String> = Set(
        [
            "reset", "resolve", "complete", "retry", "give up", "resolve task", "replay", "dead letter",
            "dead letter note",
        ].flatMap { ["done \($0)", "refused \($0)"] }
    ).union([
        "manual reset_for_retry", "manual resolve_manually", "manual complete_manually", "manual cancel",
        "manual resolve_task", "manual give_up",
    ])

    private static let growth: Set<String> = [
        "no_branches", "create_steps", "no_batches", "create_batches", "placeholder", "tolerated",
        "tolerated to the end", "batch continue_on_failure", "batch fail_fast", "batch isolate",
        "invalid decision_outcome_missing", "invalid decision_unknown_step", "invalid decision_invalid_descendant",
        "invalid decision_too_many_steps", "invalid decision_depth_exceeded", "invalid decision_disabled",
        "invalid batch_outcome_missing", "invalid batch_empty", "invalid batch_count_mismatch",
        "invalid batch_duplicate_id", "invalid batch_bad_id", "invalid batch_unknown_worker",
        "invalid batch_ambiguous_worker", "invalid batch_name_taken", "invalid batch_too_many",
        "invalid batch_disabled", "invalid result_schema_violation",
    ]

    private static let deadLetters: Set<String> = [
        "dead letter permanent_failure pending", "dead letter max_retries_exceeded pending",
        "dead letter poison pending", "dead letter staleness_timeout pending", "dead letter manual_dlq pending",
        "dead letter permanent_failure cancelled", "dead letter permanent_failure permanently_failed",
        "dead letter permanent_failure manually_resolved",
    ]
}
