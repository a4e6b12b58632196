import Logging
import Testing

@testable import TaskerWorker

@Suite struct WorkerConfigurationTests {
    @Test func defaults() throws {
        let configuration = try WorkerConfiguration(environment: [:])
        #expect(configuration.amqpURL == "amqp://guest:guest@localhost:5672/%2F")
        #expect(configuration.namespaces == ["default"])
        #expect(configuration.queues == ["default"])
        #expect(configuration.slots == 10)
        #expect(configuration.grace == .seconds(30))
        #expect(configuration.queueType == .quorum)
        #expect(configuration.names.prefix == "tasker")
        #expect(configuration.transport == .amqp)
    }

    @Test func environment() throws {
        let configuration = try WorkerConfiguration(environment: [
            "RABBITMQ_URL": "amqps://h/v", "TASKER_NAMESPACE": "a, b,,a", "TASKER_QUEUE": "shop.swift",
            "TASKER_MAX_CONCURRENT_HANDLERS": "3", "TASKER_QUEUE_TYPE": "classic", "TASKER_GRACE_SECONDS": "5",
            "TASKER_QUEUE_PREFIX": "test", "TASKER_LOG_LEVEL": "warn", "HOSTNAME": "box",
        ])
        #expect(configuration.amqpURL == "amqps://h/v")
        #expect(configuration.namespaces == ["a", "b"])
        #expect(configuration.queues == ["shop.swift"])
        #expect(configuration.slots == 3)
        #expect(configuration.queueType == .classic)
        #expect(configuration.grace == .seconds(5))
        #expect(configuration.names.prefix == "test")
        #expect(configuration.logLevel == .warning)
        #expect(configuration.hostname == "box")
    }

    @Test func flagsWin() throws {
        var flags = WorkerFlags()
        flags.slots = "4"
        flags.amqp = "amqp://flag"
        flags.namespaces = ["n"]
        flags.transport = "stdio"
        let configuration = try WorkerConfiguration(
            flags: flags,
            environment: ["TASKER_SLOTS": "5", "TASKER_AMQP_URL": "amqp://env", "TASKER_NAMESPACE": "m"])
        #expect(configuration.slots == 4)
        #expect(configuration.amqpURL == "amqp://flag")
        #expect(configuration.queues == ["n"])
        #expect(configuration.transport == .stdio)
    }

    @Test func namesEveryProblemAtOnce() {
        let error = #expect(throws: WorkerConfigurationError.self) {
            try WorkerConfiguration(environment: [
                "TASKER_AMQP_URL": "http://h", "TASKER_NAMESPACE": "a,b", "TASKER_SLOTS": "0",
                "TASKER_QUEUE_TYPE": "stream", "TASKER_GRACE_SECONDS": "soon", "TASKER_QUEUE_PREFIX": "9x",
                "TASKER_LOG_LEVEL": "loud",
            ])
        }
        #expect(
            error?.problems == [
                "the broker's URL must start with amqp:// or amqps:// (--amqp, TASKER_AMQP_URL)",
                "TASKER_QUEUE_PREFIX is \"9x\"; use 1-32 of a-z, 0-9, _ and -, starting with a letter",
                "with several namespaces (a, b) name the queue this worker takes steps from (--queue or TASKER_QUEUE)",
                "TASKER_SLOTS is \"0\"; use a whole number from 1 to 10000",
                "TASKER_GRACE_SECONDS is \"soon\"; use a whole number from 0 to 86400",
                "TASKER_QUEUE_TYPE is \"stream\"; use quorum or classic",
                "TASKER_LOG_LEVEL is \"loud\"; use trace, debug, info, notice, warning, error or critical",
            ])
    }

    @Test func ignoresLogFiltersMeantForOthers() throws {
        #expect(try WorkerConfiguration(environment: ["RUST_LOG": "tasker=debug,info"]).logLevel == .info)
    }

    @Test func neverShowsThePassword() throws {
        var flags = WorkerFlags()
        flags.amqp = "amqp://user:se:cr@et@host:5672/%2F"
        #expect(try WorkerConfiguration(flags: flags, environment: [:]).redactedURL == "amqp://user:***@host:5672/%2F")
    }
}
