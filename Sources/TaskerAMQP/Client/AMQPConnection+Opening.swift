import CRabbitMQ
import Glibc
import TaskerMessaging

extension AMQPConnection {
    /// Connects and logs in, through librabbitmq.
    /// - Parameters:
    ///   - purpose: `publisher` or `consumer`, shown behind the connection's name.
    ///   - idle: what to do while the network is waited for.
    static func open(
        _ configuration: AMQPConfiguration, purpose: String, idle: Idle
    ) throws(ConnectionLost) -> AMQPConnection {
        guard let handle = amqp_new_connection() else { throw ConnectionLost("out of memory") }
        do throws(ConnectionLost) {
            var limit = configuration.connectTimeout.timeval
            amqp_set_handshake_timeout(handle, &limit)
            let session = try connect(handle, configuration, idle)
            try logIn(handle, configuration, purpose)
            let seconds = Int(amqp_get_heartbeat(handle))
            let agreed = Int(amqp_get_frame_max(handle))
            let frameMax = agreed > 0 ? agreed : configuration.frameMax
            guard !amqp_data_in_buffer(handle).isTrue, !amqp_frames_enqueued(handle).isTrue else {
                throw ConnectionLost("\(configuration.url.address) sent something unexpected after the login")
            }
            return AMQPConnection(
                handle: handle, session: session, frameMax: frameMax,
                heartbeat: seconds > 0 ? .seconds(seconds) : nil)
        } catch {
            amqp_destroy_connection(handle)
            throw error
        }
    }

    /// - Returns: the TLS session, nil without TLS.
    private static func connect(
        _ handle: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ idle: Idle
    ) throws(ConnectionLost) -> OpaquePointer? {
        let url = configuration.url
        if url.isTLS { return try TLSConnect.open(handle, configuration, idle) }
        let descriptor = try TCPConnect.open(
            host: url.host, port: url.port, address: url.address, timeout: configuration.connectTimeout, idle: idle)
        guard let socket = amqp_tcp_socket_new(handle) else {
            close(descriptor)
            throw ConnectionLost("out of memory")
        }
        amqp_tcp_socket_set_sockfd(socket, descriptor)
        return nil
    }

    private static func logIn(
        _ handle: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ purpose: String
    ) throws(ConnectionLost) {
        let url = configuration.url
        let arena = FrameWriter(frameMax: 4096, capacity: 0)
        var capabilities = arena.table([
            "publisher_confirms": .bool(true), "basic.nack": .bool(true), "consumer_cancel_notify": .bool(true),
            "connection.blocked": .bool(true), "authentication_failure_close": .bool(true),
        ])
        var properties = arena.clientProperties(
            [
                "connection_name": .string("\(configuration.connectionName) (\(purpose))"),
                "product": .string("tasker"),
            ], capabilities: &capabilities)
        let seconds = Int32(min(configuration.heartbeat.components.seconds, 65_535))
        let frameMax = Int32(clamping: configuration.frameMax)
        let reply: amqp_rpc_reply_t =
            switch url.mechanism {
            case .plain:
                tasker_login_plain(
                    handle, url.virtualHost, AMQP_DEFAULT_MAX_CHANNELS, frameMax, seconds, &properties, url.user,
                    url.password.text)
            case .external:
                tasker_login_external(
                    handle, url.virtualHost, AMQP_DEFAULT_MAX_CHANNELS, frameMax, seconds, &properties, url.user)
            }
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw refusal(reply.reply, url)
        default: throw libraryFailure(reply.library_error, configuration)
        }
    }

    private static func refusal(_ method: amqp_method_t, _ url: AMQPURL) -> ConnectionLost {
        guard method.id == UInt32(AMQP_CONNECTION_CLOSE_METHOD), let decoded = method.decoded else {
            return ConnectionLost("\(url.address) refused the login")
        }
        let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
        let code = Int(close.reply_code)
        let text = String(close.reply_text)
        let error = BrokerError.refused(
            .connection("\(url.address) as user '\(url.user)', virtual host '\(url.virtualHost)'"), replyCode: code,
            text: text)
        // "connection limit ... is reached" has the code of a missing virtual host, but passes by itself.
        guard error.code == .accessRefused, !text.contains("limit") else { return ConnectionLost(error.message) }
        return ConnectionLost(error)
    }

    private static func libraryFailure(_ status: Int32, _ configuration: AMQPConfiguration) -> ConnectionLost {
        let address = configuration.url.address
        switch amqp_status_enum(rawValue: status) {
        case AMQP_STATUS_TIMEOUT:
            return ConnectionLost(
                "\(address) accepted the connection and did not answer within \(configuration.connectTimeout)")
        case AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_ERROR:
            let hint = configuration.url.isTLS ? "is it an AMQP port?" : "is it an AMQP port, and one without TLS?"
            return ConnectionLost("\(address) closed the connection during the login (\(hint))")
        default:
            return ConnectionLost("login at \(address) failed: \(String(cString: amqp_error_string2(status)))")
        }
    }
}

extension FrameWriter {
    /// `values` with the table of capabilities, valid as long as nothing is encoded.
    func clientProperties(
        _ values: [String: HeaderValue], capabilities: inout amqp_table_t
    ) -> amqp_table_t {
        // Room for one entry more, which is then replaced.
        var withPlace = values
        withPlace["capabilities"] = .bool(true)
        let table = table(withPlace)
        for index in 0..<Int(table.num_entries) where String(table.entries[index].key) == "capabilities" {
            table.entries[index].value.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
            table.entries[index].value.value.table = capabilities
        }
        return table
    }
}

extension Duration {
    var timeval: Glibc.timeval {
        let (seconds, attoseconds) = components
        return Glibc.timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}

extension amqp_boolean_t {
    var isTrue: Bool { self != 0 }
}
