import Testing

@testable import TaskerProtocol

@Suite("JSONWriter and JSONValue")
struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    @Test("commas stand where they belong")
    func commas() {
        let text = written { writer in
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.endArray()
            writer.key("b")
            writer.beginArray()
            writer.value(1)
            writer.beginObject()
            writer.endObject()
            writer.null()
            writer.value(true)
            writer.endArray()
            writer.key("c" as String)
            writer.beginObject()
            writer.key("d")
            writer.value("x")
            writer.endObject()
            writer.key("e")
            writer.value(RawJSON.emptyObject)
            writer.key("f")
            writer.value(RawJSON?.none)
            writer.endObject()
        }
        #expect(text == #"{"a":[],"b":[1,{},null,true],"c":{"d":"x"},"e":{},"f":null}"#)
    }

    @Test("strings and names are escaped as far as they must be")
    func escapes() throws {
        let odd = "\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é😀\u{2028}"
        let text = written { $0.value(odd) }
        #expect(text == #""\"\\/\b\f\n\r\t\u0000\u001f"# + "\u{7F}é😀\u{2028}\"")
        let named = written { writer in
            writer.beginObject()
            writer.key("a\"b\n" as String)
            writer.value(1)
            writer.endObject()
        }
        #expect(try RawJSON(validating: named).member("a\"b\n")?.integer == 1)
    }

    @Test("integers at the edges")
    func integers() {
        let text = written { writer in
            writer.beginArray()
            writer.value(Int64.min)
            writer.value(Int64.max)
            writer.value(0)
            writer.value(UInt64.max)
            writer.value(Int8.min)
            writer.value(-10)
            writer.endArray()
        }
        #expect(text == "[-9223372036854775808,9223372036854775807,0,18446744073709551615,-128,-10]")
    }

    @Test("what JSON has no word for is null")
    func nonFinite() {
        #expect(written { $0.value(Double.nan) } == "null")
        #expect(written { $0.value(-Double.infinity) } == "null")
        #expect(!JSONValue.array([1, ["a": .double(.nan)]]).isFinite)
        #expect(JSONValue.array([1, ["a": .double(1.5)]]).isFinite)
    }

    @Test("ids and times")
    func typed() throws {
        let id = try #require(StepID("01890A5D-AC96-774B-BCCE-B302099A8057"))
        #expect(written { $0.value(id) } == "\"01890a5d-ac96-774b-bcce-b302099a8057\"")
        #expect(written { $0.value(StepID?.none) } == "null")
        #expect(written { $0.value(Timestamp(milliseconds: 1)) } == "\"1970-01-01T00:00:00.001Z\"")
        #expect(written { $0.value(Timestamp?.none) } == "null")
        #expect(written { $0.value(String?.none) } == "null")
    }

    @Test("equal trees give equal text: names in the order of their bytes")
    func canonical() throws {
        let one: JSONValue = ["b": 1, "a": [nil, true, 1.5, "é"], "é": [:], "Z": .integer(.max)]
        #expect(one.canonicalText == #"{"Z":9223372036854775807,"a":[null,true,1.5,"é"],"b":1,"é":{}}"#)
        #expect(try JSONValue(parsing: one.canonicalText) == one)
        #expect(RawJSON(one).text == one.canonicalText)
    }

    @Test("accessors answer nil for other kinds")
    func accessors() {
        let value: JSONValue = ["list": [1, 2.5, 3.0, "x", false, nil]]
        #expect(value["list"]?[0]?.integerValue == 1)
        #expect(value["list"]?[1]?.integerValue == nil)
        #expect(value["list"]?[1]?.doubleValue == 2.5)
        #expect(value["list"]?[2]?.integerValue == 3)
        #expect(value["list"]?[3]?.stringValue == "x")
        #expect(value["list"]?[4]?.boolValue == false)
        #expect(value["list"]?[5]?.isNull == true)
        #expect(value["list"]?[6] == nil && value["list"]?[-1] == nil && value["other"] == nil && value[0] == nil)
        #expect(value.arrayValue == nil && value["list"]?.arrayValue?.count == 6 && value.objectValue?.count == 1)
        let names = value["list"]?.arrayValue?.map(\.typeName)
        #expect(names == ["integer", "number", "number", "string", "boolean", "null"])
        #expect(value.typeName == "object" && value["list"]?.typeName == "array")
        #expect(JSONValue.number(2) == 2 && JSONValue.number(2.5) == 2.5)
    }
}
