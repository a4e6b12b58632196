import Testing

@testable import TaskerProtocol

@Suite("UUIDs and ids")
struct IdentifierTests {
    @Test("both cases are read, lower case is written")
    func text() throws {
        let text = "01890A5D-ac96-774B-bcce-B302099A8057"
        let id = try #require(UUIDValue(text))
        #expect(id.description == text.lowercased())
        #expect(id.high == 0x0189_0A5D_AC96_774B && id.low == 0xBCCE_B302_099A_8057)
        #expect(UUIDValue(id.description) == id)
        #expect(UUIDValue("x\(text)".dropFirst()) == id)
    }

    @Test(
        "other forms are refused",
        arguments: [
            "", "01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a805",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "01890a5d-ac96-774b-bcce-b302099a80577", "01890a5g-ac96-774b-bcce-b302099a8057",
            "01890a5d_ac96-774b-bcce-b302099a8057", "01890a5-dac96-774b-bcce-b302099a8057",
            "é1890a5d-ac96-774b-bcce-b302099a805",
        ])
    func refused(_ text: String) {
        #expect(UUIDValue(text) == nil)
        #expect(TaskID(text) == nil)
    }

    @Test("version 7: time, version, variant, 74 random bits (RFC 9562, appendix A.6)")
    func version7() {
        let now = Timestamp(milliseconds: 0x017F_22E2_79B0)
        let id = uuidVersion7(at: now, random: (0xCC3, 0x18C4_DC0C_0C07_398F))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(id.version7Milliseconds == now.milliseconds)
        let ones = uuidVersion7(at: now, random: (.max, .max))
        #expect(ones.description == "017f22e2-79b0-7fff-bfff-ffffffffffff")
        let zeros = uuidVersion7(at: now, random: (0, 0))
        #expect(zeros.description == "017f22e2-79b0-7000-8000-000000000000")
    }

    @Test("ids of later milliseconds sort later, as values and as text")
    func ordering() {
        var source = SystemIDSource()
        let ids = (0..<200).map { source.next(at: Timestamp(milliseconds: 1_782_898_200_000 + Int64($0))) }
        #expect(ids == ids.sorted())
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        #expect(Set(ids).count == ids.count)
    }

    @Test("a seeded source repeats itself, another seed does not")
    func seeded() {
        let now = Timestamp(milliseconds: 5)
        func ids(_ seed: UInt64) -> [UUIDValue] {
            var source = SeededIDSource(seed: seed)
            return (0..<100).map { _ in source.next(at: now) }
        }
        #expect(ids(1) == ids(1))
        #expect(Set(ids(1)).isDisjoint(with: ids(2)))
        #expect(ids(1).allSatisfy { $0.version7Milliseconds == 5 && $0.high >> 12 & 0xF == 7 && $0.low >> 62 == 2 })
    }
}

@Suite("Queue names")
struct QueueNamesTests {
    @Test("prefixes", arguments: ["t", "tasker", "shop_eu-1", "t" + String(repeating: "a", count: 31)])
    func prefix(_ prefix: String) throws {
        let names = try #require(QueueNames(prefix: prefix))
        #expect(names.steps("a/b") == "\(prefix).steps.a/b")
        #expect(names.results(12) == "\(prefix).results.12")
        #expect(
            [names.requests, names.workers, names.control, names.events, names.dead]
                == ["requests", "workers", "control", "events", "dead"].map { "\(prefix).\($0)" })
    }

    @Test(
        "bad prefixes",
        arguments: ["", "1a", "-a", "_a", "A", "tA", "a.b", "a b", "ä", "t" + String(repeating: "a", count: 32)])
    func badPrefix(_ prefix: String) { #expect(QueueNames(prefix: prefix) == nil) }

    @Test(
        "queues",
        arguments: ["a", "7", "Az09_.:@/#-", String(repeating: "q", count: 128), "Namespace::Class#method", "amq.x"])
    func queue(_ queue: String) { #expect(QueueNames.isValidQueue(queue)) }

    @Test("bad queues", arguments: ["", "a b", "ü", "a\n", "a*", "a\u{0}", String(repeating: "q", count: 129)])
    func badQueue(_ queue: String) { #expect(!QueueNames.isValidQueue(queue)) }
}

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "FIPS 180-4 examples, and lengths around a block",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
            (String(repeating: "a", count: 56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
            (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
            (String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
            (String(repeating: "a", count: 120), "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"),
        ])
    func digests(_ text: String, _ hex: String) {
        #expect(SHA256.hexString(text.utf8) == hex)
    }
}
