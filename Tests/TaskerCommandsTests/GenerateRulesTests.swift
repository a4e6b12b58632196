import Foundation
import Testing

@testable import TaskerCommands

/// What `template generate` refuses, and that it then changes nothing.
@Suite struct GenerateRulesTests {
    private func generate(_ place: borrowing Workplace, _ arguments: String...) async -> CommandLineRun {
        await place.run(["template", "generate"] + arguments)
    }

    @Test func everySpellingIsOneName() {
        for spelling in ["ProcessPayment", "process_payment", "process-payment", "Process Payment", "PROCESS_PAYMENT"] {
            #expect(NameWords(spelling).snake == "process_payment")
            #expect(NameWords(spelling).pascal == "ProcessPayment")
        }
        #expect(NameWords("HTTPFetch").snake == "http_fetch")
        #expect(NameWords("fetchHTTP2Page").kebab == "fetch-http2-page")
    }

    @Test(arguments: [
        (
            ["step_handler", "--plugin", "nope", "--param", "name=X"], TaskerCommands.ExitStatus.notFound,
            "no plugin 'nope'"
        ),
        (
            ["step_handler", "--plugin", "tasker-contrib-pyton", "--param", "name=X"], .notFound,
            "did you mean 'tasker-contrib-python'?"
        ),
        (
            ["step_handlr", "--plugin", "tasker-contrib-python", "--param", "name=X"], .notFound,
            "did you mean 'step_handler'?"
        ),
        (["step_handler", "--plugin", "tasker-contrib-python"], .usage, "'name' is missing"),
        (["step_handler", "--param", "name=X"], .usage, "--plugin or -l"),
        (["step_handler", "-l", "cobol", "--param", "name=X"], .notFound, "cobol"),
        (["step_handler", "-l", "python", "--param", "nam=X"], .usage, "did you mean 'name'?"),
        (["step_handler", "-l", "python", "--param", "name"], .usage, "has no '='"),
        (["step_handler", "-l", "python", "--param", "name=A", "--param", "name=B"], .usage, "given twice"),
        (["step_handler", "-l", "python", "--param", "name=class"], .usage, "a word of python"),
        (["step_handler", "-l", "rust", "--param", "name=main"], .usage, "a word of rust"),
        (["step_handler", "-l", "swift", "--param", "name=Decision"], .usage, "DecisionHandler, which the SDK has"),
        (["step_handler_api", "-l", "ts", "--param", "name=APIHandler"], .usage, "ApiHandler, which the SDK has"),
        (["step_handler", "-l", "rust", "--param", "name=step"], .usage, "StepHandler, which the SDK has"),
        (["step_handler", "-l", "python", "--param", "name=9lives"], .usage, "no name"),
        (["step_handler", "-l", "python", "--param", "name="], .usage, "no name"),
        (["step_handler", "-l", "python", "--param", "name=a/../b"], .usage, "no name"),
        (["step_handler", "-l", "python", "--param", "name=Käse"], .usage, "no name"),
        (["step_handler", "-l", "rails", "--param", "name=A", "--param", "module_name=lower"], .usage, "module_name"),
        (["step_handler_api", "-l", "python", "--param", "name=A", "--param", "base_url=ftp://x"], .usage, "http"),
        (["task_template", "-l", "python", "--param", "name=A", "--param", "namespace=a b"], .usage, "namespace"),
        (["task_template", "-l", "python", "--param", "name=A", "--param", "dialect=odd"], .usage, "package, seed"),
        (["step_handler", "-l", "python", "--param", "name=A", "--forc"], .usage, "did you mean '--force'?"),
    ])
    func wrongArgumentsAreExplained(arguments: [String], status: TaskerCommands.ExitStatus, text: String) async {
        let place = Workplace()
        let run = await place.run(["template", "generate"] + arguments)
        #expect(run.status == status)
        #expect(run.errors.hasPrefix("error: "))
        #expect(run.errors.contains(text), "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(place.files().isEmpty)
    }

    @Test func aNameOfMoreThanHundredCharactersIsRefused() async {
        let place = Workplace()
        let name = String(repeating: "x", count: 101)
        #expect(await generate(place, "step_handler", "-l", "python", "--param", "name=\(name)").status == .usage)
    }

