import ArgumentParser

struct OrchestratorOptions: ParsableArguments {
    @Option(help: "AMQP URL of RabbitMQ (TASKER_AMQP_URL, RABBITMQ_URL).")
    var amqp: String?

    @Option(help: "Address of the HTTP API, HOST:PORT (TASKER_WEB_BIND_ADDRESS; 127.0.0.1:8080).")
    var bind: String?

    @Option(help: "Path of the SQLite database (TASKER_DATABASE; tasker.sqlite).")
    var database: String?

    @Option(help: "Template directories, files or globs, separated by ':' (TASKER_TEMPLATE_PATH; config/tasks).")
    var templates: String?

    @Flag(help: "Do not start when a template has errors.")
    var strictTemplates = false

    @Option(help: "Which 'environments' of templates apply (TASKER_ENV; development).")
    var environment: String?

    @Option(help: "First part of every queue and exchange name (TASKER_QUEUE_PREFIX; tasker).")
    var queuePrefix: String?

    @Option(help: "quorum or classic (TASKER_QUEUE_TYPE; quorum).")
    var queueType: String?

    @Option(
        help:
            "full: every commit is flushed; normal: faster, a power cut may lose the last ones (TASKER_DURABILITY; full)."
    )
    var durability: String?

    @Option(help: "trace, debug, info, notice, warning or error (TASKER_LOG_LEVEL; info).")
    var logLevel: String?

    @Flag(help: "Print the settings in force, without passwords, and exit.")
    var printConfig = false
}
