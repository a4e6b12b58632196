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

    /// Types and the handler of one step, in a directory of their own.
    private func handler(_ language: String, _ step: String, in place: borrowing Workplace) async throws {
        for command in [["types"], ["handler", "-s", step, "--with-tests"]] {
            let arguments = ["-t", "order.yaml", "-l", language, "--output-dir", "one"]
            let run = await place.run(["generate"] + command + arguments)
            #expect(run.status == .ok, "\(run.errors)")
        }
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
            nested = {"sku": "a", "price": 1}
            for wrong in [
                {"order_id": "1"}, {"order_id": 1.5}, {"order_id": True}, {"order_id": None}, {"kind": "other"},
                {"items": [{"sku": "a"}]}, {"items": {}}, {"items": [{"sku": "a", "price": "1"}]}, {"tags": {"a": 1}},
                {"odd-name": "yes"}, {"items": [{**nested, "address": {}}]},
                {"items": [{**nested, "address": {"street": "s", "lines": [1]}}]},
            ]:
                try:
                    Input.model_validate({**good, **wrong})
                except ValidationError:
                    continue
                raise SystemExit(f"accepted: {wrong}")
            """)
        let wrong = try await Toolchain.run(python, ["wrong.py"], in: place.path + "/out")
        #expect(wrong.status == 0, "\(wrong.output)")
        try await handler("python", "charge", in: place)
        let one = try await Toolchain.pytest(place.path + "/one")
        #expect(one.status == 0, "\(one.output)")
    }

    @Test(.enabled(if: Toolchain.hasRuby, "no rspec, or no Ruby SDK"))
    func ruby() async throws {
        let place = Workplace()
        try await scaffold("ruby", in: place)
        let result = try await Toolchain.rspec(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        if Toolchain.hasRubocop {
            let lint = try await Toolchain.rubocop(place.path + "/out")
            #expect(lint.status == 0, "\(lint.output)")
        }
        try await handler("ruby", "charge", in: place)
        let one = try await Toolchain.rspec(place.path + "/one")
        #expect(one.status == 0, "\(one.output)")
        try place.write(
            "out/wrong.rb",
            """
            require_relative 'order_processing_types'
            good = { 'order_id' => 1, 'kind' => 'class', 'items' => [{ 'sku' => 'a', 'price' => 1 }], 'class' => 'c', 'odd-name' => true }
            value = EcommerceOrderProcessingInput.parse(good)
            raise 'names' unless value.class_ == 'c' && value.odd_name == true
            raise 'to_h' unless value.to_h == good
            nested = { 'sku' => 'a', 'price' => 1 }
            [
              { 'order_id' => '1' }, { 'order_id' => 1.5 }, { 'order_id' => true }, { 'order_id' => nil },
              { 'kind' => 'other' }, { 'items' => [{ 'sku' => 'a' }] }, { 'items' => {} },
              { 'items' => [{ 'sku' => 'a', 'price' => '1' }] }, { 'tags' => { 'a' => 1 } }, { 'odd-name' => 'yes' },
              { 'items' => [nested.merge('address' => {})] },
              { 'items' => [nested.merge('address' => { 'street' => 's', 'lines' => [1] })] }
            ].each do |wrong|
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
              const nested = { sku: 'a', price: 1 };
              const wrong = [
                { order_id: '1' }, { order_id: 1.5 }, { order_id: true }, { order_id: null }, { kind: 'other' },
                { items: [{ sku: 'a' }] }, { items: {} }, { items: [{ sku: 'a', price: '1' }] }, { tags: { a: 1 } },
                { 'odd-name': 'yes' }, { items: [{ ...nested, address: {} }] },
                { items: [{ ...nested, address: { street: 's', lines: [1] } }] },
              ];
              for (const part of wrong) assert.throws(() => parse({ ...good, ...part }), TypeError, JSON.stringify(part));
            });
            """)
        let result = try await Toolchain.nodeTest(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        try await handler("typescript", "charge", in: place)
        let one = try await Toolchain.nodeTest(place.path + "/one")
        #expect(one.status == 0, "\(one.output)")
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
                for wrong in [
                    text("\\"1\\"", "class", good),
                    text("1.5", "class", good),
                    text("true", "class", good),
                    text("null", "class", good),
                    text("1", "other", good),
                    text("1", "class", r#"[{"sku":"a"}]"#),
                    text("1", "class", r#"[{"sku":"a","price":"1"}]"#),
                    text("1", "class", r#"[{"sku":"a","price":1,"address":{}}]"#),
                    text("1", "class", "{}"),
                ] {
                    assert!(read(wrong.clone()).is_err(), "{wrong}");
                }
            }
            """)
        let result = try await Toolchain.cargo(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        try FileManager.default.removeItem(atPath: place.path + "/out/tests/wrong.rs")
        let lint = try await Toolchain.rustLint(place.path + "/out")
        #expect(lint.status == 0, "\(lint.output)")
        let serde = await place.run("generate", "types", "-t", "order.yaml", "-l", "rust", "--serde", "-o", "-")
        #expect(
            serde.output.contains("#[serde(rename = \"odd-name\", default, skip_serializing_if = \"Option::is_none\")]")
        )
    }

    @Test func swift() async throws {
        let place = Workplace()
        try await scaffold("swift", in: place)
        let lint = try await Toolchain.swiftFormat(place.path + "/out")
        #expect(lint.status == 0, "\(lint.output)")
        try place.write(
            "out/Tests/OrderProcessingTests/WrongTests.swift",
            """
            import TaskerWorker
            import Testing

            @testable import OrderProcessing

            struct WrongTests {
                let good: JSONValue = [
                    "order_id": 1, "kind": "class", "items": [["sku": "a", "price": 1.5]], "class": "c", "odd-name": true,
                ]

                private func read(_ part: [String: JSONValue]) throws -> EcommerceOrderProcessingInput {
                    let value = JSONValue.object((good.objectValue ?? [:]).merging(part) { $1 })
                    return try RawJSONDecoder().decode(EcommerceOrderProcessingInput.self, from: RawJSON(value))
                }

                @Test func rightDataIsRead() throws {
                    let value = try read([:])
                    #expect(value.class_ == "c" && value.oddName == true && value.kind == .class_)
                    #expect(try RawJSONEncoder().encode(value).value == good)
                }

                @Test(arguments: [
                    ["order_id": "1"], ["order_id": 1.5], ["order_id": true], ["order_id": nil], ["kind": "other"],
                    ["items": [["sku": "a"]]], ["items": [:]], ["items": [["sku": "a", "price": "1"]]],
                    ["tags": ["a": 1]], ["odd-name": "yes"], ["items": [["sku": "a", "price": 1, "address": [:]]]],
                    ["items": [["sku": "a", "price": 1, "address": ["street": "s", "lines": [1]]]]],
                ] as [[String: JSONValue]])
                func wrongDataIsRefused(part: [String: JSONValue]) {
                    #expect(throws: (any Error).self) { try read(part) }
                }
            }

            """)
        let result = try await Toolchain.swiftTest(place.path + "/out")
        #expect(result.status == 0, "\(result.output)")
        try await handler("swift", "charge", in: place)
        let one = try await Toolchain.swiftTest(place.path + "/one")
        #expect(one.status == 0, "\(one.output)")
    }

    @Test func filesAreTreatedAsByEveryCommandThatWrites() async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.template)
        let scaffold = ["generate", "scaffold", "-t", "order.yaml", "-l", "python", "--output-dir", "out"]
        let dry = await place.run(scaffold + ["--dry-run"])
        #expect(dry.status == .ok && dry.output.contains("--- out/order_processing_types.py\n"))
        #expect(place.files() == ["order.yaml"])
        #expect(await place.run(scaffold).status == .ok)
        let types = try place.read("out/order_processing_types.py")
        try place.write("out/order_processing_types.py", "mine")
        let again = await place.run(scaffold)
        #expect(again.status == .failure && again.errors.contains("order_processing_types.py"))
        #expect(try place.read("out/order_processing_types.py") == "mine")
        #expect(await place.run(scaffold + ["--force"]).status == .ok)
        #expect(try place.read("out/order_processing_types.py") == types)
    }

    /// With the libraries that a project may have; they are not among the packages of a checkout.
    @Test func librariesAreUsedThroughout() async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.template)
        let serde = await place.run(
            "generate", "scaffold", "-t", "order.yaml", "-l", "rust", "--serde", "--output-dir", "r")
        #expect(serde.errors.contains("cargo test\n"), "\(serde.errors)")
        #expect(try place.read("r/Cargo.toml").contains("serde_json = \"1\""))
        #expect(
            try place.read("r/order_processing_handlers.rs").contains("from_json::<EcommerceOrderProcessingInput>("))
        let dry = await place.run("generate", "types", "-t", "order.yaml", "-l", "ruby", "--dry-struct", "-o", "-")
        #expect(dry.output.contains("'odd-name' => :odd_name"), "\(dry.output)")
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
