import TaskerMessaging

/// The deliveries of one channel, to turn the caller's acks into as few acks on the wire as are correct.
struct AckTracker {
    struct Ack: Hashable {
        var tag: UInt64
        /// It stands for all lower tags too.
        var isMultiple: Bool
    }

    private enum Mark {
        case held, acked, sent
    }

    /// The lowest tag the caller has not acked; delivery tags of a channel count from 1 without gaps.
    private var first: UInt64 = 1
    private var marks = FIFO<Mark>()
    private var acked: [UInt64] = []

    /// Nothing is held by the caller and nothing waits to be sent.
    var isEmpty: Bool { marks.isEmpty }
    var hasAcks: Bool { !acked.isEmpty }

    /// - Returns: false when the broker skipped a tag.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == first + UInt64(marks.count) else { return false }
        marks.push(.held)
        return true
    }

    /// A tag that is not held is ignored: the broker would close the channel for it.
    mutating func acknowledge(_ tag: UInt64) {
        guard tag >= first, tag - first < UInt64(marks.count), marks[Int(tag - first)] == .held else { return }
        marks[Int(tag - first)] = .acked
        acked.append(tag)
    }

    /// What to send for the acks since the last call: one `multiple` for all up to the first gap (the tag in it must be one
    /// the broker still knows), single ones behind it.
    mutating func takeAcks() -> [Ack] {
        var highest: UInt64 = 0
        var count = 0
        while let mark = marks.first, mark != .held {
            if mark == .acked {
                highest = first
                count += 1
            }
            _ = marks.pop()
            first += 1
        }
        var acks = count > 0 ? [Ack(tag: highest, isMultiple: count > 1)] : []
        for tag in acked where tag >= first {
            marks[Int(tag - first)] = .sent
            acks.append(Ack(tag: tag, isMultiple: false))
        }
        acked.removeAll(keepingCapacity: true)
        return acks
    }
}
