import TaskerMessaging
import Testing

@testable import TaskerWorker

@Suite struct AckGateTests {
    @Test func acksPassUntilConsumersAreToBeCancelled() {
        var gate = AckGate(consumers: 1, prefetch: 2)
        gate.delivered([tag(1), tag(2)])
        #expect(gate.acknowledge([tag(1)]) == [tag(1)])
        gate.dry()
        #expect(gate.acknowledge([tag(2)]) == [])
        #expect(!gate.isDry)
    }

    @Test func itIsDryWhenAllCreditIsUsed() {
        var gate = AckGate(consumers: 2, prefetch: 1)
        gate.dry()
        gate.delivered([tag(1)])
        #expect(!gate.isDry)
        gate.delivered([tag(1, epoch: 2)])
        #expect(gate.isDry)
        // An ack that is held gives no credit.
        #expect(gate.acknowledge([tag(1)]) == [])
        #expect(gate.isDry)
    }

    @Test func itIsQuietWhenNothingHasComeSinceTheLastLook() {
        var gate = AckGate(consumers: 1, prefetch: 5)
        gate.dry()
        gate.delivered([tag(1)])
        let (first, second) = (gate.isQuiet(), gate.isQuiet())
        #expect(!first)
        #expect(second)
    }

    @Test func heldAcksGoOutWhenTheBrokerHasConfirmedTheCancel() {
        var gate = AckGate(consumers: 1, prefetch: 2)
        gate.delivered([tag(1), tag(2)])
        gate.dry()
        #expect(gate.acknowledge([tag(1)]) == [])
        gate.cancelling()
        #expect(!gate.isDrying)
        #expect(gate.acknowledge([tag(2)]) == [])
        #expect(gate.cancelled() == [tag(1), tag(2)])
        #expect(gate.acknowledge([tag(3)]) == [tag(3)])
    }

    @Test func consumersThatAreWantedAfterAllStay() {
        var gate = AckGate(consumers: 1, prefetch: 2)
        gate.delivered([tag(1)])
        gate.dry()
        #expect(gate.acknowledge([tag(1)]) == [])
        #expect(gate.stay() == [tag(1)])
        #expect(!gate.isDrying)
    }

    @Test func whatALostConnectionHeldIsForgotten() {
        var gate = AckGate(consumers: 1, prefetch: 1)
        gate.delivered([tag(1)])
        gate.dry()
        #expect(gate.acknowledge([tag(1)]) == [])
        gate.lost(epoch: 1)
        #expect(!gate.isDry)
        #expect(gate.stay() == [])
    }

    /// A second wish to stop before the first is confirmed.
    @Test func overlappingCancelsHoldUntilBothAreConfirmed() {
        var gate = AckGate(consumers: 1, prefetch: 1)
        gate.dry()
        gate.cancelling()
        gate.dry()
        gate.delivered([tag(1)])
        #expect(gate.acknowledge([tag(1)]) == [])
        gate.cancelling()
        #expect(gate.cancelled() == [])
        #expect(gate.cancelled() == [tag(1)])
    }
}
