import TaskerMessaging
import Testing

@testable import TaskerAMQP

@Suite("AMQP URL")
struct AMQPURLTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let host: String
        let port: Int
        let user: String
        let password: String
        let virtualHost: String
        let isTLS: Bool

        init(
            _ text: String, _ host: String, _ port: Int, _ user: String, _ password: String, _ virtualHost: String,
            tls: Bool = false
        ) {
            (self.text, self.host, self.port) = (text, host, port)
            (self.user, self.password, self.virtualHost, isTLS) = (user, password, virtualHost, tls)
        }

        var testDescription: String { text }
    }

    /// The examples of RabbitMQ's own page on URIs are among them.
    @Test(arguments: [
        Case("amqp://user:pass@host:10000/vhost", "host", 10000, "user", "pass", "vhost"),
        Case("amqp://user%61:%61pass@ho%61st:10000/v%2fhost", "hoast", 10000, "usera", "apass", "v/host"),
        Case("amqp://", "localhost", 5672, "guest", "guest", "/"),
        Case("amqp://:@/", "localhost", 5672, "", "", ""),
        Case("amqp://user@", "localhost", 5672, "user", "", "/"),
        Case("amqp://user:pass@", "localhost", 5672, "user", "pass", "/"),
        Case("amqp://host", "host", 5672, "guest", "guest", "/"),
        Case("amqp://:10000", "localhost", 10000, "guest", "guest", "/"),
        Case("amqp:///vhost", "localhost", 5672, "guest", "guest", "vhost"),
        Case("amqp://host/", "host", 5672, "guest", "guest", ""),
        Case("amqp://host/%2F", "host", 5672, "guest", "guest", "/"),
        Case("amqp://[::1]", "::1", 5672, "guest", "guest", "/"),
        Case("amqp://[fe80::1]:5673/x", "fe80::1", 5673, "guest", "guest", "x"),
        Case("amqps://host", "host", 5671, "guest", "guest", "/", tls: true),
        Case("AMQPS://host:1/", "host", 1, "guest", "guest", "", tls: true),
        Case("amqp://u:p%40%3A%2F%25@h/", "h", 5672, "u", "p@:/%", ""),
        Case("amqp://u:p@ss@h", "h", 5672, "u", "p@ss", "/"),
        Case("amqp://%C3%BC:%E2%9C%93@h/%C3%A4", "h", 5672, "ü", "✓", "ä"),
    ])
    func accepted(_ expected: Case) throws {
        let url = try AMQPURL(expected.text)
        #expect(url.host == expected.host)
        #expect(url.port == expected.port)
        #expect(url.user == expected.user)
        #expect(url.password.text == expected.password)
        #expect(url.virtualHost == expected.virtualHost)
        #expect(url.isTLS == expected.isTLS)
    }

    @Test(arguments: [
        ("", "does not start"), ("http://h", "scheme"), ("amqp:/h", "does not start"), ("amqp://h:0", "port"),
        ("amqp://h:65536", "port"), ("amqp://h:5x", "port"), ("amqp://h:+5", "port"), ("amqp://h/a/b", "%2F"),
        ("amqp://h/%2", "two hexadecimal digits"), ("amqp://h/%zz", "two hexadecimal digits"),
        ("amqp://h/%FF", "UTF-8"), ("amqp://u:secret%00@h", "%00"), ("amqp://[::1", "closing bracket"),
        ("amqp://[::1]x", "follows"), ("amqp://a b", "space"), ("amqp://h/%2F#x", "%23"),
        ("amqps://h?certfile=a.pem", "keyfile"), ("amqps://h?verify=maybe", "verify_peer"),
        ("amqp://h?heartbeat=-1", "heartbeat"), ("amqp://h?auth_mechanism=gssapi", "auth_mechanism"),
        ("amqp://user:secret/word@host", "port"), ("amqp://user:sec#ret@host", "%23"), ("amqp://u:secret%@h", "%25"),
    ])
    func refused(_ text: String, _ hint: String) throws {
        let error = #expect(throws: BrokerError.self) { try AMQPURL(text) }
        #expect(error?.code == .invalidURL)
        let description = try #require(error?.description)
        #expect(description.contains(hint))
        #expect(!description.contains("secret"))
        #expect(description.contains("TASKER_AMQP_URL"))
    }

    @Test func parameters() throws {
        let url = try AMQPURL(
            "amqps://h/%2F?cacertfile=%2Fetc%2Fca.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_none"
                + "&auth_mechanism=external&heartbeat=7&connection_timeout=1500&depth=2&fancy")
        #expect(url.authorityFile == "/etc/ca.pem" && url.certificateFile == "/c.pem" && url.keyFile == "/k.pem")
        #expect(!url.verifiesPeer && url.mechanism == .external)
        #expect(url.ignoredParameters == ["depth", "fancy"])
        let configuration = AMQPConfiguration(url: url, connectionName: "x")
        #expect(configuration.heartbeat == .seconds(7) && configuration.connectTimeout == .milliseconds(1500))
    }

    @Test func passwordIsNeverShown() throws {
        let url = try AMQPURL("amqp://me:s3cr3t@h:1/v%2Fw?heartbeat=3")
        let configuration = AMQPConfiguration(url: url, connectionName: "x")
        #expect("\(url)" == "amqp://me@h:1/v%2Fw")
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(url, to: &dumped)
        for text in ["\(url)", "\(configuration)", String(reflecting: url), String(reflecting: configuration), dumped] {
            #expect(!text.contains("s3cr3t"))
        }
    }
}
