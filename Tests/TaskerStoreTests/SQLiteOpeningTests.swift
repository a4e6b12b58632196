import Foundation
import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore
import Testing

@testable import TaskerSQLite

/// The file: who may open it, what is refused, what survives.
@Suite struct SQLiteOpeningTests {
    private func open(_ url: URL, _ settings: SQLiteSettings = SQLiteSettings()) throws -> SQLiteStore {
        try SQLiteStore(path: url.path, settings: settings)
    }

    /// Opens what must be refused.
    private func refusal(_ url: URL) throws -> StoreError {
        try #require(#expect(throws: StoreError.self) { _ = try open(url) })
    }

    @Test func everythingSurvivesClosing() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let plan = WorkflowPlan.order()
            var store = try open(file)
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1, plan: plan), epoch: epoch)
            await store.close()

            store = try open(file)
            let second = try await store.acquire()
            #expect(second.value == epoch.value + 1)
            let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan)))
            #expect(loaded.task.difference(from: task) == nil)
            // Numbers go on where they were.
            let next = try await store.create(.test(2, plan: plan), epoch: second)
            let before = try await store.journal(of: task.id, after: 0, limit: 99).map(\.sequence).max() ?? 0
            let after = try await store.journal(of: next.id, after: 0, limit: 99).map(\.sequence).min() ?? 0
            #expect(after == before + 1)
            #expect(try await store.openSteps(after: 0, limit: 99).map(\.taskID) == [task.id, next.id])
            await store.close()
        }
    }

    @Test func whatTheAPIRemembersSurvivesClosing() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let answer = RecordedAnswer(status: 200, headers: [.init(name: "ETag", value: "\"1\"")], body: [1, 2])
            var store = try open(file)
            let key = try await store.signingKey()
            for name in ["answered", "cut off"] {
                let claim = try await store.claimReplay(
                    name, requestHash: "one", at: noon, keeping: ReplayRetention())
                #expect(claim == .taken)
            }
            try await store.recordReplay("answered", requestHash: "one", answer)
            await store.close()

            store = try open(file)
            #expect(try await store.signingKey() == key)
            let later = noon.advanced(byMilliseconds: 1000)
            for (name, expected) in [("answered", ReplayClaim.answered(answer)), ("cut off", .begun(since: noon))] {
                let claim = try await store.claimReplay(
                    name, requestHash: "one", at: later, keeping: ReplayRetention())
                #expect(claim == expected, "\(name)")
            }
            await store.close()
        }
    }

    @Test(arguments: ["0001-initial", "0002-events", "0003-dead-letter-failures"])
    func aFileOfAnOlderVersionIsBroughtUpToDate(_ version: String) async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let queue = try DatabaseQueue(path: file.path)
            try Schema.migrator.migrate(queue, upTo: version)
            try queue.close()
            let store = try open(file)
            let epoch = try await store.acquire()
            let plan = WorkflowPlan.order()
            let task = try await store.create(.test(1, plan: plan), epoch: epoch)
            #expect(try await store.task(task.id, plans: PlanBook(plan)) != nil)
            #expect(try await store.signingKey().count == SigningKey.size)
            let claim = try await store.claimReplay("k", requestHash: "one", at: noon, keeping: ReplayRetention())
            #expect(claim == .taken)
            await store.close()
        }
    }

    /// What another process would find if this one were killed now.
    @Test func everyCommitSurvivesAKill() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let plan = WorkflowPlan.order()
            let store = try open(file)
            let epoch = try await store.acquire()
            for number in 1...20 {
                let task = try await store.create(.test(number, plan: plan), epoch: epoch)
                let copy = directory.appending(path: "copy-\(number)")
                try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
                for name in ["tasker.db", "tasker.db-wal"] {
                    try FileManager.default.copyItem(
                        at: directory.appending(path: name), to: copy.appending(path: name))
                }
                let revived = try open(copy.appending(path: "tasker.db"))
                #expect(try await revived.list(TaskFilter(), page: 1, perPage: 1).total == number)
                let loaded = try #require(try await revived.task(task.id, plans: PlanBook(plan)))
                #expect(loaded.task.difference(from: task) == nil)
                await revived.close()
            }
            await store.close()
        }
    }

    @Test func aSecondStoreIsRefused() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let store = try open(file)
            let error = try refusal(file)
            #expect(error.code == .locked)
            #expect(error.description.contains("process \(ProcessInfo.processInfo.processIdentifier)"))
            await store.close()
            let next = try open(file)
            await next.close()
        }
    }

    @Test func aKilledProcessFreesTheFile() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            await (try open(file)).close()
            let holder = Process()
            holder.executableURL = URL(filePath: "/usr/bin/env")
            holder.arguments = [
                "python3", "-c",
                """
                import fcntl, os, sys
                f = open(sys.argv[1], "r+")
                fcntl.flock(f, fcntl.LOCK_EX)
                f.truncate(0); f.write(str(os.getpid())); f.flush()
                print("locked", flush=True)
                sys.stdin.read()
                """, file.path + ".lock",
            ]
            let (input, output) = (Pipe(), Pipe())
            holder.standardInput = input
            holder.standardOutput = output
            try holder.run()
            #expect(!output.fileHandleForReading.availableData.isEmpty)
            let error = try refusal(file)
            #expect(error.code == .locked)
            #expect(error.description.contains("process \(holder.processIdentifier)"))
            kill(holder.processIdentifier, SIGKILL)
            holder.waitUntilExit()
            let store = try open(file)
            await store.close()
        }
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            await (try open(file)).close()
            let queue = try DatabaseQueue(path: file.path)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999-from-the-future')") }
            try queue.close()
            let error = try refusal(file)
            #expect(error.code == .tooNew)
            #expect(error.remedy != nil)
        }
    }

    /// A file from before failures had a table of their own.
    @Test func failuresOfOldEntriesMoveToTheirTable() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let task = WorkflowTask.test(1)
            var entry = DeadLetterEntry.test(1, of: task, at: noon)
            entry.failures += [entry.failures[0], entry.failures[0]]
            entry.failures[1].message = "ä \"quoted\"\n"
            entry.failures[2].attempts = 12
            let store = try open(file)
            let epoch = try await store.acquire()
            try await store.create(task, epoch: epoch)
            try await store.commit(CommitBatch([TaskChange(task: task, deadLetters: [.made(entry)])]), epoch: epoch)
            await store.close()

            var failures = JSONWriter()
            failures.beginArray()
            for failure in entry.failures { failure.write(to: &failures) }
            failures.endArray()
            let old = Data(failures.finish())
            let queue = try DatabaseQueue(path: file.path)
            try await queue.write { database in
                try database.execute(
                    sql: """
                        DROP TABLE dead_letter_failures;
                        ALTER TABLE dead_letters ADD COLUMN failures BLOB NOT NULL DEFAULT '[]';
                        DELETE FROM grdb_migrations WHERE identifier = '0003-dead-letter-failures';
                        """)
                try database.execute(sql: "UPDATE dead_letters SET failures = ?", arguments: [old])
            }
            try queue.close()

            let reopened = try open(file)
            #expect(try await reopened.deadLetter(of: task.id) == entry)
            await reopened.close()
        }
    }

    @Test func foreignFilesAreRefusedUntouched() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "other.db")
            let queue = try DatabaseQueue(path: file.path)
            try await queue.write { try $0.execute(sql: "CREATE TABLE recipes (name TEXT)") }
            try queue.close()
            let before = try Data(contentsOf: file)
            let error = try refusal(file)
            #expect(error.code == .corrupt)
            #expect(error.description.contains("another program"))
            #expect(try Data(contentsOf: file) == before)

            let text = directory.appending(path: "notes.txt")
            try Data(String(repeating: "not a database. ", count: 500).utf8).write(to: text)
            #expect(try refusal(text).code == .corrupt)
        }
    }

    @Test func damageIsReported() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let plan = WorkflowPlan.order()
            let store = try open(file)
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1, plan: plan), epoch: epoch)
            await store.close()
            let handle = try FileHandle(forUpdating: file)
            try handle.seek(toOffset: 4096)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 400_000))
            try handle.close()
            // Found at opening, or when the damaged part is needed.
            let error = await #expect(throws: StoreError.self) {
                let store = try open(file)
                _ = try await store.acquire()
                _ = try await store.task(task.id, plans: PlanBook(plan))
            }
            #expect(error?.code == .corrupt)
        }
    }

    @Test func unusablePathsAreExplained() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "a-file")
            try Data("x".utf8).write(to: file)
            let underAFile = try refusal(file.appending(path: "tasker.db"))
            #expect(underAFile.code == .unavailable)
            #expect(underAFile.remedy != nil)
            #expect(try refusal(directory.appending(path: "missing/tasker.db")).code == .unavailable)
            let folder = directory.appending(path: "folder")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            #expect(try refusal(folder).code == .unavailable)
        }
    }

    @Test(arguments: [(Durability.full, 2), (Durability.normal, 1)])
    func durabilityIsSet(_ durability: Durability, _ level: Int) async throws {
        try await withDirectory { directory in
            let store = try open(directory.appending(path: "tasker.db"), SQLiteSettings(durability: durability))
            let read = try await store.pool.writeWithoutTransaction { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                    try String.fetchOne(database, sql: "PRAGMA journal_mode")
                )
            }
            #expect(read.0 == level)
            #expect(read.1 == "wal")
            await store.close()
        }
    }
}
