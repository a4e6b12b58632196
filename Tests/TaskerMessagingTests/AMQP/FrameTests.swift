import TaskerMessaging
import Testing

@testable import TaskerAMQP

/// What a broker, or whoever publishes through it, may send: nothing of it may crash or stop a consumer.
@Suite("AMQP frames from outside")
struct FrameTests {
    private static let frameMax = 4096

    private static func frame(_ type: UInt8, channel: UInt16 = 2, _ payload: [UInt8], end: UInt8 = 0xCE) -> [UInt8] {
        [type] + bytes(channel) + bytes(UInt32(payload.count)) + payload + [end]
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) }
    }

    private static func header(bodyCount: UInt64, _ properties: [UInt8]) -> [UInt8] {
        frame(2, bytes(UInt16(60)) + bytes(UInt16(0)) + bytes(bodyCount) + properties)
    }

    /// Properties with nothing but a table of headers.
    private static func headers(_ table: [UInt8]) -> [UInt8] {
        bytes(UInt16(1 << 13)) + bytes(UInt32(table.count)) + table
    }

    private static func entry(_ name: String, _ value: [UInt8]) -> [UInt8] {
        [UInt8(name.utf8.count)] + Array(name.utf8) + value
    }

    /// Feeds the reader in pieces and collects the messages.
    private func messages(
        _ stream: [UInt8], piece: Int = .max, announce: Bool = true
    ) throws -> [(properties: MessageProperties, body: [UInt8])] {
        let reader = FrameReader(frameMax: Self.frameMax)
        var content = ContentAssembler<Int>()
        var messages: [(MessageProperties, [UInt8])] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let space = reader.space
            let part = rest.prefix(min(piece, space.count))
            space.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            reader.received(part.count)
            try reader.takeFrames { _, frame in
                switch frame {
                case .method, .heartbeat: break
                case .header(let count, let properties):
                    if announce { content.method(0) }
                    if let message = content.header(bodyCount: count, properties: properties) {
                        messages.append((message.properties, message.body))
                    }
                case .body(let bytes):
                    if let message = content.body(bytes) { messages.append((message.properties, message.body)) }
                }
            }
        }
        return messages
    }

    @Test("Header values of every type; those we have no use for are left out")
    func headerTypes() throws {
        var table: [UInt8] = []
        table += Self.entry("text", [0x53] + Self.bytes(UInt32(2)) + [0xC3, 0xBC])
        table += Self.entry("broken", [0x53] + Self.bytes(UInt32(2)) + [0xFF, 0x41])
        table += Self.entry("bytes", [0x78] + Self.bytes(UInt32(3)) + [1, 2, 3])
        table += Self.entry("true", [0x74, 1])
        table += Self.entry("i8", [0x62, 0xFF])
        table += Self.entry("u8", [0x42, 0xFF])
        table += Self.entry("i16", [0x73] + Self.bytes(Int16(-2)))
        table += Self.entry("u16", [0x75] + Self.bytes(UInt16(65_535)))
        table += Self.entry("i32", [0x49] + Self.bytes(Int32.min))
        table += Self.entry("u32", [0x69] + Self.bytes(UInt32.max))
        table += Self.entry("i64", [0x6C] + Self.bytes(Int64.min))
        table += Self.entry("time", [0x54] + Self.bytes(UInt64(1_700_000_000)))
        table += Self.entry("u64", [0x4C] + Self.bytes(UInt64.max))
        table += Self.entry("f64", [0x64] + Self.bytes((1.5).bitPattern))
        table += Self.entry("decimal", [0x44, 2] + Self.bytes(UInt32(314)))
        table += Self.entry("void", [0x56])
        table += Self.entry("table", [0x46] + Self.bytes(UInt32(0)))
        table += Self.entry("array", [0x41] + Self.bytes(UInt32(2)) + [0x74, 1])
        let found = try messages(Self.header(bodyCount: 0, Self.headers(table)))
        #expect(found.count == 1)
        #expect(
            found.first?.properties.headers == [
                "text": .string("ü"), "broken": .string("\u{FFFD}A"), "bytes": .string("\u{1}\u{2}\u{3}"),
                "true": .bool(true), "i8": .integer(-1), "u8": .integer(255), "i16": .integer(-2),
                "u16": .integer(65_535), "i32": .integer(Int64(Int32.min)), "u32": .integer(Int64(UInt32.max)),
                "i64": .integer(.min), "time": .integer(1_700_000_000),
            ])
    }

    @Test("Properties that cannot be decoded are none; the message still comes", arguments: [0, 50, 98, 120, 300])
    func nestedTables(_ depth: Int) throws {
        var table: [UInt8] = []
        for _ in 0..<depth { table = Self.entry("t", [0x46] + Self.bytes(UInt32(table.count)) + table) }
        table = Self.entry("k", [0x74, 1]) + table
        let stream = Self.header(bodyCount: 2, Self.headers(table)) + Self.frame(3, [7, 8])
        let found = try messages(stream + stream)
        #expect(found.map(\.body) == [[7, 8], [7, 8]])
        // Whether very deep tables can be decoded is the library's decision; releases of 0.11 differ.
        let decoded: [String: HeaderValue] = ["k": .bool(true)]
        #expect(found[0].properties.headers == decoded || depth >= 100 && found[0].properties.headers.isEmpty)
    }

    @Test(
        "Properties cut short",
        arguments: [[0xFF, 0xFC], [0x80, 0x00, 0xFF, 0x41], [0x20, 0x00, 0xFF, 0xFF, 0xFF, 0xFF], [0x00]] as [[UInt8]])
    func malformedProperties(_ properties: [UInt8]) throws {
        let found = try messages(Self.header(bodyCount: 1, properties) + Self.frame(3, [9]))
        #expect(found.map(\.body) == [[9]])
        #expect(found[0].properties == MessageProperties(contentType: nil, isPersistent: false))
    }

    @Test("Bodies in many frames, in any pieces", arguments: [1, 7, 4096, .max])
    func pieces(_ piece: Int) throws {
        let body = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
        var stream = Self.header(bodyCount: 20_000, [0, 0])
        for start in stride(from: 0, to: body.count, by: 4088) {
            stream += Self.frame(3, Array(body[start..<min(start + 4088, body.count)]))
        }
        let found = try messages(stream + Self.frame(8, channel: 0, []) + stream, piece: piece)
        #expect(found.map(\.body) == [body, body])
    }

    @Test("A header may announce any size; a body nobody announced is dropped")
    func announcements() throws {
        #expect(try messages(Self.header(bodyCount: .max, [0, 0]) + Self.frame(3, [1])).isEmpty)
        #expect(try messages(Self.frame(3, [1])).isEmpty)
        #expect(try messages(Self.header(bodyCount: 0, [0, 0]), announce: false).isEmpty)
        // More than was announced.
        #expect(try messages(Self.header(bodyCount: 1, [0, 0]) + Self.frame(3, [1, 2])).map(\.body) == [[1, 2]])
    }

    @Test("What is no AMQP ends the connection with a reason")
    func noAMQP() {
        for (stream, reason) in [
            (Self.frame(3, [1, 2, 3], end: 0), "end mark"), (Self.frame(3, [UInt8](repeating: 0, count: 5000)), "5000"),
            (Self.frame(1, [0]), "method frame"), (Self.frame(1, [0xFF, 0xFF, 0xFF, 0xFF]), "cannot be decoded"),
            (Self.frame(2, [0]), "header frame"), (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), "frame"),
        ] {
            let loss = #expect(throws: ConnectionLost.self) { try messages(stream) }
            #expect(loss?.reason.contains(reason) == true)
        }
    }

    @Test("Random bytes never crash", arguments: 0..<200)
    func randomBytes(_ seed: Int) {
        var random = Seeded(state: UInt64(seed))
        var stream: [UInt8] = []
        for _ in 0..<200 {
            let type = UInt8.random(in: 1...3, using: &random)
            var payload = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if type == 2, payload.count >= 14 {
                payload.replaceSubrange(0..<4, with: [0, 60, 0, 0])
            } else if type == 1, payload.count >= 4, Bool.random(using: &random) {
                let methods: [UInt32] = [0x003C_003C, 0x003C_0032, 0x0032_000B, 0x0014_0028, 0x000A_003C]
                payload.replaceSubrange(0..<4, with: Self.bytes(methods.randomElement(using: &random) ?? 0))
            }
            _ = try? messages(Self.frame(type, payload))
            stream += payload
        }
        _ = try? messages(stream)
    }
}
