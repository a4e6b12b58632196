import CRabbitMQ
import Glibc
import TaskerMessaging

/// TLS through librabbitmq's `amqp_ssl_socket`.
enum TLSConnect {
    /// - Returns: OpenSSL's session, which lives as long as `handle`.
    static func open(
        _ handle: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ idle: Idle
    ) throws(ConnectionLost) -> OpaquePointer {
        let url = configuration.url
        guard let socket = amqp_ssl_socket_new(handle) else {
            throw ConnectionLost(failure("TLS could not be set up: \(lastError())"))
        }
        try trust(socket, url)
        let handshake = UnsafeMutablePointer<tasker_tls_handshake>.allocate(capacity: 1)
        handshake.initialize(to: tasker_tls_handshake())
        defer { handshake.deallocate() }
        tasker_tls_watch(socket, handshake)
        var limit = configuration.connectTimeout.timeval
        let status = amqp_socket_open_noblock(socket, url.host, Int32(url.port), &limit)
        guard status == AMQP_STATUS_OK.rawValue, let session = handshake.pointee.session else {
            throw try reason(status, handshake.pointee.verification, configuration, idle)
        }
        tasker_tls_take_session(socket, session)
        return session
    }

    private static func trust(_ socket: OpaquePointer, _ url: AMQPURL) throws(ConnectionLost) {
        amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)
        amqp_ssl_socket_set_verify_peer(socket, url.verifiesPeer ? 1 : 0)
        let isAddress = tasker_tls_expect_address(socket, url.host) == 1
        amqp_ssl_socket_set_verify_hostname(socket, url.verifiesPeer && !isAddress ? 1 : 0)
        if let file = url.authorityFile {
            guard amqp_ssl_socket_set_cacert(socket, file) == AMQP_STATUS_OK.rawValue else {
                throw ConnectionLost(failure("the certificate authorities in '\(file)' cannot be read: \(lastError())"))
            }
        } else if url.verifiesPeer {
            guard tasker_tls_trust_system(socket) == 1 else {
                throw ConnectionLost(failure("the system's certificate authorities cannot be read: \(lastError())"))
            }
        }
        if let certificate = url.certificateFile, let key = url.keyFile {
            guard amqp_ssl_socket_set_key(socket, certificate, key) == AMQP_STATUS_OK.rawValue else {
                throw ConnectionLost(
                    failure(
                        "the client certificate '\(certificate)' with the key '\(key)' cannot be used: \(lastError())"))
            }
        }
    }

    /// What this machine must put right; trying again does not help.
    private static func failure(_ message: String) -> BrokerError {
        BrokerError(
            .tls, message,
            remedy: "Check cacertfile, certfile and keyfile in TASKER_AMQP_URL: PEM files this user may read")
    }

    private static func reason(
        _ status: Int32, _ verification: Int, _ configuration: AMQPConfiguration, _ idle: Idle
    ) throws(ConnectionLost) -> ConnectionLost {
        let url = configuration.url
        let address = url.address
        if url.verifiesPeer, let text = tasker_tls_verification_text(verification) {
            return ConnectionLost(
                "the certificate of \(address) is refused: \(String(cString: text)) (cacertfile names the authorities to "
                    + "trust)")
        }
        switch amqp_status_enum(rawValue: status) {
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
            return ConnectionLost("the certificate of \(address) is for another host name")
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED, AMQP_STATUS_SSL_CONNECTION_FAILED:
            return ConnectionLost("TLS with \(address) failed: \(lastError())")
        default:
            let text = String(cString: amqp_error_string2(status))
            // librabbitmq does not say why there is no connection; one without TLS tells.
            let descriptor = try TCPConnect.open(
                host: url.host, port: url.port, address: address, timeout: configuration.connectTimeout, idle: idle)
            close(descriptor)
            return ConnectionLost("TLS with \(address) failed: \(text)")
        }
    }

    private static func lastError() -> String {
        let code = tasker_tls_last_error()
        guard code != 0, let text = ERR_reason_error_string(code) else { return "no reason is known" }
        return String(cString: text)
    }
}
