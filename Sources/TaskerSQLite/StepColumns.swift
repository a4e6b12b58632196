import TaskerEngine
import TaskerProtocol
import TaskerStore

/// The columns of a step's row that change, in the order in which they are written and read.
enum StepColumns {
    static let changing = [
        "creators", "state", "open", "updated_at", "attempts", "total_attempts", "worker_losses", "dispatch_id",
        "dispatch_queue",
        "dispatch_created_at", "dispatch_publication", "dispatch_sequence", "dispatch_begun_at",
        "dispatch_started_at", "dispatch_worker_id", "dispatch_worker_language", "dispatch_flags", "past_dispatches",
        "retry_at", "resend_at", "handler_not_found_since", "handler_not_found_count", "hold", "execution_ms",
        "worker_id", "worker_language", "completed_at", "last_attempted_at", "last_failure_at",
    ]

    static func bind(_ step: Step, to row: inout Binder) {
        if step.creators.isEmpty { row.addNull() } else { row.add(blob: encode(places: step.creators)) }
        row.add(step.state.code)
        row.add(step.state.isInFlight || step.state == .waitingForRetry || step.hold != nil)
        row.add(step.updatedAt)
        row.add(step.attempts)
        row.add(step.totalAttempts)
        row.add(step.workerLosses)
        bind(step.dispatch, to: &row)
        if step.pastDispatches.isEmpty { row.addNull() } else { row.add(blob: encode(step.pastDispatches)) }
        row.add(step.retryAt)
        row.add(step.resendAt)
        row.add(step.handlerNotFoundSince)
        if step.handlerNotFoundCount == 0 { row.addNull() } else { row.add(step.handlerNotFoundCount) }
        row.add(step.hold?.code)
        row.add(step.executionMilliseconds)
        row.add(step.workerID)
        row.add(step.workerLanguage)
        row.add(step.completedAt)
        row.add(step.lastAttemptedAt)
        row.add(step.lastFailureAt)
    }

    private static func bind(_ dispatch: Dispatch?, to row: inout Binder) {
        guard let dispatch else {
            for _ in 0..<10 { row.addNull() }
            return
        }
        row.add(dispatch.id)
        row.add(dispatch.queue)
        row.add(dispatch.createdAt)
        row.add(dispatch.publication.code)
        row.add(dispatch.publishSequence)
        row.add(dispatch.begunAt)
        row.add(dispatch.startedAt)
        row.add(dispatch.workerID)
        row.add(dispatch.workerLanguage)
        row.add(flags(dispatch))
    }

    /// Reads `uuid, name, created_at, node, batch_item`, the changing columns, and `envelope, last_error, checkpoint`.
    static func record(at place: Int, from row: inout RowReader) throws -> StepRecord {
        let id: StepID = try row.id()
        let name = row.string()
        let createdAt = row.timestamp()
        let node = row.int()
        let batchItem = row.optionalJSON()
        let creators = try row.withBlob { try decode(places: $0) } ?? []
        let state = try StepState(code: row.int64())
        _ = row.int64()
        var record = StepRecord(
            id: id, name: name, place: place, node: node, state: state, createdAt: createdAt,
            updatedAt: row.timestamp())
        record.batchItem = batchItem
        record.creators = creators
        record.attempts = row.int()
        record.totalAttempts = row.int()
        record.workerLosses = row.int()
        record.dispatch = try dispatch(from: &row)
        record.pastDispatches = try row.withBlob { try decode($0) } ?? []
        record.retryAt = row.optionalTimestamp()
        record.resendAt = row.optionalTimestamp()
        record.handlerNotFoundSince = row.optionalTimestamp()
        record.handlerNotFoundCount = row.int()
        record.hold = try row.optionalInt64().map { try Step.Hold(code: $0) }
        record.executionMilliseconds = row.optionalInt64()
        record.workerID = row.optionalString()
        record.workerLanguage = row.optionalString()
        record.completedAt = row.optionalTimestamp()
        record.lastAttemptedAt = row.optionalTimestamp()
        record.lastFailureAt = row.optionalTimestamp()
        record.envelope = row.optionalJSON()
        record.lastError = row.optionalJSON()
        record.checkpoint = row.optionalJSON()
        return record
    }

    private static func dispatch(from row: inout RowReader) throws -> Dispatch? {
        guard let id: DispatchID = try row.optionalID() else {
            row.skip(9)
            return nil
        }
        let queue = row.string()
        let createdAt = row.timestamp()
        var dispatch = Dispatch(
            id: id, queue: queue, createdAt: createdAt, publication: try Dispatch.Publication(code: row.int64()))
        dispatch.publishSequence = row.int64()
        dispatch.begunAt = row.optionalTimestamp()
        dispatch.startedAt = row.optionalTimestamp()
        dispatch.workerID = row.optionalString()
        dispatch.workerLanguage = row.optionalString()
        let flags = row.int64()
        dispatch.isAnswered = flags & 1 != 0
        dispatch.isInGrace = flags & 2 != 0
        dispatch.isDetached = flags & 4 != 0
        return dispatch
    }

    private static func flags(_ dispatch: Dispatch) -> Int64 {
        (dispatch.isAnswered ? 1 : 0) | (dispatch.isInGrace ? 2 : 0) | (dispatch.isDetached ? 4 : 0)
    }

    // MARK: - Places of steps: four bytes each

    private static func encode(places: [Int]) -> [UInt8] {
        places.flatMap { place in withUnsafeBytes(of: UInt32(place).bigEndian) { Array($0) } }
    }

    private static func decode(places bytes: UnsafeRawBufferPointer) throws -> [Int] {
        guard bytes.count % 4 == 0 else { throw StoreError.unreadable("list of places") }
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
        }
    }

    // MARK: - Past dispatches: 16 bytes of id and one of ending each, oldest first

    private static func encode(_ past: [PastDispatch]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(past.count * 17)
        for dispatch in past {
            withUnsafeBytes(of: (dispatch.id.uuid.high.bigEndian, dispatch.id.uuid.low.bigEndian)) {
                bytes.append(contentsOf: $0)
            }
            bytes.append(dispatch.ending.code)
        }
        return bytes
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws -> [PastDispatch] {
        guard bytes.count % 17 == 0 else { throw StoreError.unreadable("list of past dispatches") }
        return try stride(from: 0, to: bytes.count, by: 17).map { start in
            let uuid = UUIDValue(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
            return PastDispatch(id: DispatchID(uuid), ending: try PastDispatch.Ending(code: bytes[start + 16]))
        }
    }
}

/// Steps per state as pairs of numbers, in LEB128: a few bytes in the row of a task.
enum StepCounts {
    static func encode(_ counts: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for (state, count) in zip(StepState.allCases, counts) where count > 0 {
            bytes.append(UInt8(state.code))
            var rest = UInt64(count)
            while rest > 0x7F {
                bytes.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> [StepState: Int] {
        var counts: [StepState: Int] = [:]
        var index = 0
        while index < bytes.count {
            let state = try StepState(code: Int64(bytes[index]))
            var (value, shift) = (UInt64(0), UInt64(0))
            repeat {
                index += 1
                guard index < bytes.count, shift < 63 else { throw StoreError.unreadable("count of steps") }
                value |= UInt64(bytes[index] & 0x7F) << shift
                shift += 7
            } while bytes[index] & 0x80 != 0
            counts[state] = Int(value)
            index += 1
        }
        return counts
    }
}
