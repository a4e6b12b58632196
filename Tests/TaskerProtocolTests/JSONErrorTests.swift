import Testing

@testable import TaskerProtocol

/// One text that must be refused: with which code, at which byte.
struct RefusedText: CustomTestStringConvertible, Sendable {
    let bytes: [UInt8]
    let code: JSONError.Code
    let offset: Int

    init(_ text: String, _ code: JSONError.Code, at offset: Int) {
        self.init(bytes: Array(text.utf8), code, at: offset)
    }

    init(bytes: [UInt8], _ code: JSONError.Code, at offset: Int) {
        self.bytes = bytes
        self.code = code
        self.offset = offset
    }

    var testDescription: String { "\(code.rawValue): \(String(decoding: bytes.prefix(40), as: UTF8.self))" }
}

@Suite("JSON that is refused")
struct JSONErrorTests {
    static let texts: [RefusedText] = [
        RefusedText("", .empty, at: 0),
        RefusedText(" \n\t\r", .empty, at: 4),
        RefusedText("\u{FEFF}{}", .byteOrderMark, at: 0),

        RefusedText("{", .truncated, at: 1),
        RefusedText("[1,2", .truncated, at: 4),
        RefusedText("\"abc", .truncated, at: 4),
        RefusedText("\"\\", .truncated, at: 2),
        RefusedText("\"\\u12", .truncated, at: 5),
        RefusedText("tru", .truncated, at: 3),
        RefusedText("-", .truncated, at: 1),
        RefusedText("{\"a\":", .truncated, at: 5),
        RefusedText(bytes: [0x22, 0xE2, 0x82], .truncated, at: 1),

        RefusedText("{} {}", .trailingBytes, at: 3),
        RefusedText("1 2", .trailingBytes, at: 2),
        RefusedText("null,", .trailingBytes, at: 4),

        RefusedText("[1,]", .unexpectedByte, at: 3),
        RefusedText("[1 2]", .unexpectedByte, at: 3),
        RefusedText("[}", .unexpectedByte, at: 1),
        RefusedText("{,}", .unexpectedByte, at: 1),
        RefusedText("{\"a\" 1}", .unexpectedByte, at: 5),
        RefusedText("{\"a\":1,}", .unexpectedByte, at: 7),
        RefusedText("{a:1}", .unexpectedByte, at: 1),
        RefusedText("'a'", .unexpectedByte, at: 0),
        RefusedText("NaN", .unexpectedByte, at: 0),
        RefusedText("nul!", .unexpectedByte, at: 0),
        RefusedText("True", .unexpectedByte, at: 0),
        RefusedText("+1", .unexpectedByte, at: 0),
        RefusedText("// comment\n1", .unexpectedByte, at: 0),

        RefusedText("01", .badNumber, at: 0),
        RefusedText("-01", .badNumber, at: 0),
        RefusedText("[-a]", .badNumber, at: 1),
        RefusedText("1.", .badNumber, at: 0),
        RefusedText("[1.e3]", .badNumber, at: 1),
        RefusedText("1e", .badNumber, at: 0),
        RefusedText("1e+", .badNumber, at: 0),

        RefusedText("9223372036854775808", .numberOutOfRange, at: 0),
        RefusedText("-9223372036854775809", .numberOutOfRange, at: 0),
        RefusedText("[123456789012345678901234567890]", .numberOutOfRange, at: 1),
        RefusedText("1e309", .numberOutOfRange, at: 0),
        RefusedText("-1.8e308", .numberOutOfRange, at: 0),

        RefusedText("\"\\x\"", .badEscape, at: 2),
        RefusedText("\"\\u12G4\"", .badEscape, at: 5),
        RefusedText("\"\\'\"", .badEscape, at: 2),

        RefusedText("\"\\uD83D\"", .loneSurrogate, at: 1),
        RefusedText("\"\\uDC00\"", .loneSurrogate, at: 1),
        RefusedText("\"\\uD83D\\uD83D\"", .loneSurrogate, at: 1),
        RefusedText("\"\\uD83Dx\"", .loneSurrogate, at: 1),
        RefusedText("\"\\uD83D\\n\"", .loneSurrogate, at: 1),

        RefusedText("\"\\u0000\"", .nullCharacter, at: 1),
        RefusedText("{\"a\\u0000\":1}", .nullCharacter, at: 3),

        RefusedText("\"a\nb\"", .controlCharacter, at: 2),
        RefusedText("\"\u{1F}\"", .controlCharacter, at: 1),
        RefusedText(bytes: [0x22, 0, 0x22], .controlCharacter, at: 1),

        // A continuation byte alone, overlong forms, a surrogate, past U+10FFFF, Latin-1, a broken sequence.
        RefusedText(bytes: [0x22, 0x80, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xC0, 0xAF, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xE0, 0x80, 0xAF, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xF0, 0x80, 0x80, 0xAF, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xED, 0xA0, 0x80, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xE9, 0x22, 0x22, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xE2, 0x82, 0x22], .badUTF8, at: 1),
        RefusedText(bytes: [0x22, 0xFF, 0x22], .badUTF8, at: 1),
    ]

