import TaskerMessaging

/// Where the broker is and how to log in, from a URL as RabbitMQ documents it:
/// `amqp[s]://user:password@host:port/vhost?parameter=value`. Every part but the scheme may be missing; user, password,
/// host and virtual host are percent-decoded (`%2F` is the virtual host "/", which is also the one meant when there is no
/// path at all; a lone "/" at the end means the virtual host with the empty name).
///
/// The password is kept out of every description.
public struct AMQPURL: Sendable, Hashable {
    public enum Mechanism: String, Sendable {
        case plain
        /// The client certificate says who it is.
        case external
    }

    public var isTLS: Bool
    /// Without the brackets of an IPv6 address.
    public var host: String
    public var port: Int
    public var user: String
    public var password: AMQPPassword
    public var virtualHost: String
    public var mechanism = Mechanism.plain
    /// Path of a PEM file with the authorities to trust (`cacertfile`); nil: those of the system.
    public var authorityFile: String?
    /// Paths of PEM files with the client's certificate and key (`certfile`, `keyfile`).
    public var certificateFile: String?
    public var keyFile: String?
    /// `verify=verify_none` trusts any certificate; for experiments only.
    public var verifiesPeer = true
    /// Parameter `heartbeat` in seconds, 0 = none.
    public var heartbeatSeconds: Int?
    /// Parameter `connection_timeout` in milliseconds.
    public var connectTimeoutMilliseconds: Int?
    /// Parameters of the query this library does not know; other clients' libraries have some of their own.
    public var ignoredParameters: [String] = []

    public static let defaultPort = 5672
    public static let defaultTLSPort = 5671

    /// - Throws: ``BrokerError`` `invalidURL`, whose text never holds the password.
    public init(_ text: String) throws(BrokerError) {
        guard let schemeEnd = text.utf8Index(of: "://") else {
            throw Self.invalid("it does not start with amqp:// or amqps://")
        }
        switch text[..<schemeEnd].lowercased() {
        case "amqp": isTLS = false
        case "amqps": isTLS = true
        default: throw Self.invalid("its scheme is neither amqp nor amqps")
        }
        let rest = text[schemeEnd...].dropFirst(3)
        guard !rest.contains("#") else {
            throw Self.invalid("it contains '#': write %23 when it belongs to a name or the password")
        }
        let (beforeQuery, query) = Self.split(rest, at: "?")
        let (authority, path) = Self.split(beforeQuery, at: "/")

        // The last @, so that one in a password that somebody forgot to encode does not end up in the host.
        let at = authority.lastIndex(of: "@")
        let userInfo = at.map { authority[..<$0] }
        let (host, port) = try Self.hostAndPort(at.map { authority[authority.index(after: $0)...] } ?? authority)
        self.host = host.isEmpty ? "localhost" : host
        self.port = port ?? (isTLS ? Self.defaultTLSPort : Self.defaultPort)

        if let userInfo {
            let (name, secret) = Self.split(userInfo, at: ":")
            user = try Self.decode(name, "the user")
            password = AMQPPassword(try Self.decode(secret ?? "", "the password"))
        } else {
            user = "guest"
            password = AMQPPassword("guest")
        }
        if let path {
            guard !path.contains("/") else {
                throw Self.invalid("its virtual host contains '/': write %2F instead")
            }
            virtualHost = try Self.decode(path, "the virtual host")
        } else {
            virtualHost = "/"
        }
        try Self.checkTexts(user, password.text, virtualHost)
        for parameter in (query ?? "").split(separator: "&") {
            let (name, value) = Self.split(parameter, at: "=")
            try apply(
                parameter: try Self.decode(name, "a parameter's name"),
                value: try Self.decode(value ?? "", "the parameter '\(name)'"))
        }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw Self.invalid("certfile and keyfile belong together and one is missing")
        }
    }

    private mutating func apply(parameter name: String, value: String) throws(BrokerError) {
        func number(_ range: ClosedRange<Int>) throws(BrokerError) -> Int {
            guard let number = Int(value), range.contains(number) else {
                throw Self.invalid(
                    "\(name) is '\(value)', not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        switch name {
        case "cacertfile": authorityFile = value
        case "certfile": certificateFile = value
        case "keyfile": keyFile = value
        case "verify":
            guard value == "verify_peer" || value == "verify_none" else {
                throw Self.invalid("verify is '\(value)', neither verify_peer nor verify_none")
            }
            verifiesPeer = value == "verify_peer"
        case "auth_mechanism":
            guard let mechanism = Mechanism(rawValue: value.lowercased()) else {
                throw Self.invalid("auth_mechanism is '\(value)', neither plain nor external")
            }
            self.mechanism = mechanism
        case "heartbeat": heartbeatSeconds = try number(0...65_535)
        case "connection_timeout": connectTimeoutMilliseconds = try number(1...3_600_000)
        default: ignoredParameters.append(name)
        }
    }
}

extension AMQPURL: CustomStringConvertible {
    /// host:port, as errors name the broker.
    public var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The URL without password and query.
    public var description: String {
        "\(isTLS ? "amqps" : "amqp")://\(Self.encode(user))@\(address)/\(Self.encode(virtualHost))"
    }
}

/// A password that no print, dump or string interpolation shows.
public struct AMQPPassword: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    public let text: String
    public init(_ text: String) { self.text = text }
    public var description: String { "(hidden)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
