import Testing

@testable import TaskerProtocol

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "reads RFC 3339 in UTC with none to nine fraction digits",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00.5z", 500), ("1970-01-01T00:00:00.001999999Z", 1),
            ("2000-02-29T12:30:45.123Z", 951_827_445_123), ("2026-11-23T16:42:51.12Z", 1_795_452_171_120),
            ("1969-12-31T23:59:59.999Z", -1), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ] as [(String, Int64)])
    func reads(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "2026-07-01", "2026-07-01T09:30:00", "2026-07-01T09:30:00+00:00", "2026-07-01 09:30:00Z",
            "2026-07-01T09:30:00.Z", "2026-07-01T09:30:00.1234567890Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-07-00T00:00:00Z",
            "2026-07-01T24:00:00Z", "2026-07-01T09:60:00Z", "2026-07-01T09:30:60Z", "2026-7-01T09:30:00Z0",
            "26-07-01T09:30:00Z00", "2026-07-01T09:30:00ZZ", "2026-07-01T09:30:0aZ", " 2026-07-01T09:30:00Z",
            "２026-07-01T09:30Z",
        ])
    func refuses(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("writes three fraction digits, and reads back what it wrote")
    func writes() {
        var milliseconds: Int64 = -62_135_596_800_000
        while milliseconds < 253_402_300_799_999 {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(time.description.utf8.count == 24)
            #expect(Timestamp(time.description) == time)
            milliseconds += 86_400_000 * 97 + 1_234_567
        }
        #expect(Timestamp(milliseconds: 1_782_898_200_000).description == "2026-07-01T09:30:00.000Z")
    }

    @Test("instants RFC 3339 cannot say are written as the nearest it can")
    func clamps() {
        #expect(Timestamp(milliseconds: .min).description == "0000-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    }

    @Test("arithmetic saturates")
    func arithmetic() {
        let time = Timestamp(milliseconds: 1000)
        #expect(time.advanced(by: .milliseconds(1500)).milliseconds == 2500)
        #expect(time.advanced(by: .microseconds(1999)).milliseconds == 1001)
        #expect(time.advanced(by: .seconds(-2)).milliseconds == -1000)
        #expect(time.advanced(byMilliseconds: .max).milliseconds == .max)
        #expect(Timestamp(milliseconds: -2).advanced(byMilliseconds: .min).milliseconds == .min)
        #expect(time.advanced(by: .seconds(Int64.max)).milliseconds == .max)
        #expect(time.millisecondsSince(Timestamp(milliseconds: 400)) == 600)
        #expect(Timestamp(milliseconds: 1) < time)
        #expect(Duration.seconds(Int64.min).wholeMilliseconds == .min)
        #expect(Duration.milliseconds(-1500).wholeMilliseconds == -1500)
    }
}
