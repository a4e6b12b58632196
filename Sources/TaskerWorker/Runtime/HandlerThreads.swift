import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs handlers on threads of their own, one per slot (at most 64), made when needed: a handler that blocks or computes
/// holds up neither the other slots nor anything else in the process, which shares Swift's pool of one thread per core.
final class HandlerThreads: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var head = 0
        var idle = 0
        var threads = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let limit: Int

    init(slots: Int) { limit = min(max(slots, 2), 64) }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let needsThread = state.withLock { state in
            state.jobs.append(unowned)
            // Idle threads may be on their way to jobs that wait already.
            guard state.jobs.count - state.head > state.idle, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        if needsThread { startThread() }
        wake.signal()
    }

    /// Lets the threads end; those in a handler when it returns. What comes later still gets a thread.
    func stop() {
        let threads = state.withLock { state in
            state.isStopped = true
            return state.threads
        }
        for _ in 0..<threads { wake.signal() }
    }

    private func startThread() {
        let box = Unmanaged.passRetained(self)
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let code = pthread_create(&thread, nil, runHandlerThread, box.toOpaque())
        if code == 0 {
            #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
            #else
            pthread_detach(thread)
            #endif
        } else {
            // The ones there are do the work; without any it stays undone, and the worker's heartbeats say so.
            box.release()
            state.withLock { $0.threads -= 1 }
        }
    }

    fileprivate func work() {
        while true {
            state.withLock { $0.idle += 1 }
            wake.wait()
            let (job, isStopped) = state.withLock { state -> (UnownedJob?, Bool) in
                state.idle -= 1
                guard state.head < state.jobs.count else {
                    if state.isStopped { state.threads -= 1 }
                    return (nil, state.isStopped)
                }
                let job = state.jobs[state.head]
                state.head += 1
                if state.head == state.jobs.count {
                    state.jobs.removeAll(keepingCapacity: true)
                    state.head = 0
                }
                return (job, false)
            }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if isStopped {
                return
            }
        }
    }
}

#if canImport(Darwin)
private func runHandlerThread(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<HandlerThreads>.fromOpaque(argument).takeRetainedValue().work()
    return nil
}
#else
private func runHandlerThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<HandlerThreads>.fromOpaque(argument).takeRetainedValue().work()
    return nil
}
#endif