    @Test("code and offset", arguments: texts)
    func isRefused(_ text: RefusedText) {
        #expect(throws: JSONError(text.code, at: text.offset)) { try RawJSON(validating: text.bytes) }
        // The same fault deeper in: the offset moves along.
        if ![.empty, .byteOrderMark, .truncated, .trailingBytes].contains(text.code) {
            #expect(throws: JSONError(text.code, at: text.offset + 6)) {
                try RawJSON(validating: Array("{\"k\": ".utf8) + text.bytes + Array("}".utf8))
            }
        }
    }

    @Test("offsets count from the start of a slice")
    func sliceOffsets() {
        let text = Array("....[1,]".utf8)
        #expect(throws: JSONError(.unexpectedByte, at: 3)) { try RawJSON(validating: text[4...]) }
    }

    @Test("depth is bounded, whatever comes after", arguments: [65, 100, 100_000])
    func tooDeep(_ depth: Int) {
        let arrays = String(repeating: "[", count: depth)
        #expect(throws: JSONError(.tooDeep, at: 64)) { try RawJSON(validating: arrays, limits: .received) }
        let objects = String(repeating: "{\"a\":", count: depth)
        #expect(throws: JSONError(.tooDeep, at: 64 * 5)) { try RawJSON(validating: objects, limits: .received) }
    }

    @Test("depth 64 is accepted, and 100 where the limit says so")
    func deepEnough() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try RawJSON(validating: nested(64), limits: .received).isArray)
        // What wraps a legal result may be a little deeper.
        #expect(try RawJSON(validating: nested(70)).isArray)
        var value = try RawJSON(validating: nested(100), limits: JSONLimits(depth: 100))
        for _ in 1..<100 { value = try #require(value.items?.first) }
        #expect(value.text == "[]")
    }

    @Test("containers and strings are bounded for requests")
    func requestLimits() throws {
        let limits = JSONLimits(itemsPerContainer: 3, stringBytes: 4)
        #expect(try RawJSON(validating: "[1,2,3]", limits: limits).items?.count == 3)
        #expect(throws: JSONError(.tooManyItems, at: 8)) { try RawJSON(validating: "[1,2,3,4]", limits: limits) }
        #expect(throws: JSONError(.tooManyItems, at: 24)) {
            try RawJSON(validating: #"{"a":1,"b":2,"c":3,"d":4}"#, limits: limits)
        }
        #expect(try RawJSON(validating: "\"1234\"", limits: limits).string == "1234")
        #expect(throws: JSONError(.stringTooLong, at: 1)) { try RawJSON(validating: "[\"12345\"]", limits: limits) }
        // Names are strings too.
        #expect(throws: JSONError(.stringTooLong, at: 1)) { try RawJSON(validating: "{\"12345\":1}", limits: limits) }
        #expect(throws: JSONError.self) {
            try RawJSON(validating: "[" + String(repeating: "0,", count: 10_000) + "0]", limits: .request)
        }
    }

    @Test("repeated members are refused in requests, escaped or not, and in messages the first counts")
    func duplicates() throws {
        for text in [#"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"é":1,"\u00e9":2}"#] {
            #expect(throws: JSONError(.duplicateMember, at: text.utf8.count - (text.hasSuffix("a\":2}") ? 6 : 11))) {
                try RawJSON(validating: text, limits: .request)
            }
            #expect(try RawJSON(validating: text).value.objectValue?.count == 1)
        }
        #expect(try RawJSON(validating: #"[{"b":1,"a":{"b":1}},{"b":2}]"#, limits: .request).isArray)
        #expect(try RawJSON(validating: #"{"a":1,"a":2}"#).member("a")?.integer == 1)
    }

    @Test("every code explains itself", arguments: texts)
    func describes(_ text: RefusedText) {
        let error = JSONError(text.code, at: 7)
        #expect(error.description.hasSuffix(" (at byte 7)"))
        #expect(error.description.count > 20)
    }
}
