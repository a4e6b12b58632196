import TaskerProtocol
import TaskerStore
import Testing

/// Idempotency keys and the signing key, as every store must keep them.
@Suite struct ReplayTests {
    private let answer = RecordedAnswer(
        status: 201,
        headers: [.init(name: "Content-Type", value: "application/json"), .init(name: "X-Größe", value: "a\tb")],
        body: [0, 255, 10, 123])

    @Test(arguments: StoreKind.allCases)
    func aKeyIsTakenOnceAndItsAnswerKept(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let claim = { (hash: String) in
                try await store.claimReplay("k", requestHash: hash, at: noon, keeping: ReplayRetention())
            }
            #expect(try await claim("one") == .taken)
            #expect(try await claim("one") == .begun(since: noon))
            #expect(try await claim("two") == .otherRequest)
            // Only the request that has the key can answer for it.
            try await store.recordReplay("k", requestHash: "two", answer)
            #expect(try await claim("one") == .begun(since: noon))
            try await store.recordReplay("k", requestHash: "one", answer)
            #expect(try await claim("one") == .answered(answer))
            #expect(try await claim("two") == .otherRequest)
            // What was answered is not given back.
            try await store.releaseReplay("k", requestHash: "one")
            #expect(try await claim("one") == .answered(answer))
            #expect(
                try await store.claimReplay("K", requestHash: "x", at: noon, keeping: ReplayRetention()) == .taken)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aKeyGivenBackIsFree(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let claim = { (hash: String) in
                try await store.claimReplay("k", requestHash: hash, at: noon, keeping: ReplayRetention())
            }
            #expect(try await claim("one") == .taken)
            try await store.releaseReplay("k", requestHash: "two")
            #expect(try await claim("one") == .begun(since: noon))
            try await store.releaseReplay("k", requestHash: "one")
            #expect(try await claim("two") == .taken)
            try await store.releaseReplay("unknown", requestHash: "one")
            try await store.recordReplay("unknown", requestHash: "one", answer)
            #expect(
                try await store.claimReplay("unknown", requestHash: "one", at: noon, keeping: ReplayRetention())
                    == .taken)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func ofManyAtOnceOneGetsTheKey(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let claims = try await withThrowingTaskGroup(of: ReplayClaim.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await store.claimReplay("k", requestHash: "one", at: noon, keeping: ReplayRetention())
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claims.count { $0 == .taken } == 1)
            #expect(claims.count { $0 == .begun(since: noon) } == 49)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func answersAreForgottenAfterTheirTime(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            func claim(_ key: String, after milliseconds: Int64) async throws -> ReplayClaim {
                try await store.claimReplay(
                    key, requestHash: "one", at: noon.advanced(byMilliseconds: milliseconds),
                    keeping: ReplayRetention(lifetime: .seconds(10)))
            }
            #expect(try await claim("a", after: 0) == .taken)
            try await store.recordReplay("a", requestHash: "one", answer)
            #expect(try await claim("b", after: 5000) == .taken)
            #expect(try await claim("a", after: 9999) == .answered(answer))
            #expect(try await claim("a", after: 10_000) == .taken)
            #expect(try await claim("b", after: 10_000) == .begun(since: noon.advanced(byMilliseconds: 5000)))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theOldestGoWhenThereAreTooMany(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            func claim(_ number: Int, _ retention: ReplayRetention) async throws -> ReplayClaim {
                try await store.claimReplay("k\(number)", requestHash: "one", at: noon, keeping: retention)
            }
            let few = ReplayRetention(entries: 3)
            for number in 1...4 {
                #expect(try await claim(number, few) == .taken)
                try await store.recordReplay("k\(number)", requestHash: "one", answer)
            }
            #expect(try await claim(4, few) == .answered(answer))
            #expect(try await claim(2, few) == .answered(answer))
            #expect(try await claim(1, few) == .taken)
            // By size: of 2, 3, 4 and 1, the oldest go until the rest fits.
            let small = ReplayRetention(bytes: 7)
            #expect(try await claim(5, small) == .taken)
            #expect(try await claim(4, small) == .answered(answer))
            #expect(try await claim(3, small) == .taken)
            #expect(try await claim(1, small) == .begun(since: noon))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theSigningKeyStaysTheSame(_ kind: StoreKind) async throws {
        var keys: Set<[UInt8]> = []
        for _ in 0..<2 {
            try await kind.withStore { store in
                let key = try await store.signingKey()
                #expect(key.count == SigningKey.size)
                #expect(try await store.signingKey() == key)
                keys.insert(key)
            }
        }
        // Each store has its own.
        #expect(keys.count == 2)
    }

    @Test(arguments: StoreKind.allCases)
    func aClosedStoreTakesNoKeys(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            await store.close()
            await #expect(throws: StoreError.self) { try await store.signingKey() }
            await #expect(throws: StoreError.self) {
                try await store.claimReplay("k", requestHash: "one", at: noon, keeping: ReplayRetention())
            }
        }
    }
}
