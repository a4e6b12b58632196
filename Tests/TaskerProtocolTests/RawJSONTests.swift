import Testing

@testable import TaskerProtocol

@Suite("RawJSON")
struct RawJSONTests {
    @Test("white space around the value is cut, inside it stays")
    func trimming() throws {
        let raw = try RawJSON(validating: " \n{ \"a\" : [ 1 , 2 ] }\t ")
        #expect(raw.text == "{ \"a\" : [ 1 , 2 ] }")
        #expect(raw.count == 19)
    }

    @Test("members are slices of the message's own buffer, byte for byte")
    func slices() throws {
        let raw = try RawJSON(validating: #"{"first": { "x" : 1.50 } ,"second":[true,  null],"third":"\u0041"}"#)
        #expect(raw.member("first")?.text == #"{ "x" : 1.50 }"#)
        #expect(raw.member("second")?.text == "[true,  null]")
        #expect(raw.member("third")?.text == #""\u0041""#)
        #expect(raw.member("third")?.string == "A")
        #expect(raw.member("fourth") == nil)
        let second = try #require(raw.member("second"))
        #expect(second.bytes.startIndex > 0)
        #expect(second.compacted() == second)
        #expect(second.compacted().bytes.startIndex == 0)
        // Slices of slices.
        #expect(raw.member("first")?.member("x")?.double == 1.5)
        #expect(second.items?.map(\.text) == ["true", "null"])
    }

    @Test("members come in the order they were sent, names unescaped")
    func order() throws {
        var seen: [String] = []
        try RawJSON(validating: #"{"z":1,"a":2,"\u00e9\n":3,"":4,"z":5}"#).forEachMember { name, value in
            seen.append("\(name)=\(value.text)")
        }
        #expect(seen == ["z=1", "a=2", "é\n=3", "=4", "z=5"])
    }

    @Test("what something else has is asked for in vain")
    func otherKinds() throws {
        for text in ["null", "true", "1", "\"{}\"", "[{\"a\":1}]"] {
            let raw = try RawJSON(validating: text)
            #expect(raw.member("a") == nil)
            var count = 0
            raw.forEachMember { _, _ in count += 1 }
            #expect(count == 0)
        }
        let text = try RawJSON(validating: "\"1\"")
        #expect(text.integer == nil && text.double == nil && text.bool == nil && text.items == nil)
        let number = RawJSON(trusting: Array("1".utf8))
        #expect(number.string == nil && number.bool == nil && number.isNumber)
        #expect(RawJSON.null.isNull && RawJSON.emptyObject.isObject && RawJSON.emptyArray.isArray)
        #expect(RawJSON.emptyArray.items == [])
    }

    @Test(
        "strings",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u00e9\u20AC\ud83d\ude00""#, "é€😀"), ("\"é€😀\"", "é€😀"), (#""\uFFFF\u0001""#, "\u{FFFF}\u{1}"),
            (#""a\u0062c""#, "abc"), (#""\\u0041""#, "\\u0041"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        ])
    func strings(_ text: String, _ expected: String) throws {
        #expect(try RawJSON(validating: text).string == expected)
    }

    @Test(
        "integers are exact to the edges of 64 bits",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("9007199254740993", 9_007_199_254_740_993), ("999999999999999999", 999_999_999_999_999_999),
            ("1000000000000000000", 1_000_000_000_000_000_000), ("1.0", 1), ("1e3", 1000), ("-2.5e1", -25),
        ] as [(String, Int64)])
    func integers(_ text: String, _ expected: Int64) throws {
        #expect(try RawJSON(validating: text).integer == expected)
    }

    @Test(
        "a number with a fraction, or too large a double, is no integer", arguments: ["1.5", "1e-1", "1e19", "9.3e18"])
    func noIntegers(_ text: String) throws {
        let raw = try RawJSON(validating: text)
        #expect(raw.integer == nil)
        #expect(raw.double == Double(text))
    }

    @Test(
        "doubles round-trip",
        arguments: [
            "0.1", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
            "1.0000000000000002", "-0.0", "1E5", "1e-400",
        ])
    func doubles(_ text: String) throws {
        let raw = try RawJSON(validating: text)
        let number = try #require(raw.double)
        #expect(number.bitPattern == Double(text)?.bitPattern)
        var writer = JSONWriter()
        writer.value(number)
        #expect(RawJSON(trusting: writer.finish()).double?.bitPattern == number.bitPattern)
    }

    @Test("a mebibyte passes untouched, four bytes per character too")
    func mebibyte() throws {
        for letter in ["a", "é", "😀", "\\n"] {
            let text = "\"" + String(repeating: letter, count: (1_048_576 - 2) / letter.utf8.count) + "\""
            let body = "{\"result\":\(text),\"after\":1}"
            let raw = try RawJSON(validating: body)
            let member = try #require(raw.member("result"))
            #expect(member.count == text.utf8.count)
            #expect(member.bytes.elementsEqual(text.utf8))
            #expect(member.string?.utf8.count == (letter == "\\n" ? (text.utf8.count - 2) / 2 : text.utf8.count - 2))
            #expect(raw.member("after")?.integer == 1)
        }
    }

    @Test("as a tree")
    func tree() throws {
        let raw = try RawJSON(validating: #"{"a":[1,2.0,"x",null,true,{}],"b":{"c":-9223372036854775808}}"#)
        #expect(
            raw.value == [
                "a": [1, .double(2), "x", nil, true, [:]], "b": ["c": .integer(.min)],
            ])
        #expect(try JSONValue(parsing: "[1e2]") == [.double(100)])
        #expect(throws: JSONError(.truncated, at: 1)) { try JSONValue(parsing: "[") }
    }

    @Test("equality is that of bytes")
    func equality() throws {
        #expect(try RawJSON(validating: " [1]") == RawJSON(validating: "[1] "))
        #expect(try RawJSON(validating: "[1]") != RawJSON(validating: "[ 1]"))
        let whole = try RawJSON(validating: "{\"a\":[1]}")
        #expect(try whole.member("a") == RawJSON(validating: "[1]"))
    }
}
