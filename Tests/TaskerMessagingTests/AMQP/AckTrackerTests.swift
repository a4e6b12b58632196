import Testing

@testable import TaskerAMQP

@Suite("Ack coalescing")
struct AckTrackerTests {
    private func tracker(delivered count: UInt64) -> AckTracker {
        var tracker = AckTracker()
        for tag in 1...count {
            let isAccepted = tracker.delivered(tag)
            #expect(isAccepted)
        }
        return tracker
    }

    private func acks(_ tracker: inout AckTracker, _ tags: UInt64...) -> [AckTracker.Ack] {
        for tag in tags { tracker.acknowledge(tag) }
        return tracker.takeAcks()
    }

    @Test func aPrefixIsOneAck() {
        var tracker = tracker(delivered: 5)
        #expect(acks(&tracker, 2, 1, 3) == [.init(tag: 3, isMultiple: true)])
        #expect(acks(&tracker, 4) == [.init(tag: 4, isMultiple: false)])
        #expect(!tracker.isEmpty)
        #expect(acks(&tracker, 5) == [.init(tag: 5, isMultiple: false)])
        #expect(tracker.isEmpty)
    }

    @Test func behindAGapTagsGoAlone() {
        var tracker = tracker(delivered: 6)
        #expect(acks(&tracker, 5, 3) == [.init(tag: 5, isMultiple: false), .init(tag: 3, isMultiple: false)])
        #expect(acks(&tracker, 3, 5) == [])
        // The broker no longer knows 3 and 5, so the multiple one must name 4, which stands for 1 and 2 too.
        #expect(acks(&tracker, 1, 2, 4) == [.init(tag: 4, isMultiple: true)])
        #expect(acks(&tracker, 6) == [.init(tag: 6, isMultiple: false)])
        #expect(tracker.isEmpty)
    }

    @Test func unknownTagsAndRepetitionsAreIgnored() {
        var tracker = tracker(delivered: 2)
        #expect(acks(&tracker, 0, 3, .max) == [])
        #expect(acks(&tracker, 1, 1) == [.init(tag: 1, isMultiple: false)])
        #expect(acks(&tracker, 1) == [])
        let (skipping, next) = (tracker.delivered(4), tracker.delivered(3))
        #expect(!skipping && next)
    }

    @Test("Against a model: every held tag is acked exactly once, and never one the caller holds", arguments: 0..<50)
    func model(_ seed: Int) {
        var random = Seeded(state: UInt64(seed))
        var tracker = AckTracker()
        var (delivered, held, known): (UInt64, Set<UInt64>, Set<UInt64>) = (0, [], [])
        for _ in 0..<400 {
            if Bool.random(using: &random) {
                delivered += 1
                let isAccepted = tracker.delivered(delivered)
                #expect(isAccepted)
                held.insert(delivered)
                known.insert(delivered)
            } else if let tag = held.randomElement(using: &random) {
                held.remove(tag)
                tracker.acknowledge(tag)
            }
            guard UInt8.random(in: 0..<4, using: &random) == 0 else { continue }
            for ack in tracker.takeAcks() {
                #expect(known.contains(ack.tag))
                let covered: Set<UInt64> = ack.isMultiple ? known.filter { $0 <= ack.tag } : [ack.tag]
                #expect(covered.isDisjoint(with: held))
                known.subtract(covered)
            }
            #expect(known == held)
        }
    }
}

/// A generator that gives the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
