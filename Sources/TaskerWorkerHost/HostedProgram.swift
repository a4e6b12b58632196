import TaskerWorker

/// Runs steps in child processes that speak the protocol's lines (wire protocol, section 7).
struct HostedProgram: StepProgram {
    /// How one step went in one process.
    private enum Ending {
        case answered(StepResultMessage)
        case failed(StepFailure)
        /// The process ended before it had read any of the step: another one may run it.
        case untouched(ExitStatus)
    }

    let pool: ChildPool
    let configuration: HostConfiguration
    let worker: @Sendable () -> WorkerIdentity

    private var name: String { configuration.command.first ?? "the program" }

    func run(_ step: StepContext) async -> StepResultMessage {
        var line = step.request.encoded()
        line.append(0x0A)
        while true {
            let child: ChildProcess
            let isNew: Bool
            do throws(HostError) {
                (child, isNew) = try pool.take()
            } catch {
                return failed(
                    StepFailure(message: "\(error)", errorType: "program_not_started", isRetryable: true), step)
            }
            switch await exchange(line, with: child, step) {
            case .answered(let message): return completed(message, step)
            case .failed(let failure): return failed(failure, step)
            case .untouched(let status):
                // One that has answered before may leave between two steps, as programs that run once do.
                guard isNew else { continue }
                return failed(
                    StepFailure(
                        message: "\(name) \(status) before it had read the step", errorType: "program_exited",
                        isRetryable: true, backtrace: child.diagnostics.last), step)
            }
        }
    }

    // MARK: - One step in one process

    private func exchange(_ line: [UInt8], with child: ChildProcess, _ step: StepContext) async -> Ending {
        let number = child.beginStep()
        return await withTaskCancellationHandler {
            let written = child.write(line)
            while true {
                switch await child.mailbox.next() {
                case .line(let text):
                    guard let ending = take(text, child, step) else { continue }
                    return ending
                case .lineTooLong:
                    pool.discard(child)
                    return .failed(
                        StepFailure(
                            message:
                                "\(name) wrote a line of more than \(configuration.maximumLineBytes) bytes; a result may "
                                + "have \(step.request.limits.maxResultBytes). Keep large data outside and return where it is",
                            errorType: ErrorType.resultTooLarge, isRetryable: false))
                case .outputTooLarge:
                    pool.discard(child)
                    return .failed(
                        StepFailure(
                            message: "\(name) wrote more than \(configuration.maximumOutputBytes) bytes for one step",
                            errorType: "invalid_output", isRetryable: false))
                case .ended(let status, let unread):
                    pool.discard(child)
                    if unread >= written, step.stopReason == nil { return .untouched(status) }
                    return .failed(failure(of: status, child, step))
                }
            }
        } onCancel: {
            child.terminate(step: number)
        }
    }

    /// nil: a heartbeat.
    private func take(_ text: [UInt8], _ child: ChildProcess, _ step: StepContext) -> Ending? {
        let body: RawJSON
        do throws(JSONError) {
            body = try RawJSON(validating: text, limits: .received)
        } catch {
            switch error.code {
            case .tooDeep, .nullCharacter, .loneSurrogate, .numberOutOfRange:
                pool.discard(child)
                return .failed(
                    StepFailure(
                        message: "\(name) wrote a message that the protocol does not allow: \(error)",
                        errorType: ErrorType.serializationError, isRetryable: false))
            default: return garbage(text, "it is not JSON: \(error)", child)
            }
        }
        guard MessageKind.of(body) != MessageKind.stepHeartbeat else {
            if let done = body.member("progress")?.member("done")?.double {
                let progress = body.member("progress")
                step.reportProgress(
                    done, of: progress?.member("total")?.double, message: progress?.member("message")?.string)
            }
            return nil
        }
        do throws(WireError) {
            let message = try StepResultMessage(reading: body)
            guard message.dispatchID == step.dispatchID else {
                return garbage(text, "its dispatch_id is not that of the step, \(step.dispatchID)", child)
            }
            child.endStep()
            pool.put(back: child)
            return .answered(message)
        } catch {
            return garbage(text, error.detail, child)
        }
    }

    /// What follows on that stream cannot be trusted.
    private func garbage(_ text: [UInt8], _ reason: String, _ child: ChildProcess) -> Ending {
        pool.discard(child)
        return .failed(
            StepFailure(
                message: "\(name) wrote a line to stdout that is no step.result and no step.heartbeat (\(reason)): "
                    + "\(Excerpt.of(text)). Write diagnostics to stderr",
                errorType: "invalid_output", isRetryable: false, backtrace: child.diagnostics.last))
    }

    private func failure(of status: ExitStatus, _ child: ChildProcess, _ step: StepContext) -> StepFailure {
        switch step.stopReason {
        case .timedOut:
            StepFailure(
                message:
                    "\(name) did not finish within \(step.request.step.timeoutMilliseconds) ms; it was told to stop and "
                    + "\(status)", errorType: ErrorType.timeout, isRetryable: true, backtrace: child.diagnostics.last)
        case .cancelled:
            StepFailure(
                message: "the step was cancelled; \(name) \(status)", errorType: ErrorType.cancelled, isRetryable: false
            )
        case .interrupted, nil:
            StepFailure(
                message: "\(name) \(status) before it had answered the step", errorType: "program_exited",
                isRetryable: true, backtrace: child.diagnostics.last)
        }
    }

    // MARK: - The message

    private func failed(_ failure: StepFailure, _ step: StepContext) -> StepResultMessage {
        StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.taskID, stepID: step.stepID, status: .failed, error: failure,
            metadata: RawJSON(["retryable": .bool(failure.isRetryable ?? true)]), worker: worker())
    }

    /// The host answers for the program: the ids are its own.
    private func completed(_ message: StepResultMessage, _ step: StepContext) -> StepResultMessage {
        var message = message
        message.taskID = step.taskID
        message.stepID = step.stepID
        // A program that is stopped for its time says that it was cancelled: it cannot know why.
        if step.stopReason == .timedOut, message.status == .failed,
            message.error?.errorType == ErrorType.cancelled || message.error?.errorType == ErrorType.interrupted
        {
            message.error?.errorType = ErrorType.timeout
            message.error?.isRetryable = true
        }
        var identity = worker()
        if let own = message.worker {
            if own.language != "unknown" { identity.language = own.language }
            if own.sdk != "unknown" { identity.sdk = own.sdk }
        }
        message.worker = identity
        return message
    }
}
