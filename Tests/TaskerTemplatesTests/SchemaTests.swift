import TaskerProtocol
import Testing

@testable import TaskerTemplates

/// A schema with values that are valid and values that are not.
struct SchemaCase: Sendable, CustomTestStringConvertible {
    var schema: String
    var valid: [String]
    var invalid: [String]
    var testDescription: String { schema }

    init(_ schema: String, valid: [String] = [], invalid: [String] = []) {
        self.schema = schema
        self.valid = valid
        self.invalid = invalid
    }
}

@Suite struct SchemaTests {
    private func check(_ item: SchemaCase) throws {
        let schema = try JSONSchema(compiling: JSONValue(parsing: item.schema))
        for value in item.valid {
            let violations = schema.validate(try JSONValue(parsing: value))
            #expect(violations == [], "\(value) against \(item.schema)")
        }
        for value in item.invalid {
            #expect(!schema.validate(try JSONValue(parsing: value)).isEmpty, "\(value) against \(item.schema)")
        }
    }

    @Test(arguments: [
        SchemaCase("true", valid: ["1", "null"]),
        SchemaCase("false", invalid: ["1", "null", "{}"]),
        SchemaCase("{}", valid: ["1", "[]"]),
        SchemaCase(
            #"{"type":"integer"}"#, valid: ["1", "1.0", "-5", "1e3"], invalid: ["1.5", "\"1\"", "null", "true"]),
        SchemaCase(#"{"type":"number"}"#, valid: ["1", "1.5"], invalid: ["\"1\"", "true"]),
        SchemaCase(#"{"type":["string","null"]}"#, valid: ["\"\"", "null"], invalid: ["0", "{}", "[]"]),
        SchemaCase(#"{"type":"boolean"}"#, valid: ["true"], invalid: ["0", "\"true\""]),
        SchemaCase(
            #"{"enum":[1,"a",null,{"a":[1,2]}]}"#,
            valid: ["1", "1.0", "\"a\"", "null", #"{"a":[1.0,2]}"#],
            invalid: ["2", "\"b\"", "false", #"{"a":[2,1]}"#, "true"]),
        SchemaCase(#"{"const":false}"#, valid: ["false"], invalid: ["0", "null", "true"]),
        SchemaCase(#"{"const":[0]}"#, valid: ["[0]", "[0.0]"], invalid: ["[false]", "0", "[]"]),
        SchemaCase(#"{"minimum":1.1,"maximum":3}"#, valid: ["1.1", "3", "3.0", "\"x\""], invalid: ["1", "3.1", "-1"]),
        SchemaCase(#"{"exclusiveMinimum":1,"exclusiveMaximum":3}"#, valid: ["2", "1.5"], invalid: ["1", "3", "1.0"]),
        SchemaCase(#"{"maximum":9007199254740993}"#, valid: ["9007199254740993"], invalid: ["9007199254740994"]),
        SchemaCase(
            #"{"multipleOf":0.01}"#, valid: ["0.07", "19.99", "1", "0", "1e3", "\"x\""], invalid: ["0.075", "1e-3"]),
        SchemaCase(#"{"multipleOf":0.0001}"#, valid: ["0.0075"], invalid: ["0.00751"]),
        SchemaCase(#"{"multipleOf":1e-8}"#, valid: ["12391239123"]),
        SchemaCase(#"{"multipleOf":7}"#, valid: ["0", "-7", "1.4e1", "7e300"], invalid: ["1e300", "3.5"]),
        SchemaCase(#"{"multipleOf":0.123456789}"#, invalid: ["1e308"]),
        SchemaCase(
            #"{"minLength":2,"maxLength":3}"#, valid: ["\"ab\"", "\"äöü\"", "\"😀😀\"", "5"],
            invalid: ["\"a\"", "\"abcd\"", "\"😀\""]),
        SchemaCase(#"{"pattern":"^a+$"}"#, valid: ["\"aaa\"", "5"], invalid: ["\"b\"", "\"\"", "\"aab\""]),
        SchemaCase(#"{"pattern":"a+"}"#, valid: ["\"xxaay\""]),
        SchemaCase(#"{"minItems":1,"maxItems":2}"#, valid: ["[1]", "[1,2]", "{}"], invalid: ["[]", "[1,2,3]"]),
        SchemaCase(
            #"{"uniqueItems":true}"#,
            valid: [
                "[1,2]", "[1,true]", "[0,false]", #"[{"a":1},{"a":2}]"#, "[[1],[2]]", #"["a","b"]"#,
                "[\"é\",\"e\u{301}\"]",
            ],
            invalid: ["[1,1]", "[1,1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#, "[[1],[1]]"]),
        SchemaCase(
            #"{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"boolean"}}"#,
            valid: ["[]", "[1]", "[1,\"a\"]", "[1,\"a\",true,false]"], invalid: ["[\"a\"]", "[1,\"a\",1]"]),
        SchemaCase(#"{"items":false}"#, valid: ["[]"], invalid: ["[1]"]),
        SchemaCase(#"{"contains":{"minimum":5}}"#, valid: ["[1,5]", "{}"], invalid: ["[]", "[1]"]),
        SchemaCase(
            #"{"contains":{"const":1},"minContains":2,"maxContains":3}"#, valid: ["[1,1]", "[1,2,1,1]"],
            invalid: ["[1]", "[1,1,1,1]"]),
        SchemaCase(#"{"contains":{"const":1},"minContains":0}"#, valid: ["[]", "[2]"]),
        SchemaCase(#"{"maxContains":1}"#, valid: ["[1,1]"]),
        SchemaCase(
            #"{"minProperties":1,"maxProperties":2}"#, valid: [#"{"a":1}"#, "[]"],
            invalid: ["{}", #"{"a":1,"b":1,"c":1}"#]),
        SchemaCase(#"{"required":["a","b"]}"#, valid: [#"{"a":null,"b":1}"#, "5"], invalid: ["{}", #"{"a":1}"#]),
        SchemaCase(
            #"{"dependentRequired":{"a":["b"]}}"#, valid: ["{}", #"{"b":1}"#, #"{"a":1,"b":1}"#], invalid: [#"{"a":1}"#]
        ),
        SchemaCase(
            #"{"properties":{"a":{"type":"integer"}},"patternProperties":{"^s_":{"type":"string"}},"additionalProperties":false}"#,
            valid: ["{}", #"{"a":1,"s_x":"y"}"#], invalid: [#"{"a":"x"}"#, #"{"s_x":1}"#, #"{"b":1}"#, #"{"_b":1}"#]),
        SchemaCase(#"{"additionalProperties":{"type":"integer"}}"#, valid: [#"{"a":1}"#], invalid: [#"{"a":"x"}"#]),
        SchemaCase(#"{"propertyNames":{"maxLength":2}}"#, valid: [#"{"ab":1}"#], invalid: [#"{"abc":1}"#]),
        SchemaCase(
            #"{"dependentSchemas":{"a":{"required":["b"]}}}"#, valid: ["{}", #"{"a":1,"b":1}"#], invalid: [#"{"a":1}"#]),
        SchemaCase(#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, valid: ["1"], invalid: ["0", "3"]),
        SchemaCase(#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, valid: ["\"x\"", "5"], invalid: ["4"]),
        SchemaCase(#"{"oneOf":[{"type":"integer"},{"minimum":5}]}"#, valid: ["1", "5.5"], invalid: ["6", "1.5"]),
        SchemaCase(#"{"not":{"type":"string"}}"#, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(
            #"{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"type":"integer"}}"#, valid: ["20", "5"],
            invalid: ["15", "5.5"]),
        SchemaCase(#"{"then":false,"else":false}"#, valid: ["1"]),
        SchemaCase(#"{"if":{"type":"string"},"then":false}"#, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(#"{"format":"email","unknown":5,"title":7}"#, valid: ["\"no address\""]),
        SchemaCase(
            #"{"properties":{"__proto__":{"type":"number"},"a/b":{"type":"number"}}}"#,
            valid: ["{}"], invalid: [#"{"__proto__":"x"}"#, #"{"a/b":"x"}"#]),
    ])
    func keywords(_ item: SchemaCase) throws { try check(item) }

    @Test(arguments: [
        SchemaCase(##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(
            ##"{"$ref":"#/$defs/a","minimum":5,"$defs":{"a":{"type":"integer"}}}"##, valid: ["5"],
            invalid: ["4", "5.5"]),
        SchemaCase(
            ##"{"$ref":"#/definitions/a","definitions":{"a":{"type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(##"{"$ref":"#/$defs/a","definitions":{"a":{"type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(##"{"$ref":"#/definitions/a","$defs":{"a":{"type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(
            ##"{"properties":{"child":{"$ref":"#"},"v":{"type":"integer"}},"additionalProperties":false}"##,
            valid: [#"{"child":{"child":{"v":1}}}"#],
            invalid: [#"{"child":{"child":{"v":"x"}}}"#, #"{"child":{"x":1}}"#]),
        SchemaCase(
            ##"{"$ref":"#a","$defs":{"x":{"$anchor":"a","type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        SchemaCase(
            ##"{"$ref":"#/$defs/a~1b~0c%25d","$defs":{"a/b~c%d":{"type":"integer"}}}"##, valid: ["1"],
            invalid: ["\"x\""]),
        SchemaCase(
            ##"{"$ref":"#/prefixItems/0","prefixItems":[{"type":"array"}]}"##, valid: ["[[]]"], invalid: ["5", "[1]"]),
        SchemaCase(##"{"$ref":"#/x/y","x":{"y":{"type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
        // A part with an $id of its own is the root of its references.
        SchemaCase(
            ##"{"$defs":{"inner":{"$id":"inner","$ref":"#/$defs/t","$defs":{"t":{"type":"string"}}},"t":{"type":"integer"}},"$ref":"#/$defs/inner"}"##,
            valid: ["\"x\""], invalid: ["1"]),
        // The dynamic anchor of the outermost resource wins: a tree that its user has made strict.
        SchemaCase(
            ##"{"$id":"strict","$dynamicAnchor":"node","unevaluatedProperties":false,"$ref":"#/$defs/tree","$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","properties":{"data":true,"children":{"items":{"$dynamicRef":"#node"}}}}}}"##,
            valid: [#"{"children":[{"data":1}]}"#], invalid: [#"{"children":[{"daat":1}]}"#]),
        SchemaCase(
            ##"{"$dynamicRef":"#a","$defs":{"x":{"$anchor":"a","type":"integer"}}}"##, valid: ["1"], invalid: ["\"x\""]),
    ])
    func references(_ item: SchemaCase) throws { try check(item) }

    @Test(arguments: [
        SchemaCase(
            #"{"properties":{"a":true},"unevaluatedProperties":false}"#, valid: [#"{"a":1}"#], invalid: [#"{"b":1}"#]),
        SchemaCase(
            #"{"allOf":[{"properties":{"a":true}}],"patternProperties":{"^x":true},"unevaluatedProperties":false}"#,
            valid: [#"{"a":1,"xy":1}"#], invalid: [#"{"a":1,"b":1}"#]),
        SchemaCase(
            #"{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}],"unevaluatedProperties":false}"#,
            valid: [#"{"a":1}"#, #"{"a":1,"b":2}"#], invalid: [#"{"a":1,"b":3}"#]),
        SchemaCase(
            #"{"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"properties":{"x":true}},"else":{"properties":{"y":true}},"unevaluatedProperties":false}"#,
            valid: [#"{"k":1,"x":1}"#, #"{"y":1}"#], invalid: [#"{"k":1,"y":1}"#, #"{"k":2}"#]),
        SchemaCase(
            #"{"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false}"#, valid: ["{}"],
            invalid: [#"{"a":1}"#]),
        SchemaCase(#"{"additionalProperties":{"type":"integer"},"unevaluatedProperties":false}"#, valid: [#"{"a":1}"#]),
        SchemaCase(#"{"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false}"#, valid: [#"{"a":1}"#]),
        SchemaCase(#"{"unevaluatedProperties":{"type":"integer"}}"#, valid: [#"{"a":1}"#], invalid: [#"{"a":"x"}"#]),
        SchemaCase(
            #"{"dependentSchemas":{"a":{"properties":{"b":true}}},"properties":{"a":true},"unevaluatedProperties":false}"#,
            valid: [#"{"a":1,"b":1}"#], invalid: [#"{"b":1}"#]),
        SchemaCase(
            ##"{"$ref":"#/$defs/x","unevaluatedProperties":false,"$defs":{"x":{"properties":{"a":true}}}}"##,
            valid: [#"{"a":1}"#], invalid: [#"{"b":1}"#]),
        SchemaCase(
            #"{"properties":{"a":{"properties":{"b":true}}},"unevaluatedProperties":false}"#, valid: [#"{"a":{"c":1}}"#]
        ),
        SchemaCase(#"{"prefixItems":[true],"unevaluatedItems":false}"#, valid: ["[1]", "{}"], invalid: ["[1,2]"]),
        SchemaCase(
            #"{"allOf":[{"prefixItems":[true,true]}],"prefixItems":[true],"unevaluatedItems":false}"#, valid: ["[1,2]"],
            invalid: ["[1,2,3]"]),
        SchemaCase(
            #"{"contains":{"type":"string"},"unevaluatedItems":{"type":"integer"}}"#, valid: [#"["x",1]"#],
            invalid: [#"["x",true]"#]),
        SchemaCase(#"{"items":true,"unevaluatedItems":false}"#, valid: ["[1,2]"]),
    ])
    func unevaluated(_ item: SchemaCase) throws { try check(item) }

    // MARK: - Faults

    @Test(arguments: [
        (#"5"#, SchemaError.Kind.notObject, ""), ("null", .notObject, ""), ("[]", .notObject, ""),
        (#"{"type":"strin"}"#, .invalid, "/type"), (#"{"type":[]}"#, .invalid, "/type"),
        (#"{"enum":5}"#, .invalid, "/enum"),
        (#"{"minimum":"1"}"#, .invalid, "/minimum"), (#"{"multipleOf":0}"#, .invalid, "/multipleOf"),
        (#"{"minLength":-1}"#, .invalid, "/minLength"), (#"{"maxItems":1.5}"#, .invalid, "/maxItems"),
        (#"{"uniqueItems":1}"#, .invalid, "/uniqueItems"), (#"{"items":[{}]}"#, .invalid, "/items"),
        (#"{"allOf":[]}"#, .invalid, "/allOf"),
        (#"{"allOf":{}}"#, .invalid, "/allOf"), (#"{"not":5}"#, .invalid, "/not"),
        (#"{"required":"a"}"#, .invalid, "/required"),
        (#"{"required":[1]}"#, .invalid, "/required"), (#"{"properties":[]}"#, .invalid, "/properties"),
        (#"{"properties":{"a":5}}"#, .invalid, "/properties/a"), (#"{"pattern":"["}"#, .invalid, "/pattern"),
        (#"{"patternProperties":{"(":true}}"#, .invalid, "/patternProperties/("), (#"{"$ref":5}"#, .invalid, "/$ref"),
        (##"{"$ref":"#/$defs/a"}"##, .invalid, "/$ref"), (##"{"$ref":"#nope"}"##, .invalid, "/$ref"),
        (##"{"$ref":"#/$defs/%zz"}"##, .invalid, "/$ref"), (#"{"$ref":"other.json"}"#, .remoteReference, "/$ref"),
        (#"{"$ref":"https://x.example/#/a"}"#, .remoteReference, "/$ref"),
        (#"{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}"#, .invalid, "/$defs/b/$anchor"),
        (#"{"dependentRequired":{"a":5}}"#, .invalid, "/dependentRequired/a"),
        (#"{"definitions":{"a":{"type":1}}}"#, .invalid, "/definitions/a/type"),
    ])
    func faults(_ schema: String, _ kind: SchemaError.Kind, _ pointer: String) throws {
        let value = try JSONValue(parsing: schema)
        do throws(SchemaError) {
            _ = try JSONSchema(compiling: value)
            Issue.record("it compiled")
        } catch {
            #expect(error.kind == kind)
            #expect(error.pointer == pointer)
        }
    }

    // MARK: - Reports

    @Test func everyViolationIsReported() throws {
        let schema = try JSONSchema(
            compiling: [
                "type": "object", "required": ["id", "total"],
                "properties": ["items": ["items": ["type": "integer"]], "a/b": ["minLength": 2]],
            ])
        let violations = schema.validate(["items": [1, "x", nil], "a/b": "c"])
        #expect(
            violations.map { "\($0.pointer) \($0.keyword): \($0.message)" } == [
                " required: the member 'id' is missing", " required: the member 'total' is missing",
                "/a~1b minLength: must have at least 2 characters, not 1",
                "/items/1 type: must be of type integer, not string",
                "/items/2 type: must be of type integer, not null",
            ])
        let raw = try RawJSON(validating: #"{"id":1,"total":2,"items":[true]}"#)
        #expect(schema.validate(raw).map(\.pointer) == ["/items/0"])
    }

    @Test func violationsAreLimited() throws {
        let schema = try JSONSchema(compiling: ["items": ["type": "integer"]])
        let value = JSONValue.array(Array(repeating: "x", count: 1000))
        #expect(schema.validate(value).count == 50)
        #expect(schema.validate(value, options: .init(violationLimit: 3)).count == 3)
    }

    @Test func underscoreMembersAreExemptAtTheTopOnly() throws {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            let schema = try JSONSchema(
                compiling: .object(["properties": ["a": .object(["type": "object", keyword: false])], keyword: false]))
            #expect(schema.validate(["_meta": 1, "a": [:]], options: .context) == [])
            #expect(schema.validate(["_meta": 1]).map(\.keyword) == [keyword])
            #expect(schema.validate(["a": ["_meta": 1]], options: .context).map(\.pointer) == ["/a/_meta"])
            #expect(schema.validate(["meta": 1], options: .context).map(\.pointer) == ["/meta"])
        }
        // Only `false` is meant: a schema for other members applies to all of them.
        let typed = try JSONSchema(compiling: ["additionalProperties": ["type": "integer"]])
        #expect(typed.validate(["_meta": "x"], options: .context).map(\.keyword) == ["type"])
    }

    // MARK: - Bounds

    @Test(arguments: [
        ##"{"$ref":"#"}"##, ##"{"allOf":[{"$ref":"#"}]}"##,
        ##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
        ##"{"not":{"$ref":"#"}}"##, ##"{"$dynamicAnchor":"x","anyOf":[{"$dynamicRef":"#x"},true]}"##,
    ])
    func endlessReferencesEnd(_ text: String) throws {
        let schema = try JSONSchema(compiling: JSONValue(parsing: text))
        let violations = schema.validate(1)
        #expect(violations.count == 1)
        #expect(violations.first?.message.contains("64 levels") == true)
    }

    @Test func exponentialSchemasEnd() throws {
        var definitions: [String: JSONValue] = ["d0": ["type": "integer"]]
        for level in 1...60 {
            let inner: JSONValue = ["$ref": .string("#/$defs/d\(level - 1)")]
            definitions["d\(level)"] = ["allOf": [inner, inner]]
        }
        let schema = try JSONSchema(compiling: ["$ref": "#/$defs/d60", "$defs": .object(definitions)])
        var options = JSONSchema.Options()
        options.stepLimit = 10_000
        let violations = schema.validate(1, options: options)
        #expect(violations.map(\.keyword) == ["$ref"])
        #expect(violations.first?.message.contains("steps") == true)
    }

    @Test func deepValuesThroughReferences() throws {
        let schema = try JSONSchema(compiling: ["items": ["$ref": "#"], "type": "array"])
        var value: JSONValue = []
        for _ in 0..<60 { value = [value] }
        #expect(schema.validate(value) == [])
        for _ in 0..<10 { value = [value] }
        #expect(schema.validate(value).count == 1)
    }
}
