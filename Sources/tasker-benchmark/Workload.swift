import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Four steps in a row, submitted over HTTP and waited for: from submission to the final state seen by a client.
struct Workload {
    var port: Int
    var template = "bench_linear"
    static let stepsPerTask = 4

    private var body: String { #"{"name":"\#(template)","namespace":"bench","context":{"n":1}}"# }

    /// Milliseconds of each of `count` tasks, one at a time.
    func latencies(_ count: Int) throws -> [Double] {
        var connection = try HTTPConnection(host: "127.0.0.1", port: port)
        var samples: [Double] = []
        for _ in 0..<count {
            let start = ContinuousClock.now
            let answer = try connection.request("POST", "/v1/tasks?wait_seconds=30", body: body)
            guard answer.status == 201, answer.body.contains(#""status":"complete""#) else {
                throw HTTPConnection.Failure(description: "status \(answer.status): \(answer.body.prefix(300))")
            }
            samples.append(start.duration(to: .now).milliseconds)
        }
        return samples
    }

    /// Steps per second with `window` tasks in flight.
    func throughput(tasks: Int, window: Int) throws -> Double {
        let next = Atomic(0)
        let failures = Mutex<[String]>([])
        let start = ContinuousClock.now
        try withThreads(window) {
            do {
                var connection = try HTTPConnection(host: "127.0.0.1", port: port)
                while next.wrappingAdd(1, ordering: .relaxed).newValue <= tasks {
                    let answer = try connection.request("POST", "/v1/tasks?wait_seconds=30", body: body)
                    guard answer.status == 201, answer.body.contains(#""status":"complete""#) else {
                        return failures.withLock { $0.append("status \(answer.status): \(answer.body.prefix(300))") }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        if let first = failures.withLock({ $0.first }) { throw HTTPConnection.Failure(description: first) }
        return Double(tasks * Self.stepsPerTask) / (start.duration(to: .now).milliseconds / 1000)
    }
}

/// Runs `body` on `count` threads and waits for all of them.
private func withThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) throws {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            throw HTTPConnection.Failure(description: "cannot start thread \(threads.count + 1) of \(count)")
        }
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
