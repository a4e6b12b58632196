import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// generate types, handler, scaffold: the code compiles, its tests pass, wrong data is refused.
@Suite(.serialized) struct GeneratedCodeTests {
    /// Every kind of step and of schema, names that are keywords, two methods of one class.
    static let template = """
        name: order_processing
        namespace: ecommerce
        version: "1.0.0"
        input_schema:
          type: object
          required: [order_id, items, kind]
          properties:
            order_id: {type: integer, minimum: 1}
            kind: {type: string, enum: [normal, express, "two words", class]}
            class: {type: string, description: "a keyword */ ''' \\" here"}
            note: {type: [string, "null"]}
            "odd-name": {type: boolean}
            anything: {}
            tags: {type: object, additionalProperties: {type: string}}
            items:
              type: array
              minItems: 1
              items:
                type: object
                required: [sku, price]
                properties:
                  sku: {type: string}
                  price: {type: number}
                  address: {$ref: "#/$defs/address"}
          $defs:
            address: {type: object, required: [street], properties: {street: {type: string}, lines: {type: array, items: {type: string}}}}
        steps:
          - name: validate_order
            handler: {callable: ValidateOrderHandler}
            result_schema: {type: object, required: [total], properties: {total: {type: number}, ok: {type: boolean}}}
          - name: charge
            handler: {callable: payments.charge}
            dependencies: [validate_order]
            result_schema: {type: object, required: [charge_id], properties: {charge_id: {type: string}, state: {enum: [paid, open]}}}
          - {name: refund, handler: {callable: payments.charge, method: refund}, dependencies: [charge]}
          - {name: route, type: decision, handler: {callable: RouteHandler}, dependencies: [charge]}
          - {name: ship_a, handler: {callable: ShipA}, dependencies: [route]}
          - name: ship_b
            handler: {callable: ShipB}
            dependencies: [route]
            result_schema: {type: object, required: [x], properties: {x: {type: integer}}}
          - {name: done, type: deferred_convergence, handler: {callable: DoneHandler}, dependencies: [ship_a, ship_b]}
          - {name: analyze, type: batchable, handler: {callable: AnalyzeRows}, dependencies: [validate_order]}
          - name: work
            type: batch_worker
            handler: {callable: WorkRows}
            dependencies: [analyze]
            result_schema: {type: object, required: [n], properties: {n: {type: integer}}}
          - {name: sum_up, handler: {callable: SumUp}, dependencies: [work, analyze]}

        """

    private func scaffold(_ language: String, in place: borrowing Workplace) async throws {
        try place.write("order.yaml", Self.template)
        #expect(await place.run("template", "validate", "order.yaml", "--strict").status == .ok)
        let run = await place.run("generate", "scaffold", "-t", "order.yaml", "-l", language, "--output-dir", "out")
        #expect(run.status == .ok, "\(run.errors)")
    }

