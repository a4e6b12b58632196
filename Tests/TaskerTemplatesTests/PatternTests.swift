import Testing

@testable import TaskerTemplates

@Suite struct PatternTests {
    private func matches(_ pattern: SchemaPattern, _ text: String) -> Bool {
        var work = 0
        return pattern.matches(text, work: &work, limit: .max)
    }

    @Test(
        arguments: [
            ("", ["", "x"], []), ("abc", ["abc", "xabcx"], ["ab", "aBc"]),
            ("^abc$", ["abc"], ["xabc", "abcx", "abc\n"]),
            ("a|bc|", ["", "a", "q"], []), ("^(a|bc)$", ["a", "bc"], ["b", "abc"]),
            ("^(?:a|b)*$", ["", "abba"], ["abc"]),
            ("^a?b+c*$", ["b", "abbcc"], ["ac", "aabc"]), ("^a{2}$", ["aa"], ["a", "aaa"]),
            ("^a{2,}$", ["aa", "aaaa"], ["a"]),
            ("^a{1,3}?$", ["a", "aaa"], ["", "aaaa"]), ("^a{0}$", [""], ["a"]), ("^(a*)*$", ["", "aaa"], ["b"]),
            ("^(a|a)*b$", ["aab"], ["aa"]),
            ("^(|a)+$", ["", "aa"], ["b"]), ("^.$", ["x", "😀", "é"], ["\n", "xy", "\u{2028}"]),
            ("^[abc]$", ["a", "c"], ["d", "ab"]),
            ("^[^abc]$", ["d", "\n"], ["a"]), ("^[a-fA-F0-9]+$", ["09afAF"], ["g"]), ("^[-a]$", ["-", "a"], ["b"]),
            ("^[a-]$", ["-", "a"], ["b"]),
            ("^[]$", [], ["", "a"]), ("^[^]$", ["a", "\n"], [""]), (#"^[\]\\^]$"#, ["]", "\\", "^"], ["a"]),
            (#"^[\d.]+$"#, ["1.5"], ["a"]),
            (#"^\d{3}-\d{4}$"#, ["555-1234"], ["5555-123", "٣٣٣-٣٣٣٣"]), (#"^\w+$"#, ["aZ_9"], ["é", "a b"]),
            (#"^\W$"#, ["é", " "], ["a"]),
            (#"^\s\S$"#, [" a", "\u{A0}a", "\u{FEFF}a"], ["aa", "  "]),
            (#"\bfoo\b"#, ["a foo b", "foo"], ["food", "afoo"]), (#"\Boo"#, ["foo"], ["oo"]),
            (#"^\t\n\r\f\v\0$"#, ["\t\n\r\u{0C}\u{0B}\0"], ["t"]), (#"^\x41\u0042\u{1F600}\cJ$"#, ["AB😀\n"], ["AB"]),
            (#"^\ud83d\ude00$"#, ["😀"], ["x"]),
            (#"^\p{Lu}\p{Ll}+$"#, ["Ärger", "Abc"], ["abc", "A1"]), (#"^\p{L}$"#, ["ж", "a"], ["1"]),
            (#"^\P{Nd}$"#, ["a"], ["5", "٣"]),
            (#"^[\p{Letter}\s]+$"#, ["a b"], ["1"]), (#"^\.\*\+\?\(\)\[\]\{\}\|\^\$\/\-$"#, [".*+?()[]{}|^$/-"], ["x"]),
            ("^(?<year>\\d{4})-(?<m>\\d\\d)$", ["2024-05"], ["24-05"]), ("^é$", ["é"], ["e\u{301}"]),
            ("a$|^b", ["xa", "bx"], ["ax", "xb"]),
        ] as [(String, [String], [String])])
    func matching(_ source: String, _ yes: [String], _ no: [String]) throws {
        let pattern = try SchemaPattern(source)
        for text in yes { #expect(matches(pattern, text), "\(source) on \(text)") }
        for text in no { #expect(!matches(pattern, text), "\(source) on \(text)") }
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[a", "*", "+a", "a**", "^*", "a{2,1}", "{", "}", "]", "a{", "a{,2}", "\\", "\\a", "\\1",
        "\\k<x>", "(?=a)", "(?!a)", "(?<=a)",
        "(?<!a)", "(?i)a", "(?<n", "(?<a b>c)", "\\p", "\\p{Nonsense}", "\\x4", "\\u12", "\\ud83d", "\\u{110000}",
        "[b-a]", "[\\d-z]", "\\c1",
        "(a{1000}){1000}", "((((a{50}){50}){50}){50}){50}",
    ])
    func faults(_ source: String) { #expect(throws: SchemaPattern.Fault.self) { try SchemaPattern(source) } }

    /// What takes a backtracking engine for ever takes work in proportion to the text here.
    @Test(arguments: ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(a*)*b", "^(.*a){20}$"]) func hostilePatterns(
        _ source: String
    ) throws {
        let pattern = try SchemaPattern(source)
        func work(_ count: Int) -> Int {
            var work = 0
            _ = pattern.matches(String(repeating: "a", count: count) + "!", work: &work, limit: .max)
            return work
        }
        #expect(work(2_000) < 11 * work(200))
        #expect(work(2_000) < 2_000 * 5 * (pattern.program.count + 1))
    }

    @Test func workIsLimited() throws {
        var work = 0
        let found = try SchemaPattern("x").matches(
            String(repeating: "a", count: 10_000) + "x", work: &work, limit: 1000)
        #expect(!found)
        #expect(work < 1100)
    }
}