    @Test func aTrailingHandlerIsDropped() async throws {
        let place = Workplace()
        _ = await generate(place, "step_handler", "-l", "python", "--param", "name=FooHandler")
        #expect(try place.read("foo_handler.py").contains("class FooHandler(StepHandler):"))
    }

    @Test func existingFilesStayWithoutForce() async throws {
        let place = Workplace()
        let first = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo")
        #expect(first.status == .ok)
        let before = try place.read("foo_handler.py")
        try place.write("foo_handler.py", "mine")
        let again = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo")
        #expect(again.status == .failure)
        #expect(again.errors.contains("foo_handler.py, tests/test_foo_handler.py"))
        #expect(try place.read("foo_handler.py") == "mine")

        let forced = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo", "--force")
        #expect(forced.status == .ok)
        #expect(try place.read("foo_handler.py") == before)
        #expect(place.files() == ["foo_handler.py", "tests/test_foo_handler.py"])
    }

    @Test func nothingIsWrittenWhenOneFileCannotBe() async throws {
        let place = Workplace()
        try place.write("tests", "a file where a directory must be")
        let run = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo")
        #expect(run.status == .failure)
        #expect(place.files() == ["tests"])
    }

    @Test func linksAreNotFollowed() async throws {
        let place = Workplace()
        let outside = Workplace()
        try FileManager.default.createSymbolicLink(
            atPath: place.path + "/tests", withDestinationPath: outside.path)
        let run = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo", "--force")
        #expect(run.status == .failure)
        #expect(run.errors.contains("symbolic link"))
        #expect(outside.files().isEmpty)
        #expect(place.files().filter { $0.hasSuffix(".py") }.isEmpty)
    }

    @Test func dryRunPrintsAndWritesNothing() async {
        let place = Workplace()
        let run = await generate(place, "step_handler", "-l", "python", "--param", "name=Foo", "--dry-run")
        #expect(run.status == .ok)
        #expect(run.output.contains("--- foo_handler.py\n"))
        #expect(run.output.contains("class FooHandler"))
        #expect(place.files().isEmpty)
    }

    @Test func valuesCannotBecomeCode() async throws {
        let place = Workplace()
        let url = "https://x.test/'+__import__('os')+'/#{`id`}/${x}"
        for language in ["python", "ruby", "typescript", "swift"] {
            let run = await generate(
                place, "step_handler_api", "-l", language, "--param", "name=Foo", "--param", "base_url=\(url)", "-o",
                language)
            #expect(run.status == .ok, "\(run.errors)")
        }
        #expect(
            try place.read("ruby/foo_handler.rb").contains(
                #"base_url 'https://x.test/\'+__import__(\'os\')+\'/#{`id`}/${x}'"#))
        #expect(
            try place.read("python/foo_handler.py").contains(
                "base_url = \"https://x.test/'+__import__('os')+'/#{`id`}/${x}\""))
    }

    @Test func sharedFilesAreMadeOnce() async throws {
        let place = Workplace()
        _ = await generate(place, "step_handler", "-l", "rust", "--param", "name=One")
        let library = try place.read("lib.rs")
        let second = await generate(place, "step_handler", "-l", "rust", "--param", "name=Two")
        #expect(second.status == .ok, "\(second.errors)")
        #expect(try place.read("lib.rs") == library)
        #expect(second.errors.contains("pub mod two;"))
    }

    @Test func theSameArgumentsGiveTheSameBytes() async throws {
        let place = Workplace()
        for directory in ["a", "b"] {
            _ = await generate(place, "step_handler_batchable", "-l", "ts", "--param", "name=Foo", "-o", directory)
        }
        #expect(try place.read("a/foo-handler.ts") == place.read("b/foo-handler.ts"))
    }

    @Test func optionsStandAnywhere() async {
        let place = Workplace()
        let run = await place.run(
            "--format", "name", "template", "generate", "--param", "name=Foo", "--plugin", "tasker-contrib-python",
            "step_handler", "-q")
        #expect(run.status == .ok, "\(run.errors)")
        #expect(run.output == "foo_handler.py\ntests/test_foo_handler.py\n")
        #expect(run.errors.isEmpty)
    }
}
