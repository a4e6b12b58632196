import Foundation
import GRDB
import GRDBSQLite
import TaskerEngine
import TaskerProtocol
import TaskerStore
import Testing

@testable import TaskerSQLite

/// What a commit meets and what it costs.
@Suite struct SQLiteCommitTests {
    @Test func aFullDiskLosesNothing() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            let plan = WorkflowPlan.order()
            let store = try SQLiteStore(path: file.path)
            let epoch = try await store.acquire()
            try store.limitPages(to: 200)

            var made: [WorkflowTask] = []
            var refusal: StoreError?
            let filler = RawJSON(["text": .string(String(repeating: "x", count: 50_000))] as JSONValue)
            for number in 1...100 where refusal == nil {
                var header = TaskHeader.test(number)
                header.context = filler
                var ids = SeededIDSource(seed: UInt64(number))
                let task = WorkflowTask(header: header, plan: plan) { ids.nextID(at: noon) }
                do { made.append(try await store.create(task, epoch: epoch)) } catch let error as StoreError {
                    refusal = error
                }
            }
            #expect(made.count > 3)
            #expect(refusal?.code == .full)
            #expect(refusal?.description.contains(file.path) == true)
            #expect(try await store.list(TaskFilter(), page: 1, perPage: 1).total == made.count)

            // Space is free again: work goes on.
            try store.limitPages(to: 1_000_000)
            made.append(try await store.create(.test(500, plan: plan), epoch: epoch))
            for task in made {
                let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan)))
                #expect(loaded.task.difference(from: task) == nil)
            }
            await store.close()
        }
    }

    @Test func aLockHeldElsewhereIsNamed() async throws {
        try await withDirectory { directory in
            let file = directory.appending(path: "tasker.db")
            var settings = SQLiteSettings()
            settings.busyTimeout = .milliseconds(20)
            let store = try SQLiteStore(path: file.path, settings: settings)
            let epoch = try await store.acquire()
            var unsafe = Configuration()
            unsafe.allowsUnsafeTransactions = true
            let other = try DatabaseQueue(path: file.path, configuration: unsafe)
            try other.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
            let error = await #expect(throws: StoreError.self) {
                try await store.create(.test(1), epoch: epoch)
            }
            #expect(error?.code == .locked)
            await #expect(throws: StoreError.self) { try await store.checkWritable() }
            try other.inDatabase { try $0.execute(sql: "ROLLBACK") }
            try await store.checkWritable()
            try await store.create(.test(1), epoch: epoch)
            try other.close()
            await store.close()
        }
    }

    /// The cost of a commit does not grow with what has finished: no statement looks at rows it does not change.
    @Test func noStatementOfACommitScans() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "tasker.db").path)
            let epoch = try await store.acquire()
            for number in 1...60 {
                var task = WorkflowTask.test(number)
                let identity = TaskIdentity(namespace: "shop", name: "order", key: "key:\(number)")
                try await store.create(task, identity: identity, epoch: epoch, started: false)
                var events = RandomEvents(seed: UInt64(number))
                for _ in 0..<20 where !task.state.isTerminal {
                    var batch = CommitBatch([events.change(of: &task)])
                    batch.outbox = [.test(Int64(number))]
                    batch.outboxDone = [Int64(number)]
                    try await store.commit(batch, epoch: epoch)
                }
            }
            let scanned = try await store.pool.writeWithoutTransaction { database in
                var scanned: [String: Int32] = [:]
                var statement = sqlite3_next_stmt(database.sqliteConnection, nil)
                while let current = statement {
                    let steps = sqlite3_stmt_status(current, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0)
                    if steps > 0, let sql = sqlite3_sql(current) { scanned[String(cString: sql)] = steps }
                    statement = sqlite3_next_stmt(database.sqliteConnection, current)
                }
                return scanned
            }
            #expect(scanned.isEmpty)
            await store.close()
        }
    }

    /// The thousandth failure of a task writes as many pages as the first ones did.
    @Test func aFailureCostsTheSameHoweverManyThereWere() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "tasker.db").path)
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1), epoch: epoch)
            var entry = DeadLetterEntry.test(1, of: task, at: noon)
            try await store.commit(CommitBatch([TaskChange(task: task, deadLetters: [.made(entry)])]), epoch: epoch)
            _ = try await store.pagesWritten()
            var pages: [Int] = []
            for _ in 0..<10 {
                for _ in 0..<100 {
                    let failed = DeadLetterChange.failed(entry.id, number: entry.failures.count, entry.failures[0])
                    entry.failures.append(entry.failures[0])
                    try await store.commit(
                        CommitBatch([TaskChange(task: task, deadLetters: [failed])]), epoch: epoch)
                }
                pages.append(try await store.pagesWritten())
            }
            #expect(pages[9] > 0 && pages[9] <= pages[0] * 2, "pages per hundred failures: \(pages)")
            #expect(try await store.deadLetter(of: task.id) == entry)
            await store.close()
        }
    }

    @Test(arguments: [TaskFilter.Order.newestFirst, .oldestFirst, .priority])
    func firstPagesFollowAnIndex(_ order: TaskFilter.Order) async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore(path: directory.appending(path: "tasker.db").path)
            let epoch = try await store.acquire()
            try await store.create(.test(1, plan: .order()), epoch: epoch)
            try await store.create(.test(2, plan: .order(version: "2.0.0")), epoch: epoch)
            var filters: [TaskFilter] = [
                TaskFilter(), .with { $0.namespace = "shop" }, .with { $0.initiator = "anna" },
            ]
            if order != .priority {
                filters += [
                    .with { $0.version = "2.0.0" }, .with { $0.states = [.stepsInProcess] },
                    .with { $0.states = [.complete] },
                ]
            }
            for var filter in filters {
                filter.order = order
                let plan = try await store.read { [filter] database in
                    let query = try #require(try ListQuery(filter, in: database))
                    return try query.explanation(in: database)
                }
                #expect(!plan.contains("TEMP B-TREE"), "\(filter): \(plan)")
                #expect(!plan.contains("SCAN t\n"), "\(filter): \(plan)")
            }
            await store.close()
        }
    }
}

extension SQLiteStore {
    /// Since the last call.
    fileprivate func pagesWritten() async throws -> Int {
        try await pool.writeWithoutTransaction { database in
            var (current, highest) = (Int32(0), Int32(0))
            sqlite3_db_status(database.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &current, &highest, 1)
            return Int(current)
        }
    }

    fileprivate func limitPages(to count: Int) throws {
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(count)") }
    }
}
