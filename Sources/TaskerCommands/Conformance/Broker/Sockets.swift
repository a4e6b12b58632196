#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The few calls that the proxy needs; none of them waits, except ``connect(host:port:)``.
enum Sockets {
    struct Failure: Error {
        var reason: String
        init(_ doing: String) { reason = "\(doing): \(String(cString: strerror(errno)))" }
        init(reason: String) { self.reason = reason }
    }

    /// Where a broker answers.
    struct Address: Sendable {
        var family: Int32
        var bytes: [UInt8]
    }

    enum Chunk {
        case bytes(ArraySlice<UInt8>)
        case nothingNow
        case ended
    }

    #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    #else
    private static let stream = SOCK_STREAM
    #endif

    /// The first address of this host at which somebody listens.
    static func address(host: String, port: Int) throws(Failure) -> Address {
        var hints = addrinfo()
        hints.ai_socktype = stream
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw Failure(reason: "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var failure = Failure(reason: "\(host) has no address")
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(entry.ai_family, stream, 0)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard system_connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 else {
                failure = Failure("\(host):\(port)")
                continue
            }
            let raw = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            return Address(family: entry.ai_family, bytes: Array(raw))
        }
        throw failure
    }

    /// A connection that may still be under way; its failure is that of the first read or write.
    static func connect(_ address: Address) throws(Failure) -> Int32 {
        let descriptor = socket(address.family, stream, 0)
        guard descriptor >= 0 else { throw Failure("no socket") }
        prepare(descriptor)
        let code = address.bytes.withUnsafeBytes { raw in
            system_connect(
                descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.bytes.count))
        }
        guard code == 0 || errno == EINPROGRESS else {
            defer { close(descriptor) }
            throw Failure("cannot connect")
        }
        return descriptor
    }

    /// A socket of this machine alone that has a port, and does not listen yet.
    /// - Parameter port: 0: any that is free. The same port may be bound again beside this one.
    static func bind(port: UInt16) throws(Failure) -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, stream, 0)
        guard descriptor >= 0 else { throw Failure("no socket") }
        prepare(descriptor)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let bound = system_bind(descriptor, generic, size)
                return bound == 0 ? getsockname(descriptor, generic, &size) : bound
            }
        }
        guard code == 0 else {
            defer { close(descriptor) }
            throw Failure("no port")
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    static func listen(port: UInt16) throws(Failure) -> Int32 {
        let (descriptor, _) = try bind(port: port)
        guard system_listen(descriptor, 64) == 0 else {
            defer { close(descriptor) }
            throw Failure("cannot listen")
        }
        return descriptor
    }

    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = system_accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        prepare(descriptor)
        return descriptor
    }

    static func read(_ descriptor: Int32) -> Chunk {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { return .bytes(chunk[..<count]) }
            if count < 0, errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? .nothingNow : .ended
        }
    }

    /// Writes what the socket takes now, and removes it.
    /// - Returns: false when the connection is gone.
    static func write(_ bytes: inout [UInt8], to descriptor: Int32) -> Bool {
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, noSignal) }
            if count < 0, errno == EINTR { continue }
            // Not connected yet, or full.
            if count < 0 { return errno == EAGAIN || errno == ENOTCONN }
            bytes.removeFirst(count)
        }
        return true
    }

    // MARK: - A pipe that wakes a thread

    static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard system_pipe(&ends) == 0 else { throw Failure("no pipe") }
        for end in ends { prepare(end) }
        return (ends[0], ends[1])
    }

    static func wake(_ end: Int32) {
        // A full pipe wakes as well.
        var byte: UInt8 = 0
        _ = system_write(end, &byte, 1)
    }

    static func drain(_ end: Int32) {
        var bytes = [UInt8](repeating: 0, count: 256)
        while system_read(end, &bytes, bytes.count) > 0 {}
    }

    // MARK: - Every descriptor

    static func close(_ descriptor: Int32) {
        _ = system_close(descriptor)
    }

    /// Waits for nothing, and belongs to no process that is started.
    static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    #if canImport(Darwin)
    private static let noSignal: Int32 = 0
    #else
    private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif
}

// The system's own, where a method above has the same name.
#if canImport(Glibc)
private let system_connect = Glibc.connect
private let system_bind = Glibc.bind
private let system_listen = Glibc.listen
private let system_accept = Glibc.accept
private let system_pipe = Glibc.pipe
private let system_write = Glibc.write
private let system_read = Glibc.read
private let system_close = Glibc.close
#elseif canImport(Musl)
private let system_connect = Musl.connect
private let system_bind = Musl.bind
private let system_listen = Musl.listen
private let system_accept = Musl.accept
private let system_pipe = Musl.pipe
private let system_write = Musl.write
private let system_read = Musl.read
private let system_close = Musl.close
#else
private let system_connect = Darwin.connect
private let system_bind = Darwin.bind
private let system_listen = Darwin.listen
private let system_accept = Darwin.accept
private let system_pipe = Darwin.pipe
private let system_write = Darwin.write
private let system_read = Darwin.read
private let system_close = Darwin.close
#endif
