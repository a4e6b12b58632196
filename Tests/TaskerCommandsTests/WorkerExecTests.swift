import TaskerCommands
import Testing

/// `worker exec`: what is refused before anything starts. Hosting itself is tested with its library.
@Suite struct WorkerExecTests {
    @Test(arguments: [
        (["--handler", "charge"], "no program is given", "after '--'"),
        (["--", "cat"], "no handler is given", "--any-handler"),
        (["--handler", "charge", "--slots", "many", "--", "cat"], "--slots is \"many\"", ""),
        (["--handler", "charge", "--amqp", "http://x", "--", "cat"], "amqp://", ""),
    ])
    func wrongSettingsAreUsageErrors(arguments: [String], message: String, hint: String) async {
        let place = Workplace()
        let run = await place.run(["worker", "exec"] + arguments)
        #expect(run.status == .usage)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(hint.isEmpty || run.errors.contains(hint), "\(run.errors)")
    }

    @Test func aProgramThatIsNotThereIsNotFound() async {
        let place = Workplace()
        let run = await place.run("worker", "exec", "--handler", "charge", "--", "/no/such/program")
        #expect(run.status == .notFound)
        #expect(run.errors.contains("/no/such/program"))
    }
}
