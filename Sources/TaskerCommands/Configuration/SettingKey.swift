/// Every setting there is (command line contract, 2.4).
public enum SettingKey: String, Sendable, CaseIterable {
    case server
    case token
    case apiKey = "api_key"
    case apiKeyHeader = "api_key_header"
    case timeout
    case profile
    case output
    case templates
    case defaultLanguage = "cli.default-language"
    case defaultOutputDirectory = "cli.default-output-dir"
    case pluginPaths = "cli.plugin-paths"
    case environment
    case amqpURL = "amqp_url"

    /// First one set wins.
    public var variables: [String] {
        switch self {
        case .server: ["TASKER_ORCHESTRATION_URL", "TASKER_SERVER"]
        case .token: ["TASKER_ORCHESTRATION_AUTH_TOKEN", "TASKER_AUTH_TOKEN"]
        case .apiKey: ["TASKER_API_KEY"]
        case .apiKeyHeader: ["TASKER_API_KEY_HEADER"]
        case .timeout: ["TASKER_ORCHESTRATION_TIMEOUT_MS"]
        case .profile: ["TASKER_CLIENT_PROFILE"]
        case .output: ["TASKER_OUTPUT"]
        case .templates: ["TASKER_TEMPLATE_PATH"]
        case .defaultLanguage, .defaultOutputDirectory: []
        case .pluginPaths: ["TASKER_PLUGIN_PATH"]
        case .environment: ["TASKER_ENV"]
        case .amqpURL: ["TASKER_AMQP_URL", "RABBITMQ_URL"]
        }
    }

    public var defaultValue: String? {
        switch self {
        case .server: "http://127.0.0.1:8080"
        case .apiKeyHeader: "X-API-Key"
        case .timeout: "30s"
        case .profile: "default"
        case .output: "table"
        case .templates: "config/tasks"
        case .defaultOutputDirectory: "."
        case .environment: "development"
        case .amqpURL: "amqp://guest:guest@localhost:5672/%2F"
        case .token, .apiKey, .defaultLanguage, .pluginPaths: nil
        }
    }

    public var summary: String {
        switch self {
        case .server: "address of the orchestrator's REST API"
        case .token: "bearer token sent to the orchestrator"
        case .apiKey: "API key sent to the orchestrator"
        case .apiKeyHeader: "header that carries the API key"
        case .timeout: "limit for one request, with its unit; the environment variable is in milliseconds"
        case .profile: "table [profile.NAME] of the configuration file whose keys win over the top ones"
        case .output: "output format: table, json, jsonl, yaml, name"
        case .templates: "where task templates are: a directory, file or pattern"
        case .defaultLanguage: "language whose plugin 'template generate' uses without --plugin"
        case .defaultOutputDirectory: "where 'template generate' writes without -o"
        case .pluginPaths: "directories searched for plugins; in the environment separated by ':'"
        case .environment: "environment of task templates: development, test, production, ..."
        case .amqpURL: "address of RabbitMQ, for 'worker exec' and 'conformance run'"
        }
    }

    /// Its value appears in no output.
    public var isSecret: Bool { self == .token || self == .apiKey }
}
