import TaskerMessaging
import Testing

@Suite("Mailbox")
struct MailboxTests {
    @Test func everythingThatHasArrived() async {
        let mailbox = Mailbox<Int>()
        mailbox.push(1)
        mailbox.push(contentsOf: [2, 3])
        #expect(mailbox.count == 3)
        #expect(await mailbox.nextBatch() == [1, 2, 3])
        mailbox.push(4)
        #expect(mailbox.takeAll() == [4])
        #expect(mailbox.takeAll() == [])
    }

    @Test func aWaiterIsWoken() async {
        let mailbox = Mailbox<Int>()
        async let batch = mailbox.nextBatch()
        mailbox.push(contentsOf: [7, 8])
        #expect(await batch == [7, 8])
    }

    @Test func nothingIsLostOrReorderedAcrossThreads() async {
        let mailbox = Mailbox<Int>()
        let sender = Task {
            for number in 0..<20_000 { mailbox.push(number) }
            mailbox.finish()
        }
        var received: [Int] = []
        while case let batch = await mailbox.nextBatch(), !batch.isEmpty { received += batch }
        await sender.value
        #expect(received == Array(0..<20_000))
    }

    @Test func finished() async {
        let mailbox = Mailbox<Int>()
        mailbox.push(1)
        mailbox.finish()
        mailbox.push(2)
        #expect(await mailbox.nextBatch() == [1])
        #expect(await mailbox.nextBatch() == [])
    }

    @Test func finishWakesTheWaiter() async {
        let mailbox = Mailbox<Int>()
        async let batch = mailbox.nextBatch()
        mailbox.finish()
        #expect(await batch == [])
    }

    @Test func aCancelledWaiterLosesNothing() async {
        let mailbox = Mailbox<Int>()
        let waiter = Task { await mailbox.nextBatch() }
        waiter.cancel()
        #expect(await waiter.value == [])
        mailbox.push(5)
        let cancelled = Task { () -> [Int] in
            withUnsafeCurrentTask { $0?.cancel() }
            return await mailbox.nextBatch()
        }
        #expect(await cancelled.value == [])
        #expect(await mailbox.nextBatch() == [5])
    }
}
