import TaskerProtocol

/// The tables of the contract.
enum Tables {
    static let root = FieldTable(
        [
            Field("name"), Field("namespace_name", "namespace"), Field("version"), Field("description"),
            Field("metadata"), Field("identity_strategy"), Field("input_schema"), Field("environments"),
            Field("lifecycle"), .list("steps", "step_templates"),
        ],
        legacy: ["domain_events", "system_dependencies", "task_handler", "loaded_from"])

    static let step = FieldTable(
        [
            Field("name"), Field("description"), Field("handler"),
            Field("type", "step_type") { _, node in
                node.json == .string("deferred") ? .string(StepType.deferredConvergence.rawValue) : node.json
            },
            .list("dependencies", "depends_on", "depends_on_step_name", "depends_on_steps", "depends_on_step"),
            Field("retry"), Field("timeout_seconds"), Field("batch_config"), Field("publishes_events"),
            Field("result_schema"), Field("result_schema_policy"), Field("composition"),
        ],
        legacy: ["system_dependency", "lifecycle"])

    static let handler = FieldTable([
        Field("callable"), Field("method"), Field("resolver"), Field("initialization"), Field("queue"),
    ])

    static let retry = FieldTable(
        [
            Field("retryable"), Field("max_attempts"), Field("backoff", "backoff_strategy"),
            .duration("backoff_base_ms", "backoff_base_seconds"),
            .duration("max_backoff_ms", "max_backoff_seconds", "backoff_max_seconds"), Field("jitter"),
        ],
        legacy: ["initial_delay", "max_delay", "limit"])

    static let batch = FieldTable(
        [
            Field("batch_size"), Field("parallelism"), Field("cursor_field"), Field("worker_template"),
            Field("failure_strategy"),
        ],
        legacy: ["checkpoint_interval"])

    static let event = FieldTable([
        Field("name"), Field("description"), Field("condition"), Field("delivery_mode"), Field("schema"),
        Field("publisher"),
    ])

    static let lifecycle = FieldTable([
        Field("max_duration_minutes"), Field("max_waiting_for_dependencies_minutes"),
        Field("max_waiting_for_retry_minutes"), Field("max_steps_in_process_minutes"), Field("staleness_action"),
        Field("auto_dlq_on_timeout"), Field("auto_fail_on_timeout"),
    ])

    static let environment = FieldTable([Field("steps")])
    static let override = FieldTable([Field("name"), Field("handler"), Field("timeout_seconds"), Field("retry")])
    static let overrideHandler = FieldTable([Field("initialization"), Field("queue")])
}
