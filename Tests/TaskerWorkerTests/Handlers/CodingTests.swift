import TaskerProtocol
import TaskerWorker
import Testing

@Suite struct CodingTests {
    struct Everything: Codable, Equatable {
        enum Kind: String, Codable { case small, large }
        struct Inner: Codable, Equatable {
            var tree: JSONValue
            var list: [Int?]
        }
        var text = "ü\u{1F600}\u{7}"
        var flag = true
        var small: UInt8 = 255
        var largest = Int64.max
        var smallest = Int64.min
        var double = 0.1
        var float: Float = 0.1
        var kind = Kind.large
        var nothing: String?
        var inner = Inner(tree: ["a": [1, 2.5, nil, "x"]], list: [1, nil, 3])
        var byName = ["k": [true, false]]
    }

    @Test func roundTrips() throws {
        let encoded = try RawJSONEncoder().encode(Everything())
        #expect(try RawJSONDecoder().decode(Everything.self, from: encoded) == Everything())
        #expect(encoded.member("largest")?.text == "9223372036854775807")
        #expect(encoded.member("float")?.text == "0.1")
    }

    class Base: Codable {
        var base = 1
    }
    final class Derived: Base {
        var own = 2
        enum CodingKeys: CodingKey { case own }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            own = try container.decode(Int.self, forKey: .own)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(own, forKey: .own)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func supportsInheritance() throws {
        let encoded = try RawJSONEncoder().encode(Derived())
        #expect(encoded.value == ["own": 2, "super": ["base": 1]])
        #expect(try RawJSONDecoder().decode(Derived.self, from: encoded).base == 1)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func refusesNumbersJSONCannotSay(number: Double) {
        #expect(throws: EncodingError.self) { try RawJSONEncoder().encode(["a": number]) }
        let result = StepResult.success(["a": ["b": number]])
        #expect(result.error?.type == "serialization_error")
        #expect(result.error?.isRetryable == false)
        #expect(StepResult.success(.object(["a": .double(number)])).error?.type == "serialization_error")
    }

    @Test func saysWhereItCannotEncode() {
        struct Row: Encodable { var values: [Double] }
        let result = StepResult.success(["rows": [Row(values: [1, .nan])]])
        #expect(
            result.error?.message
                == "the result cannot be written as JSON at rows[0].values[1]: JSON has no word for nan")
    }

    @Test func refusesIntegersThatDoNotFit() {
        #expect(throws: EncodingError.self) { try RawJSONEncoder().encode(UInt64.max) }
    }

    @Test func literalsAreTreesAndTypesAreEncoded() {
        #expect(StepResult.success(["a": 1, "b": "x"]).payload?.value == ["a": 1, "b": "x"])
        #expect(StepResult.success([1, 2]).payload?.value == [1, 2])
        #expect(StepResult.success("text").payload?.value == "text")
        #expect(StepResult.success().payload?.value == [:])
    }
}