    @Test(.enabled(if: Toolchain.hasPython, "no Python 3 with venv"))
    func python() async throws {
        let place = Workplace()
        try await scaffold("python", in: place)
        let result = try await Toolchain.pytest(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        let python = Toolchain.python ?? "python3"
        for arguments in [["check", "--isolated", "."], ["format", "--isolated", "--check", "."]] {
            let lint = try await Toolchain.run(python, ["-m", "ruff"] + arguments, in: place.path + "/out")
            #expect(lint.status == 0, "\(lint.output)")
        }
        try place.write(
            "out/wrong.py",
            """
            from order_processing_types import EcommerceOrderProcessingInput as Input
            from pydantic import ValidationError

            good = {"order_id": 1, "kind": "class", "items": [{"sku": "a", "price": 1}], "class": "c", "odd-name": True}
            value = Input.model_validate(good)
            assert value.class_ == "c" and value.odd_name is True
            assert value.model_dump(mode="json", by_alias=True, exclude_none=True) == {**good, "items": [{"sku": "a", "price": 1.0}]}
            for wrong in [{"order_id": "1"}, {"kind": "other"}, {"items": [{"sku": "a"}]}, {"items": {}}, {"tags": {"a": 1}}]:
                try:
                    Input.model_validate({**good, **wrong})
                except ValidationError:
                    continue
                raise SystemExit(f"accepted: {wrong}")
            """)
        let wrong = try await Toolchain.run(python, ["wrong.py"], in: place.path + "/out")
        #expect(wrong.status == 0, "\(wrong.output)")
    }

    @Test(.enabled(if: Toolchain.hasRuby, "no rspec, or no Ruby SDK"))
    func ruby() async throws {
        let place = Workplace()
        try await scaffold("ruby", in: place)
        let result = try await Toolchain.rspec(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        try place.write(
            "out/wrong.rb",
            """
            require_relative 'order_processing_types'
            good = { 'order_id' => 1, 'kind' => 'class', 'items' => [{ 'sku' => 'a', 'price' => 1 }], 'class' => 'c', 'odd-name' => true }
            value = EcommerceOrderProcessingInput.parse(good)
            raise 'names' unless value.class_ == 'c' && value.odd_name == true
            raise 'to_h' unless value.to_h == good
            [{ 'order_id' => '1' }, { 'kind' => 'other' }, { 'items' => [{ 'sku' => 'a' }] }, { 'items' => {} }, { 'tags' => { 'a' => 1 } }].each do |wrong|
              EcommerceOrderProcessingInput.parse(good.merge(wrong))
              abort "accepted: #{wrong}"
            rescue TypeError
              next
            end
            """)
        let wrong = try await Toolchain.run("ruby", ["wrong.rb"], in: place.path + "/out")
        #expect(wrong.status == 0, "\(wrong.output)")
        let dry = await place.run("generate", "types", "-t", "order.yaml", "-l", "ruby", "--dry-struct", "-o", "dry.rb")
        #expect(dry.status == .ok)
        #expect(try await Toolchain.run("ruby", ["-c", "dry.rb"], in: place.path).status == 0)
    }

    @Test(.enabled(if: Toolchain.hasTypeScript, "no tsc, or no TypeScript SDK"))
    func typescript() async throws {
        let place = Workplace()
        try await scaffold("typescript", in: place)
        try place.write(
            "out/__tests__/wrong.test.ts",
            """
            // @ts-ignore
            import assert from 'node:assert/strict';
            // @ts-ignore
            import { test } from 'node:test';
            import { parseEcommerceOrderProcessingInput as parse } from '../order-processing-types.js';

            const good = { order_id: 1, kind: 'class', items: [{ sku: 'a', price: 1 }], class: 'c', 'odd-name': true };

            test('wrong data is refused', () => {
              assert.deepEqual(parse(good), good);
              const wrong = [{ order_id: '1' }, { kind: 'other' }, { items: [{ sku: 'a' }] }, { items: {} }, { tags: { a: 1 } }];
              for (const part of wrong) assert.throws(() => parse({ ...good, ...part }), TypeError, JSON.stringify(part));
            });
            """)
        let result = try await Toolchain.nodeTest(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        let zod = await place.run("generate", "types", "-t", "order.yaml", "-l", "ts", "--zod", "-o", "-")
        #expect(zod.output.contains("items: z.array(EcommerceOrderProcessingInputItemSchema),"), "\(zod.output)")
    }

    @Test(.enabled(if: Toolchain.hasCargo, "no cargo"))
    func rust() async throws {
        let place = Workplace()
        try await scaffold("rust", in: place)
        try place.write(
            "out/tests/wrong.rs",
            """
            use order_processing::order_processing_types::{EcommerceOrderProcessingInput as Input, Value};
            use order_processing::tasker_stdio::Json;

            #[test]
            fn wrong_data_is_refused() {
                let text = |id: &str, kind: &str, items: &str| {
                    format!(r#"{{"order_id":{id},"kind":"{kind}","items":{items},"class":"c","odd-name":true}}"#)
                };
                let read = |text: String| Input::from_json(&Json::parse(&text).unwrap(), "input");
                let good = r#"[{"sku":"a","price":1}]"#;
                assert_eq!(read(text("1", "class", good)).unwrap().class.as_deref(), Some("c"));
                for wrong in [text("\\"1\\"", "class", good), text("1", "other", good), text("1", "class", r#"[{"sku":"a"}]"#), text("1", "class", "{}")] {
                    assert!(read(wrong.clone()).is_err(), "{wrong}");
                }
            }
            """.replacing(".class.as_deref()", with: ".class.as_deref()"))
        let result = try await Toolchain.cargo(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        if Toolchain.has("rustfmt") {
            let format = try await Toolchain.run(
                "rustfmt", ["--check", "--edition", "2021", "main.rs"], in: place.path + "/out")
            #expect(format.status == 0, "\(format.output)")
        }
        let serde = await place.run("generate", "types", "-t", "order.yaml", "-l", "rust", "--serde", "-o", "-")
        #expect(
            serde.output.contains("#[serde(rename = \"odd-name\", default, skip_serializing_if = \"Option::is_none\")]")
        )
    }

    @Test func swift() async throws {
        let place = Workplace()
        try await scaffold("swift", in: place)
        let files = place.files().filter { $0.hasSuffix(".swift") }
        #expect(files.count == 5)
        let parsed = try await Toolchain.run("swiftc", ["-frontend", "-parse"] + files, in: place.path)
        #expect(parsed.status == 0, "\(parsed.output)")
        // The types are Codable over anything that has a JSONValue; run them against a stand-in for the SDK.
        try place.write(
            "check/main.swift",
            """
            import Foundation

            public enum JSONValue: Codable, Hashable, Sendable {
                case any
                public init(from decoder: any Decoder) throws { self = .any }
                public func encode(to encoder: any Encoder) throws {
                    var container = encoder.singleValueContainer()
                    try container.encodeNil()
                }
            }

            let good = #"{"order_id":1,"kind":"class","items":[{"sku":"a","price":1}],"class":"c","odd-name":true}"#
            func read(_ text: String) throws -> EcommerceOrderProcessingInput {
                try JSONDecoder().decode(EcommerceOrderProcessingInput.self, from: Data(text.utf8))
            }
            let value = try read(good)
            precondition(value.class_ == "c" && value.oddName == true && value.kind == .class_)
            for (old, new) in [("\\"order_id\\":1", "\\"order_id\\":\\"1\\""), ("\\"class\\",", "\\"other\\","), (",\\"price\\":1", "")] {
                let wrong = good.replacingOccurrences(of: old, with: new)
                precondition(wrong != good)
                if (try? read(wrong)) != nil { fatalError("accepted: \\(wrong)") }
            }
            """)
        let types = try place.read("out/Sources/OrderProcessing/OrderProcessingTypes.swift")
        try place.write("check/types.swift", types.replacing("import TaskerWorker\n", with: ""))
        let built = try await Toolchain.run(
            "swiftc", ["main.swift", "types.swift", "-o", "check"], in: place.path + "/check")
        #expect(built.status == 0, "\(built.output)")
        let run = try await Toolchain.run("./check", [], in: place.path + "/check")
        #expect(run.status == 0, "\(run.output)")
    }

    @Test(arguments: ["python", "ruby", "typescript", "rust", "swift"])
    func theOutputIsDeterministicAndSelective(language: String) async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.template)
        for command in [["types"], ["handler", "-s", "charge"]] {
            let arguments = ["generate"] + command + ["-t", "order.yaml", "-l", language, "-o", "-"]
            let first = await place.run(arguments)
            #expect(first.status == .ok, "\(first.errors)")
            #expect(await place.run(arguments).output == first.output)
        }
        let one = await place.run("generate", "handler", "-t", "order.yaml", "-l", language, "-s", "charge", "-o", "-")
        #expect(one.output.contains("ChargeHandler"))
        #expect(!one.output.contains("RouteHandler"))
    }

    @Test func wrongArguments() async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.template)
        #expect(await place.run("generate", "types", "-t", "order.yaml").status == .usage)
        let step = await place.run("generate", "handler", "-t", "order.yaml", "-l", "python", "-s", "chrge")
        #expect(step.status == .notFound)
        #expect(step.errors.contains("did you mean 'charge'?"))
        let language = await place.run("generate", "types", "-t", "order.yaml", "-l", "pyton")
        #expect(language.errors.contains("did you mean 'python'?"))
        #expect(await place.run("generate", "types", "-t", "none.yaml", "-l", "python").status == .notFound)
        try place.write("bad.yaml", TaskTemplateTests.broken)
        let bad = await place.run("generate", "types", "-t", "bad.yaml", "-l", "python")
        #expect(bad.status == .failure)
        #expect(bad.errors.contains("bad.yaml:10:20"))
    }
}
