import TaskerProtocol
import Testing

@testable import TaskerEngine

@Suite("History as stores keep it")
struct JournalTests {
    static let entries: [JournalEntry] = [
        .task(from: .pending, to: .initializing, event: "Start"),
        .step(place: 7, from: .enqueued, to: .inProgress, attempt: 2, dispatch: d(9), detail: nil),
        .step(place: 0, from: .pending, to: .cancelled, attempt: 0, dispatch: nil, detail: "said \"no\"\n"),
        .audit(
            AuditRecord(
                place: 1, disposition: .forged, attempt: 0, dispatch: nil, status: "completed", fromState: .pending,
                toState: .pending)),
        .audit(
            AuditRecord(
                place: 1, disposition: .accepted, attempt: 3, dispatch: d(1), status: "failed", fromState: .inProgress,
                toState: .enqueuedAsErrorForOrchestration, workerID: "w", workerLanguage: "ruby",
                executionMilliseconds: .max, errorType: "T", message: "m", actor: "a")),
    ]

    @Test("every kind of entry round-trips", arguments: entries)
    func roundTrip(_ entry: JournalEntry) throws {
        var writer = JSONWriter()
        entry.write(to: &writer)
        #expect(JournalEntry(try RawJSON(validating: writer.finish())) == entry)
    }

    @Test("every disposition round-trips")
    func dispositions() {
        for name in [
            "accepted", "checkpoint", "abandoned", "duplicate", "cancelled", "superseded", "late", "forged", "manual",
            "automatic",
        ] { #expect(AuditRecord.Disposition(rawValue: name) != nil) }
    }

    @Test(
        "what is no entry of a known kind is nil",
        arguments: [
            "{}", "[]", "[1]", #"["x"]"#, #"["t","pending"]"#, #"["t","pending","nowhere","Start"]"#,
            #"["s",0,"pending","enqueued"]"#, #"["s","0","pending","enqueued",1,null,null]"#, #"["a",{}]"#, #"["a"]"#,
        ])
    func unknown(_ text: String) throws {
        #expect(JournalEntry(try RawJSON(validating: text)) == nil)
    }
}
