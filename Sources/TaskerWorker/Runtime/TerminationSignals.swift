import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// SIGTERM and SIGINT: the first drains, the second ends the process at once. Watched outside of Swift's thread pool,
/// so that busy handlers cannot hold a shutdown up.
final class TerminationSignals {
    private let sources: [any DispatchSourceSignal]

    /// - Parameters: both get the signal's name.
    init(first: @escaping @Sendable (String) -> Void, second: @escaping @Sendable (String) -> Void) {
        let queue = DispatchQueue(label: "tasker.worker.signals")
        let counter = Counter()
        sources = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")].map { number, name in
            // The default action would end the process before the source is told.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if counter.next() == 1 { first(name) } else { second(name) }
            }
            source.activate()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
}
