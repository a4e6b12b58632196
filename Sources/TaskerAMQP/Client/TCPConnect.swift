import Glibc

/// A TCP connection made without librabbitmq, whose calls do not say why they failed and cannot be interrupted.
enum TCPConnect {
    /// - Parameter idle: what to do before each wait.
    /// - Returns: a connected, non-blocking descriptor.
    static func open(
        host: String, port: Int, address: String, timeout: Duration, idle: Idle
    ) throws(ConnectionLost) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        var status = getaddrinfo(host, String(port), &hints, &list)
        if status != 0 {
            // A machine with nothing but loopback has no "configured" address of either family.
            hints.ai_flags = AI_NUMERICSERV
            status = getaddrinfo(host, String(port), &hints, &list)
        }
        guard status == 0, let list else {
            throw ConnectionLost(
                "the host name of \(address) cannot be resolved: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        let deadline = ContinuousClock.now + timeout
        var failure = ETIMEDOUT
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let candidate = next?.pointee {
            next = candidate.ai_next
            switch attempt(candidate, deadline, idle) {
            case .success(let descriptor): return descriptor
            case .failure(let error): failure = error.code
            }
        }
        throw ConnectionLost(reason(failure, address, timeout))
    }

    private struct Failure: Error {
        let code: Int32
    }

    private static func attempt(
        _ candidate: addrinfo, _ deadline: ContinuousClock.Instant, _ idle: Idle
    ) -> Result<Int32, Failure> {
        let type = candidate.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(candidate.ai_family, type, candidate.ai_protocol)
        guard descriptor >= 0 else { return .failure(Failure(code: errno)) }
        // One wave of frames is one write already.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
        var code: Int32 = 0
        if connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) != 0 {
            code = errno == EINPROGRESS ? wait(descriptor, deadline, idle) : errno
        }
        guard code == 0 else {
            close(descriptor)
            return .failure(Failure(code: code))
        }
        return .success(descriptor)
    }

    private static func wait(_ descriptor: Int32, _ deadline: ContinuousClock.Instant, _ idle: Idle) -> Int32 {
        while true {
            guard idle.prepare() else { return ECANCELED }
            var descriptors = [
                pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: idle.wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, PollTimeout.milliseconds(until: deadline))
            if count == 0 { return ETIMEDOUT }
            if count < 0, errno != EINTR { return errno }
            guard count > 0 else { continue }
            if descriptors[1].revents != 0 { idle.wakeup.clear() }
            if descriptors[0].revents != 0 {
                var code: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                return code
            }
        }
    }

    private static func reason(_ code: Int32, _ address: String, _ timeout: Duration) -> String {
        switch code {
        case ECONNREFUSED: "connection refused at \(address)"
        case ETIMEDOUT: "no answer from \(address) within \(timeout)"
        case ECANCELED: "shut down"
        default: "\(address) cannot be reached: \(SystemError.text(code))"
        }
    }
}

/// How a connection's thread waits for something else than its connection.
struct Idle {
    let wakeup: Wakeup
    /// Does what other threads want; false = give up.
    let prepare: () -> Bool

    /// - Returns: false = give up.
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        while prepare() {
            guard ContinuousClock.now < deadline else { return true }
            var descriptor = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, PollTimeout.milliseconds(until: deadline)) > 0 { wakeup.clear() }
        }
        return false
    }
}
