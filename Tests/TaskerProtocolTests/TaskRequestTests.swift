import Testing

@testable import TaskerProtocol

@Suite("Task requests")
struct TaskRequestTests {
    private func faults(_ text: String) throws -> [String] {
        let body = try RawJSON(validating: text)
        do throws(RequestFaults) {
            _ = try TaskRequest(reading: body)
            return []
        } catch {
            #expect(error.faults.allSatisfy { !$0.message.isEmpty })
            return error.faults.map { "\($0.pointer) \($0.keyword)" }
        }
    }

    @Test("everything")
    func everything() throws {
        let request = try TaskRequest(
            reading: RawJSON(
                validating: #"""
                    {"name":"order","namespace":"shop","version":"1.0.0","context":{"a":[1]},"initiator":"me",
                     "source_system":"shop","reason":"because","tags":["x","y"],"requested_at":"2026-07-01T09:30:00Z",
                     "correlation_id":"01890a5d-ac96-774b-bcce-b302099a8057","idempotency_key":"k-1","priority":-100,
                     "parent_correlation_id":"01890A5D-AC96-774B-BCCE-B302099A8058","options":{"o":true},"x_more":1}
                    """#))
        #expect(
            request
                == TaskRequest(
                    name: "order", namespace: "shop", version: "1.0.0", context: try RawJSON(validating: #"{"a":[1]}"#),
                    initiator: "me", sourceSystem: "shop", reason: "because", tags: ["x", "y"],
                    requestedAt: Timestamp("2026-07-01T09:30:00Z"),
                    correlationID: CorrelationID("01890a5d-ac96-774b-bcce-b302099a8057"),
                    parentCorrelationID: CorrelationID("01890a5d-ac96-774b-bcce-b302099a8058"), idempotencyKey: "k-1",
                    priority: -100, options: try RawJSON(validating: #"{"o":true}"#)))
    }

    @Test("name and namespace are enough; null counts as missing")
    func least() throws {
        let least = TaskRequest(name: "n", namespace: "s")
        #expect(try TaskRequest(reading: RawJSON(validating: #"{"name":"n","namespace":"s"}"#)) == least)
        let nulls = #"""
            {"name":"n","namespace":"s","version":null,"context":null,"tags":null,"priority":null,"options":null,
             "requested_at":null,"correlation_id":null,"idempotency_key":null,"reason":null}
            """#
        #expect(try TaskRequest(reading: RawJSON(validating: nulls)) == least)
    }

    @Test(
        "one fault each, with pointer and keyword",
        arguments: [
            (#""version":1"#, "/version type"), (#""context":[]"#, "/context type"),
            (#""context":"{}""#, "/context type"),
            (#""initiator":{}"#, "/initiator type"), (#""tags":"a""#, "/tags type"), (#""tags":["a",1]"#, "/tags type"),
            (#""requested_at":"soon""#, "/requested_at format"), (#""requested_at":7"#, "/requested_at type"),
            (#""correlation_id":"x""#, "/correlation_id format"), (#""correlation_id":7"#, "/correlation_id type"),
            (#""parent_correlation_id":"x""#, "/parent_correlation_id format"), (#""priority":101"#, "/priority range"),
            (#""priority":-101"#, "/priority range"), (#""priority":1.5"#, "/priority range"),
            (#""priority":"1""#, "/priority range"), (#""options":[]"#, "/options type"),
            (#""idempotency_key":"""#, "/idempotency_key pattern"),
            (#""idempotency_key":"a b""#, "/idempotency_key pattern"),
            (#""idempotency_key":"ä""#, "/idempotency_key pattern"), (#""idempotency_key":1"#, "/idempotency_key type"),
        ])
    func one(_ member: String, _ fault: String) throws {
        #expect(try faults(#"{"name":"n","namespace":"s",\#(member)}"#) == [fault])
    }

    @Test("lengths count characters, at the limit and past it")
    func lengths() throws {
        for (name, limit) in [("version", 50), ("initiator", 255), ("source_system", 255), ("reason", 500)] {
            let fits = String(repeating: "ä", count: limit)
            #expect(try faults(#"{"name":"n","namespace":"s","\#(name)":"\#(fits)"}"#) == [])
            #expect(try faults(#"{"name":"n","namespace":"s","\#(name)":"\#(fits)x"}"#) == ["/\(name) maxLength"])
        }
        let long = String(repeating: "n", count: 256)
        #expect(
            try faults(#"{"name":"\#(long)","namespace":"\#(long)","idempotency_key":"\#(long)"}"#)
                == ["/name maxLength", "/namespace maxLength", "/idempotency_key maxLength"])
        let tags = Array(repeating: "\"t\"", count: 65).joined(separator: ",")
        #expect(try faults(#"{"name":"n","namespace":"s","tags":[\#(tags)]}"#) == ["/tags maxItems"])
        #expect(try faults(#"{"name":"n","namespace":"s","tags":["\#(long)"]}"#) == ["/tags maxLength"])
    }

    @Test("all faults at once")
    func all() throws {
        #expect(
            try faults(#"{"name":"","context":1,"tags":{},"priority":[],"options":"x","reason":1}"#) == [
                "/name minLength", "/namespace required", "/context type", "/tags type", "/priority range",
                "/options type", "/reason type",
            ])
        #expect(try faults("[]") == [" type"])
        #expect(try faults("{}") == ["/name required", "/namespace required"])
    }

    @Test("every member that is read is known")
    func known() {
        #expect(TaskRequest.knownMembers.count == 16)
    }
}
